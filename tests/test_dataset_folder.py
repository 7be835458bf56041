"""Class-per-folder trees of one's own."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from askwell.dataset.folder import Folder
from askwell.errors import UserError
from askwell.images.contracts import Splits
from askwell.images.sources import FileSource
from askwell.images.store import ImageStore


def plant(root: Path, images: int = 5, classes: tuple[str, ...] = ("cat", "dog")) -> Path:
    for name in classes:
        (root / name).mkdir(parents=True)
        for number in range(images):
            Image.new("L", (4, 4), number).save(root / name / f"{number}.png")
    return root


def splits(root: Path | None, **settings: Any) -> Splits:
    return Folder(
        root=root, image_size=4, channels=1, data_dir="", cache_dir="", **settings
    ).splits()


def remarks(root: Path) -> str:
    return "; ".join(line for split in splits(root)[:2] for line in split.remarks)  # type: ignore[attr-defined]


def files(source: Any) -> list[str]:
    assert isinstance(source, FileSource)
    return ["/".join(Path(file).parts[-2:]) for file in source.files]


def test_a_fifth_of_each_class_is_held_out(tmp_path: Path) -> None:
    assert splits(plant(tmp_path, images=10)).evaluation.truth.tolist() == [0, 0, 1, 1]


def test_every_image_is_either_trained_on_or_held_out(tmp_path: Path) -> None:
    train, evaluation, _ = splits(plant(tmp_path, images=10))
    assert sorted(files(train) + files(evaluation)) == sorted(
        f"{c}/{n}.png" for c in ("cat", "dog") for n in range(10)
    )


def test_the_same_images_are_held_out_wherever_the_folder_lies(tmp_path: Path) -> None:
    here, there = splits(plant(tmp_path / "here")), splits(plant(tmp_path / "there"))
    assert files(here.evaluation) == files(there.evaluation)


def test_at_least_one_image_of_each_class_is_held_out(tmp_path: Path) -> None:
    assert splits(plant(tmp_path, images=2), held_out=0.01).evaluation.truth.tolist() == [0, 1]


@pytest.mark.parametrize("fraction", [0, 1, -0.5])
def test_a_fraction_that_is_none_is_refused(tmp_path: Path, fraction: float) -> None:
    with pytest.raises(UserError, match=r"dataset\.held_out must lie between 0 and 1"):
        splits(plant(tmp_path), held_out=fraction)


def test_a_class_with_a_single_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cat holds a single image"):
        splits(plant(tmp_path, images=1))


@pytest.mark.parametrize(
    ("train", "test"),
    [("train", "test"), ("Training", "Test"), ("TRAIN", "val"), ("train", "valid")],
)
def test_own_train_and_test_folders_are_used(tmp_path: Path, train: str, test: str) -> None:
    plant(tmp_path / train, images=3)
    plant(tmp_path / test, images=2)
    assert splits(tmp_path).evaluation.truth.tolist() == [0, 0, 1, 1]


def test_test_goes_before_validation(tmp_path: Path) -> None:
    for number, name in enumerate(("train", "val", "test"), start=1):
        plant(tmp_path / name, images=number)
    assert len(splits(tmp_path).evaluation.truth) == 6


def test_a_train_folder_alone_is_divided(tmp_path: Path) -> None:
    plant(tmp_path / "train")
    assert splits(tmp_path).classes == ("cat", "dog")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    assert splits(plant(tmp_path, classes=("car", "train"))).classes == ("car", "train")


def test_classes_that_differ_between_train_and_test_are_named(tmp_path: Path) -> None:
    plant(tmp_path / "train", classes=("cat", "dog"))
    plant(tmp_path / "test", classes=("cat", "fox"))
    with pytest.raises(UserError, match=r"dog only in .*train and fox only in .*test"):
        splits(tmp_path)


def test_an_empty_class_folder_is_named(tmp_path: Path) -> None:
    (plant(tmp_path) / "fox").mkdir()
    with pytest.raises(UserError, match=r"class folder .*fox holds no images"):
        splits(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no folder .*nowhere: set dataset\.root"):
        splits(tmp_path / "nowhere")


def test_a_folder_that_was_not_given_is_asked_for() -> None:
    with pytest.raises(UserError, match=r"set dataset\.root=…"):
        splits(None)


def test_a_folder_without_class_folders_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no class folders"):
        splits(tmp_path)


def test_hidden_folders_and_files_are_ignored(tmp_path: Path) -> None:
    (plant(tmp_path) / ".ipynb_checkpoints").mkdir()
    (tmp_path / "cat" / "._0.png").write_text("what a Mac leaves")
    assert len(splits(tmp_path).train.truth) == 8


def test_files_that_are_no_images_are_ignored(tmp_path: Path) -> None:
    (plant(tmp_path) / "cat" / "Thumbs.db").touch()
    assert len(splits(tmp_path).train.truth) == 8


@pytest.mark.parametrize("place", ["loop", "cat/loop"])
def test_a_link_to_a_folder_around_it_is_not_followed(tmp_path: Path, place: str) -> None:
    (plant(tmp_path) / place).symlink_to(tmp_path)
    opened = splits(tmp_path)
    assert (opened.classes, len(opened.train.truth)) == (("cat", "dog"), 8)


def test_a_class_folder_may_be_a_link(tmp_path: Path) -> None:
    plant(tmp_path / "elsewhere", classes=("fox",))
    (plant(tmp_path / "root") / "fox").symlink_to(tmp_path / "elsewhere" / "fox")
    assert splits(tmp_path / "root").classes == ("cat", "dog", "fox")


def test_images_in_folders_below_the_class_folder_count(tmp_path: Path) -> None:
    plant(plant(tmp_path) / "cat", classes=("kitten",))
    assert splits(tmp_path).train.truth.tolist().count(0) == 8


def test_a_link_to_a_folder_inside_a_class_folder_is_followed(tmp_path: Path) -> None:
    plant(tmp_path / "elsewhere", images=10, classes=("more",))
    (plant(tmp_path / "root") / "cat" / "more").symlink_to(tmp_path / "elsewhere" / "more")
    opened = splits(tmp_path / "root")
    assert [*opened.train.truth, *opened.evaluation.truth].count(0) == 15


def test_two_ways_to_one_folder_count_its_images_once(tmp_path: Path) -> None:
    plant(plant(tmp_path) / "cat", classes=("kitten",))
    (tmp_path / "cat" / "again").symlink_to(tmp_path / "cat" / "kitten")
    opened = splits(tmp_path)
    assert [*opened.train.truth, *opened.evaluation.truth].count(0) == 10


def test_a_link_that_comes_back_from_elsewhere_ends(tmp_path: Path) -> None:
    plant(tmp_path / "elsewhere", classes=("more",))
    (plant(tmp_path / "root") / "cat" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "root" / "cat")
    opened = splits(tmp_path / "root")
    assert [*opened.train.truth, *opened.evaluation.truth].count(0) == 10


def test_a_link_to_an_image_that_is_gone_is_named(tmp_path: Path) -> None:
    (plant(tmp_path) / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(UserError, match=r"cannot find .*gone\.png"):
        [split.stamp for split in splits(tmp_path)[:2]]


def test_a_pipe_called_like_an_image_is_left_out_and_named(tmp_path: Path) -> None:
    os.mkfifo(plant(tmp_path) / "cat" / "x.png")
    assert "1 that are no regular files" in remarks(tmp_path)


def test_a_folder_called_like_an_image_is_a_folder(tmp_path: Path) -> None:
    plant(plant(tmp_path) / "cat", classes=("x.png",))
    assert splits(tmp_path).train.truth.tolist().count(0) == 8


@pytest.mark.parametrize("end", ["jfif", "jpe", "JPG", "avif", "webp", "jp2", "tga"])
def test_every_format_of_pillow_is_listed(tmp_path: Path, end: str) -> None:
    (plant(tmp_path) / "cat" / f"x.{end}").write_bytes(b"")
    assert (
        splits(tmp_path).train.truth.tolist().count(0)
        + splits(tmp_path).evaluation.truth.tolist().count(0)
        == 6
    )


def test_what_is_no_image_is_counted_by_kind_and_named(tmp_path: Path) -> None:
    plant(tmp_path)
    for name in ("a.HEIC", "b.heic", "notes.txt", "README"):
        (tmp_path / "cat" / name).write_bytes(b"")
    told = remarks(tmp_path)
    assert "2 .heic, 1 .txt, 1 without an ending" in told
    assert f"({tmp_path}/cat/README, " in told
    assert "pip install pillow-heif" in told


def test_what_file_managers_leave_is_passed_over(tmp_path: Path) -> None:
    plant(tmp_path)
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "Icon\r"):
        (tmp_path / "cat" / name).write_bytes(b"")
    plant(tmp_path, classes=("__MACOSX", "@eaDir"))
    assert (remarks(tmp_path), splits(tmp_path).classes) == ("", ("cat", "dog"))


def test_images_beside_the_class_folders_are_named(tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(plant(tmp_path) / "loose.png")
    assert "1 images in" in remarks(tmp_path)
    assert "outside the class folders and are left out: loose.png" in remarks(tmp_path)


def test_an_ordinary_folder_is_without_remarks(tmp_path: Path) -> None:
    assert remarks(plant(tmp_path)) == ""


def test_images_whose_names_are_not_utf_8_are_divided_like_others(tmp_path: Path) -> None:
    (plant(tmp_path) / "cat" / "0.png").rename(tmp_path / "cat" / "caf\udce9.png")
    opened = splits(tmp_path)
    assert len(opened.train.truth) + len(opened.evaluation.truth) == 10


@pytest.mark.parametrize(
    ("folder", "name"),
    [("caf\udce9", r"caf\xe9"), ("\x1b[31mred", r"\x1b[31mred"), ("[red]é 猫", "[red]é 猫")],
)
def test_the_name_of_a_class_can_be_written_into_any_file(
    tmp_path: Path, folder: str, name: str
) -> None:
    assert name in splits(plant(tmp_path, classes=("dog", folder))).classes


def test_class_folders_that_cannot_be_told_apart_in_writing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"two class folders are called caf\\xe9"):
        splits(plant(tmp_path, classes=("caf\udce9", r"caf\xe9")))


@pytest.mark.parametrize("bits", [0, 17, 2.5, "many"])
def test_a_number_of_bits_that_cannot_be_is_refused(tmp_path: Path, bits: Any) -> None:
    with pytest.raises(UserError, match=r"dataset\.bits must be a whole number from 1 to 16"):
        splits(plant(tmp_path), bits=bits)


def test_a_broken_image_is_named_when_the_data_set_is_opened(tmp_path: Path) -> None:
    (plant(tmp_path / "images") / "dog" / "3.png").write_bytes(b"\x89PNG")
    dataset = Folder(
        root=tmp_path / "images",
        image_size=4,
        channels=1,
        data_dir="",
        cache_dir=tmp_path / "cache",
    )
    with pytest.raises(UserError, match=r"dog/3\.png"):
        dataset.open()


def test_images_are_named_by_their_place_below_the_root(tmp_path: Path) -> None:
    plant(tmp_path / "data" / "train", images=2)
    plant(tmp_path / "data" / "test", images=1)
    train, evaluation, _ = splits(tmp_path)
    assert list(train.names or ())[::3] == ["data/train/cat/0.png", "data/train/dog/1.png"]
    assert evaluation is not None
    assert list(evaluation.names or ()) == ["data/test/cat/0.png", "data/test/dog/0.png"]


def test_names_stay_with_their_images_through_selection_and_quarantine(tmp_path: Path) -> None:
    plant(tmp_path / "images", classes=("cat", "dog", "fox"))
    train, _, _ = splits(tmp_path / "images")
    kept = [name for name in train.names or () if name.startswith(("dog/", "fox/"))]
    (tmp_path / "images" / kept[1]).write_bytes(b"")
    dataset = Folder(
        root=tmp_path / "images",
        classes=["fox", "dog"],
        broken_images="quarantine",
        image_size=4,
        channels=1,
        data_dir="",
        cache_dir=tmp_path / "cache",
    )
    assert list(dataset.open().train.names or ()) == [kept[0], *kept[2:]]


def test_a_store_keeps_no_names(tmp_path: Path) -> None:
    plant(tmp_path / "images")
    source = splits(tmp_path / "images").train
    renamed = replace(source, root=str(tmp_path))  # type: ignore[type-var]
    ImageStore.open(source, tmp_path / "cache")
    names = ImageStore.open(renamed, tmp_path / "cache").names
    assert names is not None
    assert names[0].startswith("images/cat/")
