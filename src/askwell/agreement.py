"""The processes of one run, compared: what they hold and what they choose must be the same on all of them."""

import hashlib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback
from torch import distributed

from askwell.dataset.base import OpenDataset
from askwell.errors import UserError
from askwell.text import visible

Gather = Callable[[Any], list[Any]]
"""One object of this process to the list of all processes' objects, in order of rank."""

PROGRAM = ("askwell", "torch", "pytorch-lightning")
SHOWN = 80
"""Characters of a value that an error shows."""


def alone(share: Any) -> list[Any]:
    """The `Gather` of a single process."""
    return [share]


def gather(share: Any, processes: int) -> list[Any]:
    """The shares of all processes. Raises UserError where a process exchanges something else at the same time."""
    if processes == 1:
        return [share]
    shares: list[Any] = [None] * processes
    distributed.all_gather_object(shares, share)
    if other := odd_one([type(each).__name__ for each in shares]):
        odd = f"process {other} is at another step than process 0, since its strategy took another way"
        raise UserError(f"{odd}: a strategy must decide by the candidates and the generator that it is given alone")
    return shares


def odd_one(values: list[Any]) -> int | None:
    """The first process whose value is not that of process 0; None where all agree.

    >>> odd_one(["a", "a", "b"])
    2
    """
    return next((rank for rank, value in enumerate(values) if value != values[0]), None)


def refuse_differences(held: Mapping[str, Any], gather: Gather, advice: str) -> None:
    """Raises UserError, the same on all processes, if one holds something else than the first."""
    first, *others = gather(dict(held))
    for rank, other in enumerate(others, start=1):
        for name in first | other:
            if other.get(name) != first.get(name):
                theirs, ours = (visible(str(values.get(name)))[:SHOWN] for values in (other, first))
                raise UserError(f"process {rank} has {name} {theirs}, process 0 has {ours}: {advice}")


def held_at_start(
    settings: Mapping[str, Any], dataset: OpenDataset, weights: str, checkpoint: Path | None
) -> dict[str, Any]:
    """What a process computes with, by name: program, data, settings, initial `weights` (a digest)."""
    return {
        **{f"{name} version": version(name) for name in PROGRAM},
        "images to train on": len(dataset.train),
        "images to evaluate with": len(dataset.evaluation),
        "number of classes": len(dataset.classes),
        "names of classes": digest_of(dataset.classes),
        "data set": dataset.fingerprint,
        **settings,
        "initial weights": weights,
        "a checkpoint to resume from": checkpoint is not None,
    }


def digest_of(values: Any) -> str:
    """Names plain values, such as a list of indices, in 16 letters."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


class SameStart(Callback):
    """Ends a run whose processes do not start with the same: settings, data, packages, weights."""

    def __init__(self, held: Mapping[str, Any]) -> None:
        self.held = held

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        advice = "start all processes with the same settings, data, packages and run folder"
        refuse_differences(self.held, lambda share: gather(share, trainer.world_size), advice)
