"""Image files of every kind, and arrays, as pixels of one size."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from askwell.errors import UserError
from askwell.images import fingerprint
from askwell.images.pixels import read_image
from askwell.images.sources import ArraySource, FileSource

RED = (255, 0, 0)
SIZE = 8


def saved(image: Image.Image, file: Path) -> str:
    image.save(file)
    return str(file)


def read_red(image: Image.Image, file: Path) -> np.ndarray:
    return read_image(saved(image, file), SIZE, 3)


def photograph() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_red_image_is_red_in_every_mode(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (SIZE, SIZE), RED).convert(mode)
    assert (read_red(image, tmp_path / "red.png") == RED).all()


def test_a_palette_with_a_transparent_colour_is_read(tmp_path: Path) -> None:
    image = Image.new("RGB", (SIZE, SIZE), RED).convert("P")
    image.save(tmp_path / "red.png", transparency=b"\x00\x80")
    assert (read_image(str(tmp_path / "red.png"), SIZE, 3) == RED).all()


def test_a_cmyk_photograph_is_read_as_colours(tmp_path: Path) -> None:
    image = Image.new("CMYK", (SIZE, SIZE), (0, 255, 255, 0))
    assert np.abs(read_red(image, tmp_path / "red.jpg").astype(int) - RED).max() < 5


def test_colours_become_grey_where_one_channel_is_asked_for(tmp_path: Path) -> None:
    file = saved(Image.new("RGB", (SIZE, SIZE), RED), tmp_path / "red.png")
    assert (read_image(file, SIZE, 1) == round(0.299 * 255)).all()


@pytest.mark.parametrize(("deep", "shallow"), [(65535, 255), (0, 0), (257, 1), (32768, 128)])
def test_sixteen_bit_grey_is_scaled(tmp_path: Path, deep: int, shallow: int) -> None:
    file = saved(Image.fromarray(np.full((SIZE, SIZE), deep, np.uint16)), tmp_path / "deep.png")
    assert (read_image(file, SIZE, 1) == shallow).all()


def test_an_image_of_the_right_size_is_left_as_it_is(tmp_path: Path) -> None:
    file = saved(photograph(), tmp_path / "photograph.png")
    assert np.array_equal(read_image(file, 64, 3), np.asarray(photograph()))


def test_an_image_of_another_shape_is_resized(tmp_path: Path) -> None:
    image = Image.new("RGB", (31, 17), RED)
    assert (read_red(image, tmp_path / "red.png") == RED).all()


def test_a_large_photograph_is_shrunk_as_pillow_shrinks_it(tmp_path: Path) -> None:
    gradient = Image.linear_gradient("L").resize((1024, 1024)).convert("RGB")
    file = saved(gradient, tmp_path / "large.jpg")
    expected = np.asarray(gradient.resize((32, 32), Image.Resampling.LANCZOS), dtype=int)
    assert np.abs(read_image(file, 32, 3) - expected).max() <= 3


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 6 // 10])


@pytest.mark.parametrize(
    "damage", [cut, lambda file: file.write_bytes(b""), lambda file: file.write_text("<html>")]
)
@pytest.mark.parametrize("name", ["image.jpg", "image.png"])
def test_a_broken_file_is_named(tmp_path: Path, name: str, damage: Callable[[Path], None]) -> None:
    photograph().save(tmp_path / name)
    damage(tmp_path / name)
    with pytest.raises(UserError, match=rf"cannot read the image .*{name} \(.*\): replace it"):
        read_image(str(tmp_path / name), SIZE, 3)


def test_two_channels_are_refused(tmp_path: Path) -> None:
    file = saved(photograph(), tmp_path / "image.png")
    with pytest.raises(UserError, match=r"dataset\.channels must be 1 .* or 3"):
        read_image(file, SIZE, 2)


def files(folder: Path, size: int = SIZE) -> FileSource:
    return FileSource([saved(photograph(), folder / "image.png")], np.zeros(1, np.int64), size, 3)


def test_a_file_that_was_written_again_changes_the_stamp(tmp_path: Path) -> None:
    before = files(tmp_path).stamp
    assert files(tmp_path).stamp != before


def test_another_size_changes_the_stamp(tmp_path: Path) -> None:
    source = files(tmp_path)
    other = FileSource(source.files, source.truth, SIZE + 1, 3)
    assert other.stamp != source.stamp


def test_another_label_changes_the_stamp(tmp_path: Path) -> None:
    source = files(tmp_path)
    other = FileSource(source.files, source.truth + 1, SIZE, 3)
    assert other.stamp != source.stamp


def test_a_file_written_over_with_its_size_and_time_set_back_changes_the_stamp(
    tmp_path: Path,
) -> None:
    image = tmp_path / "image.bmp"
    stamps = []
    for level in (1, 2):
        Image.new("L", (SIZE, SIZE), level).save(image)
        os.utime(image, (1e9, 1e9))
        stamps.append(FileSource([str(image)], np.zeros(1, np.int64), SIZE, 1).stamp)
    assert stamps[0] != stamps[1]


def test_another_data_set_with_equal_names_sizes_and_times_has_another_stamp(
    tmp_path: Path,
) -> None:
    stamps = set()
    for folder, level in (("one", 1), ("two", 2)):
        (tmp_path / folder).mkdir()
        for name in ("a.bmp", "b.bmp"):
            Image.new("L", (SIZE, SIZE), level).save(tmp_path / folder / name)
            os.utime(tmp_path / folder / name, (1e9, 1e9))
        listed = [str(tmp_path / folder / name) for name in ("a.bmp", "b.bmp")]
        stamps.add(FileSource(listed, np.zeros(2, np.int64), SIZE, 1).stamp)
    assert len(stamps) == 2


def test_bytes_tell_data_sets_apart_where_the_file_system_notes_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint, "_state", lambda file, name: name)
    digests = []
    for content in ("one", "two"):
        (tmp_path / "a.png").write_text(content)
        digests.append(fingerprint.digest_files([tmp_path / "a.png"]))
    assert digests[0] != digests[1]


def test_a_stamp_needs_no_image(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_text("no image")
    assert FileSource([str(tmp_path / "image.png")], np.zeros(1, np.int64), SIZE, 3).stamp


def test_an_array_is_not_loaded_for_its_stamp() -> None:
    def load() -> tuple[np.ndarray, np.ndarray]:
        raise AssertionError("loaded")

    assert ArraySource(load, "key", SIZE, 1).stamp


@pytest.mark.parametrize("shape", [(2, SIZE, SIZE), (2, SIZE, SIZE, 1)])
def test_a_grey_array_gets_its_channel(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    source = ArraySource(lambda: (pixels, np.arange(2)), "key", SIZE, 1)
    assert np.array_equal(source.decode(1), pixels[1].reshape(SIZE, SIZE, 1))


def test_an_array_is_resized_and_coloured_as_asked_for() -> None:
    pixels = np.full((2, SIZE, SIZE), 7, np.uint8)
    image = ArraySource(lambda: (pixels, np.arange(2)), "key", 2 * SIZE, 3).decode(0)
    assert np.array_equal(image, np.full((2 * SIZE, 2 * SIZE, 3), 7))
