"""Folders of small images that can be told apart."""

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

SIZE = 4


def plant(root: Path, names: Iterable[str], first: int = 0) -> Path:
    """An image of one grey level for each name, in order of the names from `first` up."""
    for level, name in enumerate(names, start=first):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (SIZE, SIZE), level).save(root / name)
    return root


def numbered(count: int, start: int = 0, folder: str = "") -> list[str]:
    """Names in their order: 00.png, 01.png, …"""
    return [f"{folder}{number:02}.png" for number in range(start, start + count)]
