"""What the documents show is so: the loop, the parts, their choices and the order of imports."""

import ast
import re
import shlex
from pathlib import Path
from textwrap import indent

import pytest
from conftest import command_in
from hydra._internal.utils import get_args_parser

import askwell
from askwell.command import cli, label

ROOT = Path(__file__).parents[1]
SOURCE = Path(askwell.__file__).parent
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
ROWS = dict(re.findall(r"^\| (`\w+`.*?) \| (.*) \|$", README, re.MULTILINE))
NOT_CHOSEN = {"callbacks", "hydra"}
"""Groups without a choice for users."""


def choices_of(group: str) -> set[str]:
    files = (ROOT / "conf" / group).glob("*.yaml")
    return {file.stem for file in files if not file.stem.startswith("_")}


def test_the_readme_has_a_row_for_every_group() -> None:
    groups = {folder.name for folder in (ROOT / "conf").iterdir() if folder.is_dir()}
    assert {row.split("`")[1] for row in ROWS} == groups - NOT_CHOSEN


@pytest.mark.parametrize("row", ROWS)
def test_the_readme_names_every_choice_of_a_group_and_no_other(row: str) -> None:
    assert set(re.findall(r"`(\w+)`", ROWS[row])) == choices_of(row.split("`")[1])


def test_the_loop_of_the_architecture_is_that_of_the_benchmark() -> None:
    loop = ARCHITECTURE.split("```python\n")[1].split("```")[0]
    assert len(loop.splitlines()) == 16
    assert indent(loop, "    ") in (ROOT / "bench" / "bare.py").read_text()


def imported(part: str) -> set[str]:
    """The other parts of the package that the files of a part import from."""
    files = [SOURCE / f"{part}.py", *(SOURCE / part).rglob("*.py")]
    trees = [ast.parse(file.read_text()) for file in files if file.exists()]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules = [(node.module or "").split(".") for node in nodes]
    return {module[1] for module in modules if module[0] == "askwell" and len(module) > 1} - {part}


LAYERS = [re.findall(r"`(\w+)`", line) for line in re.findall(r"^\d+\. (`.*)$", ARCHITECTURE, re.M)]


@pytest.mark.parametrize("part", [part for layer in LAYERS for part in layer])
def test_a_part_imports_only_from_those_below_it(part: str) -> None:
    level = next(place for place, layer in enumerate(LAYERS) if part in layer)
    assert imported(part) <= {below for layer in LAYERS[level + 1 :] for below in layer}


def test_every_part_of_the_package_has_its_place_in_the_order() -> None:
    parts = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or path.is_dir()}
    ordered = {part for layer in LAYERS for part in layer}
    assert ordered == {part for part in parts if not part.startswith("_")} - {"conf"}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """The folder `mine` as the README describes it."""
    folder = tmp_path / "mine"
    folder.mkdir()
    module = README.split("```python\n# mine/parts.py\n")[1].split("```")[0]
    (folder / "parts.py").write_text(module)
    for name, content in re.findall(r"^\| `(\S+\.yaml)` \| (.*) \|$", README, re.MULTILINE):
        file = folder / "conf" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(re.findall(r"`([^`]*)`", content)) + "\n")
    return folder


@pytest.mark.slow
def test_the_parts_of_the_readme_run_together(mine: Path, cache_dir: Path) -> None:
    parts = ("strategy=longest", "dataset=digits", "model=one_layer", "oracle=confused")
    small = ("rounds=2", "query_size=50", "logger=none", "trainer=cpu", "name=run")
    found = (f"cache_dir={cache_dir}", "hydra.searchpath=[file://mine/conf]")
    done = command_in(mine.parent, [], *parts, *small, *found, PYTHONPATH="mine")
    assert (done.returncode, "none of 9:" in done.stderr) == (0, True)
    rows = (mine.parent / "outputs" / "run" / "queries.csv").read_text().splitlines()[1:]
    labels = {row.split(",")[2] for row in rows}
    assert (len(rows), "9" in labels, "8" in labels) == (100, False, True)


def test_every_test_that_the_table_of_faults_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+\.py)`", (ROOT / "RELIABILITY.md").read_text()))
    assert len(named) > 40
    assert named <= {file.name for file in (ROOT / "tests").iterdir()}


PAGES = (README, *(page.read_text() for page in sorted((ROOT / "docs").glob("*.md"))))
COMMANDS = [
    words
    for page in PAGES
    for line in re.findall(r"^    ((?:askwell|make) .*)$", page, re.MULTILINE)
    if (words := shlex.split(line, comments=True))
]


def understood(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Parses a command and does nothing; SystemExit where it is not understood."""
    if words[0] in (cli.TRAIN, cli.SUBMIT):
        assert get_args_parser().parse_intermixed_args(words[1:]).overrides
        return
    monkeypatch.setattr(cli, "_do", lambda parser, given: parser.parse_args(given))
    cli.main(words)
    if words[0] == "label":
        label.parser().parse_intermixed_args(words[1:])


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_commands_of_the_documents_are_understood(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, *rest = words
    if program == "make":
        assert rest[0] in re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    else:
        understood(rest, monkeypatch)


@pytest.mark.parametrize("words", [["lable", "x"], ["export", "x", "--to", "xml"], ["label"]])
def test_a_command_that_is_not_there_is_not_understood(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        understood(words, monkeypatch)
    assert "error: " in capsys.readouterr().err


def test_pictures_and_pages_that_the_documents_name_are_there_and_small() -> None:
    named = {name for page in PAGES for name in re.findall(r"docs/[\w.-]+", page)}
    assert {"docs/label.png", "docs/labelling.md"} <= named
    assert all((ROOT / name).is_file() for name in named)
    assert (ROOT / "docs" / "label.png").stat().st_size < 150_000


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len(README.splitlines()) < 150
