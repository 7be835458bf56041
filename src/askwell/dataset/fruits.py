"""Fruits-360: photographs of fruits on a turntable, one folder per variety (CC BY-SA 4.0)."""

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from askwell.dataset.base import ImageDataset, Splits
from askwell.dataset.fruit_copies import TEST, TRAIN, fruit_copies
from askwell.download.sparse_clone import SparseClone
from askwell.errors import UserError
from askwell.images.sources import FileSource
from askwell.images.tree import file_source, image_files, subfolders

GROUPS = 10
CONFUSABLE = (
    *("Apricot", "Clementine", "Kiwi", "Lemon", "Limes"),
    *("Mandarine", "Orange", "Peach", "Plum", "Pomegranate"),
)
Choice = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class FruitsDataset(ImageDataset):
    """Chosen folders of Fruits-360, found below `data_dir` in any layout, otherwise fetched from
    `repository`.

    No git command of the fetch may take longer than `timeout` seconds.
    """

    repository: str = "https://github.com/fruits-360/fruits-360-100x100.git"
    timeout: float = 1800

    @abstractmethod
    def choose(self, folders: Iterable[str], count: Callable[[str], int]) -> Choice:
        """The folders of each class, out of `folders`; `count` returns how many training images a
        folder has.
        """

    def splits(self) -> Splits:
        """Finds or fetches the class folders, and lists their images."""
        root, chosen = self._found() or self._fetched()
        return Splits(
            self._source(root, TRAIN, chosen), self._source(root, TEST, chosen), tuple(chosen)
        )

    def _source(self, root: Path, side: str, chosen: Choice) -> FileSource:
        classes = [[root / side / folder for folder in folders] for folders in chosen.values()]
        return file_source(classes, self.image_size, self.channels, root=root)

    def _found(self) -> tuple[Path, Choice] | None:
        """The first copy below `data_dir` that has every class; None where no copy has any."""
        incomplete = None
        for root in fruit_copies(Path(self.data_dir).absolute()):
            chosen = self.choose(subfolders(root / TRAIN), partial(_count, root / TRAIN))
            if chosen and all(chosen.values()):
                return root, chosen
            if any(chosen.values()):
                incomplete = incomplete or f"{root / TRAIN} lacks {_missing(chosen)}"
        if incomplete:
            raise UserError(
                f"{incomplete}: add the missing folders, or set data_dir=… to another folder to "
                "fetch them"
            )
        return None

    def _fetched(self) -> tuple[Path, Choice]:
        folder, chosen = Path(self.data_dir).absolute() / "fruits-360-100x100", {}

        def choose(counts: Mapping[str, int]) -> list[str]:
            sizes = {
                Path(name).name: size
                for name, size in counts.items()
                if Path(name).parent == Path(TRAIN)
            }
            chosen.update(self.choose(sizes, sizes.__getitem__))
            if not all(chosen.values()):
                raise UserError(f"it lacks {_missing(chosen)}")
            return [
                f"{split}/{name}"
                for names in chosen.values()
                for name in names
                for split in (TRAIN, TEST)
            ]

        try:
            SparseClone(folder, self.repository, self.timeout).require(choose)
        except UserError as error:
            raise UserError(
                f"cannot fetch Fruits-360 from {self.repository} ({error}): put its folders "
                "Training and Test into "
                f"{folder.with_name('fruits-360')}, or use dataset=mnist_mini, which needs no "
                "download"
            ) from error
        return folder, chosen


class Fruits(FruitsDataset):
    """Ten fruits that are easily confused, one variety each, 100 x 100 colour pixels."""

    def choose(self, folders: Iterable[str], count: Callable[[str], int]) -> Choice:
        """The folder with the exact name of the fruit, otherwise its lowest numbered one."""
        known = list(folders)
        return {fruit: _variety(fruit, known) for fruit in CONFUSABLE}


class FruitsGrouped(FruitsDataset):
    """The ten kinds of fruit with the most images; all varieties of a kind are one class, named by
    their first word.
    """

    def choose(self, folders: Iterable[str], count: Callable[[str], int]) -> Choice:
        """All folders of the ten largest kinds, in alphabetical order."""
        kinds: Choice = defaultdict(list)
        for folder in sorted(folders):
            kinds[folder.split()[0]].append(folder)
        sizes = {kind: sum(map(count, members)) for kind, members in kinds.items()}
        largest = sorted(kinds, key=lambda kind: (-sizes[kind], kind))[:GROUPS]
        return {kind: kinds[kind] for kind in sorted(largest)}


def _variety(fruit: str, folders: list[str]) -> list[str]:
    """One folder, or none."""
    if fruit in folders:
        return [fruit]
    numbers = [
        folder.removeprefix(f"{fruit} ") for folder in folders if folder.startswith(f"{fruit} ")
    ]
    return [f"{fruit} {number}" for number in sorted(filter(str.isdecimal, numbers), key=int)[:1]]


def _count(root: Path, folder: str) -> int:
    return len(image_files(root / folder))


def _missing(chosen: Choice) -> str:
    return ", ".join(name for name, folders in chosen.items() if not folders)
