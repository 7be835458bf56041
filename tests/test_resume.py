"""Going on: a run that was broken off ends as if nothing had happened."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from experiment import equal, record_of, weights_of

from askwell.run.provenance import threads_of

pytestmark = pytest.mark.slow

RETRAIN = ("protocol=retrain", "protocol.epochs_per_round=2")


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "protocol",
    [
        ("protocol=paper",),
        pytest.param(RETRAIN, marks=pytest.mark.slow),
        pytest.param(("protocol.rescore_every=2",), marks=pytest.mark.slow),
        pytest.param(("model=cnn_cosine", "protocol.epochs_per_round=3"), marks=pytest.mark.slow),
        (*RETRAIN, "model=cnn_cosine"),
    ],
)
def test_five_rounds_are_three_rounds_and_two_more(program, tmp_path, protocol, workers):
    arguments = [*protocol, f"datamodule.num_workers={workers}"]
    program(*arguments, "name=at_once", "rounds=5")
    program(*arguments, "name=in_parts", "rounds=3")
    program(*arguments, "name=in_parts", "rounds=5", "resume=true")
    assert_equal_runs(tmp_path / "outputs" / "in_parts", tmp_path / "outputs" / "at_once")


@pytest.mark.parametrize("more", [("budget=20",), ("rounds=null", "query_size=20")])
def test_a_run_ended_by_another_limit_goes_on_when_it_is_raised(program, tmp_path, more):
    program(*more, "name=at_once", "rounds=4")
    program(*more, "name=in_parts", "rounds=2")
    program(*more, "name=in_parts", "rounds=4", "resume=true")
    assert_equal_runs(tmp_path / "outputs" / "in_parts", tmp_path / "outputs" / "at_once")


@pytest.mark.parametrize("store", ["memmap", "none"])
def test_a_run_goes_on_where_its_data_were_copied_to(program, images, tmp_path, store):
    program("name=at_once", "rounds=4")
    program("name=in_parts", "rounds=2")
    elsewhere = shutil.copytree(
        images, tmp_path / "elsewhere", copy_function=shutil.copy
    )  # with other times
    moved = [f"dataset.root={elsewhere}", "cache_dir=elsewhere/cache", f"dataset.store={store}"]
    program("name=in_parts", "rounds=4", "resume=true", *moved)
    assert_equal_runs(tmp_path / "outputs" / "in_parts", tmp_path / "outputs" / "at_once")


def test_resuming_a_finished_run_changes_none_of_its_results(program, tmp_path):
    program()
    before = contents(tmp_path / "outputs" / "run")
    program("resume=true")
    assert contents(tmp_path / "outputs" / "run") == before


def test_resuming_a_finished_sweep_changes_none_of_its_results(program, no_report, tmp_path):
    program("-m", "seed=0,1")
    before = contents(tmp_path / "multirun" / "run" / "0")
    program("-m", "seed=0,1", "resume=true")
    assert contents(tmp_path / "multirun" / "run" / "0") == before


def test_a_sweep_goes_on_with_the_jobs_that_are_missing(program, no_report, tmp_path):
    program("-m", "seed=0", "name=sweep")
    program("-m", "seed=0,1", "name=sweep", "resume=true")
    program("-m", "seed=0,1", "name=at_once")
    assert_equal_runs(
        tmp_path / "multirun" / "sweep" / "1", tmp_path / "multirun" / "at_once" / "1"
    )


def test_a_run_that_failed_says_so(program, tmp_path):
    with pytest.raises(SystemExit, match="2"):
        program("model.optimizer.lr=1e38")
    assert '"status": "failed"' in (tmp_path / "outputs" / "run" / "run.json").read_text()


def assert_equal_runs(folder: Path, other: Path) -> None:
    assert record_of(folder) == record_of(other)
    assert equal(weights_of(folder), weights_of(other))


def contents(folder: Path) -> dict[str, Any]:
    """Every file of a run but Hydra's own, which notes the command, and the empty lock."""
    files = [file for file in folder.rglob("*") if file.is_file() and ".hydra" not in file.parts]
    return {str(file): file.read_bytes() for file in files if file.suffix != ".log"}


def test_a_resume_computes_with_the_threads_that_the_run_began_with(program, tmp_path):
    program("rounds=2")
    run = tmp_path / "outputs" / "run" / "run.json"
    run.write_text(run.read_text().replace('"threads": 1', '"threads": 2'))
    program("rounds=3", "resume=true")
    assert '"threads": 2' in run.read_text()
    assert torch.get_num_threads() == 1


def test_the_threads_of_a_run_that_only_names_its_device_are_known(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with threads_of({"device": "cpu (x86_64, 3 threads)"}):
        assert (torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]) == (3, "3")
    assert (torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]) == (1, "1")
