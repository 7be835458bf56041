"""The W&B dashboard: its definition against what a real run logs, and its way to a server, here one
of ours.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from conftest import program_in
from report_runs import group_of, write_run
from wandb_jobs import records, run_files, without_account
from wandb_workspaces.workspaces.internal import WorkspaceViewspec

from askwell.command.cli import main
from askwell.command.dashboard import workspace
from askwell.report.sections import SECTIONS

pytestmark = pytest.mark.slow

Told = list[dict[str, Any]]


def sent_for(spec: WorkspaceViewspec) -> str:
    """A definition as it goes to the server."""
    return spec.model_dump_json(by_alias=True, exclude_none=True)


DEFINITION = sent_for(workspace("ada", "trees")._to_model().spec)
SPEC = json.loads(DEFINITION)["section"]
PANELS = [panel for section in SPEC["panelBankConfig"]["sections"] for panel in section["panels"]]


@pytest.fixture(scope="module")
def told(shrunk: list[str], tmp_path_factory: pytest.TempPathFactory) -> Told:
    """All that one run of the real program told W&B."""
    folder = tmp_path_factory.mktemp("run")
    overrides = [
        *(override for override in shrunk if override != "logger=none"),
        "logger.wandb.mode=offline",
    ]
    with without_account(folder), program_in(folder, overrides) as program:
        program("strategy=sm")
    (file,) = run_files(folder / "outputs" / "run")
    return records(file)


@pytest.fixture(scope="module")
def logged(told: Told) -> set[str]:
    """The names of all metrics, media and summaries."""
    rows = [record["history"]["item"] for record in told if "history" in record]
    rows += [record["summary"]["update"] for record in told if "summary" in record]
    return {name.split(".")[0] for row in rows for name in row}


@pytest.fixture(scope="module")
def config(told: Told) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for record in told:
        merged |= record.get("config", {}).get("update", {})
    return merged


def settings(name: str) -> list[Any]:
    """What the panels that have it say of one setting."""
    return [panel["config"][name] for panel in PANELS if name in panel["config"]]


def chart_of(panel: dict[str, Any]) -> tuple[str, dict[str, str], str]:
    """A custom chart: its kind, its fields, and the table it is drawn from."""
    (key,) = re.findall(r'"tableKey", "value": "(\w+)"', json.dumps(panel["userQuery"]))
    return panel["panelDefId"], panel["fieldSettings"], key


def test_the_definition_is_one_that_its_own_schema_takes_and_keeps() -> None:
    assert sent_for(WorkspaceViewspec.model_validate_json(DEFINITION)) == DEFINITION


@pytest.mark.parametrize("kind", ["metrics", "mediaKeys"])
def test_a_run_logs_all_that_the_dashboard_shows(logged: set[str], kind: str) -> None:
    shown = {name for names in settings(kind) for name in names}
    assert set() < shown <= logged


def test_a_run_logs_something_of_each_family_of_metrics(logged: set[str]) -> None:
    families = settings("metricRegex")
    assert (
        families
        == [family for family in families if any(re.fullmatch(family, name) for name in logged)]
        != []
    )


def test_a_run_logs_the_columns_of_the_dashboard(logged: set[str]) -> None:
    columns = [
        name.removeprefix("summary:") for name in SPEC["runSets"][0]["runFeed"]["columnOrder"]
    ]
    assert set() < set(columns) - {"run:displayName"} <= logged


def test_every_line_is_drawn_against_labels() -> None:
    assert set(settings("xAxis")) == {"labels"}


def test_the_confusion_chart_is_the_one_that_a_run_draws_by_itself(config: dict[str, Any]) -> None:
    ours = [chart_of(panel["config"]) for panel in PANELS if panel["viewType"] == "Vega2"]
    assert ours == [chart_of(config["_wandb.visualize.confusion"]["panel_config"])]


def test_runs_are_averaged_where_they_share_their_choices_and_the_loop(
    config: dict[str, Any],
) -> None:
    paths = [key["name"].split(".") for key in SPEC["runSets"][0]["grouping"]]
    shared = {path[-1] if len(path) > 2 else path[0]: value_at(config, path) for path in paths}
    choices = {"dataset": "folder", "model": "cnn", "oracle": "truth", "strategy": "sm"}
    loop = {
        "epochs_per_round": 1,
        "reset": False,
        "rescore_every": 1,
        "initial_size": None,
        "query_size": 6,
    }
    assert shared == choices | loop | {"classes": None}


def value_at(config: dict[str, Any], path: list[str]) -> Any:
    """The setting that W&B's server keeps under `path`, whose second part is its own."""
    assert path.pop(1) == "value"
    for name in path:
        config = config[name]
    return config


