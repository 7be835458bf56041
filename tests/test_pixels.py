"""Photographs as a viewer shows them: upright, transparent or not, of many frames, huge, deep,
damaged.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from askwell.images import pixels
from askwell.images.formats import extensions
from askwell.images.pixels import BrokenImageError, fit, read, read_image

SIDE = 32
NOISE = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
UPRIGHT = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: np.rot90(stored),
}
"""What a viewer makes of the stored pixels, by the number of the orientation in the EXIF standard.
"""


def noted(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def cutout(level: int, size: int = SIDE) -> Image.Image:
    """A square of one grey on a transparent ground of the same grey."""
    image = Image.new("RGBA", (size, size), (level, level, level, 0))
    image.paste((level, level, level, 255), (8, 8, 24, 24))
    return image


def cutout_in(mode: str, level: int) -> Image.Image:
    """The same in another mode with transparency."""
    image = cutout(level)
    if mode == "PA":
        palette = image.convert("L").convert("P")
        palette.putalpha(image.getchannel("A"))
        return palette
    return image.convert("LA").convert(mode) if mode in ("LA", "La") else image.convert(mode)


def deep(levels: object) -> Image.Image:
    return Image.fromarray(np.asarray(levels, np.uint16))


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("kind", ["png", "webp", "tif"])
def test_a_photograph_is_turned_upright(tmp_path: Path, kind: str, orientation: int) -> None:
    file = tmp_path / f"photograph.{kind}"
    Image.fromarray(NOISE).save(file, exif=noted(orientation), lossless=True)
    assert np.array_equal(read_image(str(file), SIDE, 3), UPRIGHT[orientation](NOISE))


def test_a_wide_photograph_that_is_drafted_is_turned_upright(tmp_path: Path) -> None:
    bright_top = Image.new("L", (800, 600))
    bright_top.paste(250, (0, 0, 800, 300))
    bright_top.save(tmp_path / "wide.jpg", exif=noted(6))
    columns = read_image(str(tmp_path / "wide.jpg"), 8, 1).mean(axis=(0, 2))
    assert columns[:3].max() < 30
    assert columns[-3:].min() > 220


def test_damaged_exif_data_leave_the_image_as_it_lies(tmp_path: Path) -> None:
    Image.fromarray(NOISE).save(tmp_path / "x.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.array_equal(read_image(str(tmp_path / "x.png"), SIDE, 3), NOISE)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", ["RGBA", "RGBa", "LA", "La", "PA"])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_cutout_is_seen_whatever_its_grey(mode: str, level: int, channels: int) -> None:
    shown = fit(cutout_in(mode, level), SIDE, channels).astype(int)
    assert abs(shown[16, 16] - shown[2, 2]).min() > 100
    assert (shown[16, 16] == level).all()


def test_a_palette_with_a_transparent_colour_is_laid_on_a_ground(tmp_path: Path) -> None:
    image = Image.new("P", (SIDE, SIDE), 0)
    image.putpalette([0, 0, 0, 0, 0, 0])
    image.paste(1, (8, 8, 24, 24))
    image.save(tmp_path / "icon.png", transparency=0)
    assert np.unique(read_image(str(tmp_path / "icon.png"), SIDE, 3)).tolist() == [0, 255]


@pytest.mark.parametrize(
    ("image", "clear"), [(Image.new("L", (SIDE, SIDE), 9), 9), (deep(np.full((SIDE, SIDE), 9)), 9)]
)
def test_a_level_that_is_declared_transparent_is_ground(
    tmp_path: Path, image: Image.Image, clear: int
) -> None:
    image.putpixel((0, 0), 0)
    image.save(tmp_path / "x.png", transparency=clear)
    shown = read_image(str(tmp_path / "x.png"), SIDE, 1)
    assert (shown[0, 0, 0], shown[5, 5, 0]) == (0, 255)


def test_most_cutouts_share_a_white_ground() -> None:
    grounds = [int(fit(cutout(level), SIDE, 1)[0, 0, 0]) for level in range(0, 256, 15)]
    assert grounds == [255] * 14 + [0] * 4


def test_white_and_black_halves_of_which_one_would_vanish_are_both_seen_on_grey() -> None:
    image = cutout(255)
    image.paste((0, 0, 0, 255), (8, 8, 24, 15))
    image.paste((128, 128, 128, 255), (8, 22, 24, 24))
    assert len(np.unique(fit(image, SIDE, 1))) >= 3


def test_a_faint_veil_does_not_decide_the_ground() -> None:
    veiled = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 1))
    veiled.paste((0, 0, 0, 255), (8, 8, 16, 16))
    assert np.ptp(fit(veiled, SIDE, 1).astype(int)) > 200


@pytest.mark.parametrize("alpha", [255, 0])
def test_an_alpha_that_shows_or_hides_everything_leaves_the_pixels(alpha: int) -> None:
    image = Image.fromarray(NOISE).convert("RGBA")
    image.putalpha(alpha)
    assert np.array_equal(fit(image, SIDE, 3), NOISE)


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "tif", "avif", "mpo"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_file_with_more_frames_is_known_and_its_first_is_read(
    tmp_path: Path, kind: str, count: int
) -> None:
    frames = [Image.new("RGB", (SIDE, SIDE), (level, 0, 0)) for level in (200, 100, 0)]
    frames[0].save(tmp_path / f"x.{kind}", save_all=count > 1, append_images=frames[1:count])
    reading = read(str(tmp_path / f"x.{kind}"), SIDE, 3)
    assert (abs(int(reading.pixels[5, 5, 0]) - 200) < 9, reading.frames) == (True, count > 1)


def test_a_huge_photograph_is_read_by_leaving_out_detail(tmp_path: Path) -> None:
    Image.new("RGB", (16320, 12240), (200, 9, 9)).save(tmp_path / "huge.jpg", quality=10)
    assert np.abs(read_image(str(tmp_path / "huge.jpg"), 8, 3) - np.array([200, 9, 9])).max() < 6


@pytest.mark.parametrize("settings", [{"name": "x.png"}, {"name": "x.jpg", "progressive": True}])
def test_an_image_that_takes_too_much_memory_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object]
) -> None:
    file = tmp_path / str(settings.pop("name"))
    Image.fromarray(NOISE).resize((400, 400)).save(file, **settings)
    monkeypatch.setattr(pixels, "LIMIT", 400 * 400 * 2)
    with pytest.raises(
        BrokenImageError, match=rf"{file.name} \(it would take .* GB to decode, scale it down"
    ):
        read_image(str(file), 8, 3)


def test_an_image_larger_than_pillows_limit_is_read_without_its_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(NOISE).save(tmp_path / "x.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 700)
    assert np.array_equal(read_image(str(tmp_path / "x.png"), SIDE, 3), NOISE)


MEASURE = """
import resource, sys
from askwell.images.pixels import read_image
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read_image(sys.argv[1], 64, 3)
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.slow
def test_a_deep_image_takes_twice_its_own_memory_at_most(tmp_path: Path) -> None:
    deep(np.zeros((9000, 9000))).save(tmp_path / "x.png", compress_level=1)
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path / "x.png"], capture_output=True, check=True
    )
    assert int(measured.stdout) < 2 * 9000 * 9000 * 2


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("bits", [1, 8, 10, 12, 14])
def test_levels_of_fewer_bits_are_scaled_where_their_number_is_given(
    tmp_path: Path, kind: str, bits: int
) -> None:
    white = 2**bits - 1
    deep([[0, white], [0, white]]).save(tmp_path / f"x.{kind}")
    assert read(str(tmp_path / f"x.{kind}"), 2, 1, bits).pixels[0, :, 0].tolist() == [0, 255]


