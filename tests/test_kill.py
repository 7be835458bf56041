"""kill -9 at any instant: the run that goes on ends as one that was never disturbed, bit for
bit.
"""

import os
import time
from functools import cache
from signal import SIGINT, SIGTERM

import forked
import pytest
from experiment import answer, equal, record_of, weights_of

from askwell.run.run_json import read_run

pytestmark = pytest.mark.slow

SIGKILL, WAITING = -9, 75
PROTOCOLS = {
    "paper": ["protocol=paper"],
    "retrain": ["protocol=retrain", "protocol.epochs_per_round=2"],
    "every second round": ["protocol=paper", "protocol.rescore_every=2"],
    "workers": ["protocol=retrain", "protocol.epochs_per_round=2", "datamodule.num_workers=2"],
}
INSTANTS = [
    ("training", 0),
    ("training", 1),
    ("training", 2),
    ("evaluating", 1),
    ("scoring", 0),
    ("labelled", 0),
    ("labelled", 1),
    ("labelled", 2),
    ("before keeping", 1),
    ("after keeping", 1),
    ("before saving", 0),
    ("before saving", 1),
    ("after saving", 1),
    ("before saving", 2),
    ("after saving", 2),
]
ORDER = list(dict.fromkeys(instant for instant, _ in INSTANTS))
FEW = [("training", 1), ("scoring", 0), ("before saving", 1), ("labelled", 1)]
OF_THE_SECOND = [("scoring", 0), ("training", 1), ("evaluating", 1), ("training", 2)]
"""Where the second of two processes may be killed: it records and saves nothing."""
OF_TWO = sorted(
    [(*kill, 0) for kill in INSTANTS] + [(*kill, 1) for kill in OF_THE_SECOND],
    key=lambda kill: (kill[1], ORDER.index(kill[0])),
)
TWO = ["trainer=ddp", "trainer.accelerator=cpu", "callbacks.active_learning.scoring_batch_size=8"]


@pytest.fixture(scope="module")
def undisturbed(shrunk, tmp_path_factory):
    """The folder of a run of a protocol that nothing happened to."""

    @cache
    def run(protocol, *two):
        folder = tmp_path_factory.mktemp("undisturbed")
        finish = forked.finish_two if two else forked.finish
        assert finish(folder, *shrunk, *PROTOCOLS[protocol], *two) in (0, [0, 0])
        return folder / "outputs" / "run"

    return run


def first_code(codes):
    """The exit code of the first process, of one or two."""
    return codes if isinstance(codes, int) else codes[0]


def matrix():
    """Every instant for the two protocols, and those that could differ for the rest; slow ones but
    for two.
    """
    for protocol in PROTOCOLS:
        for instant in INSTANTS if protocol in ("paper", "retrain") else FEW:
            quick = protocol == "retrain" and instant in FEW[1:3]
            yield pytest.param(protocol, *instant, marks=[] if quick else pytest.mark.slow)


@pytest.mark.parametrize(("protocol", "instant", "round"), list(matrix()))
def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    shrunk, undisturbed, tmp_path, protocol, instant, round
):
    arguments = [*shrunk, *PROTOCOLS[protocol], *killer(protocol, (instant, round, 0))]
    killed = forked.finish(tmp_path, *arguments)
    assert killed == SIGKILL, (tmp_path / "output.txt").read_text()
    assert forked.finish(tmp_path, *arguments, "resume=true") == 0
    assert record_of(tmp_path / "outputs" / "run") == record_of(undisturbed(protocol))
    assert equal(weights_of(tmp_path / "outputs" / "run"), weights_of(undisturbed(protocol)))


@pytest.mark.parametrize(
    ("instant", "round"),
    [
        *(("before asking", 0), ("after asking", 0), ("waiting", 0), ("before answering", 0)),
        *(("after answering", 0), ("training", 0), ("evaluating", 0), ("scoring", 0)),
        *(("labelled", 0), ("before asking", 1), ("waiting", 1), ("before saving", 1)),
        *(("after saving", 1), ("training", 2), ("after saving", 2)),
    ],
)
@pytest.mark.parametrize("two", [(), tuple(TWO)], ids=["one process", "two processes"])
def test_a_waiting_run_killed_at_any_instant_ends_as_one_that_never_waited(
    shrunk, undisturbed, tmp_path, instant, round, two
):
    asks = ["oracle=file", "answers_dir=answers", "resume=true"]
    arguments = [*shrunk, *PROTOCOLS["paper"], *two, *asks]
    arguments += killer("paper", (instant, round, 0))
    codes, folder = [], tmp_path / "outputs" / "run"
    while not codes or codes[-1] != 0:
        ended = (
            forked.finish_two(tmp_path, *arguments)
            if two
            else [forked.finish(tmp_path, *arguments)]
        )
        codes.append(ended[0])
        assert codes[-1] in (0, WAITING, SIGKILL), (tmp_path / "output.txt").read_text()
        assert len(codes) < 7, codes
        if codes[-1] == WAITING:
            answer(folder)
    assert (codes.count(SIGKILL), codes.count(WAITING)) in ((1, 3), (1, 2), (1, 4))
    assert record_of(folder) == record_of(undisturbed("paper", *two))
    assert equal(weights_of(folder), weights_of(undisturbed("paper", *two)))


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "parity"), [("paper", 0), ("retrain", 1)])
def test_two_processes_killed_at_one_instant_after_the_other_end_as_if_nothing_had_happened(
    shrunk, undisturbed, tmp_path, protocol, parity
):
    arguments = [*shrunk, *PROTOCOLS[protocol], *TWO, *killer(protocol, *OF_TWO), "resume=true"]
    for number, kill in enumerate(OF_TWO):
        killed = forked.finish_two(tmp_path, *arguments, together=number % 2 == parity)
        assert killed[kill[2]] == SIGKILL, f"{kill}: {(tmp_path / 'output.txt').read_text()}"
        assert 0 not in killed
    assert forked.finish_two(tmp_path, *arguments) == [0, 0]
    assert record_of(tmp_path / "outputs" / "run") == record_of(undisturbed(protocol, *TWO))
    assert equal(weights_of(tmp_path / "outputs" / "run"), weights_of(undisturbed(protocol, *TWO)))


