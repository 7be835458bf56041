"""From the splits of a data set to images that can be fetched: classes picked, store built, labels checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from askwell.dataset.fingerprint import digest
from askwell.dataset.images import Images, Source, Splits
from askwell.dataset.on_demand import OnDemandImages
from askwell.dataset.quarantine import open_without_broken
from askwell.dataset.selection import select_classes
from askwell.dataset.store import ImageStore
from askwell.errors import UserError


@dataclass(frozen=True)
class OpenDataset:
    """A data set whose images can be fetched. C channels; `mean` and `std` [C] are in units where white is 1."""

    train: Images
    evaluation: Images
    classes: tuple[str, ...]
    mean: Tensor
    std: Tensor

    @property
    def fingerprint(self) -> str:
        """Changes with any pixel, label or class, and with the order of each; not with where they lie."""
        return digest(self.train.fingerprint, self.evaluation.fingerprint, *self.classes)


def open_splits(
    splits: Splits,
    classes: Sequence[str | int] | None,
    store: str,
    cache_dir: Path,
    broken_images: str = "error",
) -> OpenDataset:
    """Opens both splits. Raises UserError for unknown classes, broken images and labels that name no class."""
    chosen = splits if classes is None else select_classes(splits, classes)
    if len(chosen.classes) < 2:
        raise UserError(f"a data set needs at least 2 classes, found only {', '.join(chosen.classes) or 'none'}")
    train = open_images(chosen.train, store, cache_dir, broken_images)
    evaluation = open_images(chosen.evaluation, store, cache_dir, broken_images)
    for images, name in ((train, "training"), (evaluation, "evaluation")):
        _check(images, name, chosen.classes)
    mean, std = train.statistics
    return OpenDataset(train, evaluation, chosen.classes, torch.tensor(mean), torch.tensor(std))


def open_images(
    source: Source, store: str, cache_dir: Path, broken_images: str = "error"
) -> ImageStore | OnDemandImages:
    """The images of one source: mapped from the store (`memmap`), or decoded whenever they are asked for (`none`)."""
    match store, broken_images:
        case "memmap", "error":
            return ImageStore.open(source, cache_dir)
        case "memmap", "quarantine":
            return open_without_broken(source, cache_dir)
        case "none", "error":
            return OnDemandImages(source)
        case "none", "quarantine":
            raise UserError("dataset.broken_images=quarantine needs dataset.store=memmap, which finds them beforehand")
        case (("memmap" | "none"), _):
            raise UserError(f"dataset.broken_images must be error or quarantine, found {broken_images!r}")
        case _:
            raise UserError(f"dataset.store must be memmap or none, found {store!r}")


def _check(images: Images, name: str, classes: tuple[str, ...]) -> None:
    if len(images) == 0:
        raise UserError(f"the {name} set of the data set has no images")
    low, high = int(images.labels.min()), int(images.labels.max())
    if low < 0 or high >= len(classes):
        raise UserError(
            f"the labels of the {name} set run from {low} to {high}, expected 0 to {len(classes) - 1}: "
            "mend the labels or the classes of the data set"
        )
