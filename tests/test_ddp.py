"""Two processes on the CPU: one record, and the queries of a single process given the same
weights.
"""

import os
from pathlib import Path

import forked
import pytest
from conftest import command_in
from experiment import equal, record_of, weights_of

from askwell.run.run_json import read_run

pytestmark = pytest.mark.slow

# A strategy that also lets each process score the whole pool by itself, and fails where that would
# ask differently.
CHECKED = """
from dataclasses import dataclass, replace

import torch
from askwell.processes import ALONE
from askwell.strategy import Candidates, UncertaintySampling


@dataclass(frozen=True)
class Checked(UncertaintySampling):
    def __call__(self, candidates, size, generator):
        looks = candidates._looks
        single = replace(looks, scorer=replace(looks.scorer, processes=ALONE))
        together = super().__call__(candidates, size, generator)
        alone = super().__call__(Candidates(candidates.indices, single), size, generator)
        for one, other in zip(together, alone, strict=True):
            if not torch.equal(one, other):
                raise ValueError(f"two processes ask for {together}, one for {alone}")
        with open(f"asked_by_{looks.scorer.processes.rank}.txt", "a") as file:
            print(together.positions.tolist(), file=file)
        return together


@dataclass(frozen=True)
class Tied:
    def __call__(self, probs):
        return (4 * probs.amax(dim=1)).round()


@dataclass(frozen=True)
class Failing(UncertaintySampling):
    def __call__(self, candidates, size, generator):
        if candidates._processes.rank == 1:
            raise MemoryError("no room on the second")
        return super().__call__(candidates, size, generator)
"""
DDP = (
    *(
        "trainer=ddp",
        "trainer.accelerator=cpu",
        "strategy=entropy",
        "strategy._target_=checked.Checked",
    ),
    "callbacks.active_learning.scoring_batch_size=8",  # a share of the pool for either process
)


@pytest.fixture(scope="module")
def undisturbed(shrunk, tmp_path_factory):
    """Where two processes ran three rounds, and what they said."""
    folder = tmp_path_factory.mktemp("ddp")
    (folder / "checked.py").write_text(CHECKED)
    return folder, command_in(folder, shrunk, *DDP, timeout=120)


@pytest.fixture
def two(command, tmp_path):
    """Runs the program in two processes."""
    (tmp_path / "checked.py").write_text(CHECKED)
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parent)])
    return lambda *arguments: command(*DDP, *arguments, timeout=120, PYTHONPATH=path)


def test_two_processes_end_well(undisturbed):
    folder, done = undisturbed
    facts = read_run(folder / "outputs" / "run")
    assert (done.returncode, facts["status"], facts["processes"]) == (0, "finished", 2)


def test_two_processes_leave_one_record(undisturbed):
    folder, _ = undisturbed
    lines, queries = record_of(folder / "outputs" / "run")
    assert ([line["round"] for line in lines], queries.count("\n")) == ([0, 1, 2], 1 + 18)


def test_two_processes_ask_what_one_would_ask(undisturbed):
    folder, done = undisturbed
    asked = [(folder / f"asked_by_{rank}.txt").read_text() for rank in range(2)]
    assert (done.returncode, asked[0].count("\n"), asked[0]) == (0, 2, asked[1])


def test_two_processes_ask_what_one_would_ask_where_many_scores_are_equal(two, tmp_path):
    done = two("rounds=2", "strategy.acquisition={_target_:checked.Tied,_partial_:false}")
    asked = [(tmp_path / f"asked_by_{rank}.txt").read_text() for rank in range(2)]
    assert (done.returncode, asked[0].count("\n"), asked[0]) == (0, 1, asked[1])


def test_two_processes_ask_again_about_the_same_images_also_when_resumed(two, tmp_path):
    noisy = ("oracle=noisy", "oracle.rate=0.3", "protocol.relabel=0.34")
    two(*noisy, "rounds=2")
    done = two(*noisy, "resume=true")  # which compares what both resume with
    table = (tmp_path / "outputs" / "run" / "relabelled.csv").read_text()
    assert (done.returncode, table.count("\n")) == (0, 1 + 4)


def test_a_run_of_two_processes_goes_on_as_if_it_had_not_stopped(two, undisturbed, tmp_path):
    two("rounds=2")
    two("rounds=3", "resume=true")
    run, whole = (folder / "outputs" / "run" for folder in (tmp_path, undisturbed[0]))
    assert record_of(run) == record_of(whole)
    assert equal(weights_of(run), weights_of(whole))


def test_after_the_second_process_was_killed_the_run_goes_on_as_if_it_had_not(
    two, undisturbed, tmp_path
):
    killer = {"_target_": "forked.Killer", "kills": "[[scoring,0,1]]", "epochs_per_round": 1}
    settings = [f"+callbacks.killer.{name}={value}" for name, value in killer.items()]
    killed = two("callbacks.progress=null", *settings)
    assert killed.returncode != 0
    resumed = two("callbacks.progress=null", *settings, "resume=true")
    run, whole = (folder / "outputs" / "run" for folder in (tmp_path, undisturbed[0]))
    assert resumed.returncode == 0, resumed.stderr
    assert record_of(run) == record_of(whole)
    assert equal(weights_of(run), weights_of(whole))


def test_a_failure_of_one_process_ends_both(two, tmp_path):
    done = two("strategy._target_=checked.Failing")
    assert (done.returncode > 0, "no room on the second" in done.stderr) == (True, True)


def test_after_one_ran_out_of_memory_both_score_fewer_at_once_also_when_resumed(shrunk, tmp_path):
    arguments = [
        *shrunk,
        *DDP[:2],
        DDP[-1],
        "+callbacks.cramped._target_=forked.Cramped",
        "resume=true",
    ]
    for name, rounds in (("whole", [3]), ("parts", [2, 3])):
        (tmp_path / name).mkdir()
        ends = [
            forked.finish_two(tmp_path / name, *arguments, f"rounds={until}") for until in rounds
        ]
        assert ends == [[0, 0]] * len(rounds)
    whole, parts = (tmp_path / name / "outputs" / "run" for name in ("whole", "parts"))
    assert [read_run(run)["scoring_batch_size"] for run in (whole, parts)] == [4, 4]
    assert record_of(whole) == record_of(parts)
    assert equal(weights_of(whole), weights_of(parts))
