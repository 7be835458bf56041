"""What a folder says of the run in it, and whether a process is at it."""

import json
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from askwell.errors import UserError


def read_run(path: Path) -> dict[str, Any] | None:
    """The content of a folder's run.json; None where there is none.

    Raises UserError for a damaged one.
    """
    file = path / "run.json"
    try:
        run = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise UserError(damaged_run(file)) from error
    if not isinstance(run, dict):
        raise UserError(damaged_run(file))
    return run


def damaged_run(file: Path) -> str:
    return (
        f"{file} is damaged: put back a copy of it, or delete it to resume from the "
        "checkpoint beside it"
    )


def in_use(path: Path) -> bool:
    """Whether a process holds the run folder.

    A run that says `running` in a free folder was killed.
    """
    lock = path / ".lock"
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except (Timeout, OSError):  # a folder that may not be written to may be in use elsewhere
        return True


def refuse_used(folders: list[Path], resume: bool) -> None:
    """Raises UserError if one of `folders` holds a run and `resume` is not set.

    A run that failed at once does not count.
    """
    for folder in folders if not resume else []:
        run = read_run(folder)
        if run and (run.get("status") != "failed" or (folder / "rounds.jsonl").exists()):
            status = run.get("status")
            # A run that says running may have been killed.
            held = {"running": "an unfinished"}.get(str(status), f"a {status}")
            raise UserError(
                f"{folder} already holds {held} run: choose another name=..., or resume=true to "
                "continue it"
            )
