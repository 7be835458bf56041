"""The list of all images of a folder, kept by a run: an index never changes its meaning."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch

from askwell.errors import UserError
from askwell.files import write_json
from askwell.images.asked import First
from askwell.images.contracts import UNKNOWN
from askwell.images.fingerprint import digest
from askwell.randomness import generator
from askwell.text import visible

LIST, LONGER = "images.json", "images-longer.json"
"""The list of one run, in its folder, and the one that will replace it."""


def shared_list(settings: Mapping[str, Any]) -> str:
    """The list that jobs of a sweep with these settings of their data set share, in its folder:
    jobs on other images have another one.
    """
    return f"images-{digest(json.dumps(settings, sort_keys=True))[:8]}.json"


class ImageList(NamedTuple):
    """Names in the order of their indices, and what stays as it was at the first start.

    A name is the path of a file relative to the data set's root, byte for byte.
    """

    names: tuple[str, ...]
    first: First


def grown(known: Sequence[str], found: Iterable[str]) -> tuple[str, ...]:
    """The known names in their places, then the new ones in name order. What is known and was not
    found stays.

    >>> grown(["b.png", "d.png"], ["a.png", "b.png", "c.png"])
    ('b.png', 'd.png', 'a.png', 'c.png')
    """
    return (*known, *sorted(set(found) - set(known)))


def some_of(labels: Mapping[str, int], most: int | None) -> list[str]:
    """Names in their order: all of them, or `most` random ones and those that have a label.

    >>> some_of({"c.png": -1, "a.png": -1, "b.png": 0}, 1)
    ['a.png', 'b.png']
    """
    names = sorted(labels)
    if most is None or len(names) <= most:
        return names
    order = torch.randperm(len(names), generator=generator("at first", len(names)))
    chosen = {names[place] for place in order[:most].tolist()}
    return [name for name in names if name in chosen or labels[name] != UNKNOWN]


def write_list(file: Path, images: ImageList) -> None:
    """Writes the list in one step. Raises UserError where the disk does not take it."""
    write_json(file, {"images": images.names, "first": asdict(images.first)})


def read_list(file: Path) -> ImageList | None:
    """The list in `file`; None where there is none. Raises UserError for a damaged one, since the
    indices of all labels depend on it.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        listed = ImageList(tuple(content["images"]), _first(content["first"]))
        if not all(isinstance(name, str) for name in listed.names):
            raise ValueError("a name is not a text")
        if not 0 < listed.first.count <= len(listed.names):
            raise ValueError(f"it holds {len(listed.names)} of {listed.first.count} images")
        return listed
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"the list of images {visible(str(file))} is damaged ({error}): put a copy of it back, "
            "or start a new run"
        ) from error


def _first(content: dict[str, Any]) -> First:
    held, broken, mean, std = (tuple(content[name]) for name in ("held", "broken", "mean", "std"))
    return First(int(content["count"]), held, broken, str(content["fingerprint"]), mean, std)
