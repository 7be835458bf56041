"""Where the class folders are: at the root, or in the folders of a split, whatever their names and
however deep.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from askwell.errors import UserError
from askwell.images.tree import holds_images, subfolders
from askwell.text import first_of, visible

TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation", "eval", "evaluation")
"""The first that exists and has class folders is used for evaluation."""
NAMED = 4  # folders that a message lists

LONGEST_FIRST = "|".join(sorted((*TRAIN, *TEST), key=len, reverse=True))
SPLIT_WORD = re.compile(rf"(?<![a-z])({LONGEST_FIRST})(?:set|data|images?|imgs?)?(?![a-z])")


class Layout(NamedTuple):
    """The folder of the class folders to train on, the one for evaluation if there is one, and
    remarks for the user.
    """

    train: Path
    test: Path | None
    remarks: tuple[str, ...] = ()


class Part(NamedTuple):
    """A folder whose name suggests a part of a split."""

    name: str
    role: str  # the word for it in TRAIN or TEST
    rest: str  # the rest of the name, which the parts of one split share

    @property
    def trains(self) -> bool:
        return self.role in TRAIN


def is_part_of_split(name: str) -> bool:
    """Whether a folder is called like a part of a split: train, TestImages, seg_val."""
    return _part(name) is not None


def layout(root: Path, classes: Collection[str] = ()) -> Layout:
    """The class folders below `root`. Folders named in `classes` are never parts of a split.

    Raises UserError where the parts of a split could be mistaken for classes: a network would learn
    to distinguish training images from test images, and do well at it.
    """
    place = _unwrapped(root)
    names = subfolders(place)
    if not names:
        raise _without_class_folders(place)
    parts = [part for name in names if name not in classes and (part := _part(name))]
    train, tests = _split(parts)
    if (
        train
        and tests
        and (_has_class_folders(place / train.name) or _is_flat(place, train, tests, names))
    ):
        return _of_split(place, train, tests)
    if unclear := [part.name for part in parts if _holds_only_folders(place / part.name)]:
        raise UserError(
            f"{visible(str(place))} holds {_named(unclear)} with folders of their own, beside "
            f"{_named([name for name in names if name not in unclear]) or 'nothing else'}: is it "
            "a split, or are they "
            "classes? Set dataset.root to the folder that holds the class folders, or name the "
            "classes in "
            "dataset.classes"
        )
    return Layout(place, None, _remarks(place, names))


def _unwrapped(root: Path) -> Path:
    """The first folder from `root` down that holds more than a single folder of folders."""
    names = subfolders(root)
    return (
        _unwrapped(root / names[0])
        if len(names) == 1 and _has_class_folders(root / names[0])
        else root
    )


def _part(name: str) -> Part | None:
    """The part of a split that a folder's name suggests, such as seg_train or TrainImages."""
    spelt = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    found = SPLIT_WORD.search(spelt)
    return Part(name, found[1], re.sub(r"[^a-z]", "", SPLIT_WORD.sub("", spelt))) if found else None


def _split(parts: Sequence[Part]) -> tuple[Part | None, list[Part]]:
    """The part to train on and the parts that match it, the best for evaluation first; no part
    unless exactly one is to train on.
    """
    trains = [part for part in parts if part.trains]
    plain = [part for part in trains if part.name.lower() in TRAIN]
    trains = plain or trains
    if len(trains) != 1:
        return None, []
    [train] = trains
    fitting = [
        part
        for part in parts
        if not part.trains and (part.rest == train.rest or not (part.rest and train.rest))
    ]
    return train, sorted(
        fitting, key=lambda part: (part.name.lower() != part.role, TEST.index(part.role), part.name)
    )


def _is_flat(place: Path, train: Part, tests: Sequence[Part], names: Sequence[str]) -> bool:
    """Whether the folder to train on holds unsorted images, rather than those of a class called
    `train`.
    """
    plain = train.name.lower() in TRAIN and any(part.name.lower() in TEST for part in tests)
    return plain or len(tests) + 1 == len(names)


def _of_split(place: Path, train: Part, tests: Sequence[Part]) -> Layout:
    found = _unwrapped(place / train.name)
    if not subfolders(found):
        raise _without_class_folders(found)
    sorted_ones = [part for part in tests if _has_class_folders(place / part.name)]
    if not sorted_ones:
        unsorted = visible(str(place / tests[0].name))
        raise UserError(
            f"{unsorted} has no class folders, so it cannot be evaluated with: set "
            f"dataset.root={visible(str(found))} "
            "to keep some of its images for evaluation, or give every class a folder there too"
        )
    remarks = _remarks_on_split(
        train, sorted_ones[0], [part.name for part in tests if part != sorted_ones[0]]
    )
    return Layout(found, _unwrapped(place / sorted_ones[0].name), remarks)


def _remarks_on_split(train: Part, test: Part, unused: Sequence[str]) -> tuple[str, ...]:
    """How folders with unusual names were understood, and which ones are not used."""
    roles = (
        f"taken for a split: {visible(train.name)} to train on, {visible(test.name)} to "
        "evaluate with"
    )
    usual = train.name.lower() == train.role and test.name.lower() == test.role
    left = f"not used: {_named(unused)}; {visible(test.name)} is evaluated with"
    return (*(() if usual else (roles,)), *((left,) if unused else ()))


def _remarks(place: Path, names: Sequence[str]) -> tuple[str, ...]:
    """A warning if all class folders hold the same folders, as the parts of a split with unusual
    names would.
    """
    if len(names) < 2 or not _holds_only_folders(place / names[0]):
        return ()
    inner = subfolders(place / names[0])
    if len(inner) < 2 or any(subfolders(place / name) != inner for name in names[1:]):
        return ()
    return (
        f"the folders {_named(names)} in {visible(str(place))} are taken for classes, though "
        "each holds the same "
        f"folders {_named(inner)}: if those are the classes, set dataset.root to the folder that "
        "holds them",
    )


def _has_class_folders(folder: Path) -> bool:
    return bool(subfolders(folder))


def _holds_only_folders(folder: Path) -> bool:
    return _has_class_folders(folder) and not holds_images(folder)


def _without_class_folders(folder: Path) -> UserError:
    kind = "holds images but no class folders" if holds_images(folder) else "has no class folders"
    return UserError(
        f"{visible(str(folder))} {kind}: give every class a folder of its images, or set "
        "dataset.root to the folder "
        "that holds them"
    )


def _named(names: Sequence[str]) -> str:
    return first_of([visible(name) for name in names], NAMED) if names else ""
