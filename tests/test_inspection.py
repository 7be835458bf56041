"""`askwell check`: what is wrong with a data set is found before a run meets it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from photos import numbered, plant
from PIL import Image

from askwell.command.cli import main
from askwell.dataset import Splits
from askwell.dataset.folder import Folder
from askwell.images.inspection import inspect
from askwell.images.sources import ArraySource


@pytest.fixture
def own(images, tmp_path):
    """A copy of the images that a test may spoil."""
    return Path(shutil.copytree(images, tmp_path / "own"))


@pytest.fixture
def check(capsys):
    """What `askwell check` prints of a folder, and its exit code."""

    def run(root, *overrides):
        code = 0
        try:
            main(
                [
                    "check",
                    "folder",
                    f"dataset.root={root}",
                    "dataset.image_size=16",
                    "dataset.channels=1",
                    *overrides,
                ]
            )
        except SystemExit as exit:
            code = exit.code
        return capsys.readouterr().out, code

    return run


def test_a_sound_data_set_passes(check, images):
    printed, code = check(images)
    assert (
        "every image can be read" in printed,
        "no image is in both splits" in printed,
        code,
    ) == (True, True, 0)


def test_the_images_of_each_class_are_counted(check, images):
    rows = [line.split() for line in check(images)[0].splitlines()]
    assert [row for row in rows if row[1:] == ["16", "8"]] == [
        [name, "16", "8"] for name in ("ash", "birch", "cedar")
    ]


def test_only_the_chosen_classes_are_looked_at(check, own):
    (own / "train" / "cedar" / "00.png").write_bytes(b"")
    assert check(own, "dataset.classes=[ash,birch]")[1] == 0


def test_broken_files_are_named_and_the_exit_code_is_2(check, own):
    broken = [own / "train" / "ash" / "03.png", own / "test" / "birch" / "01.png"]
    broken[0].write_bytes(b"")
    broken[1].write_bytes(broken[1].read_bytes()[:60])
    printed, code = check(own)
    assert "2 images cannot be read" in printed
    assert all(str(file) in printed for file in broken)
    assert code == 2


def test_of_many_broken_files_some_are_named_and_the_rest_counted(check, own):
    for file in (own / "train" / "ash").iterdir():
        file.write_bytes(b"")
    lines = check(own)[0].splitlines()
    assert sum(line.startswith(f"  {own}") for line in lines) == 10
    assert "  and 6 more" in lines


def test_an_image_of_both_splits_is_named_twice(check, own):
    shutil.copy(own / "train" / "ash" / "03.png", own / "test" / "ash" / "copy.png")
    printed, code = check(own)
    assert f"{own}/train/ash/03.png is {own}/test/ash/copy.png" in printed
    assert code == 0


def test_equal_images_are_found_whatever_their_files_are_called_or_how_often_they_occur():
    splits = Splits(source([5, 7, 5, 9]), source([1, 5, 5, 9]), ("low", "high"))
    assert inspect(splits).shared == [(0, 1), (0, 2), (3, 3)]


def test_broken_images_are_not_taken_for_equal(check, own):
    for split in ("train", "test"):
        (own / split / "ash" / "00.png").write_bytes(b"")
    assert "no image is in both splits" in check(own)[0]


def test_a_label_that_names_no_class_is_told_and_the_exit_code_is_2(monkeypatch, check, images):
    strays = Splits(source([1, 2], labels=[0, 5]), source([3]), ("low", "high"))
    monkeypatch.setattr("askwell.dataset.folder.Folder.splits", lambda self: strays)
    printed, code = check(images)
    assert (["no", "class", "1", "0"] in [line.split() for line in printed.splitlines()], code) == (
        True,
        2,
    )


def test_with_quarantine_broken_files_are_named_and_the_exit_code_is_0(check, own):
    (own / "train" / "ash" / "03.png").write_bytes(b"")
    printed, code = check(own, "dataset.broken_images=quarantine")
    assert ("1 images cannot be read" in printed, code) == (True, 0)


def test_with_quarantine_a_class_of_broken_files_is_refused(check, own):
    for file in (own / "train" / "ash").iterdir():
        file.write_bytes(b"")
    printed, code = check(own, "dataset.broken_images=quarantine")
    assert ("not one image of ash can be read" in printed, code) == (True, 2)


def test_a_single_class_is_refused_as_by_a_run(capsys, images):
    with pytest.raises(SystemExit, match="2"):
        main(["check", "folder", f"dataset.root={images}", "dataset.classes=[ash]"])
    assert "at least 2 classes, found only ash" in capsys.readouterr().err


def test_images_that_are_not_sorted_into_classes_are_refused(capsys, tmp_path):
    for place in ("train", "test"):
        (tmp_path / place).mkdir()
        Image.new("L", (4, 4)).save(tmp_path / place / "0.png")
    with pytest.raises(SystemExit, match="2"):
        main(["check", "folder", f"dataset.root={tmp_path}"])
    assert "train holds images but no class folders" in capsys.readouterr().err


def test_what_is_left_out_of_a_class_folder_is_counted(check, own):
    (own / "train" / "ash" / "x.HEIC").write_bytes(b"")
    printed, code = check(own)
    assert ("left out: 1 .heic" in printed, code) == (True, 0)


def test_files_with_more_frames_are_counted(check, own):
    pages = [Image.new("L", (16, 16), level) for level in (1, 2)]
    pages[0].save(own / "train" / "ash" / "x.tif", save_all=True, append_images=pages[1:])
    assert "1 files hold more than one frame or page: only the first is used" in check(own)[0]


def deepen(root, factor):
    """Writes all images again with 16 bits a channel."""
    for file in root.rglob("*.png"):
        Image.fromarray(np.asarray(Image.open(file), np.uint16) * factor).save(file)


def test_deep_images_of_12_bits_are_refused_with_what_to_set(check, own):
    deepen(own, 16)
    printed, code = check(own)
    assert ("set dataset.bits=12 if they hold 12 bits" in printed, code) == (True, 2)


@pytest.mark.parametrize("bits", [12, 16])
def test_deep_images_of_which_the_bits_are_known_pass(check, own, bits):
    deepen(own, 16)
    assert check(own, f"dataset.bits={bits}")[1] == 0


def test_deep_images_that_use_their_bits_are_remarked_on(check, own):
    deepen(own, 257)
    printed, code = check(own)
    assert ("72 images have 16 bits a channel and are scaled down to 8" in printed, code) == (
        True,
        0,
    )


def test_names_are_printed_as_they_are_and_control_characters_written_out(check, own):
    for split in ("train", "test"):
        (own / split / "ash").rename(own / split / "[red]ash")
        (own / split / "birch").rename(own / split / "\x1b[31mbirch")
    printed, _ = check(own)
    assert ("[red]ash" in printed, r"\x1b[31mbirch" in printed, "\x1b" in printed) == (
        True,
        True,
        False,
    )


def test_a_store_that_decayed_is_found_and_deleted(check, own, tmp_path):
    cache = [f"cache_dir={tmp_path}/cache"]
    dataset = Folder(root=own, image_size=16, channels=1, data_dir="", cache_dir=tmp_path / "cache")
    pixels = dataset.open().train.folder / "pixels.npy"
    content = bytearray(pixels.read_bytes())
    content[-1] ^= 1
    pixels.write_bytes(content)
    assert "was damaged and is deleted" in check(own, *cache)[0]
    assert not pixels.exists()


def test_a_sound_store_is_left(check, own, tmp_path):
    dataset = Folder(root=own, image_size=16, channels=1, data_dir="", cache_dir=tmp_path / "cache")
    folder = dataset.open().train.folder
    check(own, f"cache_dir={tmp_path}/cache")
    assert folder.exists()


def test_a_data_set_that_is_not_there_is_told_in_one_line(capsys, tmp_path):
    with pytest.raises(SystemExit, match="2"):
        main(["check", "folder", f"dataset.root={tmp_path}/nowhere"])
    assert "there is no folder" in capsys.readouterr().err


def source(levels, labels=None):
    """Images of one grey level each."""
    pixels = np.array(levels, np.uint8)[:, None, None].repeat(4, 1).repeat(4, 2)
    truth = np.zeros(len(levels), np.int64) if labels is None else np.array(labels)
    return ArraySource(lambda: (pixels, truth), str(levels), image_size=4, channels=1)


def test_images_without_labels_are_counted(capsys, tmp_path):
    plant(tmp_path / "photos", numbered(10))
    classes = "dataset.classes=[cat,dog]"
    main(["check", "unlabelled", f"dataset.root={tmp_path}/photos", classes, *small(tmp_path)])
    printed = capsys.readouterr().out
    assert ["no", "label", "10"] in [line.split() for line in printed.splitlines()]
    assert "every image can be read" in printed
    assert "splits" not in printed


def test_a_sample_that_cannot_be_is_refused_by_the_check_too(capsys, tmp_path):
    plant(tmp_path / "photos", numbered(10))
    settings = ["dataset.classes=[cat,dog]", "dataset.evaluation_size=9", *small(tmp_path)]
    with pytest.raises(SystemExit, match="2"):
        main(["check", "unlabelled", f"dataset.root={tmp_path}/photos", *settings])
    assert "dataset.evaluation_size=9 leaves" in capsys.readouterr().out


def test_labels_of_a_table_are_counted(capsys, tmp_path):
    plant(tmp_path / "photos", numbered(6))
    rows = [f"{name},{label}" for name, label in zip(numbered(6), "aabb  ", strict=True)]
    (tmp_path / "train.csv").write_text("\n".join(["image,label", *rows]))
    place = [f"dataset.root={tmp_path}/photos", f"dataset.table={tmp_path}/train.csv"]
    main(["check", "csv", *place, *small(tmp_path)])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert all(row in rows for row in (["a", "2"], ["b", "2"], ["no", "label", "2"], ["all", "6"]))


def small(tmp_path):
    return ["dataset.image_size=4", "dataset.channels=1", f"cache_dir={tmp_path}/cache"]


def test_equal_images_of_a_folder_without_labels_are_named(capsys, tmp_path):
    plant(tmp_path / "photos", numbered(5))
    for copy in ("98.png", "99.png"):
        shutil.copy(tmp_path / "photos" / "03.png", tmp_path / "photos" / copy)
    classes = "dataset.classes=[cat,dog]"
    main(["check", "unlabelled", f"dataset.root={tmp_path}/photos", classes, *small(tmp_path)])
    printed = capsys.readouterr().out
    assert "2 images occur more than once" in printed
    assert f"{tmp_path}/photos/03.png is {tmp_path}/photos/99.png" in printed
