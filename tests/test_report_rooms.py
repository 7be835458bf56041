"""The folders of the report: each imports only from those before it, and no file name is taken."""

import ast
from collections import Counter
from pathlib import Path

import pytest

import askwell.report

SOURCE = Path(askwell.__file__).parent
REPORT = SOURCE / "report"
ROOMS = ("reading", "statistics", "page", "groups", "findings", "sections")


def imported(room: Path) -> set[str]:
    """The rooms of the report that the files of a room import from."""
    trees = [ast.parse(file.read_text()) for file in room.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    parts = [(node.module or "").split(".") for node in nodes]
    return {part[2] for part in parts if part[:2] == ["askwell", "report"]}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_itself_and_those_before_it(room: str) -> None:
    assert imported(REPORT / room) <= set(ROOMS[: ROOMS.index(room) + 1])


def test_statistics_know_nothing_of_runs() -> None:
    assert imported(REPORT / "statistics") == {"statistics"}


def test_every_folder_of_the_report_is_a_room() -> None:
    assert {file.parent.name for file in REPORT.glob("*/*.py")} == set(ROOMS)


def test_no_file_of_the_report_has_the_name_of_another() -> None:
    times = Counter(file.name for file in SOURCE.rglob("*.py") if file.name != "__init__.py")
    assert [file.name for file in REPORT.rglob("*.py") if times[file.name] > 1] == []
