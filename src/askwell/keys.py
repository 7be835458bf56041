"""Randomness as a pure function of what it is for: no generator state is ever saved, shared or passed on."""

import hashlib

import torch
from pytorch_lightning import seed_everything

from askwell.errors import UserError


def key(*parts: int | str) -> int:
    """A number in [0, 2^63) that depends on `parts` alone, such as ("query", seed, round).

    >>> key("query", 0, 7) == key("query", 0, 7) != key("query", 0, 8)
    True
    """
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def seed_process(seed: int) -> None:
    """Seeds the global generators, which only the initial weights draw from. Raises UserError for what is no seed."""
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise UserError(f"seed={seed}: expected a whole number from 0 to {2**32 - 1}")
    seed_everything(seed, verbose=False)


def generator(*parts: int | str) -> torch.Generator:
    """A fresh CPU generator seeded by `key(*parts)`.

    >>> first, again = (torch.rand(2, generator=generator("query", 0, 7)) for _ in range(2))
    >>> torch.equal(first, again)
    True
    """
    return torch.Generator().manual_seed(key(*parts))
