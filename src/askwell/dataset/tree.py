"""Folders of images, listed in the same order on every machine."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from askwell.dataset.sources import FileSource
from askwell.errors import UserError

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm", ".pbm")


def subfolders(root: Path) -> list[str]:
    """The names of the folders in `root`, sorted; without hidden ones, and without links to a folder around it."""
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if _is_branch(entry, root))


def image_files(folder: Path) -> list[str]:
    """The paths of the image files in `folder` and below, sorted; hidden ones and linked folders left out."""
    files = []
    for parent, children, names in os.walk(folder):
        children[:] = [child for child in children if not child.startswith(".")]
        below = os.path.join(parent, "")
        files += [below + name for name in names if _is_image(name)]
    return sorted(files)


def file_source(classes: Sequence[Sequence[Path]], image_size: int, channels: int) -> FileSource:
    """The images in the folders of each class, labelled by its position. Raises UserError for an empty folder."""
    files: list[str] = []
    counts = []
    for folders in classes:
        before = len(files)
        for folder in folders:
            files += _files_of_class(folder)
        counts.append(len(files) - before)
    return FileSource(files, np.repeat(np.arange(len(counts)), counts), image_size, channels)


def _files_of_class(folder: Path) -> list[str]:
    files = image_files(folder)
    if not files:
        kind = "holds no images" if folder.is_dir() else "does not exist"
        raise UserError(f"the class folder {folder} {kind}: put images in it, or take the class away everywhere")
    return files


def _is_branch(entry: os.DirEntry[str], root: Path) -> bool:
    if entry.name.startswith(".") or not entry.is_dir():
        return False
    return not (entry.is_symlink() and root.resolve().is_relative_to(Path(entry.path).resolve()))


def _is_image(name: str) -> bool:
    return not name.startswith(".") and name.lower().endswith(EXTENSIONS)
