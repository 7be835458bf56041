"""Class folders are found wherever they lie, and the parts of a split are never taken for
classes.
"""

from pathlib import Path

import pytest

from askwell.errors import UserError
from askwell.images.class_folders import layout


def plant(root: Path, *places: str) -> Path:
    """An image, empty as it is, in each of the places."""
    for place in places:
        (root / place).mkdir(parents=True, exist_ok=True)
        (root / place / "x.png").touch()
    return root


def sides(root: Path, *places: str, classes: tuple[str, ...] = ()) -> tuple[str, str | None]:
    found = layout(plant(root, *places), classes)
    train, test = (
        None if side is None else side.relative_to(root).as_posix() for side in found[:2]
    )
    return str(train), test


def two(*sides: str) -> tuple[str, ...]:
    """Two class folders on each side."""
    return tuple(f"{side}/{name}" for side in sides for name in ("a", "b"))


@pytest.mark.parametrize(
    ("places", "train", "test"),
    [
        (("cat", "dog"), ".", None),
        (("cat/young", "cat/old", "dog"), ".", None),
        (("train/cat", "train/dog"), "train", None),
        (("images/train/cat", "images/train/dog"), "images/train", None),
        (("data/cat", "data/dog"), "data", None),
        (("train/cat", "train/dog", "test/cat", "test/dog"), "train", "test"),
        (two("data/train", "data/val"), "data/train", "data/val"),
        (two("train/train", "test/test"), "train/train", "test/test"),
        (two("seg_train/seg_train", "seg_test/set"), "seg_train/seg_train", "seg_test/set"),
        (two("TrainImages", "TestImages"), "TrainImages", "TestImages"),
        (("train2017/a", "train2017/b", "val2017/a", "val2017/b"), "train2017", "val2017"),
        (("train/a", "train/b", "test1/a", "test1/b"), "train", "test1"),
        (("train/a", "train/b", "test", "val/a", "val/b"), "train", "val"),
        (("train/a", "train/b", "test/a", "test/b", "val/a", "val/b"), "train", "test"),
        (("train", "car", "bus"), ".", None),
        (("train_station", "test_tube"), ".", None),
        (("test", "control"), ".", None),
        (("valley", "trained", "attest"), ".", None),
    ],
)  # fmt: skip
def test_class_folders_are_found(
    tmp_path: Path, places: tuple[str, ...], train: str, test: str | None
) -> None:
    assert sides(tmp_path, *places) == (train, test)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (("train", "test"), r"train holds images but no class folders"),
        (("train", "test1"), r"train holds images but no class folders"),
        (("data/train", "data/test"), r"train holds images but no class folders"),
        (("train", "test", "val"), r"train holds images but no class folders"),
        (
            ("train/a", "train/b", "test"),
            r"test has no class folders.*set dataset\.root=.*train to keep some",
        ),
        (
            ("train/a", "train/b", "extra"),
            r"holds train with folders of their own, beside extra.*dataset\.root",
        ),
        (("test/a", "test/b", "val/a", "val/b"), r"holds test and val with folders of their own"),
        (
            ("train1/a", "train1/b", "train2/a", "train2/b", "x"),
            r"holds train1 and train2 with folders of their own",
        ),
        (
            ("x_train/a", "x_train/b", "y_test/a", "y_test/b"),
            r"holds x_train and y_test with folders of their own",
        ),
        ((".",), r"holds images but no class folders"),
    ],
)
def test_parts_of_a_split_are_never_classes(
    tmp_path: Path, places: tuple[str, ...], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        layout(plant(tmp_path, *places))


def test_an_empty_folder_has_no_class_folders(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no class folders: give every class a folder"):
        layout(tmp_path)


def test_folders_that_are_named_as_classes_are_classes(tmp_path: Path) -> None:
    places = ("train/steam", "train/electric", "car/small", "car/large")
    assert sides(tmp_path, *places, classes=("train", "car")) == (".", None)


def test_class_folders_with_equal_folders_inside_are_remarked_on(tmp_path: Path) -> None:
    found = layout(plant(tmp_path, "part/cat", "part/dog", "rest/cat", "rest/dog"))
    assert "part and rest" in found.remarks[0]
    assert "the same folders cat and dog" in found.remarks[0]


def test_what_is_not_used_of_a_split_is_remarked_on(tmp_path: Path) -> None:
    places = ("train/a", "train/b", "test/a", "test/b", "val/a", "val/b")
    assert layout(plant(tmp_path, *places)).remarks == ("not used: val; test is evaluated with",)


def test_a_split_with_unusual_names_is_remarked_on(tmp_path: Path) -> None:
    places = ("seg_train/a", "seg_train/b", "seg_test/a", "seg_test/b")
    assert layout(plant(tmp_path, *places)).remarks == (
        "taken for a split: seg_train to train on, seg_test to evaluate with",
    )


def test_a_split_with_usual_names_is_without_remarks(tmp_path: Path) -> None:
    assert layout(plant(tmp_path, "Training/a", "Training/b", "Test/a", "Test/b")).remarks == ()
