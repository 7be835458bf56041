"""Several processes: they fail as one, with the message of the first that failed, and never buy
different images.
"""

import pytest

from askwell.run.run_json import read_run

BAD = """
import os
import signal
import torch
from askwell.strategy.candidates import Query
from askwell.errors import UserError
from askwell.strategy import RandomSampling

RANK = int(os.environ.get("LOCAL_RANK", "0"))

def mistaken(candidates, size, generator, rank):
    if RANK == rank:
        raise UserError("the disk of this process is on fire")
    return candidates.top(lambda look: look.logits.amax(dim=1), size)

def broken(candidates, size, generator, rank):
    if RANK == rank:
        raise ArithmeticError("the strategy cannot count")
    return candidates.top(lambda look: look.logits.amax(dim=1), size)

def killed(candidates, size, generator, rank):
    if RANK == rank:
        os.kill(os.getpid(), signal.SIGKILL)
    return candidates.top(lambda look: look.logits.amax(dim=1), size)

def unseeded(candidates, size, generator, rank):
    return Query(torch.randperm(len(candidates))[:size])

class NeverBuilt(RandomSampling):
    def __init__(self, rank):
        if RANK == rank:
            raise UserError("this process lacks a file")
"""


@pytest.fixture
def two(command, tmp_path):
    """Runs the program in two processes, with one of the strategies above; its end and its
    run.json.
    """
    (tmp_path / "bad.py").write_text(BAD)

    def run(strategy, rank=1):
        settings = f"strategy._target_=bad.{strategy}", f"+strategy._partial_={strategy.islower()}"
        rank = f"+strategy.rank={rank}"
        ended = command(
            "trainer=ddp",
            "trainer.accelerator=cpu",
            "~strategy.acquisition",
            *settings,
            rank,
            timeout=120,
        )
        return ended, read_run(tmp_path / "outputs" / "run")

    return run


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_users_mistake_in_one_process_ends_all_with_its_line(two, rank):
    ended, facts = two("mistaken", rank)
    lines = [line for line in ended.stderr.splitlines() if line.startswith("askwell:")]
    assert (ended.returncode, lines) == (2, ["askwell: the disk of this process is on fire"])
    assert (facts["status"], facts["reason"]) == ("failed", "the disk of this process is on fire")


@pytest.mark.slow
def test_an_error_of_the_second_process_is_the_reason_of_the_run(two):
    ended, facts = two("broken")
    assert (ended.returncode, facts["reason"]) == (
        1,
        "process 1: ArithmeticError: the strategy cannot count",
    )
    assert "process 1: ArithmeticError: the strategy cannot count" in ended.stderr.splitlines()[-1]


@pytest.mark.slow
def test_the_signal_that_ended_the_second_process_is_the_reason_of_the_run(two):
    ended, facts = two("killed")
    assert (ended.returncode, facts["reason"][:34]) == (2, "process 1 was ended by SIGKILL: re")


@pytest.mark.slow
def test_a_process_that_fails_before_it_joins_the_others_ends_all(two):
    ended, facts = two("NeverBuilt")
    assert (ended.returncode, facts["reason"]) == (2, "this process lacks a file")


@pytest.mark.slow
def test_processes_that_choose_different_images_end_before_they_buy_any(two, tmp_path):
    ended, facts = two("unseeded")
    differ = (
        "process 1 chose other images than process 0 at the end of round 0: a strategy must "
        "decide only by the"
    )
    assert (ended.returncode, facts["reason"].startswith(differ)) == (2, True)
    assert (tmp_path / "outputs" / "run" / "queries.csv").read_text().count(
        "\n"
    ) == 1 + 6  # the initial set