def test_every_deep_level_is_scaled_as_rounding_has_it() -> None:
    levels = np.arange(65536).reshape(256, 256)
    assert np.array_equal(fit(deep(levels), 256, 1)[:, :, 0], np.floor(levels / 257 + 0.5))


def test_the_highest_level_of_a_deep_image_is_told_where_its_bits_are_unknown(
    tmp_path: Path,
) -> None:
    deep([[0, 4095]]).save(tmp_path / "x.png")
    assert [read(str(tmp_path / "x.png"), 2, 1, bits).highest for bits in (None, 12)] == [
        4095,
        None,
    ]


def test_big_endian_levels_are_read_as_they_are_meant(tmp_path: Path) -> None:
    levels = np.array([[257, 65535]], ">u2")
    Image.frombytes("I;16B", (2, 1), levels.tobytes()).save(tmp_path / "x.tif")
    assert read_image(str(tmp_path / "x.tif"), 2, 1)[0, :, 0].tolist() == [1, 255]


@pytest.mark.parametrize(
    ("levels", "bits", "reason"),
    [
        (np.array([[-5, 9]], np.int32), None, "levels run from -5 to 9, expected 0 to 65535"),
        (np.array([[0, 70000]], np.int32), None, "levels run from 0 to 70000, expected 0 to 65535"),
        (np.array([[0, 5000]], np.uint16), 12, "levels run from 0 to 5000, expected 0 to 4095"),
        (np.array([[0.5, 1]], np.float32), None, "floating-point numbers"),
    ],
)
def test_levels_that_do_not_fit_are_named(
    tmp_path: Path, levels: np.ndarray, bits: int | None, reason: str
) -> None:
    Image.fromarray(levels).save(tmp_path / "x.tif")
    with pytest.raises(BrokenImageError, match=rf"x\.tif \(its .*{reason}"):
        read(str(tmp_path / "x.tif"), 2, 1, bits)


