"""`askwell resume`: a run, a job of a sweep and a whole sweep go on from their folder alone."""

import os
import shutil
import sys

import pytest
from experiment import equal, record_of, weights_of

from askwell import cli
from askwell.errors import UserError
from askwell.folder import read_run
from askwell.rerun import command_to_resume


@pytest.fixture
def go_on(program):
    """Goes on with a folder within this process."""

    def run(folder, *overrides):
        program(*command_to_resume(folder, overrides).arguments, shrink=False)

    return run


@pytest.mark.parametrize(
    ("began", "folder"),
    [
        (("name=parts",), "outputs/parts"),
        (("name=parts", "hydra.run.dir='elsewhere, in=a {b}'"), "elsewhere, in=a {b}"),
        (("name=parts", "-m", "strategy=entropy,lm"), "multirun/parts/1"),
    ],
    ids=["run", "run in a folder of a difficult name", "job of a sweep"],
)
def test_a_run_goes_on_where_it_was(program, no_report, go_on, tmp_path, began, folder):
    program(*began, "rounds=2")
    go_on(tmp_path / folder, "rounds=3")
    program("name=at_once", "strategy=lm" if "-m" in began else "strategy=lc")
    assert record_of(tmp_path / folder) == record_of(tmp_path / "outputs" / "at_once")
    assert equal(weights_of(tmp_path / folder), weights_of(tmp_path / "outputs" / "at_once"))


def test_a_run_that_went_on_goes_on_again(program, go_on, tmp_path):
    program("rounds=1")
    for rounds in (2, 3):
        go_on(tmp_path / "outputs" / "run", f"rounds={rounds}")
    assert len(record_of(tmp_path / "outputs" / "run")[0]) == 3


def test_of_a_sweep_the_finished_jobs_stay_the_broken_one_goes_on_and_the_rest_run(program, no_report, go_on, tmp_path):
    sweep = tmp_path / "multirun" / "run"
    program("-m", "seed=0,1,2")
    whole = [record_of(sweep / job) for job in "012"]
    rewind(sweep / "1")
    shutil.rmtree(sweep / "2")
    finished = (sweep / "0" / "run.json").stat().st_mtime_ns
    go_on(sweep)
    assert [record_of(sweep / job) for job in "012"] == whole
    assert (sweep / "0" / "run.json").stat().st_mtime_ns == finished


def rewind(run):
    """Makes a finished run one that was killed after its first round but one."""
    (run / "checkpoints" / "last.ckpt").unlink()
    (run / "run.json").write_text((run / "run.json").read_text().replace('"finished"', '"running"'))


def test_a_run_keeps_a_name_that_nobody_gave_it(program, go_on, tmp_path):
    program("name='${now:%Y-%f}'", "rounds=1")
    (folder,) = (tmp_path / "outputs").iterdir()
    assert f"name='{read_run(folder)['name']}'" in command_to_resume(folder).arguments


def test_what_is_said_goes_before_what_was_recorded(program, tmp_path):
    program("rounds=1")
    arguments = command_to_resume(tmp_path / "outputs" / "run", ["rounds=9", "trainer=default"]).arguments
    assert [argument for argument in arguments if argument.startswith(("rounds=", "trainer="))] == [
        "rounds=9",
        "trainer=default",
    ]


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"holds no run and no sweep: expected multirun\.yaml or \.hydra/hydra\.yaml"):
        command_to_resume(tmp_path)


def test_a_run_whose_working_folder_is_gone_says_so(program, tmp_path):
    program("rounds=1")
    record = tmp_path / "outputs" / "run" / ".hydra" / "hydra.yaml"
    record.write_text(record.read_text().replace(f"cwd: {tmp_path}", f"cwd: {tmp_path}/gone"))
    with pytest.raises(UserError, match=r"gone is not there any more: put it back"):
        command_to_resume(tmp_path / "outputs" / "run")


def test_the_command_becomes_the_program(program, tmp_path, monkeypatch):
    program("rounds=1")
    became = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: became.append((os.getcwd(), path, *arguments[:2])))
    cli.main(["resume", str(tmp_path / "outputs" / "run"), "rounds=2"])
    (called,) = became
    assert called[:3] == (str(tmp_path), sys.executable, sys.executable)
    assert called[3].endswith("train.py")
