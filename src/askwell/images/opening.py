"""From the splits of a data set to images that can be fetched: classes picked, store built, labels
checked.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from askwell.errors import UserError
from askwell.images.asked import open_asked
from askwell.images.checks import check_images, check_labels, check_settings
from askwell.images.chosen import remarks_of
from askwell.images.contracts import Source, Splits
from askwell.images.on_demand import OnDemandImages
from askwell.images.open_dataset import OpenDataset
from askwell.images.quarantine import open_without_broken
from askwell.images.selection import select_classes
from askwell.images.store import ImageStore

log = logging.getLogger(__name__)


def open_splits(
    splits: Splits,
    classes: Sequence[str | int] | None,
    store: str,
    cache_dir: Path,
    broken_images: str = "error",
    evaluation_size: int | None = None,
) -> OpenDataset:
    """Opens both splits, and warns of what a user may not expect of the files.

    Without an evaluation set a sample of `evaluation_size` images is held out, to be asked about.

    Raises UserError for unknown classes, broken images, labels that name no class, and for 16-bit
    images that would come out nearly black.
    """
    chosen = chosen_of(splits, classes)
    if chosen.evaluation is None:
        return open_asked(chosen, store, cache_dir, broken_images, evaluation_size)[0]
    train = open_images(chosen.train, store, cache_dir, broken_images)
    evaluation = open_images(chosen.evaluation, store, cache_dir, broken_images)
    for images, name in ((train, "training"), (evaluation, "evaluation")):
        check_images(len(images), name)
        check_labels(images.truth, name, chosen.classes)
    traits = train.traits + evaluation.traits
    traits.refuse_dim()
    for remark in (*remarks_of(chosen.train), *remarks_of(chosen.evaluation), *traits.remarks):
        log.warning(remark)
    mean, std = train.statistics
    return OpenDataset(train, evaluation, chosen.classes, torch.tensor(mean), torch.tensor(std))


def chosen_of(splits: Splits, classes: Sequence[str | int] | None) -> Splits:
    """The splits with the chosen classes. Raises UserError for unknown classes, and where fewer
    than two are left.

    Where labels are asked for nothing is chosen: `classes` are the names that an image may be
    given.
    """
    asked = splits.evaluation is None
    chosen = splits if classes is None or asked else select_classes(splits, classes)
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
