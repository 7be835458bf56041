"""Progress of a pass over images."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from pytorch_lightning.utilities.exceptions import SIGTERMException

from askwell.scoring.scorer import Track

Item = TypeVar("Item")


class PoolProgress(ABC):
    """A display of the progress of a pass over images."""

    @abstractmethod
    def track(self, batches: Iterable[Item], total: int, description: str) -> Iterator[Item]:
        """The same batches, counted on a bar of `total` while they are taken."""


def tracked(trainer: Any, bar: PoolProgress | None) -> Track:
    """Counts a pass over images on `bar`, if any, and ends it between two batches on SIGTERM."""

    def track(batches: Iterable[int], total: int, description: str) -> Iterator[int]:
        for batch in batches if bar is None else bar.track(batches, total, description):
            if trainer.received_sigterm:  # Lightning itself looks between training steps only
                raise SIGTERMException
            yield batch

    return track
