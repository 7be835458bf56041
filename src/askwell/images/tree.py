"""Folders of images, listed in the same order on every machine."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from askwell.errors import UserError
from askwell.images.formats import extensions
from askwell.images.sources import FileSource
from askwell.text import first_of, visible

JUNK = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
"""Files that file managers leave, in lower case, besides hidden ones."""
JUNK_FOLDERS = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found"}
"""Folders of archives, network disks and file systems, whose images are thumbnails and rubbish, in
lower case.
"""
NAMED = 3  # files left out that a message lists
HEIF = (".heic", ".heif")


class Listing(NamedTuple):
    """The files in a folder and below: sorted paths of images, and sorted paths of other files,
    each with its kind.
    """

    images: list[str]
    left_out: list[tuple[str, str]]


def subfolders(root: Path) -> list[str]:
    """The names of the folders in `root`, sorted; without hidden ones, and without links to a
    folder around it.
    """
    with _entries(root) as entries:
        return sorted(entry.name for entry in entries if _is_branch(entry, root))


def holds_images(folder: Path) -> bool:
    """Whether there is an image in `folder` itself, not only below it."""
    return next(_images_in(folder), None) is not None


def remarks_on_loose(folder: Path) -> list[str]:
    """A remark about the images next to the class folders in `folder`, if there are any: they have
    no class.
    """
    names = sorted(map(visible, _images_in(folder)))
    beside = (
        f"in {visible(str(folder))} are outside the class folders and are left out: "
        f"{first_of(names, NAMED)}"
    )
    return [f"{len(names)} images {beside}"] if names else []


def _images_in(folder: Path) -> Iterator[str]:
    with _entries(folder) as entries:
        yield from (entry.name for entry in entries if _is_image(entry))


def listed(folder: Path) -> Listing:
    """The files in `folder` and below. Links to folders are followed, but no folder is entered
    twice.
    """
    found = Listing([], [])
    for entry in _files(folder):
        if _is_image(entry):
            found.images.append(entry.path)
        else:
            found.left_out.append((entry.path, _kind(entry)))
    return Listing(sorted(found.images), sorted(found.left_out))


def present(folder: Path, names: Sequence[str]) -> Listing:
    """Those of some images of `folder` that are there, without listing it."""
    files = [os.path.join(folder, name) for name in names]
    return Listing([file for file in files if os.path.lexists(file)], [])


def images_up_to(folder: Path, most: int) -> int:
    """How many images there are in `folder` and below, counted up to `most`."""
    return sum(1 for _ in islice(filter(_is_image, _files(folder)), most))


def image_files(folder: Path) -> list[str]:
    """The paths of the image files in `folder` and below, sorted."""
    return listed(folder).images


def file_source(
    classes: Sequence[Sequence[Path]],
    image_size: int,
    channels: int,
    bits: int | None = None,
    remarks: Sequence[str] = (),
    root: Path | None = None,
) -> FileSource:
    """The images in the folders of each class, labelled by its position, named by their place
    below `root`. Raises UserError for an empty folder.
    """
    files: list[str] = []
    left_out: list[tuple[str, str]] = []
    counts = []
    for folders in classes:
        before = len(files)
        for folder in folders:
            found = _files_of_class(folder)
            files += found.images
            left_out += found.left_out
        counts.append(len(files) - before)
    truth = np.repeat(np.arange(len(counts)), counts)
    all_remarks = (*remarks, *([remark_on(left_out)] if left_out else []))
    place = None if root is None else os.fspath(root)
    return FileSource(files, truth, image_size, channels, bits, all_remarks, place)


def remark_on(left_out: Sequence[tuple[str, str]]) -> str:
    """The files that are left out, counted by their kinds; the first few are named."""
    kinds = Counter(kind for _, kind in left_out)
    counted = ", ".join(
        f"{count} {kind}"
        for kind, count in sorted(kinds.items(), key=lambda kind: (-kind[1], kind))
    )
    named = first_of([visible(path) for path, _ in left_out], NAMED)
    advice = (
        "; pip install pillow-heif reads .heic and .heif"
        if any(kind in HEIF for kind in kinds)
        else ""
    )
    return f"files that are no images Pillow reads are left out: {counted} ({named}){advice}"


def _files_of_class(folder: Path) -> Listing:
    found = listed(folder) if folder.is_dir() else Listing([], [])
    if not found.images:
        kind = f"holds no images{_instead(found.left_out)}" if folder.is_dir() else "does not exist"
        name = visible(str(folder))
        raise UserError(
            f"the class folder {name} {kind}: put images in it, or remove the class everywhere"
        )
    return found


def _instead(left_out: Sequence[tuple[str, str]]) -> str:
    return f" ({remark_on(left_out)})" if left_out else ""


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """All files in `folder` and below, each once, without hidden ones and junk; links to folders
    come last.
    """
    folders, links, entered = [os.fspath(folder)], list[str](), set[tuple[int, int]]()
    while folders or links:
        place = folders.pop() if folders else links.pop(links.index(min(links)))
        with _entries(Path(place)) as entries:
            status = os.stat(place)
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            for entry in entries:
                if _is_branch(entry, folder):
                    (links if entry.is_symlink() else folders).append(entry.path)
                elif not _is_junk(entry) and not entry.is_dir():
                    yield entry


@contextmanager
def _entries(folder: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    try:
        with os.scandir(folder) as entries:
            yield entries
    except OSError as error:
        place = visible(str(error.filename or folder))
        raise UserError(
            f"cannot list {place} ({error.strerror}): make it readable, or remove it"
        ) from error


def _is_branch(entry: os.DirEntry[str], root: Path) -> bool:
    if entry.name.startswith(".") or entry.name.lower() in JUNK_FOLDERS or not entry.is_dir():
        return False
    return not (entry.is_symlink() and root.resolve().is_relative_to(Path(entry.path).resolve()))


def _is_junk(entry: os.DirEntry[str]) -> bool:
    return entry.name.startswith(".") or entry.name.lower() in JUNK


def _is_image(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is an image by its extension. A link that leads nowhere counts, so that the
    missing file is reported when it is read.
    """
    if _is_junk(entry) or _ending(entry.name) not in extensions():
        return False
    return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))


def _kind(entry: os.DirEntry[str]) -> str:
    if not entry.is_file():
        return "that are no regular files"
    return visible(_ending(entry.name)) or "without an ending"


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()
