"""The verdicts as plain values, for other programs: `askwell report FOLDER --verdict`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from askwell.report.findings.verdict import judge
from askwell.report.groups.group import BASELINE, Group
from askwell.report.groups.grouping import group_runs
from askwell.report.reading.records import read


def summaries(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """One summary per group of the runs in or below the folders. Writes nothing. Raises UserError
    as `read` does.
    """
    return [summary(group) for group in group_runs(read(folders, folders[0]))]


def summary(group: Group) -> dict[str, Any]:
    """The verdict on a group; None for what it does not have.

    `saving`, `low` and `high` are shares of the baseline's labels; `better` and `worse` are the
    strategies that the tests distinguish from the baseline.
    """
    judged = judge(group)
    first, weighed = judged.headline, judged.headline.weighed
    return {
        "target": first.target,
        "strategy": first.strategy,
        "baseline": BASELINE if BASELINE in group.strategies else None,
        "saving": first.share,
        "low": None if weighed is None else weighed.low,
        "high": None if weighed is None else weighed.high,
        "seeds": first.seeds,
        "better": [test.strategy for test in judged.tests if test.found > 0],
        "worse": [test.strategy for test in judged.tests if test.found < 0],
        "claims_saving": judged.claims_saving,
        "sentence": judged.sentences[0],
        "group": group.title,
    }
