"""Fruits-360 in every layout it is handed round in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from askwell.dataset.fruits import CONFUSABLE, Fruits, FruitsGrouped
from askwell.errors import UserError
from askwell.images.contracts import Splits
from askwell.images.sources import FileSource

LAYOUTS = (
    ".",
    "fruits-360",
    "fruits-360_100x100/fruits-360",
    "fruits-360_dataset/fruits-360",
    "archive/fruits-360_dataset_100x100/fruits-360",
    "fruits-360-original-size/fruits-360-original-size",
)


def plant(root: Path, folders: dict[str, int]) -> Path:
    for split in ("Training", "Test"):
        for name, images in folders.items():
            (root / split / name).mkdir(parents=True)
            for number in range(images):
                Image.new("RGB", (2, 2)).save(root / split / name / f"{number}_100.jpg")
    return root


def splits(data_dir: Path, kind: type[Fruits | FruitsGrouped] = Fruits, **settings: Any) -> Splits:
    nowhere = {"repository": (data_dir / "nowhere.git").as_uri()} | settings
    return kind(image_size=2, channels=3, data_dir=str(data_dir), cache_dir="", **nowhere).splits()


def roots(source: Any) -> set[Path]:
    assert isinstance(source, FileSource)
    return {Path(file).parents[2] for file in source.files}


def folders(source: Any) -> set[str]:
    assert isinstance(source, FileSource)
    return {Path(file).parent.name for file in source.files}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_found(tmp_path: Path, layout: str) -> None:
    plant(tmp_path / layout, dict.fromkeys(CONFUSABLE, 1))
    assert splits(tmp_path).classes == CONFUSABLE


def test_the_original_size_is_used_only_where_it_is_alone(tmp_path: Path) -> None:
    plant(tmp_path / "fruits-360-original-size", dict.fromkeys((*CONFUSABLE, "Banana"), 1))
    right = plant(tmp_path / "fruits-360_100x100/fruits-360", dict.fromkeys(CONFUSABLE, 1))
    assert roots(splits(tmp_path).train) == {right}


def test_other_classes_are_left_out(tmp_path: Path) -> None:
    plant(tmp_path, dict.fromkeys((*CONFUSABLE, "Banana", "Lemon Meyer"), 1))
    assert folders(splits(tmp_path).train) == set(CONFUSABLE)


def test_the_lowest_number_stands_for_a_fruit_without_a_folder_of_its_name(tmp_path: Path) -> None:
    plant(tmp_path, dict.fromkeys((*CONFUSABLE[:-2], "Plum 10", "Plum 2", "Pomegranate 1"), 1))
    assert folders(splits(tmp_path).train) == {*CONFUSABLE[:-2], "Plum 2", "Pomegranate 1"}


def test_a_fruit_keeps_its_name_whatever_its_folder_is_called(tmp_path: Path) -> None:
    plant(tmp_path, {f"{fruit} 1": 1 for fruit in CONFUSABLE})
    assert splits(tmp_path).classes == CONFUSABLE


def test_a_copy_that_lacks_fruits_names_them(tmp_path: Path) -> None:
    plant(tmp_path, dict.fromkeys(CONFUSABLE[:-2], 1))
    with pytest.raises(UserError, match="lacks Plum, Pomegranate: add the missing folders"):
        splits(tmp_path)


def test_a_fruit_without_test_images_is_named(tmp_path: Path) -> None:
    (plant(tmp_path, dict.fromkeys(CONFUSABLE, 1)) / "Test/Kiwi/0_100.jpg").unlink()
    with pytest.raises(UserError, match="Test/Kiwi holds no images"):
        splits(tmp_path)


def test_varieties_are_merged_by_their_first_word(tmp_path: Path) -> None:
    plant(tmp_path, {"Apple Red 1": 2, "Apple Golden": 1, "Cherry Wax": 1})
    assert splits(tmp_path, FruitsGrouped).train.truth.tolist() == [0, 0, 0, 1]


def test_the_ten_groups_with_most_images_are_taken(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            f"{letter} {variety}": rank
            for rank, letter in enumerate("ABCDEFGHIJKL", 1)
            for variety in (1, 2)
        },
    )
    assert splits(tmp_path, FruitsGrouped).classes == tuple("CDEFGHIJKL")


def test_the_real_fruits_are_those_of_the_data_set(data_dir: Path) -> None:
    train, evaluation, classes = splits(data_dir)
    assert (len(train.truth), len(evaluation.truth), classes) == (4830, 1621, CONFUSABLE)


def test_a_real_fruit_has_the_pixels_that_pillow_reads(data_dir: Path, cache_dir: Path) -> None:
    dataset = Fruits(image_size=100, channels=3, data_dir=data_dir, cache_dir=cache_dir)
    first = sorted((data_dir / "fruits-360/Training/Apricot").iterdir())[0]
    expected = np.asarray(Image.open(first).convert("RGB")).transpose(2, 0, 1)
    assert np.array_equal(dataset.open().train.fetch(np.array([0]))[0], expected)
