"""Snapshots: what a run keeps of chosen rounds, and what the report shows of it."""

import json
from shutil import copytree

import numpy as np
import pytest
from experiment import record_of
from report_runs import group_of, write_run

from askwell.errors import UserError
from askwell.listener.snapshot import Snapshot, places
from askwell.report.sections.snapshots import draw, kept, mosaic, snapshots


@pytest.fixture(scope="module")
def run(shrunk, tmp_path_factory):
    """The folder of a run that kept its first and its last round."""
    from conftest import program_in

    folder = tmp_path_factory.mktemp("snapshots")
    with program_in(folder, shrunk) as program:
        program("callbacks.snapshot.rounds=[0,-1]", "+callbacks.snapshot.shown=5")
        program("name=without")
    return folder / "outputs" / "run"


@pytest.fixture
def last(run):
    with np.load(run / "snapshots" / "round-0002.npz") as snapshot:
        return dict(snapshot)


def test_the_chosen_rounds_are_kept(run):
    assert [file.name for file in sorted((run / "snapshots").iterdir())] == [
        "round-0000.npz",
        "round-0002.npz",
    ]


def test_keeping_a_round_changes_no_run(run):
    assert record_of(run) == record_of(run.with_name("without"))


def test_the_confusion_is_that_of_the_round(run, last):
    accuracy = json.loads((run / "rounds.jsonl").read_text().splitlines()[-1])["accuracy"]
    assert np.trace(last["confusion"]) / last["confusion"].sum() == accuracy


def test_the_map_shows_the_evaluation_images(last):
    assert (last["places"].shape, sorted(last["truth"])) == ((24, 2), sorted(8 * [0, 1, 2]))
    assert (
        np.mean(last["truth"] == last["predicted"])
        == np.trace(last["confusion"]) / last["confusion"].sum()
    )


def test_the_least_and_the_most_sure_are_shown_in_their_order(last):
    unsure, sure = last["unsure_confidence"], last["sure_confidence"]
    assert (len(unsure), len(sure), last["unsure_pixels"].shape) == (5, 5, (5, 16, 16, 1))
    assert np.all(np.diff(unsure) >= 0)
    assert np.all(np.diff(sure) <= 0)
    assert unsure[-1] <= sure[-1]


@pytest.mark.parametrize("rounds", [[-2], ["last"], -2])
def test_what_is_no_round_is_refused(rounds):
    with pytest.raises(
        UserError, match=r"callbacks\.snapshot\.rounds=.*: expected numbers of rounds"
    ):
        Snapshot("", rounds)


@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_any_number_of_images_has_places(count):
    assert places(np.random.default_rng(0).normal(size=(count, 6)).astype(np.float32)).shape == (
        count,
        2,
    )


def test_the_report_shows_each_snapshot_of_the_lowest_seed_that_has_any(run, tmp_path):
    for seed in (0, 1, 2):
        folder = write_run(tmp_path, "lc", seed)
        if seed:
            copytree(run / "snapshots", folder / "snapshots")
    group = group_of(tmp_path)
    assert [seed for seed, _, _ in kept(group, "lc")] == [1, 1]
    names = [picture.name.rpartition("-")[2] for picture in snapshots(group)[0]]
    assert names == 2 * ["confusion", "map", "images"]


def test_many_classes_and_a_used_up_pool_can_be_drawn():
    truth = np.arange(60) % 30
    snapshot = {
        "confusion": np.eye(30, dtype=int),
        "places": np.zeros((60, 2)),
        "truth": truth,
        "predicted": 0 * truth,
    }
    pictures = []
    draw(
        pictures,
        "name",
        "title",
        snapshot | {"classes": np.array([f"class {each}" for each in range(30)])},
    )
    assert [picture.caption.startswith("title: ") for picture in pictures] == [True, True]


def test_a_snapshot_without_confusion_is_drawn_without_it():
    pictures, nothing = [], np.zeros(60, dtype=int)
    classes = np.array(["ash", "birch"])
    draw(
        pictures,
        "name",
        "title",
        {"places": np.zeros((60, 2)), "truth": nothing, "predicted": nothing, "classes": classes},
    )
    assert [picture.name for picture in pictures] == ["name-map"]


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (8, 1), (9, 2)])
def test_a_mosaic_has_rows_of_eight(count, rows):
    assert mosaic(np.zeros((count, 3, 4, 1), np.uint8)).shape == (rows * 5, 8 * 6, 1)
