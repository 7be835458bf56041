"""Jobs of a sweep side by side: the same files as one after the other, one interrupt for all."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from conftest import ROOT, program_in
from experiment import answer, equal, record_of, weights_of
from test_waiting import ASKS

from askwell.command.capacity import Machine, available_memory, jobs_at_once
from askwell.command.side_by_side import cards_for
from askwell.command.slot import Slot
from askwell.machine import cores
from askwell.run.checkpoint import SafeCheckpointIO
from askwell.run.run_json import read_run

SWEEP = ("-m", "seed=0,1,2", "rounds=8")
TWO = "jobs=2"
KILLER = (
    "callbacks.progress=null",
    "+callbacks.killer._target_=forked.Killer",
    "+callbacks.killer.kills=[['labelled',1,${seed}]]",
    "+callbacks.killer.epochs_per_round=1",
)
"""Kills the job of seed 0 alone, whose seed is its rank: others may be at that instant too."""


@pytest.fixture(scope="module")
def in_turn(shrunk, tmp_path_factory):
    """The folder of a sweep of three jobs, one after the other."""
    folder = tmp_path_factory.mktemp("in turn")
    with pytest.MonkeyPatch.context() as patch, program_in(folder, shrunk) as program:
        patch.setattr("askwell.command.cli.report_on", lambda folders, output: None)
        program(*SWEEP)
    return folder / "multirun" / "run"


@pytest.fixture
def sweep(tmp_path):
    return tmp_path / "multirun" / "run"


def statuses(sweep):
    """Of the jobs that wrote a run.json: one that is killed as it begins has none yet."""
    found = [read_run(sweep / job) for job in "012"]
    return [run["status"] for run in found if run is not None]


def timeless(value):
    """What a checkpoint or a run.json holds, but for times and what differs between commands."""
    if isinstance(value, dict):
        kept = {name: part for name, part in value.items() if not re.search(TIMES, str(name))}
        return {name: timeless(part) for name, part in kept.items()}
    if isinstance(value, list | tuple):
        return [timeless(part) for part in value]
    if isinstance(value, torch.Tensor):
        return value.tolist()
    return value if isinstance(value, str | int | float | None) else str(value)


TIMES = r"seconds|^started$|^command$|^jobs$|^digest$"


def content(file):
    """What a file of a run says, but for times."""
    if file.suffix in (".ckpt", ".previous"):
        return timeless(SafeCheckpointIO().load_checkpoint(file))
    if file.suffix == ".json":
        return timeless(json.loads(file.read_text()))
    if file.suffix == ".jsonl":
        return [timeless(json.loads(line)) for line in file.read_text().splitlines()]
    if file.suffix == ".log":
        lines = [line[24:] for line in file.read_text().splitlines()]
        return [line for line in lines if "decoding" not in line]  # once for all sweeps
    return re.sub(r"\bjobs[=:] ?\w+", "jobs", file.read_text())


def contents(run, root):
    """Every file of a run by its name, without the folder that its sweep is in."""
    files = [file for file in run.rglob("*") if file.is_file() and file.name != ".lock"]
    return {str(file.relative_to(run)): str(content(file)).replace(str(root), "") for file in files}


def test_jobs_side_by_side_leave_the_files_of_jobs_one_after_the_other(
    program, no_report, in_turn, sweep, tmp_path, capsys
):
    program(*SWEEP, TWO)
    for job in "012":
        ours, theirs = contents(sweep / job, tmp_path), contents(in_turn / job, in_turn.parents[1])
        assert ours.keys() == theirs.keys()
        assert [name for name in ours if ours[name] != theirs[name]] == []
    assert sorted(re.findall(r"\(\d of 3\)", capsys.readouterr().out)) == [
        "(1 of 3)",
        "(2 of 3)",
        "(3 of 3)",
    ]


@pytest.mark.slow
def test_a_job_that_fails_stops_no_other(program, no_report, sweep, capfd):
    with pytest.raises(SystemExit, match="2"):
        program("-m", "query_size=1,5,6", TWO)
    assert statuses(sweep) == ["failed", "finished", "finished"]
    assert "job 0 failed: " in capfd.readouterr().err


@pytest.mark.slow
def test_a_process_that_is_killed_fails_its_job_alone_and_the_sweep_resumes(
    program, no_report, in_turn, sweep, capfd
):
    killer = [*SWEEP, TWO, *KILLER]
    with pytest.raises(SystemExit, match="2"):
        program(*killer)
    assert "its process was ended (SIGKILL)" in capfd.readouterr().err
    assert sorted(statuses(sweep)) == ["finished", "finished", "running"]
    program(*SWEEP, *KILLER, "resume=true")
    for job in "012":
        assert record_of(sweep / job) == record_of(in_turn / job)


@pytest.mark.slow
def test_jobs_that_wait_for_answers_let_the_others_start(program, no_report, sweep, capfd):
    with pytest.raises(SystemExit, match="75"):
        program(*SWEEP, *ASKS, TWO)
    assert statuses(sweep) == 3 * ["waiting"]
    printed = capfd.readouterr()
    assert "3 jobs wait for answers" in printed.out
    assert printed.err.count("questions.csv") == 3
    for job in "012":
        assert answer(sweep / job)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "whole_group"),
    [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGKILL, False)],
)
def test_an_interrupt_ends_all_jobs_and_a_resume_ends_as_if_there_had_been_none(
    program, no_report, shrunk, in_turn, sweep, tmp_path, number, whole_group
):
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "train.py"), "-m", *shrunk, *SWEEP[1:], TWO],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # a group of its own, as that of a terminal
        # ignored where the tests themselves run in the background
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    wait_for(lambda: [*sweep.glob("*/checkpoints/last.ckpt")])
    (os.killpg if whole_group else os.kill)(process.pid, number)
    expected = -number if number == signal.SIGKILL else 128 + number
    assert process.wait(60) == expected
    wait_for(lambda: not in_group(process.pid))
    assert statuses(sweep).count("finished") < 3
    program(*SWEEP, "resume=true")
    for job in "012":
        assert record_of(sweep / job) == record_of(in_turn / job)
        assert equal(weights_of(sweep / job), weights_of(in_turn / job))


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it hangs"
        time.sleep(0.05)


def in_group(number):
    """The states of the processes of a group that are still alive."""
    found = subprocess.run(
        ["ps", "-o", "stat=", "-s", str(number)], capture_output=True, text=True
    ).stdout.split()
    return [state for state in found if not state.startswith("Z")]


@pytest.fixture
def two_threads():
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


def threads(sweep):
    return [read_run(run.parent)["threads"] for run in sorted(sweep.glob("*/run.json"))]


@pytest.mark.usefixtures("two_threads", "no_report")
def test_jobs_compute_with_one_thread_each_unless_more_are_set(program, sweep):
    program("-m", "seed=0", "rounds=1")
    program("-m", "seed=1", "rounds=1", "threads=3", "resume=true")
    assert threads(sweep) == [1, 3]
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("no_report")
def test_jobs_that_are_added_compute_as_the_first_job_of_their_sweep_did(program, sweep):
    program("-m", "seed=0", "rounds=1")
    run = sweep / "0" / "run.json"
    run.write_text(run.read_text().replace('"threads": 1', '"threads": 2'))  # as a former sweep
    program("-m", "seed=0,1", "rounds=1", "resume=true")
    assert threads(sweep) == [2, 2]


def test_a_single_run_computes_with_the_threads_that_are_set(program, tmp_path):
    program("rounds=1", "threads=2")
    program("rounds=2", "threads=3", "resume=true")
    assert read_run(tmp_path / "outputs" / "run")["threads"] == 2


GIB = 1024**3


@pytest.mark.parametrize(
    ("machine", "threads", "on_gpu", "expected"),
    [
        (Machine(cores=8, cards=0, memory=64 * GIB), 1, False, 8),
        (Machine(cores=8, cards=0, memory=64 * GIB), 3, False, 2),
        (Machine(cores=8, cards=0, memory=6 * GIB), 1, False, 3),
        (Machine(cores=8, cards=0, memory=1 * GIB), 1, False, 1),
        (Machine(cores=2, cards=0, memory=64 * GIB), 4, False, 1),
        (Machine(cores=64, cards=4, memory=500 * GIB), 1, True, 4),
        (Machine(cores=64, cards=4, memory=500 * GIB), 1, False, 20),
    ],
)
def test_as_many_jobs_run_at_once_as_the_machine_carries(machine, threads, on_gpu, expected):
    assert jobs_at_once("auto", 20, threads, on_gpu, machine) == expected


def test_the_number_of_jobs_that_is_set_holds_up_to_the_number_there_are():
    small = Machine(cores=1, cards=0, memory=GIB)
    assert [jobs_at_once(wished, 5, 1, False, small) for wished in (1, 3, 9)] == [1, 3, 5]


@pytest.mark.parametrize(
    ("on_gpu", "expected"), [(True, ["GPU-a", "GPU-b", "GPU-a"]), (False, [None, None, None])]
)
def test_each_process_sees_one_card_in_turn(monkeypatch, on_gpu, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    assert cards_for(3, on_gpu) == expected


def test_where_gpus_are_wanted_and_there_is_none_the_jobs_say_so(monkeypatch):
    monkeypatch.setattr("askwell.command.side_by_side.card_names", list)
    assert cards_for(2, on_gpu=True) == [None, None]


@pytest.mark.parametrize(
    ("quota", "expected"), [("max 100000", None), ("50000 100000", 1), ("100000 100000", 1)]
)
def test_a_container_has_the_cores_of_its_quota(tmp_path, quota, expected):
    (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert cores(tmp_path) == (expected or cores(tmp_path / "none"))


def test_a_container_has_what_its_limit_leaves_but_for_files_that_can_be_read_again(tmp_path):
    (tmp_path / "meminfo").write_text("MemAvailable: 1000000 kB\n")
    limits = {"max": "500000", "current": "300000", "stat": "anon 1\ninactive_file 100000\n"}
    for name, content in limits.items():
        (tmp_path / f"memory.{name}").write_text(content)
    assert available_memory(tmp_path, tmp_path) == 300_000
    (tmp_path / "memory.max").write_text("max\n")
    assert available_memory(tmp_path, tmp_path) == 1_024_000_000


def test_the_end_of_a_job_is_seen_also_after_a_line_without_an_end():
    said = []
    slot = Slot(None, None, said.append)
    os.write(slot.writer.fileno(), b"a line\n\nhalf a line\0\n")
    assert slot.all_said.wait(5)
    slot.close()
    assert said == [": a line", ": ", ": half a line"]


@pytest.mark.parametrize("mistake", ["jobs=0", "jobs=many", "threads=0", "threads=1.5"])
def test_numbers_that_cannot_be_meant_are_refused(program, tmp_path, capsys, mistake):
    with pytest.raises(SystemExit, match="2"):
        program(*SWEEP, mistake)
    assert capsys.readouterr().err.startswith(f"askwell: {mistake}: expected ")
    assert [*tmp_path.iterdir()] == []
