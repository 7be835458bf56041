"""The folder of the data is read from, never written to."""

import os
from pathlib import Path

import pytest

from askwell.dataset.folder import Folder
from askwell.dataset.fruits import Fruits
from askwell.dataset.torchvision import Mnist


def state(root: Path) -> dict[Path, int]:
    """Every folder below `root` with the time at which an entry of it last came, went or changed
    its name.
    """
    return {Path(folder): os.stat(folder).st_mtime_ns for folder, _, _ in os.walk(root)}


@pytest.mark.parametrize(("kind", "image_size", "channels"), [(Mnist, 28, 1), (Fruits, 100, 3)])
def test_opening_the_real_data_leaves_their_folder_alone(
    data_dir, cache_dir, kind, image_size, channels
):
    before = state(data_dir)
    kind(image_size=image_size, channels=channels, data_dir=data_dir, cache_dir=cache_dir).open()
    assert state(data_dir) == before


def test_a_run_on_a_folder_that_cannot_be_written_leaves_it_alone(program, images, tmp_path):
    before = state(images)
    modes = {folder: folder.stat().st_mode for folder in before}
    for folder in before:
        folder.chmod(0o555)
    try:
        program(f"cache_dir={tmp_path / 'cache'}", "rounds=1")
        Folder(
            root=images, image_size=16, channels=1, data_dir="", cache_dir="", store="none"
        ).open()
    finally:
        for folder, mode in modes.items():
            folder.chmod(mode)
    assert state(images) == before
