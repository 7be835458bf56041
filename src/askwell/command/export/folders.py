"""A folder for each class, with the images that have its label."""

import os
import shutil
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from askwell.command.page.labels import labels_of
from askwell.command.page.place import Place
from askwell.errors import UserError
from askwell.files import told_in_a_line
from askwell.text import visible

LONGEST = 100
"""Bytes of a folder's name, before the number that tells it from another."""
LONGEST_FILE = 255
"""Bytes that the usual file systems take for a name."""


def export_folder(run: Path, output: Path, copy: bool = False, is_own: bool = False) -> None:
    """Writes a folder for each class, with links to its images; copies with `copy`, or where links
    cannot be.

    Raises UserError where the images are no files, and where `output` holds something already.
    """
    place, labels = Place(run), labels_of(run)
    if place.root is None:
        raise UserError(f"the images of {run} are no files: export --to csv")
    root = place.root.absolute()
    if root.resolve() in (output.resolve(), *output.resolve().parents):
        raise UserError(f"{output} is among the photos: choose another place by --output")
    if is_own:
        shutil.rmtree(output, ignore_errors=True)
    elif output.exists() and any(output.iterdir()):
        raise UserError(f"{output} holds something already: choose another place by --output")
    folders = class_folders(list(dict.fromkeys(one.label for one in labels)))
    there = 0
    with told_in_a_line(output):
        for one in labels:
            source = root / one.name
            target = output / folders[one.label] / file_name(one.index, source.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            there += _put(source, target, copy)
    print(f"{output}: {there} of {len(labels)} labelled images, in {len(folders)} class folders")
    if lost := len(labels) - there:
        print(f"{lost} images are gone from {visible(str(root))}")


def class_folders(classes: Sequence[str]) -> dict[str, str]:
    """A name of a folder for each class, different ones for different classes.

    >>> class_folders(["cat", "a/b", "a:b", ".."])
    {'cat': 'cat', 'a/b': 'a_b', 'a:b': 'a_b 2', '..': '_'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in classes:
        plain = "".join("_" if letter in '/\\:*?"<>|' else letter for letter in visible(name))
        plain = plain.strip(" .").encode()[:LONGEST].decode(errors="ignore").strip(" .") or "_"
        number, wished = 1, plain
        while _as_disks_compare(wished) in taken:
            number += 1
            wished = f"{plain} {number}"
        taken.add(_as_disks_compare(wished))
        names[name] = wished
    return names


def _as_disks_compare(name: str) -> str:
    """Some take upper and lower case, or two ways to write an accent, for the same."""
    return unicodedata.normalize("NFC", name).casefold()


def file_name(index: int, name: str) -> str:
    """The name of an image among others of its class; a long one loses its beginning.

    >>> file_name(7, "cat.png")
    '000007-cat.png'
    """
    number = f"{index:06}-"
    while len(number) + len(os.fsencode(name)) > LONGEST_FILE:
        name = name[1:]
    return number + name


def _put(source: Path, target: Path, copy: bool) -> bool:
    """Whether the image is there."""
    if not source.is_file():
        return False
    if not copy:
        try:
            target.symlink_to(source)
            return True
        except OSError:  # some file systems have no links
            pass
    shutil.copyfile(source, target)
    return True
