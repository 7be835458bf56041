"""Files that a stranger may have made: regular ones of the folder itself, of a bounded size, read
as data alone.
"""

import json
import stat
from pathlib import Path
from typing import Any

DEEPEST = 50
"""Levels of lists and dictionaries within each other; a config has about ten."""

MEGABYTE = 1_000_000


class UnreadableError(Exception):
    """A file that the report leaves out; the message begins with its name and gives the reason."""


def content_of(folder: Path, name: str, most: int) -> bytes:
    """What the file `name` of the folder holds, at most so many bytes.

    Raises:
        UnreadableError: it is absent, larger, no regular file, not to be read, or a link to a file
        outside the folder.
    """
    path = folder / name
    try:
        inside = path.resolve(strict=True).is_relative_to(folder.resolve())
        if not inside:
            raise UnreadableError(f"{name} is a link that leads elsewhere: copy what is there")
        about = path.stat()
        if not stat.S_ISREG(
            about.st_mode
        ):  # to open a pipe is to wait, and to open a device may do something
            raise UnreadableError(f"{name} is no regular file")
        if about.st_size > most:
            raise UnreadableError(
                f"{name} has {about.st_size / MEGABYTE:,.0f} MB, more than {most // MEGABYTE} MB"
            )
        with path.open("rb") as file:
            return file.read(most)
    except FileNotFoundError:
        raise UnreadableError(f"{name} is missing") from None
    except RuntimeError:
        raise UnreadableError(f"{name} is a link that leads to itself") from None
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read ({error.strerror})") from None


def parsed(text: bytes | str) -> Any:
    """The JSON value of a text.

    Raises:
        ValueError: it is none, names a key twice, is nested deeper than `DEEPEST`, or holds a
        number of thousands of
            digits.
    """
    try:
        value = json.loads(text, object_pairs_hook=_each_key_once)
    except RecursionError:
        raise ValueError("nested too deep") from None
    return _at_most(value, DEEPEST)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key occurs twice")
    return content


def _at_most(value: Any, levels: int) -> Any:
    """The value, if its lists and dictionaries are within each other at most so often."""
    level = [value]
    for _ in range(levels):
        level = [
            child for node in level if isinstance(node, dict | list) for child in _children(node)
        ]
        if not level:
            return value
    raise ValueError("nested too deep")


def _children(node: dict[str, Any] | list[Any]) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node


def leads_out(path: Path, folder: Path) -> bool:
    """Whether the path is really outside the folder."""
    return not path.resolve().is_relative_to(folder.resolve())
