"""What a run computes: a resume must share it, and a report tells runs apart by it.

Everything in the config counts, a user's own groups, callbacks and parameters included, except the
dotted paths listed here. A setting counts by its whole path, a class by its name, a file by its
content.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from askwell.errors import UserError
from askwell.run.free_settings import FORMER, FREE, is_free

PRECISIONS = {"16": "16-mixed", "bf16": "bf16-mixed", "32": "32-true", "64": "64-true"}
REFERENCE = re.compile(r"\$\{([\w.]+)\}")  # a setting that is another one
OF_PROCESS = re.compile(r"\$\{(hydra|now):")  # where and when a process runs

OF_FILE = "sha256:"
FOLDER = "local-dir:"  # how timm names a folder
COPY_OF_SEED = "copy of seed"

ReadFile = Callable[[Path], str]


def study_of(cfg: DictConfig) -> dict[str, Any]:
    """The settings of a composed config that decide what is computed, by dotted name.

    Settings that are None or as in `FORMER` are left out, so that equal studies are equal
    dictionaries. A class counts by its name, a file by a digest of its content, a copy of a group
    by the name of that group; absolute paths to anything else do not count.

    >>> model = {"_target_": "mine.Net", "width": 8}
    >>> study_of(OmegaConf.create({"seed": 0, "rounds": 25, "model": model}))
    {'seed': 0, 'model._target_': 'Net', 'model.width': 8}
    """
    free = free_paths(cfg)
    return _settings(_plain(cfg, free), free, _digest)


def study_of_run(run: dict[str, Any]) -> dict[str, Any] | None:
    """The same for a run.json; None where it does not say. Reads no file that the run names."""
    if isinstance(run.get("study"), dict):
        return run["study"]
    config = run.get("config")
    if not isinstance(config, dict) or not config:
        return None
    # A run older than `study` in run.json: its config is resolved, so copies of the seed are known
    # by name and value.
    settings = _settings(config, FREE, lambda path: path.name)
    copies = [
        path
        for path, value in settings.items()
        if path.endswith(".seed") and value == config.get("seed")
    ]
    return settings | dict.fromkeys(copies, COPY_OF_SEED)


def free_paths(cfg: DictConfig) -> tuple[str, ...]:
    """What does not count: `FREE`, the user's own list, and what callbacks copy from either."""
    own = cfg.get("free") or ()
    if isinstance(own, str):
        raise UserError(f"free must be a list of settings, write free=[{own}]")
    free = (*FREE, *own)
    raw = OmegaConf.to_container(cfg, resolve=False)
    callbacks = raw.get("callbacks") if isinstance(raw, dict) else None
    copied = [
        path
        for path, value in _leaves(callbacks or {}, "callbacks")
        if _is_copy_of_free(value, free)
    ]
    return (*free, *copied)


def refuse_other_study(
    run: dict[str, Any], study: dict[str, Any], place: object, free: Iterable[str] = FREE
) -> None:
    """Raises UserError if `run` does not compute `study`.

    It names the first setting that differs, and both values.
    """
    old, new = study_of_run(run), study
    if old is None:
        return
    # An older run knows files by name alone, not by content.
    if "study" not in run:
        files = {path for path, value in new.items() if str(value).startswith(OF_FILE)}
        old, new = (
            {path: value for path, value in each.items() if path not in files}
            for each in (old, new)
        )
    for setting in sorted(
        old.keys() | new.keys(), key=lambda name: (name.startswith("callbacks"), name)
    ):
        was, wished = (settings.get(setting, FORMER.get(setting)) for settings in (old, new))
        if was != wished and not is_free(setting, free):
            advice = (
                f", or free=[{_callback(setting)}] if it changes no result"
                if _callback(setting)
                else ""
            )
            raise UserError(
                f"{place} holds a run with {setting}={was}, this one has {setting}={wished}: "
                f"use the same, or choose another name=...{advice}"
            )


def _callback(setting: str) -> str | None:
    """The user's own callback that a setting belongs to, if any."""
    parts = setting.split(".")
    return (
        ".".join(parts[:2]) if parts[0] == "callbacks" and parts[1] != "active_learning" else None
    )


