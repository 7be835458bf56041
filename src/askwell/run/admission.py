"""Whether a run may continue from a checkpoint.

It must be one of Askwell's, of the same study, with its whole record on disk.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askwell.errors import UserError
from askwell.run.identity import refuse_other_study

Admit = Callable[[dict[str, Any]], None]
"""Raises UserError for a checkpoint that a run may not continue from."""


class RecordBehindError(UserError):
    """A checkpoint whose rounds are not all in rounds.jsonl; the one before it may still fit."""


@dataclass(frozen=True)
class Admission:
    """The check of a checkpoint for the run in `folder`, which computes `study`.

    `free` settings may differ.

    `made_of` has what no setting determines: digests of the data set and of the initial weights.
    `learning` and `record` are the names under which the loop and the record keep their state in a
    checkpoint.
    """

    folder: Path
    study: dict[str, Any]
    free: tuple[str, ...]
    made_of: dict[str, str]
    learning: str
    record: str

    def __call__(self, checkpoint: dict[str, Any]) -> None:
        states = checkpoint.get("callbacks") if isinstance(checkpoint, dict) else None
        state = states.get(self.learning) if isinstance(states, dict) else None
        if (
            states is None
            or not isinstance(state, dict)
            or not isinstance(state.get("study"), dict)
        ):
            foreign = f"the checkpoint in {self.folder} is not one of Askwell's"
            raise UserError(f"{foreign}: remove it and start the run again")
        refuse_other_study(states.get(self.record) or {}, self.study, self.folder, self.free)
        _refuse_other_origin(state["study"], self.made_of)
        refuse_gaps(self.folder / "rounds.jsonl", state["round"])


def refuse_gaps(file: Path, rounds: int | None = None) -> None:
    """Raises RecordBehindError unless `file` holds its rounds in order, without gaps.

    These are rounds 0 to `rounds` - 1, or all up to its last one.
    """
    found = recorded_rounds(file)
    expected = range(max(found, default=-1) + 1 if rounds is None else rounds)
    if found[: len(expected)] == list(expected):
        return
    missing = ", ".join(str(number) for number in expected if number not in found)
    fault = (
        f"lacks round {missing}, its lines are missing"
        if missing
        else "does not hold its rounds in order"
    )
    raise RecordBehindError(
        f"{file} {fault}: put the file back as the run left it, or start under another name=..."
    )


def recorded_rounds(file: Path) -> list[int]:
    """The numbers of the rounds in rounds.jsonl, line by line, without unreadable lines."""
    lines = (
        file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    )
    return [number for number in map(_number, lines) if number is not None]


def _number(line: str) -> int | None:
    try:
        number = json.loads(line)["round"]
    except (ValueError, TypeError, KeyError):
        return None
    return number if isinstance(number, int) else None


def _refuse_other_origin(before: dict[str, Any], now: dict[str, str]) -> None:
    for origin, value in now.items():
        if before.get(origin, value) != value:  # older checkpoints do not name an encoder
            other = f"the checkpoint was made with {origin} {before[origin]}, this run has {value}"
            raise UserError(
                f"{other}: continue with the same, or start again under another name=..."
            )
