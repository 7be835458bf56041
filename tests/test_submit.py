"""`askwell submit`: a folder and a command line for each job, one array that may be preempted."""

import json
import os
import shlex
import signal
import sys
import time
from pathlib import Path

import pytest
from conftest import needed
from experiment import equal, record_of, weights_of

from askwell.command import submit
from askwell.command.cluster_job import ClusterJob
from askwell.command.resume import command_to_resume
from askwell.report.reading.records import read
from askwell.run.run_json import read_run

SUBMIT = ("-m", "hydra/launcher=submit")
LISTED = (*SUBMIT, "hydra.launcher.to=list")
QUICK = "rounds=1"

pytestmark = pytest.mark.usefixtures("no_report")


@pytest.fixture
def sweep(tmp_path):
    return tmp_path / "multirun" / "run"


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """The folder of a stand-in for Slurm, which is first in the path."""
    needed("submitit")
    here, commands = tmp_path / "slurm", tmp_path / "bin"
    here.mkdir()
    commands.mkdir()
    for name in submit.COMMANDS:
        (commands / name).symlink_to(Path(__file__).with_name("slurm.py"))
    monkeypatch.setenv("SLURM_HERE", str(here))
    monkeypatch.setenv("PATH", f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    return here


def lines(sweep):
    return [shlex.split(line) for line in (sweep / "jobs.txt").read_text().splitlines()]


def wait_for(condition):
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until, "it hangs"
        time.sleep(0.05)


def test_each_job_gets_a_folder_and_a_command_line_that_runs_it(program, sweep):
    program(*LISTED, "seed=3,4", QUICK)
    assert lines(sweep) == [["askwell", "resume", str(sweep / job)] for job in "01"]
    program(*command_to_resume(sweep / "1").arguments, shrink=False)
    assert read_run(sweep / "1")["status"] == "finished"
    assert read_run(sweep / "1")["seed"] == 4


def test_jobs_that_have_not_begun_keep_their_folders_when_others_are_added(program, sweep):
    program(*LISTED, "seed=0,1", QUICK)
    program(*LISTED, "seed=2,1", QUICK)
    assert [line[-1] for line in lines(sweep)] == [str(sweep / job) for job in "21"]


def test_a_changed_limit_reaches_the_jobs_that_have_not_begun(program, sweep):
    program(*LISTED, "seed=0", "rounds=3")
    program(*LISTED, "seed=0", QUICK)
    program(*command_to_resume(sweep / "0").arguments, shrink=False)
    assert len(record_of(sweep / "0")[0]) == 1


def test_a_job_with_a_part_of_ones_own_is_trusted(program, sweep):
    program(*LISTED, "seed=0", QUICK, "+callbacks.mine._target_=my_package.Mine")
    assert lines(sweep) == [["askwell", "resume", "--trust", str(sweep / "0")]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "there is no sbatch on this machine"),
        (["hydra.launcher.to=ray"], "to=ray: expected slurm, list or local"),
        (["hydra.launcher.to=list", "oracle=truth,page"], "oracle=page asks people"),
        (["hydra.launcher.to=local", "hydra.launcher.mem_gb=lots"], "hydra.launcher: "),
        (["hydra.launcher.to=list", "jobs=2"], "hydra.launcher.array_parallelism=2"),
        (["hydra.launcher.to=list", "trainer.devices=2"], "trainer.devices=2 in a submitted"),
        (["hydra.launcher.to=list", "hydra.sweep.subdir='${seed}'"], "hydra.sweep.subdir: "),
        (["hydra.launcher.to=list", "hydra.sweeper.max_batch_size=2"], "array_parallelism"),
    ],
)
def test_what_cannot_be_submitted_is_refused_in_a_line_and_leaves_nothing(
    program, tmp_path, monkeypatch, capsys, words, told
):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="2"):
        program(*SUBMIT, "seed=0,1", *words)
    printed = capsys.readouterr().err
    assert told in printed
    assert printed.count("\n") == 1
    assert [*tmp_path.iterdir()] == []


def test_without_submitit_the_extra_is_named(program, monkeypatch, capsys):
    monkeypatch.setattr(submit, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="2"):
        program(*SUBMIT, "seed=0")
    assert "pip install askwell[cluster]" in capsys.readouterr().err


