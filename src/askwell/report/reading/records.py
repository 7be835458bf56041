"""Run folders as three tables. A killed or failed run is read up to its last round."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from os.path import relpath
from pathlib import Path

import pandas as pd

from askwell.errors import UserError
from askwell.report.reading.names import distinct
from askwell.report.reading.received import leads_out
from askwell.report.reading.recorded_run import UNREADABLE, Facts, read_run
from askwell.report.reading.schema import AskedAgain, Diversity, Round, Run, Steadiness
from askwell.text import visible

RUN_COLUMNS = [field.name for field in fields(Run) if field.name != "resumed"] + [
    "settings",
    "strategy_settings",
    "initial_settings",
]
SECONDS = ["train_seconds", "score_seconds", "eval_seconds"]
DIVERSITY = ["distance", "near_duplicates"]
STEADINESS = ["uncertainty", "agreement", "kappa"]
COUNTED = ["wrong_labels", "cost"]
AGAIN = ["asked_again", "relabelled", "corrected"]
ROUND_COLUMNS = [
    "round",
    "labels",
    "accuracy",
    "loss",
    *SECONDS,
    "pool_size",
    "lost_classes",
    *DIVERSITY,
    *STEADINESS,
    *COUNTED,
    *AGAIN,
]
LINKED: tuple[Facts, list[Round]] = (
    {"status": UNREADABLE, "reason": "a link to a folder elsewhere: give that folder itself"},
    [],
)
CLASS_COLUMNS = ["run", "round", "class", "accuracy", "queried"]
NUMBERS = ["accuracy", "loss", *SECONDS, *DIVERSITY, *STEADINESS, *COUNTED]
NOT_MEASURED, NOT_COMPARED = Diversity(), Steadiness()


@dataclass(frozen=True)
class Records:
    """What the run folders hold. `runs` is indexed by the run's name, which the others have as a
    column `run`.
    """

    runs: pd.DataFrame
    curves: pd.DataFrame  # one row per run and round
    classes: (
        pd.DataFrame
    )  # one row per run, round and class; `queried`: its labels that were bought for the round
    folders: dict[str, Path]

    def of(self, runs: pd.DataFrame) -> "Records":
        """The records of these runs alone."""
        curves, classes = (
            table[table["run"].isin(runs.index)] for table in (self.curves, self.classes)
        )
        return Records(runs, curves, classes, self.folders)


def find_runs(folders: Sequence[Path]) -> list[Path]:
    """Every folder with a run.json in or below the folders, each once, in natural order.

    Raises:
        UserError: a folder is absent, or there is no run in any.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"no such folder: {folder}; give run folders or sweep folders")
    found = {place for folder in folders for place in places_of_runs(folder.resolve())}
    if not found:
        searched = ", ".join(map(str, folders)) or "no folder"
        raise UserError(
            f"no run found in {searched}: expected a run.json there or in a folder below"
        )
    return sorted(
        found,
        key=lambda path: [
            (len(part), part) if part.isdigit() else (0, part) for part in path.parts
        ],
    )


def places_of_runs(folder: Path) -> Iterator[Path]:
    """The run folders in or below a folder, and the links there to run folders elsewhere, which are
    not followed.
    """
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        entries = listed(place)
        if any(entry.name == "run.json" for entry in entries):
            yield place
        waiting += [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        links = [Path(entry.path) for entry in entries if entry.is_symlink()]
        yield from (
            link for link in links if os.path.exists(link / "run.json") and leads_out(link, folder)
        )


def listed(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder; nothing in one that may not be read."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def read(folders: Sequence[Path], start: Path) -> Records:
    """The runs of the folders, searched recursively; each is named by its path from `start`."""
    places = find_runs(folders)
    names = distinct([visible(relpath(place, start.resolve())) for place in places])
    found = dict(zip(names, places, strict=True))
    read_runs = {
        run: LINKED if folder.is_symlink() else read_run(folder) for run, folder in found.items()
    }
    facts = {run: facts for run, (facts, _) in read_runs.items()}
    rounds = {run: rounds for run, (_, rounds) in read_runs.items()}
    runs = pd.DataFrame(
        [{name: known.get(name) for name in RUN_COLUMNS} for known in facts.values()],
        pd.Index(facts, name="run"),
        dtype=object,  # a seed stays a whole number where another run has none
    )
    runs["rounds"] = [len(rounds[run]) for run in runs.index]
    return Records(runs, curve_table(rounds), class_table(rounds), found)


def curve_table(rounds: dict[str, list[Round]]) -> pd.DataFrame:
    """One row per run and round, with the lost classes as a tuple."""
    rows = [
        {
            **vars(each),
            **vars(each.query_diversity or NOT_MEASURED),
            **vars(each.steadiness or NOT_COMPARED),
            **_again(each.asked_again or AskedAgain()),
            "run": run,
        }
        for run, of_run in rounds.items()
        for each in of_run
    ]
    table = pd.DataFrame(rows, columns=["run", *ROUND_COLUMNS])
    return table.astype(dict.fromkeys(NUMBERS, float))


def _again(asked: AskedAgain) -> dict[str, int]:
    return dict(zip(AGAIN, (asked.answers, asked.changed, asked.corrected), strict=True))


def class_table(rounds: dict[str, list[Round]]) -> pd.DataFrame:
    """One row per run, round and class, in the order of the classes in the files."""
    rows = [
        (run, each.round, name, value, (each.query_class_counts or {}).get(name, 0))
        for run, of_run in rounds.items()
        for each in of_run
        for name, value in (each.class_accuracy or {}).items()
    ]
    return pd.DataFrame(rows, columns=CLASS_COLUMNS)
