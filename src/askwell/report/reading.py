"""Run folders as three tables. A run that was killed or failed is read as far as it came."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Any
from zlib import crc32

import pandas as pd

from askwell.errors import UserError
from askwell.folder import in_use
from askwell.study import study_of_run

RUN_COLUMNS = [
    *["status", "reason", "name", "strategy", "dataset", "seed", "model", "protocol", "oracle", "query_size"],
    *["initial_size", "rescore_every", "classes", "pool", "evaluation", "initial_digest", "weights_digest"],
    *["dataset_fingerprint", "versions", "git_commit", "device", "scoring_batch_size", "started", "wall_seconds"],
    *["command", "sweeper", "settings", "strategy_settings"],
]
SECONDS = ["train_seconds", "score_seconds", "eval_seconds"]
DIVERSITY = ["distance", "near_duplicates"]
ROUND_COLUMNS = ["round", "labels", "accuracy", "loss", *SECONDS, "pool_size", "lost_classes", *DIVERSITY]
CLASS_COLUMNS = ["run", "round", "class", "accuracy", "queried"]
RESUMED = ", resumed with "
LONGEST = 80  # characters of a name in a file name, which the system limits to 255


@dataclass(frozen=True)
class Records:
    """What the run folders hold. `runs` is indexed by the run's folder, which the others have as a column `run`."""

    runs: pd.DataFrame
    curves: pd.DataFrame  # a row a run and round
    classes: pd.DataFrame  # a row a run, round and class; `queried` is the labels of that class bought for the round
    start: Path  # what the folders' names are relative to

    def of(self, runs: pd.DataFrame) -> "Records":
        """The records of these runs alone."""
        curves, classes = (table[table["run"].isin(runs.index)] for table in (self.curves, self.classes))
        return Records(runs, curves, classes, self.start)


def find_runs(folders: Sequence[Path]) -> list[Path]:
    """Every folder with a run.json in or below the folders, each once, in natural order.

    Raises:
        UserError: a folder is absent, or there is no run in any.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"no such folder: {folder}; give run folders or sweep folders")
    found = {path.parent.resolve() for folder in folders for path in folder.rglob("run.json")}
    if not found:
        searched = ", ".join(map(str, folders)) or "no folder"
        raise UserError(f"no run found in {searched}: expected a run.json there or in a folder below")
    return sorted(found, key=lambda path: [(len(part), part) if part.isdigit() else (0, part) for part in path.parts])


def read(folders: Sequence[Path], start: Path) -> Records:
    """The runs of the folders, searched recursively; each is named by its path from `start`."""
    found = {relpath(folder, start.resolve()): folder for folder in find_runs(folders)}
    rounds = {run: read_rounds(folder / "rounds.jsonl") for run, folder in found.items()}
    facts = {run: read_facts(folder / "run.json") for run, folder in found.items()}
    runs = pd.DataFrame(
        [{name: known.get(name) for name in RUN_COLUMNS} for known in facts.values()],
        pd.Index(facts, name="run"),
        dtype=object,  # a seed stays a whole number where another run has none
    )
    runs["rounds"] = [len(rounds[run]) for run in runs.index]
    return Records(runs, curve_table(rounds), class_table(rounds), start.resolve())


def read_facts(path: Path) -> dict[str, Any]:
    """run.json with lists and dictionaries as text; a file that was cut short is an unreadable run.

    A run that says it goes on, but holds its folder no more, was killed.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {"status": "unreadable", "reason": "run.json is cut short"}
    if not isinstance(facts, dict):
        return {"status": "unreadable", "reason": "run.json is not that of a run"}
    known = {key: flat(value) for key, value in facts.items() if key in RUN_COLUMNS}
    for later in facts.get("resumed") or []:
        known |= {key: with_change(known.get(key), flat(later.get(key))) for key in ("git_commit", "versions")}
    if known.get("status") == "running" and not in_use(path.parent):
        known["status"] = "killed"
    return known | settings_of(study_of_run(facts))


def settings_of(study: dict[str, Any] | None) -> dict[str, dict[str, str]]:
    """The settings of the strategy, and all others that decide what is computed, without the seed; none if unknown."""
    if study is None:
        return {}
    counted = {name: str(value) for name, value in study.items() if name not in ("seed", "strategy._target_")}
    of_strategy = {name: value for name, value in counted.items() if name.startswith("strategy.")}
    return {
        "strategy_settings": of_strategy,  # the strategy's own name stands for its class
        "settings": {name: value for name, value in counted.items() if name not in of_strategy},
    }


def with_change(before: str | None, now: str | None) -> str | None:
    """What a run was made with, and with what it went on where that is another."""
    if before is None or now is None or before.split(RESUMED)[-1] == now:
        return before
    return f"{before}{RESUMED}{now}"


def flat(value: Any) -> Any:
    """A list or dictionary as one line of text, anything else as it is."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def read_rounds(path: Path) -> list[dict[str, Any]]:
    """The rounds of a run, in order, the last of equals; the last line of a killed run may be cut and is left out.

    Raises:
        UserError: a line before the last is not a JSON object.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    rounds: dict[int, dict[str, Any]] = {}
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            rounds[record["round"]] = record
        except (ValueError, TypeError, KeyError):
            if number < len(lines):
                raise UserError(f"{path}: line {number} is not a round; delete the line or leave the run out") from None
    return [rounds[number] for number in sorted(rounds)]


def curve_table(rounds: dict[str, list[dict[str, Any]]]) -> pd.DataFrame:
    """A row a run and round, with the classes that were lost as a tuple."""
    rows = [
        {**record, **(record.get("query_diversity") or {}), "run": run}
        for run, records in rounds.items()
        for record in records
    ]
    table = pd.DataFrame(rows).reindex(columns=["run", *ROUND_COLUMNS])
    table["lost_classes"] = [tuple(lost) if isinstance(lost, list) else () for lost in table["lost_classes"]]
    return table


def class_table(rounds: dict[str, list[dict[str, Any]]]) -> pd.DataFrame:
    """A row a run, round and class, in the order of the classes in the files."""
    rows = [
        (run, record["round"], name, value, record.get("query_class_counts", {}).get(name, 0))
        for run, records in rounds.items()
        for record in records
        for name, value in record.get("class_accuracy", {}).items()
    ]
    return pd.DataFrame(rows, columns=CLASS_COLUMNS)


def slug(text: str) -> str:
    """The text as part of a file name or anchor; one in capitals or too long is told apart by its checksum."""
    name = re.sub(r"[^\w.-]+", "-", text).strip("-").lower()
    return name if len(name) <= LONGEST and text == text.lower() else f"{name[:LONGEST]}-{checksum(text)}"


def checksum(text: str) -> str:
    """Eight hexadecimal digits that tell texts apart which begin alike."""
    return f"{crc32(text.encode()):08x}"
