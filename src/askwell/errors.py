"""Mistakes of the user's: the one exception that stands for them, and how they are told."""

import sys
from typing import NoReturn

from hydra.errors import HydraException, InstantiationException
from omegaconf.errors import OmegaConfBaseException

USAGE_ERROR = 2


class UserError(Exception):
    """Something the user can put right: told in one line that says how, with exit code 2 and no traceback."""


def user_error(error: BaseException | None) -> str | None:
    """The one line for an error that is the user's to put right, found among its causes; None for one of ours."""
    chain = []
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    for kinds in (UserError, (HydraException, OmegaConfBaseException), _of_lightning()):
        for link in chain:
            if isinstance(link, kinds) and not _is_bug(link):
                return _one_line(link)
    return None


def _one_line(error: BaseException) -> str:
    """The message without line breaks, the hidden `_base` choices, and the folders that Hydra searched."""
    words = str(error).split("Config search path")[0].split()
    return " ".join(word for word in words if word != "_base")


def exit_with(mistake: str) -> NoReturn:
    """Tells the user's mistake and ends the program."""
    print(f"askwell: {mistake}", file=sys.stderr)
    sys.exit(USAGE_ERROR)


def _of_lightning() -> tuple[type[Exception], ...]:
    """What Lightning raises for flags that do not fit the machine; nothing where it was not even imported."""
    module = sys.modules.get("lightning_fabric.utilities.exceptions")
    return () if module is None else (module.MisconfigurationException,)


def _is_bug(error: BaseException) -> bool:
    """Whether Hydra only passes on what a constructor raised; wrong arguments and paths are the config's fault."""
    of_config = (TypeError, ImportError, AttributeError, type(None))
    return isinstance(error, InstantiationException) and not isinstance(error.__cause__, of_config)
