"""Randomness as a pure function of its purpose: no generator state is saved or shared."""

import hashlib

import torch
from torch import Tensor

from askwell.errors import UserError

# Multipliers of the SplitMix64 generator (Steele et al., 2014), as signed 64-bit integers.
GOLDEN, MIX1, MIX2 = -7046029254386353131, -4658895280553007687, -7723592293110705685
DRAWS = 64  # of one image in one epoch, at most


def key(*parts: int | str) -> int:
    """A number in [0, 2^63) that depends on `parts` alone, such as ("query", seed, round).

    >>> key("query", 0, 7) == key("query", 0, 7) != key("query", 0, 8)
    True
    """
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def seed_process(seed: int) -> None:
    """Seeds the global generators, from which only the initial weights are drawn.

    Raises UserError for what is no seed.
    """
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise UserError(f"seed={seed}: expected a whole number from 0 to {2**32 - 1}")
    # Seconds of imports, which the page of `askwell label` would be waited for.
    from pytorch_lightning import seed_everything

    seed_everything(seed, verbose=False)


def generator(*parts: int | str) -> torch.Generator:
    """A fresh CPU generator seeded by `key(*parts)`.

    >>> first, again = (torch.rand(2, generator=generator("query", 0, 7)) for _ in range(2))
    >>> torch.equal(first, again)
    True
    """
    return torch.Generator().manual_seed(key(*parts))


def uniform(indices: Tensor, key: int, draw: int | Tensor) -> Tensor:
    """One number in [0, 1) for each of `indices` [B]; for each draw too, [B, D], with indices
    [B, 1] and draws [D].

    A hash (SplitMix64) of index, `key` and `draw` (below 64) alone.
    """
    bits = (indices * DRAWS + draw) * GOLDEN + key
    bits = (bits ^ _shifted(bits, 30)) * MIX1
    bits = (bits ^ _shifted(bits, 27)) * MIX2
    return _shifted(bits ^ _shifted(bits, 31), 11).double() / 2**53


def _shifted(bits: Tensor, places: int) -> Tensor:
    """Logical shift to the right; torch's own keeps the sign."""
    return (bits >> places) & ((1 << (64 - places)) - 1)


def gumbel(indices: Tensor, key: int) -> Tensor:
    """Standard Gumbel noise for each of `indices` [B], a function of index and `key` alone.

    `argmax(log w + gumbel)` draws an index with probability proportional to its weight w (Gumbel,
    1954): the same one however the indices are divided and ordered.
    """
    return -(-uniform(indices, key, 0).clamp(min=2**-54).log()).log()
