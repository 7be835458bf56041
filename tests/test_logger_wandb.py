import gc
import json
import os
import pty
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wandb
from PIL import Image
from round_facts import PIXELS, round_result, trainer_with

from askwell.errors import UserError
from askwell.logger import close_loggers
from askwell.logger.rounds import LogRounds
from askwell.logger.wandb import WandbLogger

CONFIG = {"seed": 0, "model": {"lr": 0.1, "augmentation": None}, "classes": [0, 1]}


@contextmanager
def without_account(home: Path) -> Iterator[pytest.MonkeyPatch]:
    """A machine on which nobody has logged in to W&B, and where wandb has not been used yet."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("NETRC", str(home / "netrc"))
        wandb.teardown()
        yield monkeypatch
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of a service that a test killed: nobody can wait for it
            wandb.teardown()
            gc.collect()


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    with without_account(tmp_path) as monkeypatch:
        yield monkeypatch


def run_job(sweep: Path, number: int, rounds: int = 2, **options: Any) -> WandbLogger:
    """One job of a sweep, from its logger's first word to its last."""
    names = {"project": "askwell", "group": "trees", "name": f"lc-s{number}", "tags": ["mnist", "lc"]}
    logger = WandbLogger(str(sweep / f"{number}"), str(sweep), **{**names, **options})
    log_rounds, trainer = LogRounds(), trainer_with(logger)
    logger.log_hyperparams(CONFIG)
    for round in range(rounds):
        log_rounds.on_round_end(trainer, round_result(round, hits=8 + round))
    log_rounds.on_rounds_end(trainer, "rounds")
    close_loggers([logger], failed=False)
    return logger


def run_files(sweep: Path) -> list[Path]:
    return sorted(sweep.glob("wandb/*run-*/run-*.wandb"))


def records(file: Path) -> list[dict[str, Any]]:
    """What an offline run holds, read by W&B's own reader."""
    read = [wandb.util.get_core_path(), "leet", "inspect", "--no-observability", "--json", "--run-file", str(file)]
    lines = subprocess.run([*read, str(file.parents[1])], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in lines.splitlines()]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep of two jobs that ran in this process."""
    folder = tmp_path_factory.mktemp("sweep")
    with without_account(folder):
        for number in range(2):
            run_job(folder, number)
    return folder


@pytest.fixture(scope="module")
def told(sweep: Path) -> list[dict[str, Any]]:
    """All records of the first job."""
    return records(run_files(sweep)[0])


def updates(told: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The last word of all records of one kind."""
    merged: dict[str, Any] = {}
    for record in told:
        merged |= record.get(kind, {}).get("update", {})
    return merged


def history(told: list[dict[str, Any]], name: str) -> list[tuple[int, Any]]:
    """(labels, value) of every row that has `name`."""
    rows = [record["history"]["item"] for record in told if "history" in record]
    return [(row["labels"], row[name]) for row in rows if name in row]


def the_run(told: list[dict[str, Any]]) -> dict[str, Any]:
    return next(record["run"] for record in told if "run" in record)


def test_two_jobs_of_one_process_leave_two_runs_in_the_folder_of_the_sweep(sweep: Path) -> None:
    assert len(run_files(sweep)) == 2


def test_the_group_is_the_sweep(told: list[dict[str, Any]]) -> None:
    assert the_run(told)["run_group"] == "trees"


def test_the_name_is_the_jobs(told: list[dict[str, Any]]) -> None:
    assert the_run(told)["display_name"] == "lc-s0"


def test_the_tags_are_kept(told: list[dict[str, Any]]) -> None:
    assert the_run(told)["tags"] == ["mnist", "lc"]


def test_the_whole_nested_config_is_kept(told: list[dict[str, Any]]) -> None:
    config = updates(told, "config")
    assert {name: config[name] for name in CONFIG} == CONFIG


def test_everything_is_drawn_against_labels(told: list[dict[str, Any]]) -> None:
    metrics = [record["metric"] for record in told if "metric" in record]
    assert [metric["step_metric"] for metric in metrics if metric.get("glob_name") == "*"] == ["labels"]


@pytest.mark.parametrize(
    ("name", "curve"),
    [
        ("accuracy", [(10, 0.85), (20, 0.9)]),
        ("worst_class_accuracy", [(10, 0.8), (20, 0.9)]),
        ("class_accuracy/ash", [(10, 0.8), (20, 0.9)]),
        ("queried/birch", [(10, 7), (20, 7)]),
        ("seconds/score", [(10, 2), (20, 2)]),
    ],
)
def test_a_curve_holds_every_round(told: list[dict[str, Any]], name: str, curve: list[tuple[int, float]]) -> None:
    assert history(told, name) == curve


def test_the_confusion_matrix_is_kept_as_counts(sweep: Path) -> None:
    (table,) = run_files(sweep)[0].parent.glob("files/media/table/confusion*.json")
    assert json.loads(table.read_text())["data"] == [
        ["ash", "ash", 9],
        ["ash", "birch", 1],
        ["birch", "ash", 1],
        ["birch", "birch", 9],
    ]


