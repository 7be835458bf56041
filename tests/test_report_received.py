"""Run folders that a stranger made, or that are damaged: what is wrong with one is told, and the
others compared.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_runs import group_of, rewrite_round, run_facts, write_run

from askwell.report import write_report
from askwell.report.reading.names import distinct
from askwell.report.reading.received import DEEPEST, parsed
from askwell.report.reading.records import Records, read

WRONG_ROUNDS: dict[str, dict[str, Any]] = {
    "labels is 'ten', expected a whole number from 0": {"labels": "ten"},
    "labels is 10.5, expected a whole number": {"labels": 10.5},
    "labels is True, expected a whole number": {"labels": True},
    "labels is -1, expected a whole number": {"labels": -1},
    "labels is 1000": {"labels": 10**400},
    "labels is None": {"labels": None},
    "round is '1'": {"round": "1"},
    "accuracy is [1], expected a number from 0 to 1": {"accuracy": [1]},
    "accuracy is nan": {"accuracy": float("nan")},
    "accuracy is inf": {"accuracy": float("inf")},
    "accuracy is -0.1": {"accuracy": -0.1},
    "accuracy is 1.1": {"accuracy": 1.1},
    "accuracy is None": {"accuracy": None},
    "loss is 'low', expected a number": {"loss": "low"},
    "class_accuracy is None, expected a dictionary": {"class_accuracy": None},
    "class_accuracy is {'0': 2}, expected a dictionary": {"class_accuracy": {"0": 2}},
    "query_class_counts is [5, 5], expected a dictionary": {"query_class_counts": [5, 5]},
    "query_class_counts is {'0': 0.5}": {"query_class_counts": {"0": 0.5}},
    "lost_classes is [{'a': 1}], expected a list": {"lost_classes": [{"a": 1}]},
    "lost_classes is '0', expected a list": {"lost_classes": "0"},
    "train_seconds is inf, expected a finite number": {"train_seconds": float("inf")},
    "eval_seconds is -1": {"eval_seconds": -1},
    "query_diversity: distance is 'far'": {"query_diversity": {"distance": "far"}},
    "query_diversity: 3 is no dictionary": {"query_diversity": 3},
    "pool_size is [], expected a whole number": {"pool_size": []},
}

WRONG_FACTS: dict[str, dict[str, Any]] = {
    "status is 'done', expected one of finished": {"status": "done"},
    "status is ['finished'], expected one of finished": {"status": ["finished"]},
    "strategy is ['lc'], expected a text": {"strategy": ["lc"]},
    "dataset is {'a': 1}, expected a text": {"dataset": {"a": 1}},
    "seed is [0], expected a whole number": {"seed": [0]},
    "seed is 0.5, expected a whole number": {"seed": 0.5},
    "classes is {'0': 1}, expected a list": {"classes": {"0": 1}},
    "classes is [['0']], expected a list": {"classes": [["0"]]},
    "versions is ['torch'], expected a dictionary": {"versions": ["torch"]},
    "command is 3, expected a text": {"command": 3},
    "started is 2026, expected a text": {"started": 2026},
    "wall_seconds is nan, expected a finite number": {"wall_seconds": float("nan")},
    "query_size is '10'": {"query_size": "10"},
    "resumed is {}, expected a list": {"resumed": {}},
    "resumed: 3 is no dictionary": {"resumed": [3]},
    "resumed: git_commit is 3, expected a text": {"resumed": [{"git_commit": 3}]},
    "command is 'aaaa": {"command": "a" * 200_000},
}


def reason_of(records: Records) -> str:
    """Why the one run that was left out was."""
    (reason,) = records.runs.loc[records.runs["status"] == "unreadable", "reason"]
    return str(reason)


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A folder with one sound run."""
    write_run(tmp_path, "random")
    return tmp_path


@pytest.mark.parametrize("reason", WRONG_ROUNDS)
def test_a_run_with_a_wrong_value_in_a_round_is_left_out(sweep: Path, reason: str) -> None:
    rewrite_round(write_run(sweep, "lc"), 1, **WRONG_ROUNDS[reason])
    assert reason_of(read([sweep], sweep)).startswith(f"rounds.jsonl, line 2: {reason}")


