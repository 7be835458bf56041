"""The exception for mistakes of the user, and how it is reported."""

import errno
import re
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from askwell.text import visible

USAGE_ERROR = 2
EXIT_WAITING = 75
"""The exit code of a run that waits for people: EX_TEMPFAIL, try again later."""

FULL = "make room on the disk"
REMEDIES = {
    errno.EACCES: "change its permissions, or choose another place",
    errno.EPERM: "change its permissions, or choose another place",
    errno.EROFS: "choose a place that can be written to",
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.EIO: "check the disk",
    errno.ENAMETOOLONG: "choose a shorter name=...",
    errno.ENOTDIR: "expected a folder and found a file: remove it, or choose another place",
    errno.EEXIST: "expected a folder and found a file: remove it, or choose another place",
    errno.EISDIR: "expected a file and found a folder: remove it, or choose another name=...",
    errno.ELOOP: "the link leads to itself: remove it",
    errno.ENOLCK: "the file system has no locks: choose a place on another disk",
}
"""What a user can do about errors of the operating system."""

POINTERS = re.compile(
    r"\s*See https?://\S+(?: for details)?\.?|,? set env var HYDRA_FULL_ERROR=1 to see chained "
    r"exception\.?"
)
"""References in Hydra's messages that are of no help here."""


class UserError(Exception):
    """A mistake that the user can fix: one line that says how, exit code 2, no traceback."""


class StillWaitingError(UserError):
    """Answers that a waiting run cannot accept; it still waits."""


def user_error(error: BaseException | None) -> str | None:
    """The one line for an error that the user can fix, found among its causes; else None."""
    chain = []
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    for kinds in (UserError, _of_hydra(), _of_lightning()):
        for link in chain:
            if isinstance(link, kinds) and not _is_bug(link):
                return _one_line(str(link))
    for link in chain:
        if isinstance(link, OSError) and link.errno in REMEDIES:
            return _one_line(line_of(link))
    for link in chain:
        if isinstance(link, ValueError | TypeError | AssertionError) and _while_composing(link):
            return _one_line(f"the configuration cannot be composed: {link or type(link).__name__}")
    return None


def line_of(error: OSError) -> str:
    """The system's message, the file, and what to do."""
    place = Path(str(error.filename)) if error.filename is not None else None
    subject = (
        "cannot write"
        if place is None
        else f"cannot use {place if len(str(place)) < 200 else '...'}"
    )
    remedy = REMEDIES.get(error.errno or 0, "choose another place")
    return f"{subject} ({error.strerror or error}): {remedy}"


def _one_line(message: str) -> str:
    """The message on one line, without `_base` choices and the folders that Hydra searched."""
    words = POINTERS.sub("", message.split("Config search path")[0]).split()
    return visible(" ".join(word for word in words if word != "_base"))


def exit_with(mistake: str) -> NoReturn:
    """Prints the user's mistake and exits."""
    print(f"askwell: {mistake}", file=sys.stderr)
    sys.exit(USAGE_ERROR)


def _of_hydra() -> tuple[type[Exception], ...]:
    """What Hydra and OmegaConf raise for a configuration."""
    from hydra.errors import HydraException  # for which `askwell --help` need not wait
    from omegaconf.errors import OmegaConfBaseException

    return HydraException, OmegaConfBaseException


def _of_lightning() -> tuple[type[Exception], ...]:
    """What Lightning raises for flags that do not fit the machine; empty if not imported."""
    module = sys.modules.get("lightning_fabric.utilities.exceptions")
    return () if module is None else (module.MisconfigurationException,)


def _is_bug(error: BaseException) -> bool:
    """Whether Hydra only passes on what a constructor raised.

    Wrong arguments and paths are the configuration's fault.
    """
    from hydra.errors import InstantiationException

    of_config = (TypeError, ImportError, AttributeError, type(None))
    return isinstance(error, InstantiationException) and not isinstance(error.__cause__, of_config)


def _while_composing(error: BaseException) -> bool:
    """Whether Hydra or OmegaConf raised it before any job ran.

    They check a configuration by all kinds of exceptions.
    """
    import hydra
    import omegaconf

    frames = traceback.extract_tb(error.__traceback__)
    composers = tuple(str(Path(str(package.__file__)).parent) for package in (hydra, omegaconf))
    ran = any(frame.name == "run_job" for frame in frames)
    return bool(frames) and not ran and frames[-1].filename.startswith(composers)
