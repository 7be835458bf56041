"""What a run says of the files that it decodes, and what it refuses."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from askwell.dataset.folder import Folder
from askwell.errors import UserError
from askwell.images.pixels import Reading
from askwell.images.traits import Traits

PIXELS = np.zeros((2, 2, 1), np.uint8)


def traits(*highest: int | None) -> Traits:
    return Traits.of([Reading(PIXELS, highest=level) for level in highest])


def folder(root: Path, levels: np.ndarray, **settings: object) -> Folder:
    for number, name in enumerate(("a", "b") * 3):
        (root / "images" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(levels + np.uint16(number)).save(root / "images" / name / f"{number}.png")
    return Folder(
        **{"image_size": 4, "channels": 1, "data_dir": "", "cache_dir": root / "cache"},
        **{"root": root / "images", **settings},
    )


def test_traits_of_blocks_add_up_to_those_of_all() -> None:
    levels = [None, 3, 0, 4095, 65535, None, 4096]
    assert traits(*levels[:3]) + traits(*levels[3:]) == traits(*levels) == Traits(0, 5, 2, 65535)


@pytest.mark.parametrize(
    ("highest", "bits"), [(1, 8), (255, 8), (1023, 10), (1024, 12), (4095, 12), (16383, 14)]
)
def test_bits_that_are_left_empty_by_all_images_are_refused(highest: int, bits: int) -> None:
    with pytest.raises(
        UserError, match=rf"no level above {highest}, .* set dataset\.bits={bits} if"
    ):
        traits(None, highest, 0).refuse_dim()


@pytest.mark.parametrize("levels", [(None,), (0, 0), (16384,), (65535, 9), ()])
def test_images_that_are_black_or_shallow_or_of_full_range_somewhere_are_not_refused(
    levels: tuple[int, ...],
) -> None:
    assert traits(*levels).refuse_dim() is None


def test_a_few_dim_images_among_others_are_remarked_on() -> None:
    assert traits(65535, 4095).remarks[1].startswith("1 of them have no level above 4095")


def test_ordinary_images_are_without_remarks() -> None:
    assert traits(None, None).remarks == []


@pytest.mark.parametrize("store", ["memmap", "none"])
def test_a_run_refuses_12_bits_in_16_at_each_start(tmp_path: Path, store: str) -> None:
    dataset = folder(tmp_path, np.full((4, 4), 4000, np.uint16), store=store)
    for _ in range(2):
        with pytest.raises(UserError, match=r"set dataset\.bits=12"):
            dataset.open()


def test_the_bits_that_are_given_scale_all_images_alike(tmp_path: Path) -> None:
    dataset = folder(tmp_path, np.full((4, 4), 4000, np.uint16), bits=12)
    assert dataset.open().train.fetch(np.arange(4)).unique().tolist() == [
        249
    ]  # 4000 to 4005 of 4095, of 255


def test_a_run_warns_of_frames_and_of_what_is_left_out_at_each_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = folder(tmp_path, np.full((4, 4), 65000, np.uint16))
    pages = [Image.new("L", (4, 4), level) for level in (9, 99)]
    pages[0].save(tmp_path / "images" / "a" / "z.gif", save_all=True, append_images=pages[1:])
    (tmp_path / "images" / "a" / "notes.txt").touch()
    for _ in range(2):
        caplog.clear()
        dataset.open()
        assert re.findall(
            "1 files hold more than one frame|left out: 1 .txt|6 images have 16 bits", caplog.text
        ) == [
            *("left out: 1 .txt", "1 files hold more than one frame", "6 images have 16 bits"),
        ]
