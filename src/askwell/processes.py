"""The processes of one run, and what they exchange."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn

from askwell.errors import UserError

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Processes:
    """One of `size` processes, which all call each method in the same order."""

    rank: int = 0
    size: int = 1
    device: torch.device = CPU  # where the backend exchanges tensors

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def gather(self, share: Any) -> list[Any]:
        """The shares of all processes, in order of rank.

        Small objects only, since they are pickled.

        Raises UserError where a process exchanges something else at the same time.
        """
        if self.size == 1:
            return [share]
        shares: list[Any] = [None] * self.size
        distributed.all_gather_object(shares, share)
        if other := odd_one([type(each).__name__ for each in shares]):
            odd = f"process {other} is at another step than process 0"
            raise UserError(
                f"{odd}, since its strategy branched differently: "
                "a strategy must decide only by the candidates and the generator it is given"
            )
        return shares

    def gather_rows(self, rows: Tensor) -> Tensor:
        """The rows [n, ...] of all processes, by rank, on the CPU; n may differ or be 0."""
        if self.size == 1:
            return rows.cpu()
        counts = self.gather(len(rows))
        padded = rows.new_zeros((max(counts), *rows.shape[1:]), device=self.device)
        padded[: len(rows)] = rows
        shares = [torch.empty_like(padded) for _ in counts]
        distributed.all_gather(shares, padded)
        return torch.cat([share[:count].cpu() for share, count in zip(shares, counts, strict=True)])


ALONE = Processes()
"""The only process of a run."""


def odd_one(values: Sequence[Any]) -> int | None:
    """The first process whose value is not that of process 0; None where all agree.

    >>> odd_one(["a", "a", "b"])
    2
    """
    return next((rank for rank, value in enumerate(values) if value != values[0]), None)


def share_buffers(module: nn.Module, processes: Processes) -> None:
    """Gives all processes the batch-norm statistics of the first, which its checkpoint holds."""
    if processes.size > 1:
        for buffer in module.buffers():
            distributed.broadcast(buffer, 0)
