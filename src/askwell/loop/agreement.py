"""Comparison of the processes of a run: they must hold and choose the same."""

import hashlib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback

from askwell.dataset.base import OpenDataset
from askwell.errors import UserError
from askwell.processes import Processes
from askwell.text import visible

Gather = Callable[[Any], list[Any]]
"""An object of this process to the list of those of all processes, by rank."""

PROGRAM = ("askwell", "torch", "pytorch-lightning")
SHOWN = 80
"""The most characters of a value that an error shows."""


def refuse_differences(held: Mapping[str, Any], gather: Gather, advice: str) -> None:
    """Raises UserError on all processes if one of them differs from the first."""
    first, *others = gather(dict(held))
    for rank, other in enumerate(others, start=1):
        for name in first | other:
            if other.get(name) != first.get(name):
                theirs, ours = (visible(str(values.get(name)))[:SHOWN] for values in (other, first))
                raise UserError(
                    f"process {rank} has {name} {theirs}, process 0 has {ours}: {advice}"
                )


def held_at_start(
    settings: Mapping[str, Any], dataset: OpenDataset, weights: str, checkpoint: Path | None
) -> dict[str, Any]:
    """What a process computes with, by name; `weights` is a digest of the initial ones."""
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
    """A digest of plain values, such as a list of indices, in 16 letters."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


class SameStart(Callback):
    """Ends a run whose processes start with different settings, data, packages or weights."""

    def __init__(self, held: Mapping[str, Any]) -> None:
        self.held = held

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        advice = "start all processes with the same settings, data, packages and run folder"
        refuse_differences(
            self.held, Processes(trainer.global_rank, trainer.world_size).gather, advice
        )