@pytest.mark.parametrize("reason", WRONG_FACTS)
def test_a_run_with_a_wrong_fact_is_left_out(sweep: Path, reason: str) -> None:
    (write_run(sweep) / "run.json").write_text(json.dumps(run_facts("lc", 0) | WRONG_FACTS[reason]))
    assert reason_of(read([sweep], sweep)).startswith(f"run.json is not that of a run: {reason}")


def test_the_other_runs_are_compared_and_the_wrong_one_is_named(sweep: Path) -> None:
    run = write_run(sweep, "lc", seed=[0])
    report = write_report([sweep], sweep)
    (remark,) = report.stray_remarks
    assert remark.startswith(
        f"{run.name}: unknown, unreadable, run.json is not that of a run: seed is [0]"
    )
    assert len(report.groups[0].runs) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "run.json is cut short or no JSON"),
        (b'{"status": "fini', "run.json is cut short or no JSON"),
        (b"\xff\xfe\xff", "run.json is cut short or no JSON"),
        (b'{"status": "failed", "status": "finished"}', "run.json is cut short or no JSON"),
        (b"[" * 100_000, "run.json is cut short or no JSON"),
        (
            b'{"status": "finished", "seed": ' + b"1" * 5000 + b"}",
            "run.json is cut short or no JSON",
        ),
        (b"[]", "run.json is not that of a run: [] is no dictionary"),
        (b"{}", "run.json is not that of a run: status is missing"),
    ],
)
def test_a_run_json_that_is_none_is_left_out(sweep: Path, content: bytes, reason: str) -> None:
    (write_run(sweep, "lc") / "run.json").write_bytes(content)
    assert reason_of(read([sweep], sweep)) == reason


@pytest.mark.parametrize(
    "line", ["{nonsense", "", "[]", '{"round": 0}', '{"round": 0, "round": 1}']
)
def test_a_run_with_a_line_that_is_no_round_is_left_out(sweep: Path, line: str) -> None:
    path = write_run(sweep, "lc") / "rounds.jsonl"
    path.write_text(f"{line}\n{path.read_text()}")
    assert reason_of(read([sweep], sweep)).startswith("rounds.jsonl, line 1")


def test_a_run_whose_labels_do_not_grow_is_left_out(sweep: Path) -> None:
    rewrite_round(write_run(sweep, "lc"), 1, labels=10)
    assert (
        reason_of(read([sweep], sweep))
        == "rounds.jsonl has 10 labels in round 1 after 10 in round 0"
    )


def test_a_loss_that_diverged_is_no_fault(sweep: Path) -> None:
    rewrite_round(write_run(sweep, "lc"), 1, loss=float("nan"))
    assert len(group_of(sweep).runs) == 2


def test_a_name_that_is_a_number_is_one(tmp_path: Path) -> None:
    write_run(tmp_path, name=2026)
    assert write_report([tmp_path], tmp_path).title == "2026"


def test_values_nested_too_deep_are_refused() -> None:
    assert parsed("[" * DEEPEST + "]" * DEEPEST) is not None
    with pytest.raises(ValueError, match="nested too deep"):
        parsed("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))


def test_a_config_of_ten_thousand_settings_is_left_out(sweep: Path) -> None:
    write_run(sweep, "lc", config={"mine": {str(number): number for number in range(10_000)}})
    assert reason_of(read([sweep], sweep)) == "run.json has more than 3,000 settings"


@pytest.mark.parametrize("name", ["run.json", "rounds.jsonl"])
def test_a_link_to_a_file_elsewhere_is_not_read(
    sweep: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    elsewhere = write_run(tmp_path_factory.mktemp("elsewhere"))
    run = write_run(sweep, "lc")
    (run / name).unlink()
    (run / name).symlink_to(elsewhere / name)
    assert (
        reason_of(read([sweep], sweep))
        == f"{name} is a link that leads elsewhere: copy what is there"
    )


def test_a_link_to_a_file_of_the_run_is_read(sweep: Path) -> None:
    run = write_run(sweep, "lc")
    (run / "rounds.jsonl").rename(run / "measured.jsonl")
    (run / "rounds.jsonl").symlink_to("measured.jsonl")
    assert read([sweep], sweep).runs["rounds"].to_list() == [2, 2]


@pytest.mark.parametrize("name", ["run.json", "rounds.jsonl"])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("folder", "is no regular file"),
        ("pipe", "is no regular file"),
        ("socket", "is no regular file"),
        ("link to itself", "is a link that leads to itself"),
        ("sparse", "has 5,000 MB, more than"),
    ],
)
def test_what_is_no_file_of_a_run_is_named(sweep: Path, name: str, kind: str, reason: str) -> None:
    path = write_run(sweep, "lc") / name
    path.unlink()
    make(kind, path)
    assert reason_of(read([sweep], sweep)).startswith(f"{name} {reason}")