def _is_copy_of_free(value: Any, free: Iterable[str]) -> bool:
    reference = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return reference is not None and is_free(reference[1], free)


def _plain(cfg: DictConfig, free: tuple[str, ...]) -> dict[str, Any]:
    """The config as a dictionary, resolved where it counts; copies of groups are only named."""

    def plain(node: Any, path: str) -> Any:
        if is_free(path, free) and path != "trainer":
            return None
        if isinstance(node, dict):
            return {
                str(key): plain(child, f"{path}.{key}" if path else str(key))
                for key, child in node.items()
            }
        if not (isinstance(node, str | list) and "${" in str(node)):
            return node
        if OF_PROCESS.search(str(node)):
            return None
        if node == "${seed}":
            return COPY_OF_SEED
        known, place = _referred(raw, node)
        if isinstance(known, dict):
            return _copy_of(place)
        if known is not None and "${" not in str(known):
            return known
        value = OmegaConf.select(cfg, path)
        if isinstance(value, DictConfig):
            return _copy_of(value._get_full_key(""))
        return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value

    raw: Any = OmegaConf.to_container(cfg, resolve=False)
    return plain(raw, "")


def _referred(raw: dict[str, Any], node: Any) -> tuple[Any, str]:
    """The value that a setting takes from another one, and where that is. None where OmegaConf has
    to resolve it, which takes ten times as long.
    """
    place = ""
    while isinstance(node, str) and (reference := REFERENCE.fullmatch(node)):
        place, node = reference[1], raw
        for key in place.split("."):
            node = node.get(key) if isinstance(node, dict) else None
    return (node if place else None), place


def _settings(config: dict[str, Any], free: Iterable[str], read: ReadFile) -> dict[str, Any]:
    groups = {name: group for name, group in config.items() if isinstance(group, dict) and group}
    named = {
        name: _with_copies_named(group, groups) if name in groups else group
        for name, group in config.items()
    }
    found = {
        path: _known(value, path, read)
        for path, value in _leaves(named, "")
        if not is_free(path, free)
    }
    return {
        path: value
        for path, value in found.items()
        if value is not None and value != FORMER.get(path)
    }


def _with_copies_named(node: dict[str, Any], groups: dict[str, Any]) -> dict[str, Any]:
    """The node with each part that equals a group replaced by the group's name: it counts there."""
    names = {
        key: next((name for name, group in groups.items() if group == child), None)
        for key, child in node.items()
    }
    return {
        key: _copy_of(names[key])
        if names[key]
        else (_with_copies_named(child, groups) if isinstance(child, dict) else child)
        for key, child in node.items()
    }


def _copy_of(group: str | None) -> str:
    return f"copy of {group}"


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(node, dict):
        yield path, node
        return
    for key, child in node.items():
        yield from _leaves(child, f"{path}.{key}" if path else str(key))


def _known(value: Any, path: str, read: ReadFile) -> Any:
    """A value as it counts: classes without their module, files by content, no absolute path."""
    if isinstance(value, dict):
        return {key: _known(child, f"{path}.{key}", read) for key, child in value.items()}
    if isinstance(value, list):
        return [_known(child, path, read) for child in value]
    if path == "trainer.precision":
        return PRECISIONS.get(str(value), value)
    if not isinstance(value, str):
        return value
    if path.endswith("_target_"):
        return value.rpartition(".")[2]
    return _known_path(value, read)


def _known_path(value: str, read: ReadFile) -> str | None:
    if value.startswith(FOLDER):
        return FOLDER + Path(value.removeprefix(FOLDER)).name
    if "/" not in value and not Path(value).suffix:
        return value
    path = Path(value).expanduser() if value.startswith("~/") else Path(value)
    try:
        if (path / "run.json").is_file():  # a run counts by the answers that it was given
            path /= "answers.jsonl" if (path / "answers.jsonl").is_file() else "queries.csv"
        if path.is_file():
            return read(path)
    except (OSError, ValueError):  # a text that cannot be a path
        return value
    return None if path.is_absolute() else value


def _digest(path: Path) -> str:
    """A digest of a file's content, which a copy elsewhere shares."""
    with path.open("rb") as file:
        return f"{OF_FILE}{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"
