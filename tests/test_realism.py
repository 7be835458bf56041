"""Realism dials: long tails, near-copies, strangers, and their combination, on any data set."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from askwell.dataset import ArraySource, ImageDataset, Realism, Splits
from askwell.embedding.base import Embeddings
from askwell.embedding.embedded import rows_of
from askwell.errors import UserError
from askwell.images.contracts import STRANGER
from askwell.images.near_copies import disturbed, shifted
from askwell.images.view import View
from askwell.oracle.simulated import Noisy, Truth
from askwell.oracle.subject import oracle_for
from askwell.run.identity import study_of

CLASSES, PER_CLASS = ("ash", "birch", "cedar"), 40
TRUTH = np.tile(np.arange(3), PER_CLASS)


def pixels(count, first):
    """Grey images of 6 x 6 pixels, all different."""
    return np.random.default_rng(first).integers(0, 256, (count, 6, 6), dtype=np.uint8)


class Toy(ImageDataset):
    def splits(self):
        train = ArraySource(lambda: (pixels(len(TRUTH), 1), TRUTH), "train", 6, 1)
        evaluation = ArraySource(lambda: (pixels(9, 2), np.arange(9) % 3), "evaluation", 6, 1)
        return Splits(train, evaluation, CLASSES)


@pytest.fixture
def toy(tmp_path):
    return Toy(image_size=6, channels=1, data_dir="", cache_dir=tmp_path).open()


def test_without_a_dial_the_data_set_is_the_same_object(toy):
    assert Realism()(toy) is toy


def test_the_class_of_number_0_alone_can_be_the_stranger(toy):
    assert Realism(strangers=0)(toy).classes == ("birch", "cedar")


def test_a_long_tail_keeps_all_of_the_first_class_and_a_share_of_the_last(toy):
    train = Realism(long_tail=10)(toy).train
    assert np.bincount(train.truth).tolist() == [40, round(40 / 10**0.5), 4]


def test_the_images_of_a_tail_keep_their_labels_and_nothing_is_stored_again(toy, tmp_path):
    stores = sorted(tmp_path.iterdir())
    train = Realism(long_tail=4)(toy).train
    everything = np.arange(len(train))
    assert torch.equal(train.fetch(everything), toy.train.fetch(train.indices))
    assert np.array_equal(train.truth, TRUTH[train.indices])
    assert sorted(tmp_path.iterdir()) == stores


def test_strangers_stay_in_the_pool_and_are_answered_none_of_these(toy):
    changed = Realism(strangers=["birch"])(toy)
    assert changed.classes == ("ash", "cedar")
    assert changed.train.truth.tolist() == [{0: 0, 1: STRANGER, 2: 1}[label] for label in TRUTH]
    assert (changed.evaluation.truth >= 0).all()
    assert len(changed.evaluation) == 6
    assert oracle_for(Truth, changed)(torch.tensor([0, 1, 2])).tolist() == [0, STRANGER, 1]


def test_an_annotator_who_errs_still_recognises_a_stranger(toy):
    changed = Realism(strangers=[1])(toy)
    said = oracle_for(lambda **parts: Noisy(**parts, rate=1, seed=0), changed)
    assert said(torch.tensor([0, 1, 2])).tolist() == [1, STRANGER, 0]


def test_a_redundant_pool_has_as_many_images_in_families_of_one_and_its_near_copies(toy):
    train = Realism(copies=10, shift=0, noise=0)(toy).train
    families = train.fetch(np.arange(len(train))).reshape(12, 10, -1)
    assert len(train) == len(TRUTH)
    assert (families == families[:, :1]).all()
    assert len(families[:, 0].unique(dim=0)) == 12


def test_only_copies_differ_from_their_image_and_each_in_another_way(toy):
    train = Realism(copies=3, shift=0, noise=5)(toy).train
    fetched, stored = (
        images.fetch(places).int()
        for images, places in ((train, np.arange(len(train))), (toy.train, train.indices))
    )
    difference = (fetched - stored).flatten(1)
    assert not difference[::3].any()
    assert difference.abs().max() <= 5
    assert len(difference.unique(dim=0)) == 1 + len(train) * 2 // 3


def test_a_copy_is_the_same_whatever_it_is_fetched_with(toy):
    train = Realism(copies=4)(toy).train
    whole = train.fetch(np.arange(len(train)))
    assert torch.equal(train.fetch(np.array([7, 2, 7])), whole[[7, 2, 7]])


def test_a_shift_moves_whole_pixels_and_repeats_the_edge():
    image = torch.arange(25, dtype=torch.uint8).view(1, 1, 5, 5).expand(200, 1, 5, 5)
    padded = np.pad(image[0, 0].numpy(), 1, mode="edge")
    possible = {padded[y : y + 5, x : x + 5].tobytes() for y in range(3) for x in range(3)}
    moved = shifted(image, torch.arange(200), most=1, key=3)
    assert {one.numpy().tobytes() for one in moved[:, 0]} == possible


def test_noise_keeps_to_the_range_of_a_pixel():
    black = disturbed(torch.zeros(50, 1, 4, 4, dtype=torch.uint8), torch.arange(50), 3, key=1)
    assert set(black.unique().tolist()) == {0, 1, 2, 3}


def test_dials_combine_and_each_changes_the_fingerprint(toy):
    dials = [{"strangers": ["ash"]}, {"long_tail": 3}, {"copies": 2}, {"copies": 2, "noise": 9}]
    dials += [{"copies": 2, "seed": 1}, {"strangers": ["ash"], "long_tail": 3, "copies": 2}]
    changed = [toy, *(Realism(**dial)(toy) for dial in dials)]
    assert len({dataset.fingerprint for dataset in changed}) == len(changed)
    assert {*changed[-1].train.truth.tolist()} == {STRANGER, 0, 1}


@pytest.mark.parametrize(
    ("dial", "reason"),
    [
        ({"long_tail": 0.5}, "long_tail=0.5: expected a ratio"),
        ({"copies": 1}, "copies=1: expected a whole number from 2"),
        ({"shift": -1}, "shift=-1: expected a whole number from 0"),
        ({"strangers": ["oak"]}, "unknown class 'oak' in realism.strangers"),
        ({"strangers": [0, 1]}, "fewer than 2 classes"),
        ({"copies": 100}, "copies=100 of 120 images"),
    ],
)
def test_a_dial_that_cannot_be_is_refused(toy, dial, reason):
    with pytest.raises(UserError, match=reason):
        Realism(**dial)(toy)


def test_images_that_people_are_asked_about_stay_as_they_are(toy):
    asked = replace(toy, held=np.array([0]))
    with pytest.raises(UserError, match="leave it out where people are asked"):
        Realism(long_tail=2)(asked)


class Rows:
    """An encoder that counts how often it runs."""

    asked: list[int] = []  # noqa: RUF012

    def open(self, images, split, cache_dir, track=None):
        self.asked.append(len(images))
        return Embeddings(np.arange(2 * len(images), dtype=np.float16).reshape(-1, 2), "mine")


def test_a_choice_among_images_has_their_rows_and_no_rows_of_its_own(toy, tmp_path):
    embedding = Rows()
    some = View(toy.train, np.array([5, 2]))
    rows = rows_of(replace(toy, train=some), embedding, "train", tmp_path)
    assert rows.values.tolist() == [[10, 11], [4, 5]]
    assert embedding.asked == [len(toy.train)]


def test_a_run_is_known_by_its_dials_and_as_before_without_them(composed):
    plain, tailed = (study_of(composed(f"realism={name}")) for name in ("none", "long_tail"))
    assert not [name for name in plain if "realism" in name]
    assert tailed.items() - plain.items() == {("realism.long_tail", 50)}


def test_a_whole_run_buys_answers_that_are_no_labels_and_pays_for_them(program, tmp_path):
    settings = (
        "realism.strangers=[0]",
        "budget=15",
        "rounds=null",
        "budget_counts={none of these: 0.5}",
    )
    program("name=strange", *settings)
    lines = (tmp_path / "outputs" / "strange" / "rounds.jsonl").read_text().splitlines()
    rounds = [json.loads(line) for line in lines]
    strangers = sum(round["answers"].get("none of these", 0) for round in rounds)
    assert strangers > 0
    assert rounds[-1]["cost"] == rounds[-1]["labels"] + strangers / 2
    assert 14 < rounds[-1]["cost"] <= 15