@pytest.mark.parametrize(
    "error", [RuntimeError, NotImplementedError, MemoryError, KeyError, OverflowError, IndexError]
)
def test_whatever_a_decoder_raises_names_the_file(
    tmp_path, monkeypatch, error: type[Exception]
) -> None:
    Image.fromarray(NOISE).save(tmp_path / "x.png")

    def fail(image: Image.Image) -> None:
        raise error

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", fail)
    with pytest.raises(BrokenImageError, match=rf"x\.png \({error.__name__}\)"):
        read_image(str(tmp_path / "x.png"), SIDE, 3)


@pytest.mark.parametrize(
    "kind", ["avif", "webp", "jp2", "tif", "gif", "bmp", "dds", "tga", "ico", "pcx"]
)
def test_a_file_with_flipped_bytes_is_read_or_named(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"x.{kind}"
    Image.fromarray(NOISE).save(file)
    whole, random = file.read_bytes(), np.random.default_rng(0)
    for _ in range(30):
        content = bytearray(whole)
        for place in random.integers(0, len(content), 5):
            content[place] ^= int(random.integers(1, 256))
        file.write_bytes(content)
        try:
            assert read_image(str(file), SIDE, 3).shape == (SIDE, SIDE, 3)
        except BrokenImageError as error:
            assert str(file) in str(error)  # noqa: PT017


def test_a_drawing_for_which_another_program_would_run_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    )
    with pytest.raises(BrokenImageError, match="no image of any known format"):
        read_image(str(tmp_path / "x.png"), SIDE, 3)


def test_a_pipe_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    with pytest.raises(BrokenImageError, match="not a regular file"):
        read_image(str(tmp_path / "x.png"), SIDE, 3)


def test_a_name_with_control_characters_and_foreign_bytes_is_written_out(tmp_path: Path) -> None:
    (tmp_path / "caf\udce9\x1b.png").touch()
    with pytest.raises(BrokenImageError, match=r"caf\\xe9\\x1b\.png"):
        read_image(str(tmp_path / "caf\udce9\x1b.png"), SIDE, 3)


@pytest.mark.parametrize(
    "end", [".jpg", ".jfif", ".jpe", ".png", ".apng", ".avif", ".webp", ".jp2", ".tga", ".ico"]
)
def test_what_pillow_reads_is_an_image(end: str) -> None:
    assert end in extensions()


@pytest.mark.parametrize(
    "end", [".eps", ".pdf", ".mpg", ".h5", ".hdf", ".fits", ".wmf", ".pfm", ".txt", ""]
)
def test_what_pillow_cannot_read_by_itself_is_no_image(end: str) -> None:
    assert end not in extensions()
