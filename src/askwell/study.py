"""What makes a run the study it is: the settings that a resume must share, and by which a report tells runs apart."""

from typing import Any

from askwell.errors import UserError

FREE_GROUPS = {"trainer", "logger", "hydra"}
FREE_CALLBACKS = {"log_rounds", "console", "progress", "checkpoint", "snapshot"}
FREE_SETTINGS = {
    *("rounds", "budget", "target_accuracy", "resume", "name"),  # how far a run goes, and what it is called
    *("data_dir", "cache_dir", "root", "store", "num_workers", "repository", "timeout"),  # where the same data lie
    "broken_images",  # what it leaves out changes the fingerprint
    "num_classes",  # filled in from the data
}


def study_settings(config: dict[str, Any]) -> dict[str, Any]:
    """The settings of a resolved config that decide what is computed, by dotted name."""
    groups = {group: content for group, content in config.items() if group not in FREE_GROUPS}
    callbacks = groups.pop("callbacks", None) or {}
    callbacks = {name: node for name, node in callbacks.items() if name not in FREE_CALLBACKS}
    leaves = _leaves(groups | {"callbacks": callbacks}, ())
    return {".".join(path): value for path, value in leaves if path[-1] not in FREE_SETTINGS}


def refuse_other_study(before: dict[str, Any], now: dict[str, Any], place: object) -> None:
    """Raises UserError, naming the first setting that differs and both values, if the configs are of two studies."""
    old, new = study_settings(before), study_settings(now)
    for setting in sorted(old.keys() | new.keys(), key=lambda name: (name.startswith("callbacks"), name)):
        if (was := old.get(setting)) != (wished := new.get(setting)):
            other = f"{place} holds a run with {setting}={was}, this one has {setting}={wished}"
            raise UserError(f"{other}: go on with the same, or choose another name=...")


def _leaves(node: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    if not isinstance(node, dict):
        return [(path, node)]
    return [leaf for key, child in node.items() for leaf in _leaves(child, (*path, str(key)))]
