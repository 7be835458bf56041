"""What must hold of a data set and its settings before a run begins with it."""

from collections.abc import Sequence

import numpy as np

from askwell.errors import UserError


def check_settings(store: str, broken_images: str) -> None:
    """Raises UserError for settings that do not exist, or that exclude each other."""
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


def check_images(count: int, name: str) -> None:
    """Raises UserError where a split has no images."""
    if count == 0:
        raise UserError(f"the {name} set of the data set has no images")


def check_labels(
    truth: np.ndarray | None, name: str, classes: Sequence[str], lowest: int = 0
) -> None:
    """Raises UserError where one of the labels [N] of a split names no class; `lowest` is UNKNOWN
    where labels may be absent.
    """
    if truth is None or len(truth) == 0:
        return
    low, high = int(truth.min()), int(truth.max())
    if low < lowest or high >= len(classes):
        raise UserError(
            f"the labels of the {name} set run from {low} to {high}, expected 0 to "
            f"{len(classes) - 1}: correct the labels or the classes of the data set"
        )
