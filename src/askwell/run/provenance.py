"""What a run ran on: enough to reproduce it."""

import hashlib
import logging
import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from askwell.run.run_json import read_run
from askwell.strategy.appearance import appearance_of

log = logging.getLogger(__name__)

PACKAGES = (
    *(
        "askwell",
        "torch",
        "torchvision",
        "pytorch-lightning",
        "torchmetrics",
        "numpy",
        "pillow",
        "mlxtend",
    ),
    *("hydra-core", "omegaconf", "wandb"),
)
"""The packages that decide results."""


def of_process() -> dict[str, Any]:
    """The command that started this process, its commit, and the versions of its packages."""
    return {
        "command": shlex.join([*_program(), *sys.argv[1:]]),
        "git_commit": _git_commit(),
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in PACKAGES},
    }


def _program() -> list[str]:
    """The words that people type to start this program."""
    module = getattr(sys.modules["__main__"], "__spec__", None)  # of `python -m`
    if module and module.name == "askwell.command.train":
        return ["askwell", "train"]
    return ["python", sys.argv[0]]


def of_study(data: Any, plan: Any, labelling: Any, sight: Any) -> dict[str, Any]:
    """The data, the sizes and the device of a run, from the parts that hold them."""
    return {
        "query_size": plan.query_size,
        "initial_size": plan.initial_size,
        "rescore_every": labelling.rescore_every,
        **({"ahead": labelling.ahead} if labelling.ahead > 1 else {}),
        "pool": len(data.dataset.train),
        "evaluation": len(sight.truth),
        "classes": list(data.dataset.classes),
        "dataset_fingerprint": data.dataset.fingerprint,
        "initial_digest": digest(np.array([*data.pool.given, *labelling.first], np.int64)),
        "scoring_batch_size": sight.scorer.at_once,
        "device": device_name(sight.scorer.device),
        "processes": sight.scorer.processes.size,
        "threads": torch.get_num_threads(),
        "appearance": appearance_of(labelling.strategy),
    }


@contextmanager
def threads_of(run: dict[str, Any], wished: int | None = None) -> Iterator[None]:
    """Computes with the number of threads that `run`, a run.json, began with.

    The number decides last bits. Where `run` does not say, it is the number `wished`, or where that
    is None what torch takes: all cores, or OMP_NUM_THREADS.
    """
    began, now = threads_in(run), torch.get_num_threads()
    if began is not None and began != (wished or now):
        log.warning(
            "continuing with %d threads, as the run began; this process would use %d",
            began,
            wished or now,
        )
    number = began or wished
    if number is None:
        yield
        return
    environment = os.environ.get("OMP_NUM_THREADS")
    _set_threads(number, str(number))
    try:
        yield
    finally:
        _set_threads(now, environment)


def threads_of_sweep(folder: Path) -> int:
    """The number of threads of a sweep's jobs where none is set: 1, whatever runs at once.

    A sweep from before this was so keeps the number of its first job.
    """
    runs = sorted(folder.glob("*/run.json"), key=lambda file: (len(file.parent.name), file))
    found = (threads_in(read_run(file.parent) or {}) for file in runs)
    return next((number for number in found if number is not None), 1)


def threads_in(run: dict[str, Any]) -> int | None:
    """The number of threads that a run.json records."""
    if run.get("threads"):
        return int(run["threads"])
    # Runs older than the key `threads` have it in the name of the device.
    found = re.search(r"(\d+) threads", str(run.get("device")))
    return int(found[1]) if found else None


def _set_threads(number: int, environment: str | None) -> None:
    torch.set_num_threads(number)
    if environment is None:
        os.environ.pop("OMP_NUM_THREADS", None)
    else:  # for the processes that this one starts, and so that Lightning leaves the number alone
        os.environ["OMP_NUM_THREADS"] = environment


def weights_digest(weights: Mapping[str, torch.Tensor]) -> str:
    """A digest of a network's weights."""
    as_bytes = (
        weight.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        for weight in weights.values()
    )
    return digest(*(weight.numpy() for weight in as_bytes))


def device_name(device: torch.device) -> str:
    """The device and, on a CPU, the number of threads, which decides last bits."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.machine()}, {torch.get_num_threads()} threads)"


def digest(*arrays: np.ndarray) -> str:
    """A digest of the content of these arrays."""
    return hashlib.sha256(
        b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
    ).hexdigest()[:16]


def _git_commit() -> str | None:
    """The commit of the checkout this runs from, marked if it was changed; None outside a checkout,
    also where the package is installed below a checkout of something else.
    """
    try:
        _git("ls-files", "--error-unmatch", Path(__file__).name)
        return _git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*words: str) -> str:
    """What git says of the folder of this file."""
    command = ["git", "-C", str(Path(__file__).parent), *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=10, check=True
    ).stdout.strip()