def test_jobs_in_the_queue_are_not_submitted_again(program, slurm, sweep, monkeypatch, capsys):
    monkeypatch.setenv("HOLD", "1")
    program(*SUBMIT, "seed=0,1", QUICK)
    program(*SUBMIT, "seed=0,1,2", QUICK)
    assert "2 of 3 jobs are queued or running already" in capsys.readouterr().out
    queued = json.loads((sweep / submit.QUEUED).read_text())
    assert queued == {"0": "70_0", "1": "70_1", "2": "71"}
    (slurm / "70_1").unlink()  # it was cancelled
    program(*SUBMIT, "seed=0,1,2", QUICK)
    assert json.loads((sweep / submit.QUEUED).read_text()) == queued | {"1": "72"}


def test_settings_reach_sbatch(program, slurm, monkeypatch):
    monkeypatch.setenv("HOLD", "1")
    launcher = ["partition=old", "timeout_min=7", "additional_parameters={nice: 3}"]
    program(*SUBMIT, "seed=0", QUICK, *(f"hydra.launcher.{one}" for one in launcher))
    batch = (slurm / "batch-70").read_text()
    for line in (
        "partition=old",
        "time=7",
        "nice=3",
        "cpus-per-task=1",
        "signal=USR2@120",
        "requeue",
    ):
        assert f"#SBATCH --{line}\n" in batch


@pytest.mark.slow
def test_a_preempted_sweep_ends_like_one_that_nothing_happened_to(
    program, slurm, sweep, monkeypatch, capsys
):
    monkeypatch.setenv("PREEMPT", str(sweep / "0" / "checkpoints" / "last.ckpt"))
    jobs = ("seed=0,1", "rounds=6")
    program(*SUBMIT, *jobs)
    wait_for(lambda: len([*slurm.glob("ended-*")]) == 2)
    assert [(slurm / f"ended-70_{task}").read_text() for task in (0, 1)] == ["0", "0"]
    assert (slurm / "preempted").exists()
    assert "resumed" in read_run(sweep / "0")
    assert list(read([sweep], sweep).runs["status"]) == ["finished", "finished"]
    capsys.readouterr()
    program(*SUBMIT, *jobs, "resume=true")
    assert "2 of 2 jobs are finished" in capsys.readouterr().out
    assert not (slurm / "batch-71").exists()
    monkeypatch.setenv("PATH", os.defpath)  # or Lightning warns that srun is there
    program("-m", *jobs, "name=plain")
    for job in "01":
        folders = [sweep / job, sweep.with_name("plain") / job]
        assert record_of(folders[0]) == record_of(folders[1])
        assert equal(*map(weights_of, folders))
        assert [read_run(folder)["threads"] for folder in folders] == [1, 1]


@pytest.mark.slow
def test_a_job_runs_on_this_machine_by_the_local_executor(command, sweep):
    needed("submitit")
    path = os.environ.get("PYTHONPATH", "")
    sent = command(*SUBMIT, "hydra.launcher.to=local", "seed=0", QUICK, PYTHONPATH=path)
    assert sent.returncode == 0, sent.stderr
    wait_for(lambda: [*sweep.glob("submitted/*_result.pkl")])
    assert read_run(sweep / "0")["status"] == "finished"


TWICE = """
import pathlib, sys, time
begun = pathlib.Path(sys.argv[1])
if begun.exists():
    begun.with_name("ended").touch()
else:
    begun.touch()
    time.sleep(60)
"""


@pytest.mark.parametrize("time_is_up", [False, True])
def test_a_stopped_job_is_queued_again_by_submitit(tmp_path, time_is_up):
    executor = needed("submitit").LocalExecutor(tmp_path / "log")
    executor.update_parameters(timeout_min=1, signal_delay_s=58 if time_is_up else 0)
    begun = tmp_path / "begun"
    job = executor.submit(ClusterJob(), [sys.executable, "-c", TWICE, str(begun)])
    wait_for(begun.exists)
    if not time_is_up:
        job._process.send_signal(signal.SIGTERM)  # which hands it on, as a preemption
    job.result()
    assert (tmp_path / "ended").exists()


def test_a_cancelled_job_is_not_queued_again(slurm, monkeypatch):
    (slurm / "70_0").write_text("70000 COMPLETING")
    monkeypatch.setenv("SLURM_JOB_ID", "70000")
    monkeypatch.setattr(signal, "getsignal", lambda number: pytest.fail)
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with pytest.raises(SystemExit, match="143"):
        ClusterJob()(["sh", "-c", "exit 143"])
    signal.signal(signal.SIGTERM, before)
