"""The processes of a run, compared."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from askwell.errors import UserError
from askwell.loop.agreement import SameStart, digest_of, held_at_start, refuse_differences
from askwell.processes import ALONE, Processes, odd_one


def others(*shares):
    """The gathering of a process whose fellows give these shares."""
    return lambda share: [share, *shares]


def test_the_first_process_that_differs_is_found():
    assert odd_one(["a", "a", "b", "c"]) == 2


def test_no_process_differs_where_all_agree():
    assert odd_one([None, None]) is None


def test_a_single_process_gathers_its_own_share():
    assert ALONE.gather("share") == ["share"]


def test_what_differs_is_named_with_both_values():
    with pytest.raises(
        UserError, match=r"process 2 has torch version 2\.9, process 0 has 2\.8: use one"
    ):
        refuse_differences(
            {"torch version": "2.8"},
            others({"torch version": "2.8"}, {"torch version": "2.9"}),
            "use one",
        )


def test_what_only_another_process_has_is_a_difference():
    with pytest.raises(UserError, match=r"process 1 has strategy\.rate 0\.5, process 0 has None"):
        refuse_differences({}, others({"strategy.rate": 0.5}), "")


def test_equal_processes_are_not_refused():
    assert refuse_differences({"seed": 0}, others({"seed": 0}), "") is None


def test_a_process_at_another_step_is_named(monkeypatch):
    def exchange(shares, share):
        shares[:] = [share, ("scores", "of a pass")]

    monkeypatch.setattr("askwell.processes.distributed.all_gather_object", exchange)
    with pytest.raises(
        UserError, match="process 1 is at another step than process 0, since its strategy"
    ):
        Processes(0, 2).gather("digest")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"settings": {"seed": 1}}, "seed 1"),
        ({"images": 11}, "images to train on 11"),
        ({"classes": ("ash", "oak")}, "names of classes"),
        ({"fingerprint": "other"}, "data set other"),
        ({"weights": "other"}, "initial weights other"),
        ({"checkpoint": Path("last.ckpt")}, "a checkpoint to resume from True"),
    ],
)
def test_processes_that_start_with_something_else_are_refused(monkeypatch, changed, named):
    def exchange(shares, share):
        shares[:] = [share, start(**changed)]

    monkeypatch.setattr("askwell.processes.distributed.all_gather_object", exchange)
    with pytest.raises(
        UserError, match=f"process 1 has {named}.*: start all processes with the same settings"
    ):
        SameStart(start()).setup(SimpleNamespace(global_rank=0, world_size=2), None, "fit")


def start(
    settings=None, images=10, classes=("ash", "elm"), fingerprint="f", weights="w", checkpoint=None
):
    data = SimpleNamespace(
        train=range(images), evaluation=range(5), classes=classes, fingerprint=fingerprint
    )
    return held_at_start(settings or {"seed": 0}, data, weights, checkpoint)


def test_a_digest_knows_the_order():
    assert digest_of([1, 2]) != digest_of([2, 1])