def test_sections_are_called_and_ordered_as_in_the_report(tmp_path: Path) -> None:
    for strategy in ("random", "lc"):
        write_run(tmp_path, strategy)
    titles = [section(group_of(tmp_path)).title for section in SECTIONS]
    names = [section["name"] for section in SPEC["panelBankConfig"]["sections"]]
    assert names == [title for title in titles if title in names]


class Server(ThreadingHTTPServer):
    """Takes views as W&B's server does, of an account whose `entity` is ada; refuses those for a
    project `none`.
    """

    entity: str | None = "ada"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.views: list[dict[str, Any]] = []

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        if "upsertView" not in query:
            return {
                "data": {
                    "viewer": {
                        "id": "1",
                        "entity": self.entity,
                        "username": "ada",
                        "teams": {"edges": []},
                    }
                }
            }
        if variables["projectName"] == "none":
            return {"errors": [{"message": "project not found"}], "data": None}
        self.views.append(variables)
        return {
            "data": {
                "upsertView": {"view": {"id": "7", "name": variables["name"]}, "inserted": True}
            }
        }


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        request = json.loads(asked) if self.path == "/graphql" else {}
        answer = json.dumps(
            self.server.answer(request.get("query", ""), request.get("variables", {}))
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *words: Any) -> None:
        """Says nothing."""


@contextmanager
def logged_in(home: Path) -> Iterator[Server]:
    """A machine on which somebody has logged in to a W&B server, which is ours."""
    with without_account(home) as environment, Server() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        environment.setenv("WANDB_API_KEY", "0" * 40)
        environment.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


def test_the_dashboard_is_saved_where_the_logger_logs_and_its_address_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logged_in(tmp_path) as server:
        main(["dashboard"])
    (view,) = server.views
    address = f"http://127.0.0.1:{server.server_port}/ada/askwell?nw={view['name'].split('-')[1]}"
    assert (view["entityName"], view["projectName"], view["displayName"]) == (
        "ada",
        "askwell",
        "Askwell report",
    )
    assert capsys.readouterr() == (f"dashboard: {address}\n", "")


def test_what_is_saved_is_the_dashboard(tmp_path: Path) -> None:
    with logged_in(tmp_path) as server:
        main(["dashboard", "--project", "trees", "--entity", "eve"])
    (view,) = server.views
    assert (view["entityName"], view["projectName"]) == ("eve", "trees")
    assert without_ids(view["spec"]) == without_ids(DEFINITION)


def without_ids(definition: str) -> str:
    return re.sub(r'"__id__":"\w+"', "", definition)


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that ends `askwell dashboard` with exit code 2."""
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["dashboard", *arguments])
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    return line


def test_a_server_that_refuses_is_told_of_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logged_in(tmp_path):
        line = refusal(["--project", "none"], capsys)
    assert line.startswith("askwell: W&B did not take the dashboard: ")
    assert "project not found" in line


def test_an_account_without_a_default_entity_is_asked_for_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logged_in(tmp_path) as server:
        server.entity = None
        line = refusal([], capsys)
    assert line == "askwell: no entity is yours by default, name one by --entity"


def test_without_a_key_one_line_says_how_to_log_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with without_account(tmp_path):
        line = refusal([], capsys)
    assert (
        line == "askwell: the dashboard is kept by W&B and there is no API key: `wandb login` first"
    )


def test_a_key_that_is_none_is_told_of_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with without_account(tmp_path), pytest.MonkeyPatch.context() as environment:
        environment.setenv("WANDB_API_KEY", "abc")
        line = refusal([], capsys)
    assert line.startswith("askwell: W&B did not take the dashboard: ")


def test_a_wandb_that_is_to_stay_offline_stays_offline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logged_in(tmp_path) as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("WANDB_MODE", "offline")
        line = refusal([], capsys)
    assert (line, server.views) == (
        "askwell: WANDB_MODE=offline keeps W&B offline: unset it for the dashboard",
        [],
    )


def test_without_the_package_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    assert (
        refusal([], capsys)
        == "askwell: the dashboard needs wandb-workspaces: pip install wandb-workspaces"
    )
