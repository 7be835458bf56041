"""Opening a data set: its classes, its checks, its statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from askwell.dataset.base import ImageDataset, OpenDataset, Splits
from askwell.errors import UserError
from askwell.images.sources import ArraySource

NAMES = ("Apple", "Lemon", "Limes", "Plum")


@dataclass(frozen=True, kw_only=True)
class Toy(ImageDataset):
    """Images that are one colour each: their index, so that one sees which ones were picked."""

    names: Sequence[str] = NAMES
    labels: Sequence[int] = (3, 0, 1, 2, 2, 1, 0, 3)

    def splits(self) -> Splits:
        pixels = (
            np.zeros((len(self.labels), 2, 2), np.uint8)
            + np.arange(len(self.labels), dtype=np.uint8)[:, None, None]
        )
        source = ArraySource(
            lambda: (pixels, np.array(self.labels)), f"toy {self.names} {self.labels}", 2, 1
        )
        return Splits(source, source, tuple(self.names))


def opened(cache_dir: Path, **settings: Any) -> OpenDataset:
    return Toy(image_size=2, channels=1, data_dir="", cache_dir=str(cache_dir), **settings).open()


def picked(dataset: OpenDataset) -> list[int]:
    """The indices, in the whole data set, of the images that are left."""
    return dataset.train.fetch(np.arange(len(dataset.train)))[:, 0, 0, 0].tolist()


@pytest.mark.parametrize("classes", [["Plum", "Apple"], [3, 0], ["3", "Apple"]])
def test_classes_are_picked_by_name_or_number(tmp_path: Path, classes: list[str | int]) -> None:
    assert picked(opened(tmp_path, classes=classes)) == [0, 1, 6, 7]


def test_classes_stand_in_the_order_given(tmp_path: Path) -> None:
    assert opened(tmp_path, classes=["Plum", "Apple"]).classes == ("Plum", "Apple")


def test_labels_are_positions_among_the_picked_classes(tmp_path: Path) -> None:
    assert opened(tmp_path, classes=["Plum", "Apple"]).train.truth.tolist() == [0, 1, 1, 0]


def test_evaluation_has_the_same_classes(tmp_path: Path) -> None:
    assert opened(tmp_path, classes=["Plum", "Apple"]).evaluation.truth.tolist() == [0, 1, 1, 0]


def test_a_class_called_by_a_number_goes_before_the_class_at_that_position(tmp_path: Path) -> None:
    assert opened(tmp_path, names=("1", "2", "3", "4"), classes=[1, 2]).classes == ("1", "2")


def test_an_unknown_class_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"unknown class 'lemmon' in dataset\.classes: the nearest is 'Lemon'"
    ):
        opened(tmp_path, classes=["lemmon", "Plum"])


@pytest.mark.parametrize("number", [4, -1])
def test_an_unknown_number_is_answered_with_the_range(tmp_path: Path, number: int) -> None:
    with pytest.raises(UserError, match="numbers from 0 to 3"):
        opened(tmp_path, classes=[0, number])


def test_a_class_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="names Lemon more than once"):
        opened(tmp_path, classes=["Lemon", 1])


@pytest.mark.parametrize("classes", [[], ["Lemon"]])
def test_fewer_than_two_classes_are_refused(tmp_path: Path, classes: list[str]) -> None:
    with pytest.raises(UserError, match="at least 2 classes"):
        opened(tmp_path, classes=classes)


def test_a_class_that_is_no_list_is_answered_with_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"write dataset\.classes=\[Lemon,…\]"):
        opened(tmp_path, classes="Lemon")


def test_an_unknown_store_is_answered_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dataset\.store must be memmap or none, found 'redis'"):
        opened(tmp_path, store="redis")


@pytest.mark.parametrize(
    ("store", "broken_images", "told"),
    [
        ("memmap", "ignore", "must be error or quarantine, found 'ignore'"),
        ("none", "quarantine", "needs .*memmap"),
    ],
)
def test_what_cannot_be_done_with_broken_images_is_said(
    tmp_path: Path, store: str, broken_images: str, told: str
) -> None:
    with pytest.raises(UserError, match=rf"dataset\.broken_images.* {told}"):
        opened(tmp_path, store=store, broken_images=broken_images)


def test_a_label_without_a_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="labels of the training set run from 0 to 3, expected 0 to 1"
    ):
        opened(tmp_path, names=("a", "b"))


@pytest.mark.parametrize("store", ["memmap", "none"])
def test_a_data_set_without_images_is_refused(tmp_path: Path, store: str) -> None:
    with pytest.raises(UserError, match="no images"):
        opened(tmp_path, labels=(), store=store)


@pytest.mark.parametrize("store", ["memmap", "none"])
def test_mean_and_deviation_are_those_of_the_training_pixels(tmp_path: Path, store: str) -> None:
    dataset = opened(tmp_path, store=store)
    levels = torch.arange(8, dtype=torch.float64) / 255
    torch.testing.assert_close(dataset.mean, levels.mean().float()[None])
    torch.testing.assert_close(
        dataset.std, levels.std(correction=0).clamp(min=1 / 255).float()[None]
    )


def test_the_store_changes_nothing_but_speed(tmp_path: Path) -> None:
    mapped, decoded = opened(tmp_path), opened(tmp_path, store="none")
    assert (mapped.fingerprint, mapped.mean, mapped.std) == (
        decoded.fingerprint,
        decoded.mean,
        decoded.std,
    )


def test_other_classes_are_another_fingerprint(tmp_path: Path) -> None:
    assert (
        opened(tmp_path, classes=[0, 1]).fingerprint != opened(tmp_path, classes=[1, 0]).fingerprint
    )