def make(kind: str, path: Path) -> None:
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        os.mknod(path, 0o140600)
    elif kind == "sparse":
        path.touch()
        os.truncate(path, 5_000_000_000)
    else:
        path.symlink_to(path.name)


def test_a_link_to_a_run_elsewhere_is_named_and_not_followed(sweep: Path) -> None:
    (sweep / "own").mkdir()
    (sweep / "own" / "other").symlink_to(next(sweep.glob("random*")))
    sweep = sweep / "own"
    assert (
        reason_of(read([sweep], sweep)) == "a link to a folder elsewhere: give that folder itself"
    )


def test_a_link_to_a_run_of_the_same_folder_adds_none(sweep: Path) -> None:
    (sweep / "latest").symlink_to(next(sweep.iterdir()))
    assert len(read([sweep], sweep).runs) == 1


def test_a_lock_that_is_a_link_or_holds_something_is_not_opened(sweep: Path) -> None:
    (sweep / "own").write_text("precious")
    for number, place in enumerate(("link", "copy")):
        run = write_run(sweep, place, number, status="running")
        (run / ".lock").symlink_to(sweep / "own") if place == "link" else os.link(
            sweep / "own", run / ".lock"
        )
    assert read([sweep], sweep).runs["status"].to_list().count("killed") == 2
    assert (sweep / "own").read_text() == "precious"


@pytest.fixture
def deep(sweep: Path) -> Iterator[Path]:
    """A folder with 1,500 folders within each other, deeper than Python's functions may call each
    other.
    """
    place = os.open(sweep, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=place)
        place, above = os.open("d", os.O_RDONLY, dir_fd=place), place
        os.close(above)
    os.close(place)
    yield sweep
    subprocess.run(["rm", "-r", sweep / "d"], check=True)  # which pytest cannot clear away


def test_folders_of_any_depth_are_searched(deep: Path) -> None:
    assert len(read([deep], deep).runs) == 1


def test_no_class_that_a_run_names_is_imported(
    sweep: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = tmp_path_factory.mktemp("modules")
    (modules / "named_by_a_run.py").write_text("raise SystemExit('this module was run')")
    monkeypatch.syspath_prepend(modules)
    config = {
        "strategy": {"_target_": "named_by_a_run.Strategy"},
        "model": {"_target_": "named_by_a_run.Model"},
    }
    write_run(sweep, "mine", config=config, study={"strategy._target_": "named_by_a_run.Strategy"})
    write_report([sweep], sweep)
    assert "named_by_a_run" not in sys.modules


def test_control_characters_and_line_breaks_of_any_text_are_written_out(tmp_path: Path) -> None:
    names = {
        name: f"{name}\n\x1b[31m\ud800"
        for name in ("strategy", "dataset", "command", "reason", "device")
    }
    write_run(tmp_path, "lc")
    folder = next(tmp_path.iterdir())
    (folder / "run.json").write_text(json.dumps(run_facts("lc", 0) | names))
    runs = read([tmp_path], tmp_path).runs
    assert {name: runs[name].iloc[0] for name in names} == {
        name: rf"{name}\n\x1b[31m\ud800" for name in names
    }


def test_names_that_some_file_systems_take_for_one_are_told_apart() -> None:
    names = distinct(["a", "A", "a-2", "ä", "a\u0308", "a"])
    assert len({name.casefold() for name in names}) == 6
    assert names[0] == "a"
