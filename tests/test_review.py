"""A second look at answers: which are listed, what is shown of them, what a correction does."""

import csv
import json

import numpy as np
import pytest
import torch
from experiment import equal, record_of, weights_of
from hypothesis import given, settings
from hypothesis import strategies as st

from askwell.listener.review import hurries, nearest
from askwell.loop.doubt import doubts
from askwell.oracle.events import AnswerLog, answered_again, current
from askwell.run.question import read_review

SMALL = (
    *("query_size=10", "initial_size=18", "rounds=3", "protocol.ahead=1"),
    *("protocol=retrain", "protocol.epochs_per_round=1"),
)
PAGE = ("oracle=page", "answers_dir=answers", *SMALL)
CLASSES = ("ash", "birch", "cedar")


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_what_is_doubted_is_off_the_diagonal_of_the_confident_joint(seed, classes):
    dice = np.random.default_rng(seed)
    labels = dice.integers(0, classes, 20)
    probs = dice.dirichlet(0.3 * np.ones(classes), 20)
    thresholds = [
        np.mean(probs[labels == one, one]) if (labels == one).any() else 2 for one in range(classes)
    ]
    expected = []
    for place, (label, row) in enumerate(zip(labels, probs, strict=True)):
        counted = [one for one in range(classes) if row[one] >= thresholds[one]]
        believed = max(counted, key=lambda one: row[one], default=label)
        margin = row[label] - max(row[one] for one in range(classes) if one != label)
        if believed != label and margin < 0 and (labels == label).sum() > 1:
            expected.append((margin, place, believed))
    found = doubts(torch.from_numpy(probs), torch.from_numpy(labels))
    assert found.places.tolist() == [place for _, place, _ in sorted(expected)]
    assert found.believed.tolist() == [believed for _, _, believed in sorted(expected)]


def test_an_answer_is_hurried_by_the_pace_of_who_gave_it():
    slow = {index: {"by": "ann", "seconds": 10.0} for index in range(5)}
    quick = {index: {"by": "bob", "seconds": 2.0} for index in range(5, 10)}
    more = {10: {"by": "bob", "seconds": 0.9}, 11: {"by": "ann", "seconds": 4.0}, 12: {"by": "ann"}}
    found = hurries(slow | quick | more)
    assert found == {11: (4.0, 10.0), 10: (0.9, 2.0)}


def test_the_nearest_labelled_images_are_those_of_the_features_without_the_image_itself():
    features = torch.tensor([[0.0], [5.0], [1.0], [2.0], [0.1]])
    assert nearest(features, 0, among=4) == [2, 3, 1]
    assert nearest(features, 4, among=4) == [0, 2, 3]


# Runs


def said(run, open_only=True, **other):
    """Answers what the run asks as the folder of each image says, but for the words in `other` by
    the name of the image without its folders; the rows that were answered.
    """
    log = AnswerLog(run / "answers.jsonl")
    known = current(log.read()) if open_only else {}
    again = answered_again(log.read())
    rows = json.loads((run / "asked.json").read_text())["images"]
    asked = [row for row in rows if row["index"] not in known or row["index"] in again]
    log.add([event(row, other.get(short(row), row["name"].split("/")[-2])) for row in asked])
    return asked


def again(run):
    """What the run asks about again."""
    rows = json.loads((run / "asked.json").read_text())["images"]
    return [row for row in rows if "times" in row]


def short(row):
    return "_".join(row["name"].removesuffix(".png").split("/")[-2:])


def event(row, word, **facts):
    label = {"kind": word} if word == "cannot tell" else {"kind": "label", "answer": word}
    where = {key: row[key] for key in ("index", "image", "name")}
    return {**where, **label, "by": "ann", "seconds": 4.0, "mode": "single", **facts}


@pytest.fixture
def until_it_waits(program):
    def run(*arguments):
        with pytest.raises(SystemExit, match="75"):
            program(*PAGE, *arguments)

    return run


