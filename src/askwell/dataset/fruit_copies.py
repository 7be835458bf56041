"""Where a copy of Fruits-360 may be: in its own layout, or as Kaggle unpacks it."""

from pathlib import Path

from askwell.download.sparse_clone import is_sparse_clone
from askwell.images.tree import subfolders

TRAIN, TEST = "Training", "Test"
NAMES = (
    "fruit",
    "archive",
)  # what the outermost folder is called; Kaggle's archive.zip unpacks to the second
OTHER_SIZE = "original-size"  # Kaggle's second copy, whose images have many sizes
DEPTH = 3  # archive/fruits-360_100x100/fruits-360/Training


def fruit_copies(data_dir: Path) -> list[Path]:
    """The folders at or below `data_dir` that hold Training and Test, the best first: original size
    last, then by the number of class folders. Folders that the program fetched are left out.
    """
    candidates = [data_dir, *_below(data_dir, DEPTH)] if data_dir.is_dir() else []
    copies = [folder for folder in candidates if _is_copy(folder)]
    return sorted(
        copies, key=lambda copy: (OTHER_SIZE in str(copy), -len(subfolders(copy / TRAIN)), copy)
    )


def _is_copy(folder: Path) -> bool:
    return (folder / TRAIN).is_dir() and (folder / TEST).is_dir() and not is_sparse_clone(folder)


def _below(folder: Path, depth: int) -> list[Path]:
    names = [
        name
        for name in subfolders(folder)
        if depth < DEPTH or any(known in name.lower() for known in NAMES)
    ]
    children = [folder / name for name in names if name not in (TRAIN, TEST)]
    deeper = [found for child in children if depth > 1 for found in _below(child, depth - 1)]
    return children + deeper
