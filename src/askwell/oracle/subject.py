"""What an oracle without the truth knows: images, their names, and the classes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from askwell.errors import UserError
from askwell.images.contracts import Images
from askwell.oracle.answers import KINDS, Oracle
from askwell.text import first_of, listing, visible

NAMED = 6
"""The most images that an error names."""


@dataclass(frozen=True)
class Subject:
    """The images that answers are about, and the fingerprint of their data set."""

    images: Images
    classes: tuple[str, ...]
    fingerprint: str

    @property
    def names(self) -> Sequence[str] | None:
        """Paths of the images relative to the data set's root; None where they are no files."""
        return self.images.names

    def described(self, indices: Sequence[int]) -> str:
        """Some images, as an error names them."""
        known = self.names
        names = [f"{one}" if known is None else f"{one} ({visible(known[one])})" for one in indices]
        return f"index {first_of(names, NAMED)}"

    def fingerprint_of(self, index: int) -> str:
        """A digest of the pixels of an image, wherever they are stored."""
        pixels = self.images.fetch(torch.tensor([index]).numpy())[0].permute(1, 2, 0).cpu()
        return pixels_digest(pixels.numpy())

    def label_of(self, word: str, source: object) -> int:
        """The answer that `word` means. Raises UserError if it means none."""
        if word in self.classes:
            return self.classes.index(word)
        if word in KINDS:
            return KINDS[word]
        known = listing([repr(visible(name)) for name in (*self.classes, *KINDS)])
        raise UserError(f"{source} holds the label {visible(word)!r}: expected one of {known}")


def pixels_digest(pixels: np.ndarray) -> str:
    """What an image is known by, wherever it is: a digest of uint8 [H, W, C]."""
    content = repr(tuple(pixels.shape)).encode() + np.ascontiguousarray(pixels).tobytes()
    return hashlib.sha256(content).hexdigest()[:32]


def oracle_for(factory: Any, dataset: Any) -> Oracle:
    """The oracle of a run. Only an oracle that `sees_truth`, the default, is given labels; one that
    `sees_classes` is given their names too.

    Raises UserError if it needs labels that the data set lacks.
    """
    made = getattr(factory, "func", factory)
    if not getattr(made, "sees_truth", True):
        if words := sorted({*dataset.classes} & {*KINDS}):
            raise UserError(f"a class cannot be called {words[0]!r}, which is an answer of its own")
        # Lightning behind it takes seconds, which the page of `askwell label` can do without.
        from askwell.embedding.embedded import pictures_of

        images = pictures_of(dataset.train)
        return factory(Subject(images, dataset.classes, dataset.fingerprint))
    if not dataset.knows_truth:
        raise UserError(
            "the images have no labels to simulate answers with: set oracle=file to answer "
            "yourself, or oracle=replay to repeat answers"
        )
    names = {"classes": dataset.classes} if getattr(made, "sees_classes", False) else {}
    return factory(labels=dataset.train.truth, num_classes=len(dataset.classes), **names)
