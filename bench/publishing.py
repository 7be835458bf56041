"""What a script leaves behind: one table on the screen, one JSON file with every run behind it."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from askwell.machine import cores
from askwell.run import provenance

RESULTS = Path(__file__).parent / "results"

Row = dict[str, Any]
"""Column to number or text; a column that starts with _ goes into the JSON only."""


def publish(name: str, question: str, rows: Sequence[Row], chosen: argparse.Namespace) -> None:
    """Prints `rows` under `question`; writes them, with the machine and the versions, to
    <name>.json.
    """
    Console().print(_table(question, rows))
    if chosen.quick and chosen.output is None:
        return
    file = chosen.output or RESULTS / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    settings = {key: value for key, value in vars(chosen).items() if key != "output"}
    facts = {"question": question, "options": settings, **_circumstances()}
    named = [{column.lstrip("_"): value for column, value in row.items()} for row in rows]
    file.write_text(json.dumps(facts | {"rows": named}, indent=1) + "\n")


def rows_of(script: str) -> list[Row]:
    """The rows that a script has published."""
    rows: list[Row] = json.loads((RESULTS / f"{script}.json").read_text())["rows"]
    return rows


def _table(question: str, rows: Sequence[Row]) -> Table:
    table = Table(title=question, title_justify="left")
    columns = {column: value for column, value in rows[0].items() if not column.startswith("_")}
    for column, value in columns.items():
        table.add_column(column, justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    return table


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return (
                f"{value:,.0f}"
                if value >= 1000
                else f"{value:.3g}"
                if value < 1
                else f"{value:,.2f}"
            )
        case int():
            return f"{value:,}"
    return str(value)


def _circumstances() -> dict[str, Any]:
    """When and on what; of the command only what follows the interpreter, without the folders of
    this machine.
    """
    process = provenance.of_process()
    script = Path(sys.argv[0]).stem
    return {
        "command": " ".join(["python -m", f"bench.{script}", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "git_commit": process["git_commit"],
        "machine": {
            "processor": _processor(),
            "cores": cores(),
            "threads": torch.get_num_threads(),
            "load": os.getloadavg()[0],
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        },
        "versions": process["versions"],
    }


def _processor() -> str:
    """The model of the processor, which Linux alone tells in full."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )
