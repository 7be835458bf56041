"""What a folder may have run when it is resumed: what Askwell, torch, torchvision and Lightning
build, and no more.

A folder comes from a colleague or a download. Whatever in it could run other code is found here,
before Hydra reads it.
"""

import importlib
import inspect
import re
from collections.abc import Iterable
from typing import Any

from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from askwell.command.overrides import CONF, parsed

CLASSES = (
    *(
        "askwell.acquisition",
        "askwell.loop.callback",
        "askwell.listener.console",
        "askwell.dataset",
        "askwell.embedding",
        "askwell.logger",
    ),
    *(
        "askwell.model",
        "askwell.oracle",
        "askwell.batches",
        "askwell.listener.progress",
        "askwell.listener.snapshot",
        "askwell.strategy",
    ),
    *("torch.nn", "torch.optim", "torchvision.models", "torchvision.ops", "torchvision.transforms"),
    *("pytorch_lightning.accelerators", "pytorch_lightning.callbacks", "pytorch_lightning.loggers"),
    *("pytorch_lightning.profilers", "pytorch_lightning.strategies", "pytorch_lightning.trainer"),
    *("lightning.pytorch.callbacks", "lightning.pytorch.loggers", "lightning.pytorch.profilers"),
)
"""Modules whose own classes only build parts of a run."""

FUNCTIONS = ("askwell.acquisition", "askwell.embedding", "askwell.model", "torchvision.models")
"""Modules whose own functions do so too; a function elsewhere may load, call or fetch anything."""

HYDRA = (
    *(
        "hydra.mode",
        "hydra.run.dir",
        "hydra.sweep.dir",
        "hydra.sweep.subdir",
        "hydra.output_subdir",
        "hydra.verbose",
    ),
    *("hydra.sweeper.max_batch_size", "hydra.sweeper.recorded", "hydra.job.chdir"),
    *("hydra/launcher", "hydra/sweeper", "hydra/job_logging", "hydra/hydra_logging"),
)
"""Settings of Hydra that run nothing, whatever their value; choices of its groups are installed."""

OF_LAUNCHER = re.compile(
    r"hydra\.launcher\.(n_jobs|timeout_min|cpus_per_task|gpus_per_node|tasks_per_node|mem_gb|nodes|name|partition|qos"
    r"|account|constraint|to|array_parallelism|max_num_timeout|signal_delay_s)"
)
AXES = re.compile(r"hydra\.sweeper\.params\.(.+)")

FETCHED = "repository"
"""What git runs against, wherever it is set."""

PACKAGES = ("askwell.", "torch.", "torchvision.", "pytorch_lightning.", "lightning.")

PLAIN = re.compile(r"\$\{(now:[^${}]*|hydra:[\w./]+|oc\.env:[\w,./ -]+|[\w.\[\]]+)\}")
"""Interpolations that only look something up; the others can make configuration out of text."""

WORD = re.compile(r"[\w.:/ -]*")


def foreign(words: Iterable[str]) -> list[str]:
    """Those overrides that could run something else than Askwell, in their order."""
    return [word for word in dict.fromkeys(words) if not is_harmless(word)]


def is_harmless(word: str) -> bool:
    """Whether an override can only choose among what Askwell ships, or build parts of torch and
    Lightning.
    """
    try:
        override = parsed(word)
        values = (
            list(override.sweep_iterator()) if override.is_sweep_override() else [override.value()]
        )
    except (HydraException, ValueError, TypeError, AttributeError):
        return False
    setting = override.key_or_group
    if override.package is not None or not _is_harmless_setting(setting, values):
        return False
    if _is_group(override) and not all(map(_is_choice, values)):
        return False
    return all(builds_known(value, setting) for value in values)


def is_known_target(name: str) -> bool:
    """Whether a `_target_` is a class, or a function where these are harmless, defined in the
    module it is asked of.
    """
    found = _found(name) if name.startswith(PACKAGES) else None
    if inspect.isclass(found):
        return _is_in(found, CLASSES)
    return inspect.isfunction(found) and _is_in(found, FUNCTIONS)


def _is_harmless_setting(setting: str, values: list[Any]) -> bool:
    if ".." in setting or setting.startswith(("/", ".")):
        return False
    if axis := AXES.fullmatch(setting):
        return all(is_harmless(f"{axis[1]}={value}") for value in values)
    if OF_LAUNCHER.fullmatch(setting):
        return all(WORD.fullmatch(str(value)) for value in values)
    if re.split(r"[./]", setting)[0] != "hydra":
        return True
    return setting in HYDRA and not any(".." in str(value) for value in values)


def _is_group(override: Override) -> bool:
    name = override.key_or_group
    return "/" in name or (CONF / name).is_dir()


def _is_choice(value: Any) -> bool:
    """Whether a value names files of conf/, and none outside it."""
    if isinstance(value, list):
        return all(map(_is_choice, value))
    return isinstance(value, dict) or (".." not in str(value) and not str(value).startswith("/"))


def builds_known(value: Any, setting: str) -> bool:
    """Whether a setting, with all that it holds, builds nothing but what Askwell may."""
    if isinstance(value, dict):
        return all(builds_known(child, f"{setting}.{key}") for key, child in value.items())
    if isinstance(value, list | tuple):
        return all(builds_known(child, setting) for child in value)
    text, last = str(value), setting.rpartition(".")[2]
    if last == "_target_":
        return is_known_target(text)
    return last != FETCHED and "${" not in PLAIN.sub("", text)


def _found(name: str) -> Any:
    """What a dotted name means: the longest part that is a module is imported."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            found = getattr(found, part, None)
        return found
    return None


def _is_in(found: Any, modules: Iterable[str]) -> bool:
    return any(f"{found.__module__}.".startswith(f"{module}.") for module in modules)