def test_the_queried_images_are_the_pixels_of_the_data_set(told: list[dict[str, Any]], sweep: Path) -> None:
    ((_, names), *_) = history(told, "queried_images.filenames")
    with Image.open(run_files(sweep)[0].parent / "files" / names[0]) as image:
        np.testing.assert_array_equal(np.asarray(image), PIXELS[4].permute(1, 2, 0).numpy())


def test_a_queried_image_says_its_index_its_label_the_prediction_and_the_score(told: list[dict[str, Any]]) -> None:
    ((_, captions), *_) = history(told, "queried_images.captions")
    assert captions == ["4, ash, predicted birch, score 0.250", "1, birch, predicted birch, score 0.125"]


def test_the_summary_holds_the_price_of_each_target_and_the_area_under_the_curve(told: list[dict[str, Any]]) -> None:
    summary = updates(told, "summary")
    expected = {"final_accuracy": 0.9, "area_under_curve": 0.875, "labels_to_90": 20, "labels_to_97": None}
    assert {name: summary[name] for name in expected} == pytest.approx(expected)


def test_what_wandb_stages_lies_in_the_folder_of_the_sweep(sweep: Path) -> None:
    assert list(sweep.glob("wandb/artifacts/staging/*"))


@pytest.mark.usefixtures("environment")
def test_a_job_leaves_no_setting_to_the_next(tmp_path: Path) -> None:
    before = dict(os.environ)
    run_job(tmp_path, 0)
    assert {name for name, value in os.environ.items() if before.get(name) != value} <= {"WANDB_SERVICE"}


@pytest.mark.usefixtures("environment")
def test_without_a_key_one_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_job(tmp_path, 0)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("W&B is offline, as there is no API key: `wandb login` logs in; `wandb sync ")


def test_a_key_with_a_dead_server_goes_offline_in_seconds_and_says_so(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("WANDB_API_KEY", "0" * 40)
    environment.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    started = time.monotonic()
    run_job(tmp_path, 0, init_timeout=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("W&B is offline, as the server cannot be used (")
    assert time.monotonic() - started < 15
    assert len(run_files(tmp_path)) == 1


def test_the_mode_of_the_environment_is_followed(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("WANDB_MODE", "disabled")
    run_job(tmp_path, 0)
    assert not run_files(tmp_path)


def test_a_mode_asked_for_wins_over_the_environment(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("WANDB_MODE", "disabled")
    run_job(tmp_path, 0, mode="offline")
    assert len(run_files(tmp_path)) == 1


def test_an_unknown_mode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"logger\.wandb\.mode=of: expected one of online, offline, disabled"):
        WandbLogger(str(tmp_path), mode="of")


def test_a_run_alone_keeps_its_files_in_its_own_folder(tmp_path: Path) -> None:
    assert WandbLogger(str(tmp_path / "outputs/a"), str(tmp_path / "multirun/a")).save_dir == str(
        tmp_path / "outputs/a"
    )


@pytest.mark.usefixtures("environment")
def test_a_resumed_run_goes_on_under_its_id(tmp_path: Path) -> None:
    assert run_job(tmp_path, 0).version == run_job(tmp_path, 0).version


@pytest.mark.usefixtures("environment")
def test_a_wandb_that_dies_is_told_once_and_ends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger, log_rounds = WandbLogger(str(tmp_path), mode="offline"), LogRounds()
    logger.log_hyperparams(CONFIG)
    kill_service()
    for round in range(3):
        log_rounds.on_round_end(trainer_with(logger), round_result(round))
    log_rounds.on_rounds_end(trainer_with(logger), "rounds")
    logger.log_hyperparams(CONFIG)
    close_loggers([logger], failed=False)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("W&B is off for the rest of this run (")


@pytest.mark.usefixtures("environment")
def test_the_job_after_a_wandb_that_died_has_its_run(tmp_path: Path) -> None:
    logger = WandbLogger(str(tmp_path / "dead"), mode="offline")
    logger.log_hyperparams(CONFIG)
    kill_service()
    logger.log_metrics({"accuracy": 0.5})
    run_job(tmp_path, 1)
    assert history(records(run_files(tmp_path)[0]), "accuracy")


def kill_service() -> None:
    """Kills wandb's background process, a child of this one."""
    for status in Path("/proc").glob("[0-9]*/status"):
        lines = status.read_text().splitlines()
        if "Name:\twandb-core" in lines and f"PPid:\t{os.getpid()}" in lines:
            os.kill(int(status.parent.name), signal.SIGKILL)
            time.sleep(0.5)  # until the connection is known to be lost


@pytest.mark.usefixtures("environment")
def test_nobody_is_asked_on_a_terminal(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    job = subprocess.run(
        [sys.executable, __file__, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        timeout=90,
    )
    os.close(slave)
    shown = os.read(master, 1 << 16).decode()
    assert (job.returncode, shown.count("\n"), "no API key" in shown) == (0, 1, True)


if __name__ == "__main__":
    run_job(Path(sys.argv[1]), 0)
