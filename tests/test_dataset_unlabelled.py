"""Folders of images without labels, or with some."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photos import SIZE, numbered, plant

from askwell.dataset import UNKNOWN, OpenDataset, Splits
from askwell.dataset.unlabelled import Unlabelled
from askwell.errors import UserError

CLASSES = ["cat", "dog"]


def dataset(root: Path | None, **settings: Any) -> Unlabelled:
    place = Path(settings.pop("cache_dir", root or ""))
    settings = {"classes": CLASSES, "image_size": SIZE, "channels": 1, "data_dir": ""} | settings
    return Unlabelled(root=root, cache_dir=place.parent / "cache", **settings)


def splits(root: Path | None, **settings: Any) -> Splits:
    return dataset(root, **settings).splits()


def opened(root: Path, **settings: Any) -> OpenDataset:
    return dataset(root, **settings).open()


def levels(images: Any) -> list[int]:
    """The grey level of each image, by which the tests know it."""
    return images.fetch(np.arange(len(images)))[:, 0, 0, 0].tolist()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "photos"


def test_a_flat_folder_is_opened_in_name_order_without_any_truth(root: Path) -> None:
    found = opened(plant(root, numbered(10)))
    assert (levels(found.train), found.train.truth) == (list(range(10)), None)
    assert list(found.train.names or ()) == numbered(10)


def test_a_nested_folder_is_opened_in_name_order(root: Path) -> None:
    names = ["a b/2.png", "a/1.png", "a/c/3.png", "z.png"]
    assert list(splits(plant(root, names[::-1])).train.names or ()) == names


def test_subfolders_are_no_classes(root: Path) -> None:
    assert splits(plant(root, ["fox/1.png", "owl/2.png", "owl/3.png"])).classes == ("cat", "dog")


def test_the_evaluation_sample_is_a_view_of_the_pool(root: Path) -> None:
    found = opened(plant(root, numbered(10)))
    assert levels(found.evaluation) == found.held.tolist()
    assert list(found.evaluation.names or ()) == [f"{index:02}.png" for index in found.held]


def test_what_evaluation_images_show_is_unknown(root: Path) -> None:
    found = opened(plant(root, numbered(10)), evaluation_size=3)
    assert found.evaluation.truth is not None
    assert found.evaluation.truth.tolist() == [UNKNOWN] * 3


@pytest.mark.parametrize(("images", "held"), [(3, 1), (10, 2), (14, 2), (15, 3)])
def test_a_fifth_is_held_for_evaluation(root: Path, images: int, held: int) -> None:
    assert len(opened(plant(root, numbered(images))).held) == held


def test_the_sample_depends_on_neither_pixels_nor_size_nor_place(root: Path) -> None:
    here = opened(plant(root, numbered(10)))
    there = opened(plant(root.parent / "there", numbered(10), first=50), image_size=2)
    assert here.held.tolist() == there.held.tolist()


def test_other_pixels_are_another_fingerprint(root: Path) -> None:
    here = opened(plant(root, numbered(5)))
    there = opened(plant(root.parent / "there", numbered(5), first=50))
    assert here.fingerprint != there.fingerprint


def test_names_are_no_part_of_the_fingerprint(root: Path) -> None:
    here = opened(plant(root, numbered(5)))
    there = opened(plant(root.parent / "there", [f"x{name}" for name in numbered(5)]))
    assert here.fingerprint == there.fingerprint


def test_pixels_on_demand_are_those_of_the_store(root: Path) -> None:
    plant(root, numbered(6))
    stored, demanded = opened(root), opened(root, store="none")
    assert levels(stored.train) == levels(demanded.train)
    assert stored.fingerprint == demanded.fingerprint
    assert stored.train.names == demanded.train.names


def test_nothing_is_given_where_no_label_is_known(root: Path) -> None:
    found = opened(plant(root, numbered(6)))
    assert (found.given.tolist(), found.broken.tolist(), found.knows_truth) == ([], [], False)


@pytest.mark.parametrize("images", [1, 2])
def test_a_sample_must_leave_two_images_to_train_on(root: Path, images: int) -> None:
    with pytest.raises(UserError, match=f"leaves {images - 1} images to train on, out of {images}"):
        opened(plant(root, numbered(images)))


@pytest.mark.parametrize("size", [9, 11])
def test_a_sample_that_is_too_large_is_refused(root: Path, size: int) -> None:
    with pytest.raises(UserError, match=rf"dataset\.evaluation_size={size} leaves"):
        opened(plant(root, numbered(10)), evaluation_size=size)


@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_a_sample_that_is_no_number_of_images_is_refused(root: Path, size: Any) -> None:
    with pytest.raises(UserError, match=rf"evaluation_size must be a whole number.*{size}"):
        opened(plant(root, numbered(10)), evaluation_size=size)


def test_an_empty_folder_is_refused(root: Path) -> None:
    root.mkdir()
    with pytest.raises(UserError, match=r"holds no images: set dataset\.root"):
        splits(root)


def test_a_folder_without_images_names_what_it_holds(root: Path) -> None:
    root.mkdir()
    (root / "notes.txt").touch()
    with pytest.raises(UserError, match=r"holds no images \(.*1 \.txt"):
        splits(root)


def test_what_is_no_image_is_left_out_and_remarked_on(root: Path) -> None:
    plant(root, numbered(3))
    for name in ("notes.txt", ".hidden.png", "Thumbs.db"):
        (root / name).touch()
    train: Any = splits(root).train
    assert (list(train.names), "1 .txt" in train.remarks[0]) == (numbered(3), True)


def test_a_folder_that_is_not_there_is_named(root: Path) -> None:
    with pytest.raises(UserError, match=r"no folder .*photos: set dataset\.root"):
        splits(root)


def test_a_folder_that_was_not_given_is_asked_for() -> None:
    with pytest.raises(UserError, match=r"Set dataset\.root=…"):
        splits(None)


def test_links_are_followed_once(root: Path) -> None:
    plant(root, numbered(2, folder="a/"))
    plant(root.parent / "elsewhere", numbered(2, start=5))
    (root / "again").symlink_to(root / "a")
    (root / "more").symlink_to(root.parent / "elsewhere")
    assert list(splits(root).train.names or ()) == [
        *numbered(2, folder="a/"),
        *numbered(2, start=5, folder="more/"),
    ]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a b.png", "a b.png"),
        ("familie 👨‍👩‍👧.png", "familie 👨‍👩‍👧.png"),
        ("caf\udce9.png", r"caf\xe9.png"),
        ("line\nbreak.png", r"line\nbreak.png"),
    ],
)
def test_names_can_be_written_into_any_file(root: Path, file: str, name: str) -> None:
    found = opened(plant(root, [*numbered(3), file]))
    names = list(found.train.names or ())
    assert names == [*numbered(3), name]
    assert [text.encode("utf-8").decode("utf-8") for text in names] == names


def test_a_broken_image_is_an_error(root: Path) -> None:
    (plant(root, numbered(6)) / "03.png").write_bytes(b"\x89PNG")
    with pytest.raises(UserError, match=r"03\.png"):
        opened(root)


def test_with_quarantine_a_broken_image_keeps_its_index_and_is_never_used(root: Path) -> None:
    plant(root, numbered(10))
    held = opened(root).held
    spoilt = [int(held[0]), int(np.setdiff1d(np.arange(10), held)[0])]
    for index in spoilt:
        (root / numbered(10)[index]).write_bytes(b"\x89PNG")
    found = opened(root, broken_images="quarantine")
    assert found.broken.tolist() == sorted(spoilt)
    assert found.held.tolist() == held[1:].tolist()
    assert levels(found.train) == [0 if level in spoilt else level for level in range(10)]


def test_broken_images_do_not_darken_the_mean(root: Path) -> None:
    plant(root, numbered(6), first=100)
    (root / "00.png").write_bytes(b"")
    found = opened(root, broken_images="quarantine")
    assert found.mean.item() == pytest.approx(np.arange(101, 106).mean() / 255)


@pytest.mark.parametrize("classes", [[], ["cat"], ["cat", "cat"], ["cat", ""]])
def test_at_least_two_different_classes_are_needed(root: Path, classes: list[str]) -> None:
    with pytest.raises(UserError, match=r"dataset\.classes must name at least two classes"):
        splits(plant(root, numbered(3)), classes=classes)


def test_classes_that_are_no_list_are_answered_with_one(root: Path) -> None:
    with pytest.raises(UserError, match=r"write dataset\.classes=\[cat,…\]"):
        splits(plant(root, numbered(3)), classes="cat")


def test_classes_that_are_not_named_are_asked_for(root: Path) -> None:
    with pytest.raises(UserError, match=r"Set dataset\.classes=\[cat,dog\]"):
        splits(plant(root, numbered(3)), classes=None)


def test_classes_may_be_called_anything(root: Path) -> None:
    names = ["0", 7, "Größe <b>", "猫 👍"]
    assert splits(plant(root, numbered(3)), classes=names).classes == ("0", "7", *names[2:])


def partly(root: Path, unlabelled: str = "unlabelled") -> Path:
    """Three labelled images of each of two classes beside ten without a label."""
    plant(root, [*numbered(3, folder="ant/"), *numbered(3, folder="bee/")])
    return plant(root, numbered(10, folder=f"{unlabelled}/"), first=50)


@pytest.mark.parametrize("name", ["unlabelled", "unlabeled", "Unsup"])
def test_class_folders_beside_an_unlabelled_one_are_given(root: Path, name: str) -> None:
    found = opened(partly(root, name), classes=None)
    assert found.train.truth is not None
    given = {(found.train.names or [])[index]: found.train.truth[index] for index in found.given}
    assert found.classes == ("ant", "bee")
    assert given == dict.fromkeys(numbered(3, folder="ant/"), 0) | dict.fromkeys(
        numbered(3, folder="bee/"), 1
    )


def test_the_sample_is_drawn_from_images_without_a_label(root: Path) -> None:
    found = opened(partly(root), classes=None, evaluation_size=10)
    assert all(name.startswith("unlabelled/") for name in found.evaluation.names or ())
    assert not np.intersect1d(found.held, found.given).size


def test_a_labelled_folder_below_the_root_is_named_by_a_setting(root: Path) -> None:
    plant(root, [*numbered(2, folder="seen/ant/"), *numbered(2, folder="seen/bee/")])
    found = opened(plant(root, numbered(8), first=50), classes=None, labelled="seen")
    assert ((found.classes, len(found.train), len(found.given))) == (("ant", "bee"), 12, 4)


def test_a_labelled_folder_may_lie_elsewhere(root: Path) -> None:
    plant(root.parent / "seen", [*numbered(2, folder="ant/"), *numbered(2, folder="bee/")])
    plant(root, numbered(8), first=50)
    found = opened(root, classes=None, labelled=root.parent / "seen")
    assert (len(found.train), len(found.given)) == (12, 4)
    assert (found.train.names or [""])[0] == "../seen/ant/00.png"


def test_a_labelled_folder_that_a_link_leads_to_is_taken_once(root: Path) -> None:
    plant(root.parent / "seen", [*numbered(2, folder="ant/"), *numbered(2, folder="bee/")])
    plant(root, numbered(8), first=50)
    (root / "link").symlink_to(root.parent / "seen")
    assert len(opened(root, classes=None, labelled=root.parent / "seen").train) == 12


def test_classes_beyond_the_folders_can_be_named(root: Path) -> None:
    assert splits(partly(root), classes=["wasp", "bee", "ant"]).classes == ("wasp", "bee", "ant")


def test_labels_are_positions_among_the_named_classes(root: Path) -> None:
    train = splits(partly(root), classes=["wasp", "bee", "ant"]).train
    assert train.truth is not None
    assert [train.truth[0], train.truth[3], train.truth[-1]] == [2, 1, UNKNOWN]


def test_a_class_folder_that_is_not_among_the_classes_is_named(root: Path) -> None:
    with pytest.raises(UserError, match=r"labels of bee, which are not among dataset\.classes"):
        splits(partly(root), classes=["ant", "wasp"])


def test_parts_of_a_split_beside_an_unlabelled_folder_are_no_classes(root: Path) -> None:
    plant(root, ["train/ant/1.png", "val/ant/1.png", "unsup/1.png"])
    with pytest.raises(UserError, match=r"holds train and val .* set dataset\.labelled"):
        splits(root, classes=None)


def test_a_folder_whose_images_all_have_labels_is_refused(root: Path) -> None:
    plant(root, [*numbered(3, folder="ant/"), *numbered(3, folder="bee/")])
    with pytest.raises(UserError, match=r"use dataset=folder"):
        splits(root, classes=None, labelled=root)


def test_a_partly_labelled_fingerprint_changes_with_a_label(root: Path) -> None:
    one, other = (
        opened(partly(root), classes=names, cache_dir=root).train.fingerprint
        for names in (["ant", "bee"], ["bee", "ant"])
    )
    assert one != other


def test_a_table_of_labels_that_one_has_labels_some_images(root: Path) -> None:
    table = plant(root, numbered(10)).parent / "have.csv"
    table.write_text("image,label\n01.png,cat\n05,dog\n06.png,\n")
    found = opened(root, classes=None, labels=table)
    assert (found.classes, found.given.tolist()) == (("cat", "dog"), [1, 5])


def test_a_table_that_gives_an_image_two_labels_is_refused(root: Path) -> None:
    table = plant(root, numbered(10)).parent / "have.csv"
    table.write_text("image,label\n01.png,cat\n01,dog\n")
    with pytest.raises(UserError, match=r"calls 01\.png cat and, in line 3, dog"):
        splits(root, labels=table)
