"""Opening images whose labels people are asked for."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from askwell.errors import UserError
from askwell.images.channel_statistics import Statistics, channel_statistics
from askwell.images.checks import check_images, check_labels, check_settings
from askwell.images.chosen import missing_in, remarks_of
from askwell.images.contracts import UNKNOWN, Source, Splits, known
from askwell.images.evaluation_sample import evaluation_sample
from askwell.images.fingerprint import digest
from askwell.images.first_images import fingerprint_of_first
from askwell.images.on_demand import OnDemandImages
from askwell.images.open_dataset import OpenDataset
from askwell.images.quarantine import Blanked, open_with_blanks
from askwell.images.store import ImageStore
from askwell.images.view import View

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class First:
    """What stays as it was at the first start, however the folder grows."""

    count: int  # of images
    held: tuple[int, ...]  # the evaluation sample, as it was drawn
    broken: tuple[int, ...]  # of these images, those that could not be read
    fingerprint: str  # of these images and the sample; empty until they are decoded
    mean: tuple[float, ...]  # [C], by which images are normalised
    std: tuple[float, ...]


def open_asked(
    splits: Splits,
    store: str,
    cache_dir: Path,
    broken_images: str = "error",
    evaluation_size: int | None = None,
    former: First | None = None,
) -> tuple[OpenDataset, First]:
    """Opens data without an evaluation set of their own; a sample of them becomes it.

    No image changes its index: one that cannot be read is black and listed as `broken`, with
    `dataset.broken_images=quarantine`, or where it is gone since the `former` start. Raises
    UserError as for any other data set, and for a sample of a size that cannot be.
    """
    check_settings(store, broken_images)
    source = splits.train
    check_images(len(source), "training")
    check_labels(source.truth, "training", splits.classes, lowest=UNKNOWN)
    held = held_in(source, evaluation_size, former)
    train, broken = _opened(source, store, cache_dir, broken_images)
    train.traits.refuse_dim()
    for remark in (*remarks_of(source), *train.traits.remarks):
        log.warning(remark)
    first = former if former and former.fingerprint else _first(train, held, broken)
    evaluated = np.setdiff1d(held, broken)
    if not len(evaluated):
        raise UserError("not one image of the evaluation sample can be read: replace them")
    dataset = OpenDataset(
        train,
        View(train, evaluated),
        splits.classes,
        torch.tensor(first.mean),
        torch.tensor(first.std),
        evaluated,
        np.setdiff1d(given_in(source), np.concatenate([held, broken])),
        broken,
        _fingerprint_now(train, held, broken, first),
        np.setdiff1d(np.arange(first.count), [*first.held, *first.broken]),
    )
    return dataset, first


def undecoded(count: int, held: np.ndarray) -> First:
    """What is known before anything is decoded: how many images there are, and the sample."""
    return First(count, tuple(held.tolist()), (), "", (), ())


def given_in(source: Source) -> np.ndarray:
    """The indices of the labels that a partly labelled source brings; none where it has them all,
    since an oracle can be simulated then.
    """
    labelled = known(source.truth)
    return labelled if len(labelled) < len(source) else labelled[:0]


def held_in(source: Source, size: int | None, former: First | None) -> np.ndarray:
    """The evaluation sample: that of the former start, or a new one."""
    if former is None:
        return evaluation_sample(len(source), given_in(source), size)
    if size not in (None, len(former.held)):
        raise UserError(
            f"dataset.evaluation_size={size}, but the list of images has a sample of "
            f"{len(former.held)}: set the same, or start with another list"
        )
    return np.array(former.held, np.int64)


def _opened(
    source: Source, store: str, cache_dir: Path, broken_images: str
) -> tuple[ImageStore | OnDemandImages, np.ndarray]:
    """All images, and the indices of those that are black because they cannot be read."""
    missing = missing_in(source)
    readable: Source = Blanked(source, missing) if missing else source
    if store == "none":
        return OnDemandImages(readable), np.array(missing, np.int64)
    if broken_images == "error":
        return ImageStore.open(readable, cache_dir), np.array(missing, np.int64)
    return open_with_blanks(source, missing, cache_dir)


def _first(train: ImageStore | OnDemandImages, held: np.ndarray, broken: np.ndarray) -> First:
    mean, std = _statistics(train, broken)
    unreadable = tuple(broken.tolist())
    fingerprint = _fingerprint(train, len(train), held)
    return First(len(train), tuple(held.tolist()), unreadable, fingerprint, tuple(mean), tuple(std))


def _fingerprint_now(
    train: ImageStore | OnDemandImages, held: np.ndarray, broken: np.ndarray, first: First
) -> str:
    """The fingerprint of the first images as they are; as they were, where other ones than then
    cannot be read, since what is left of them cannot say.
    """
    changed = set(broken[broken < first.count].tolist()) != set(first.broken)
    return first.fingerprint if changed else _fingerprint(train, first.count, held)


def _fingerprint(train: ImageStore | OnDemandImages, count: int, held: np.ndarray) -> str:
    return digest(fingerprint_of_first(train, count), "held", *held)


def _statistics(train: ImageStore | OnDemandImages, broken: np.ndarray) -> Statistics:
    readable = np.setdiff1d(np.arange(len(train)), broken)
    if not len(broken):
        return train.statistics
    return channel_statistics(lambda places: train.fetch(readable[places]), len(readable))
