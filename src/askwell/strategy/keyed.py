"""Random choices that depend on an image's index and a key alone, not on its place or batch."""

import torch
from torch import Generator, Tensor

from askwell.randomness import uniform


def fresh_key(generator: Generator) -> int:
    """A key for `askwell.randomness.uniform` and `gumbel`, drawn from `generator`."""
    return int(torch.randint(2**62, (1,), generator=generator))


def some(indices: Tensor, size: int, key: int) -> Tensor:
    """Ascending positions of `size` random ones of `indices` [N], of all if there are no more.

    >>> some(torch.arange(5), size=9, key=0)
    tensor([0, 1, 2, 3, 4])
    """
    if size >= len(indices):
        return torch.arange(len(indices))
    return uniform(indices, key, 0).argsort()[:size].sort().values