@pytest.fixture
def run(until_it_waits, tmp_path):
    """A run with a wrong answer, a hurried one, and one that nobody could give."""
    folder = tmp_path / "outputs" / "run"
    until_it_waits()
    wrong, hurried, untold = json.loads((folder / "asked.json").read_text())["images"][:3]
    truth = wrong["name"].split("/")[-2]
    other = CLASSES[(CLASSES.index(truth) + 2) % 3 if truth != "birch" else 0]
    said(folder, **{short(wrong): other, short(untold): "cannot tell"})
    right = hurried["name"].split("/")[-2]
    AnswerLog(folder / "answers.jsonl").add([event(hurried, right, seconds=1.0)])
    until_it_waits("resume=true")
    return folder, wrong, hurried, untold, truth


def test_after_a_round_what_is_doubted_hurried_or_untold_is_listed_with_its_neighbours(run):
    folder, wrong, hurried, untold, _ = run
    found = {row["index"]: row for row in read_review(folder)}
    assert "doubted" in found[wrong["index"]]["why"]
    assert found[hurried["index"]]["why"]["fast"] == [1.0, 4.0]
    assert found[untold["index"]]["why"] == {"cannot tell": True}
    assert found[untold["index"]]["answer"] == "cannot tell"
    labelled = set(current(AnswerLog(folder / "answers.jsonl").read()))
    for index, row in found.items():
        near = [one["index"] for one in row["neighbours"]]
        assert len(set(near) - {index}) == 3
        assert set(near) < labelled
        assert all((folder / "asked" / f"{one}.png").exists() for one in [index, *near])
    belief = sum(share for _, share in found[wrong["index"]]["guesses"])
    assert belief == pytest.approx(1, abs=1e-3)


def test_a_correction_reaches_the_network_costs_nothing_and_is_replayed(
    run, until_it_waits, program
):
    folder, wrong, _, _, truth = run
    AnswerLog(folder / "answers.jsonl").add([event(wrong, truth, mode="review")])
    said(folder)
    until_it_waits("resume=true")
    assert wrong["index"] not in {row["index"] for row in read_review(folder)}
    said(folder)
    program(*PAGE, "resume=true")
    (row,) = csv.DictReader((folder / "relabelled.csv").read_text().splitlines())
    assert (int(row["index"]), CLASSES[int(row["label"])], row["asked"]) == (
        wrong["index"],
        truth,
        "0",
    )
    rounds = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    corrections = [line.get("asked_again", {}).get("corrected", 0) for line in rounds]
    assert sum(corrections) == 1
    bought = (folder / "queries.csv").read_text().count("\n") - 1
    assert rounds[-1]["labels"] == bought
    program("oracle=replay", f"oracle.run={folder}", "name=replayed", *SMALL)
    assert record_of(folder) == record_of(folder.parent / "replayed")
    assert equal(weights_of(folder), weights_of(folder.parent / "replayed"))


def test_people_are_asked_again_without_a_suggestion_and_a_replay_repeats_it(
    until_it_waits, program, tmp_path
):
    relabel, folder = ("protocol.relabel=0.2",), tmp_path / "outputs" / "run"
    until_it_waits(*relabel)
    for round in range(2):
        rows = said(folder)
        assert len([row for row in rows if "times" in row]) == 2 * round
        assert all(row["guesses"] == [] for row in rows if "times" in row)
        until_it_waits(*relabel, "resume=true")
    said(folder, **dict.fromkeys(map(short, again(folder)), "birch"))
    program(*PAGE, *relabel, "resume=true")
    table = list(csv.DictReader((folder / "relabelled.csv").read_text().splitlines()))
    assert [row["asked"] for row in table] == 4 * ["1"]
    program("oracle=replay", f"oracle.run={folder}", "name=replayed", *SMALL, *relabel)
    assert record_of(folder) == record_of(folder.parent / "replayed")
    assert equal(weights_of(folder), weights_of(folder.parent / "replayed"))
