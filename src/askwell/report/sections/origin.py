"""How to reproduce the runs: commands, versions, machines, data."""

import pandas as pd

from askwell.report.page.blocks import Section

FACTS = {
    "git_commit": "commit",
    "versions": "versions",
    "device": "device",
    "scoring_batch_size": "scoring batch size",
    "dataset_fingerprint": "data fingerprint",
}


def again(runs: pd.DataFrame) -> Section:
    """The commands that made the runs, and what they ran on."""
    points = [
        f"{title}: {', '.join(values)}"
        for column, title in FACTS.items()
        if (values := different(runs[column]))
    ]
    commands = tuple(different(runs["command"]))
    text = "Equal seeds give equal runs." + (" The commands that made these:" if commands else "")
    return Section("How to reproduce it", (text,), points=tuple(points), commands=commands)


def different(values: pd.Series) -> list[str]:
    """The values that occur, each once, in order."""
    return [str(value) for value in values.dropna().unique()]