@pytest.mark.parametrize(
    ("signal", "code"), [pytest.param(SIGTERM, 143, marks=pytest.mark.slow), (SIGINT, 130)]
)
def test_a_run_told_to_stop_ends_at_once_and_goes_on_as_if_nothing_had_happened(
    shrunk, tmp_path, signal, code
):
    arguments = [*shrunk, "rounds=12", "query_size=3"]
    process = forked.start(tmp_path, *arguments, "name=stopped")
    rounds = tmp_path / "outputs" / "stopped" / "rounds.jsonl"
    while process.is_alive() and not (rounds.exists() and rounds.read_text()):
        time.sleep(0.005)
    os.kill(process.pid, signal)
    process.join(20)
    assert process.exitcode == code, (tmp_path / "output.txt").read_text()
    assert forked.finish(tmp_path, *arguments, "name=stopped", "resume=true") == 0
    assert forked.finish(tmp_path, *arguments, "name=undisturbed") == 0
    stopped, undisturbed = (tmp_path / "outputs" / name for name in ("stopped", "undisturbed"))
    assert record_of(stopped) == record_of(undisturbed)
    assert equal(weights_of(stopped), weights_of(undisturbed))


@pytest.mark.slow
@pytest.mark.parametrize(("signal", "code"), [(SIGTERM, 143), (SIGINT, 130)])
def test_two_processes_told_to_stop_both_end_at_once(shrunk, tmp_path, signal, code):
    ranks = forked.start_two(
        tmp_path, *shrunk, *TWO, "rounds=null", "query_size=2", "initial_size=6"
    )
    rounds = tmp_path / "outputs" / "run" / "rounds.jsonl"
    while ranks[0].is_alive() and not (rounds.exists() and rounds.read_text()):
        time.sleep(0.005)
    for rank in ranks:
        os.kill(rank.pid, signal)
    for rank in ranks:
        rank.join(60)
    assert [rank.exitcode for rank in ranks] == [code, code], (tmp_path / "output.txt").read_text()
    assert read_run(tmp_path / "outputs" / "run")["reason"] == "interrupted"


@pytest.mark.slow
def test_a_worker_that_is_killed_ends_the_run_and_loses_nothing(shrunk, undisturbed, tmp_path):
    arguments = [*shrunk, *PROTOCOLS["workers"], *killer("workers", ("worker", 1, 0))]
    assert forked.finish(tmp_path, *arguments) not in (0, SIGKILL)
    assert "DataLoader worker" in (tmp_path / "output.txt").read_text()
    assert forked.finish(tmp_path, *arguments, "resume=true") == 0
    assert record_of(tmp_path / "outputs" / "run") == record_of(undisturbed("workers"))


@pytest.mark.slow
def test_wandb_goes_on_with_the_same_run_after_a_kill(shrunk, tmp_path):
    logged = [
        *(override for override in shrunk if override != "logger=none"),
        "logger.wandb.mode=offline",
    ]
    arguments = [*logged, *killer("paper", ("labelled", 1, 0))]
    assert forked.finish(tmp_path, *arguments) == SIGKILL, (tmp_path / "output.txt").read_text()
    assert forked.finish(tmp_path, *arguments, "resume=true") == 0
    begun = sorted((tmp_path / "outputs" / "run" / "wandb").glob("offline-run-*"))
    assert len(begun) == 2
    assert len({folder.name.rpartition("-")[2] for folder in begun}) == 1


def killer(protocol, *kills):
    """What makes a run kill itself. Its own progress bar gives way, since one alone tracks the
    batches.
    """
    epochs = 2 if "protocol.epochs_per_round=2" in PROTOCOLS[protocol] else 1
    listed = ",".join(f"['{instant}',{round},{rank}]" for instant, round, rank in kills)
    settings = {"_target_": "forked.Killer", "kills": f"[{listed}]", "epochs_per_round": epochs}
    return [
        "callbacks.progress=null",
        *(f"+callbacks.killer.{name}={value}" for name, value in settings.items()),
    ]
