"""How many jobs of a sweep a machine carries at once, and with how many threads each computes."""

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from askwell.errors import UserError
from askwell.machine import CONTAINER, cores

AUTO = "auto"

JOB_MEMORY = 2 * 1024**3
"""Bytes of memory that a job is taken to need; a default one takes 1 GiB, most of it libraries."""

DEVICE_FILES = ("nvidia[0-9]*", "kfd", "dxg")
"""What the drivers of GPUs leave in /dev of Linux."""


@dataclass(frozen=True)
class Machine:
    """What jobs share."""

    cores: int
    cards: int  # GPUs
    memory: int  # bytes that are available

    @classmethod
    def here(cls) -> "Machine":
        return cls(cores(), cards(), available_memory())


def jobs_at_once(wished: int | str, jobs: int, threads: int, on_gpu: bool, here: Machine) -> int:
    """How many of `jobs` run at once: the number `wished` or, for `auto`, what the machine carries.

    A job has a card of its own, or on a CPU as many cores as it has threads.

    >>> jobs_at_once("auto", 15, 1, False, Machine(cores=8, cards=0, memory=64 * 1024**3))
    8
    """
    carried = here.cards if on_gpu else here.cores // threads
    most = min(carried, here.memory // JOB_MEMORY) if wished == AUTO else int(wished)
    return max(1, min(jobs, most))


def refuse_bad_numbers(config: Any) -> None:
    """Raises UserError where `jobs` or `threads` cannot be meant."""
    if config.get("jobs", AUTO) != AUTO and not _is_positive(config.jobs):
        raise UserError(f"jobs={config.jobs}: expected auto, or how many run at once, from 1")
    if config.get("threads") is not None and not _is_positive(config.threads):
        raise UserError(f"threads={config.threads}: expected a whole number from 1, or null")


def is_on_gpu(trainer: Any) -> bool:
    """Whether Lightning would take a GPU for these flags of its trainer."""
    accelerator = str(trainer.get("accelerator", AUTO))
    return cards() > 0 if accelerator == AUTO else accelerator != "cpu"


@cache
def cards() -> int:
    """The GPUs that this process may use."""
    if sys.platform == "linux" and not any(map(any, map(Path("/dev").glob, DEVICE_FILES))):
        return 0  # without importing torch, for which the jobs would wait
    import torch

    return torch.accelerator.device_count() if torch.accelerator.is_available() else 0


def card_names() -> list[str]:
    """The GPUs as CUDA_VISIBLE_DEVICES names them."""
    visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    return visible or [str(number) for number in range(cards())]


def _is_positive(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number > 0


def available_memory(proc: Path = Path("/proc"), container: Path = CONTAINER) -> int:
    """Bytes of memory that are available, within the limit of a container."""
    described = proc / "meminfo"
    if not described.is_file():
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    lines = dict(line.split(":") for line in described.read_text().splitlines())
    available = int(lines["MemAvailable"].split()[0]) * 1024
    limit = container / "memory.max"
    most = limit.read_text().strip() if limit.is_file() else "max"
    if most == "max":
        return available
    used = int((container / "memory.current").read_text())
    counts = dict(line.split() for line in (container / "memory.stat").read_text().splitlines())
    return min(available, int(most) - used + int(counts["inactive_file"]))
