"""One run folder as facts and rounds. A fault in its files is reported in one line and does not end
the report.
"""

from itertools import pairwise
from os.path import isfile, islink, lexists
from pathlib import Path
from typing import Any

from askwell.report.reading.received import MEGABYTE, UnreadableError, content_of, parsed
from askwell.report.reading.schema import Round, Run, read_as
from askwell.report.reading.schema_checks import MisfitError
from askwell.run.identity import study_of_run
from askwell.run.run_json import in_use
from askwell.text import visible

MOST_IN_RUN = 16 * MEGABYTE
MOST_IN_ROUNDS = 256 * MEGABYTE  # 100 rounds of 20,000 classes have 120
MOST_IN_LINE = 16 * MEGABYTE
MOST_ROUNDS = 100_000
MOST_ACCURACIES = 5_000_000  # of classes, in all rounds
MOST_SETTINGS = 3_000
RESUMED = ", resumed with "
UNREADABLE = "unreadable"
RANDOM = "random"
LOOPS_COPY = "callbacks.active_learning.initial"
"""What the loop is given as `initial`: in general a copy of the group of that name."""

Facts = dict[str, Any]


def read_run(folder: Path) -> tuple[Facts, list[Round]]:
    """What the folder's run.json and rounds.jsonl hold; nothing but a status and a reason where
    either is damaged.
    """
    try:
        return read_facts(folder), read_rounds(folder)
    except UnreadableError as error:
        return {"status": UNREADABLE, "reason": visible(str(error))}, []


def read_facts(folder: Path) -> Facts:
    """run.json with lists and dictionaries as text.

    A run whose status is `running`, but whose folder no process holds, was killed. Raises
    UnreadableError.
    """
    try:
        content = parsed(content_of(folder, "run.json", MOST_IN_RUN))
    except ValueError:
        raise UnreadableError("run.json is cut short or no JSON") from None
    try:
        run = read_as(Run, content)
    except MisfitError as error:
        raise UnreadableError(f"run.json is not that of a run: {error}") from None
    if settings_in(content) > MOST_SETTINGS:
        raise UnreadableError(f"run.json has more than {MOST_SETTINGS:,} settings")
    facts = {name: flat(value) for name, value in vars(run).items() if name != "resumed"}
    for later in run.resumed or ():
        facts |= {
            name: with_change(facts[name], flat(value)) for name, value in vars(later).items()
        }
    if run.status == "running" and not held(folder):
        facts["status"] = "killed"
    study = study_of_run(content)
    return facts | {"initial": initial_of(run, study)} | settings_of(study)


def settings_in(node: Any) -> int:
    """The entries of all dictionaries within each other."""
    if not isinstance(node, dict):
        return 0
    return len(node) + sum(map(settings_in, node.values()))


def held(folder: Path) -> bool:
    """Whether a process holds the run folder. Only a lock of Askwell's is opened: a file of its
    own, and empty.
    """
    lock = folder / ".lock"
    return isfile(lock) and not islink(lock) and lock.stat().st_size == 0 and in_use(folder)


def settings_of(study: dict[str, Any] | None) -> dict[str, dict[str, str]]:
    """The settings of the strategy, those of the strategy that chooses the first images, and all
    others that decide what is computed, without the seed; none if unknown.
    """
    if study is None:
        return {}
    counted = {
        visible(name): visible(str(value))
        for name, value in study.items()
        if name not in ("seed", "strategy._target_")
    }
    of_strategy = {name: value for name, value in counted.items() if name.startswith("strategy.")}
    of_initial = {name: value for name, value in counted.items() if chooses_first(name)}
    return {
        "strategy_settings": of_strategy,  # without the class, which the strategy's name implies
        "initial_settings": of_initial,
        "settings": {
            name: value
            for name, value in counted.items()
            if name not in of_strategy and name not in of_initial
        },
    }


def chooses_first(setting: str) -> bool:
    """Whether a setting is of the strategy that chooses the first images."""
    return setting.startswith(("initial.", f"{LOOPS_COPY}.")) or setting == LOOPS_COPY


def initial_of(run: Run, study: dict[str, Any] | None) -> str:
    """The name of the strategy that chose the first images; `random` where no other is known."""
    return run.initial or visible(str((study or {}).get("initial._target_", RANDOM)))


def with_change(before: str | None, now: str | None) -> str | None:
    """The value with which a run began, and the one with which it was resumed if that differs."""
    if before is None or now is None or before.split(RESUMED)[-1] == now:
        return before
    return f"{before}{RESUMED}{now}"


def flat(value: Any) -> Any:
    """A list or dictionary as one line of text, anything else as it is."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return ", ".join(value) if isinstance(value, tuple) else value


def read_rounds(folder: Path) -> list[Round]:
    """The rounds of a run, in order, the last of equals; none where there is no file.

    The last line of a killed run may be cut, and is left out. Raises UnreadableError where another
    line is no round.
    """
    if not lexists(folder / "rounds.jsonl"):
        return []
    lines = content_of(folder, "rounds.jsonl", MOST_IN_ROUNDS).splitlines()
    if len(lines) > MOST_ROUNDS or max(map(len, lines), default=0) > MOST_IN_LINE:
        raise UnreadableError(
            f"rounds.jsonl has over {MOST_ROUNDS:,} lines, or one over "
            f"{MOST_IN_LINE // MEGABYTE} MB"
        )
    rounds: dict[int, Round] = {}
    accuracies = 0
    for number, line in enumerate(lines, 1):
        if (found := read_round(line, number, last=number == len(lines))) is not None:
            rounds[found.round] = found
            accuracies += len(found.class_accuracy or ())
        if accuracies > MOST_ACCURACIES:
            raise UnreadableError(
                f"rounds.jsonl has over {MOST_ACCURACIES:,} accuracies of classes"
            )
    if max(rounds, default=0) > MOST_ROUNDS:
        raise UnreadableError(f"rounds.jsonl has a round {max(rounds)}, more than {MOST_ROUNDS:,}")
    return ascending([rounds[number] for number in sorted(rounds)])


def read_round(line: bytes, number: int, last: bool) -> Round | None:
    """The round in the line of that number; None where it is the last one and cut. Raises
    UnreadableError.
    """
    try:
        return read_as(Round, parsed(line))
    except MisfitError as error:
        raise UnreadableError(f"rounds.jsonl, line {number}: {error}") from None
    except ValueError:
        if last:
            return None
        raise UnreadableError(f"rounds.jsonl, line {number} is no JSON") from None


def ascending(rounds: list[Round]) -> list[Round]:
    """The rounds, if each has more labels than the one before it. Raises UnreadableError."""
    for before, after in pairwise(rounds):
        if after.labels <= before.labels:
            raise UnreadableError(
                f"rounds.jsonl has {after.labels:,} labels in round {after.round} after "
                f"{before.labels:,} in round {before.round}"
            )
    return rounds
