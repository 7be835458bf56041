"""Randomness as a pure function of what it is for: no generator state is ever saved, shared or passed on."""

import hashlib

import torch


def key(*parts: int | str) -> int:
    """A number in [0, 2^63) that depends on `parts` alone, such as ("query", seed, round)."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator(*parts: int | str) -> torch.Generator:
    """A fresh CPU generator seeded by `key(*parts)`."""
    return torch.Generator().manual_seed(key(*parts))
