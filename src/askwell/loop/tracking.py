"""How far a pass over images has come."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from pytorch_lightning.utilities.exceptions import SIGTERMException

Item = TypeVar("Item")


def tracked(trainer: Any) -> Callable[[Iterable[int], int, str], Iterator[int]]:
    """How a pass over images is watched: a bar where the trainer has one, and an end between two
    batches on SIGTERM.
    """

    def track(batches: Iterable[int], total: int, description: str) -> Iterator[int]:
        bars = [callback for callback in trainer.callbacks if isinstance(callback, PoolProgress)]
        for batch in bars[0].track(batches, total, description) if bars else batches:
            if trainer.received_sigterm:  # Lightning itself looks between training steps only
                raise SIGTERMException
            yield batch

    return track


class PoolProgress:
    """What can show how far a pass over images has come."""

    def track(self, batches: Iterable[Item], total: int, description: str) -> Iterator[Item]:
        """The same batches, counted on a bar of `total` while they are taken."""
        raise NotImplementedError
