"""Which settings change no result, and what settings were before they existed."""

from collections.abc import Iterable
from typing import Any

LIMITS = ("rounds", "budget", "target_accuracy")
PLACES = (
    "data_dir",
    "cache_dir",
    "dataset.data_dir",
    "dataset.cache_dir",
    "dataset.root",
    "dataset.repository",
    "dataset.image_list",
)
APPEARANCE = ("title", "colour", "marker")
LISTENERS = ("log_rounds", "console", "progress", "checkpoint", "snapshot")

FREE = (
    *LIMITS,
    *(f"callbacks.active_learning.{limit}" for limit in LIMITS),
    *("resume", "name", "free", "jobs"),
    "threads",  # decides last bits; a run keeps the number that it began with
    *PLACES,
    *("answers_dir", "oracle.answers_dir", "oracle.folder"),
    # How the same images are read; what a broken image leaves out changes the data set's
    # fingerprint.
    *("dataset.store", "dataset.timeout", "dataset.broken_images", "datamodule.num_workers"),
    "dataset.grow",  # images that came later are known by their indices
    *("dataset.num_classes", "embedding.features"),  # taken from the data
    *("logger", "hydra"),
    *(f"callbacks.{listener}" for listener in LISTENERS),
    # How the report shows a strategy.
    *(f"{group}.{part}" for group in ("strategy", "initial") for part in APPEARANCE),
)
"""Settings that do not count, with all below them. Users add to it: `free=[callbacks.mine]`."""

TRAINER = {
    "trainer._target_": "Trainer",
    "trainer.precision": "32-true",
    "trainer.gradient_clip_val": None,
    "trainer.gradient_clip_algorithm": "norm",
    "trainer.accumulate_grad_batches": 1,
    "trainer.sync_batchnorm": False,
    "trainer.fast_dev_run": False,
}
"""The trainer's flags that count, with Lightning's defaults.

The others say where and how fast, not what.
"""

FORMER: dict[str, Any] = {
    **TRAINER,
    "initial._target_": "RandomSampling",
    "callbacks.active_learning.initial": "copy of initial",
    "budget_counts": "answers",
    "callbacks.active_learning.budget_counts": "answers",
    "draws._target_": "Laplace",
    "draws.prior_precision": 1.0,
    "callbacks.active_learning.draws": "copy of draws",
    "model.network.dropout": 0.0,
    "protocol.ahead": 1,
    "callbacks.active_learning.ahead": 1,
    "protocol.relabel": 0,
    "callbacks.active_learning.relabel": 0,
    "embedding._target_": "Own",
    "datamodule.embedding": "copy of embedding",
    "datamodule.inputs": "pixels",
    "datamodule.realism": "copy of realism",
    "realism._target_": "Realism",
    "realism.shift": 1,
    "realism.noise": 8,
    "realism.seed": 0,
}
"""Values of settings that older configurations lack: their runs computed with these."""


def is_free(path: str, free: Iterable[str] = FREE) -> bool:
    """Whether the setting at a dotted path does not count; a few flags of `trainer` do."""
    if path.startswith("trainer."):
        return path not in TRAINER
    return path == "trainer" or any(path == one or path.startswith(f"{one}.") for one in free)
