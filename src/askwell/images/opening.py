"""From the splits of a data set to images that can be fetched: classes picked, store built, labels
checked.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.images.chosen import remarks_of
from askwell.images.contracts import Images, Source, Splits
from askwell.images.fingerprint import digest
from askwell.images.on_demand import OnDemandImages
from askwell.images.quarantine import open_without_broken
from askwell.images.selection import select_classes
from askwell.images.store import ImageStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenDataset:
    """A data set whose images can be fetched. C channels; `mean` and `std` [C] are in units where
    white is 1.
    """

    train: Images
    evaluation: Images
    classes: tuple[str, ...]
    mean: Tensor
    std: Tensor

    @property
    def fingerprint(self) -> str:
        """Changes with any pixel, label or class, and with the order of each; not with where they
        lie.
        """
        return digest(self.train.fingerprint, self.evaluation.fingerprint, *self.classes)


def open_splits(
    splits: Splits,
    classes: Sequence[str | int] | None,
    store: str,
    cache_dir: Path,
    broken_images: str = "error",
) -> OpenDataset:
    """Opens both splits, and warns of what a user may not expect of the files.

    Raises UserError for unknown classes, broken images, labels that name no class, and for 16-bit
    images that would come out nearly black.
    """
    chosen = chosen_of(splits, classes)
    train = open_images(chosen.train, store, cache_dir, broken_images)
    evaluation = open_images(chosen.evaluation, store, cache_dir, broken_images)
    for images, name in ((train, "training"), (evaluation, "evaluation")):
        check_labels(images.labels, name, chosen.classes)
    traits = train.traits + evaluation.traits
    traits.refuse_dim()
    for remark in (*remarks_of(chosen.train), *remarks_of(chosen.evaluation), *traits.remarks):
        log.warning(remark)
    mean, std = train.statistics
    return OpenDataset(train, evaluation, chosen.classes, torch.tensor(mean), torch.tensor(std))


def chosen_of(splits: Splits, classes: Sequence[str | int] | None) -> Splits:
    """The splits with the chosen classes. Raises UserError for unknown classes, and where fewer
    than two are left.
    """
    chosen = splits if classes is None else select_classes(splits, classes)
    if len(chosen.classes) < 2:
        raise UserError(
            f"a data set needs at least 2 classes, found only {', '.join(chosen.classes) or 'none'}"
        )
    return chosen


def open_images(
    source: Source, store: str, cache_dir: Path, broken_images: str = "error"
) -> ImageStore | OnDemandImages:
    """The images of one source: mapped from the store (`memmap`), or decoded whenever they are
    asked for (`none`).
    """
    check_settings(store, broken_images)
    if store == "none":
        return OnDemandImages(source)
    return (
        ImageStore.open(source, cache_dir)
        if broken_images == "error"
        else open_without_broken(source, cache_dir)
    )


def check_settings(store: str, broken_images: str) -> None:
    """Raises UserError for settings that there are not, or that do not go together."""
    if store not in ("memmap", "none"):
        raise UserError(f"dataset.store must be memmap or none, found {store!r}")
    if broken_images not in ("error", "quarantine"):
        raise UserError(
            f"dataset.broken_images must be error or quarantine, found {broken_images!r}"
        )
    if (store, broken_images) == ("none", "quarantine"):
        raise UserError(
            "dataset.broken_images=quarantine needs dataset.store=memmap, which finds them "
            "beforehand"
        )


def check_labels(labels: np.ndarray, name: str, classes: Sequence[str]) -> None:
    """Raises UserError where a split has no images, or where one of its `labels` [N] names no
    class.
    """
    if len(labels) == 0:
        raise UserError(f"the {name} set of the data set has no images")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= len(classes):
        raise UserError(
            f"the labels of the {name} set run from {low} to {high}, expected 0 to "
            f"{len(classes) - 1}: "
            "correct the labels or the classes of the data set"
        )
