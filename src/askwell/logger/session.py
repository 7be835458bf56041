"""Opening a W&B run without a prompt, a long wait or a failure."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import wandb

from askwell.errors import UserError
from askwell.text import visible

Mode = Literal["online", "offline", "disabled"]
MODES: dict[str, Mode] = {
    **{mode: mode for mode in get_args(Mode)},
    **{"run": "online", "dryrun": "offline"},  # former names, which wandb still takes
}

LAUNCH_INPUTS = "_detect_and_apply_job_inputs"


def open_run(
    wished: Mode, folder: str, id: str | None, settings: Mapping[str, Any], **init: Any
) -> wandb.Run:
    """A run in the `wished` mode, or offline where it cannot be online.

    Then one line on stderr says why.

    `settings` are those of wandb.Settings, `init` further arguments of wandb.init.
    """
    # Without the "meta" of wandb, which is the command line, the host and the home of whoever runs
    # it.
    quiet = wandb.Settings(
        silent=True, console="off", reinit="finish_previous", x_disable_meta=True, **settings
    )
    start = partial(_started, dir=folder, id=id, settings=quiet, **init)
    silence()
    if wished != "online":
        return start(mode=wished)
    obstacle = "there is no API key: `wandb login` logs in"
    try:
        if wandb.login(prompt=False, verify=False):
            with _cleared_on_failure(folder):
                run = start(mode="online")
            say(f"W&B: {run.url}")
            return run
    except Exception as error:  # whatever keeps W&B from the network, the run continues without it
        obstacle = f"the server cannot be used ({brief(error)})"
        give_up_service()
        silence()
    run = start(mode="offline")
    say(f"W&B is offline, as {obstacle}; `wandb sync {run.settings.sync_dir}` sends this run later")
    return run


def _started(**arguments: Any) -> wandb.Run:
    """A run by wandb.init, which would import all of W&B Launch, a second of work, only to find no
    inputs for it: nobody can have prepared any who has not imported it.
    """
    whole = getattr(wandb.Run, LAUNCH_INPUTS, None)
    if whole is None or "wandb.sdk.launch" in sys.modules:
        return wandb.init(**arguments)
    setattr(wandb.Run, LAUNCH_INPUTS, lambda run: None)
    try:
        return wandb.init(**arguments)
    finally:
        setattr(wandb.Run, LAUNCH_INPUTS, whole)


def wished_mode(mode: str) -> Mode:
    """What `mode` means: `auto` is WANDB_MODE, or online where that is not set.

    Raises UserError for an unknown mode.
    """
    setting, wished = "logger.wandb.mode", mode
    if mode == "auto":
        setting, wished = "WANDB_MODE", os.environ.get("WANDB_MODE") or "online"
    if wished not in MODES:
        raise UserError(f"{setting}={wished}: expected one of {', '.join(get_args(Mode))}")
    return MODES[wished]


def silence() -> None:
    """Silences wandb, also where it takes no settings, such as on logging in."""
    wandb.setup(settings=wandb.Settings(silent=True))


def give_up_service() -> None:
    """Drops wandb's background process, so that the next run starts a new one."""
    with suppress(Exception):  # a dead process cannot be ended
        wandb.teardown()


@contextmanager
def staged_below(folder: str) -> Iterator[None]:
    """Keeps wandb's staged and cached files in `folder`, with no variable left for the next job."""
    places = {
        "WANDB_DATA_DIR": Path(folder, "wandb"),
        "WANDB_CACHE_DIR": Path(folder, "wandb", "cache"),
    }
    ours = {name: str(place.absolute()) for name, place in places.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def say(line: str) -> None:
    """Prints one plain line on stderr."""
    print(visible(line), file=sys.stderr, flush=True)


def brief(error: Exception) -> str:
    """The first line of an error, or its kind where it says nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


@contextmanager
def _cleared_on_failure(folder: str) -> Iterator[None]:
    """Removes the empty run that an attempt to go online left, which W&B's viewers would list."""
    before = set(Path(folder).glob("wandb/run-*"))
    try:
        yield
    except Exception:
        for leftover in set(Path(folder).glob("wandb/run-*")) - before:
            shutil.rmtree(leftover, ignore_errors=True)
        raise
