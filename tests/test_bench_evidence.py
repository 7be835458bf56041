"""The documents are what `make results` writes from the packed runs, and their sentences agree."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import claim_tables, evidence, standings
from bench.evidence import faults, made
from bench.pages import README, RESULTS, marks


@pytest.fixture(scope="module")
def contents() -> dict[Path, str]:
    return made()


def test_make_results_changes_no_page_and_no_picture(contents: dict[Path, str]) -> None:
    assert len(contents) > 3
    assert [file.name for file, content in contents.items() if file.read_text() != content] == []


def test_a_table_that_is_changed_by_hand_is_written_again(
    contents: dict[Path, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begin, _ = marks("it")
    page = tmp_path / "page.md"
    page.write_text(f"{begin}\n| by hand |\n{marks('it')[1]}\n")
    monkeypatch.setattr(claim_tables, "blocks", lambda: iter([(page, "it", "| 1 |")]))
    monkeypatch.setattr(claim_tables, "pictures", lambda: iter(()))
    monkeypatch.setattr(evidence, "of_studies", lambda: iter(()))
    monkeypatch.setattr(evidence, "ROOT", tmp_path)
    monkeypatch.setattr(standings, "tables", lambda: None)
    evidence.main()
    assert page.read_text() == f"{begin}\n| 1 |\n{marks('it')[1]}\n"


@pytest.mark.parametrize("page", [RESULTS, README], ids=lambda page: page.name)
def test_the_figures_in_sentences_are_those_of_the_runs(page: Path) -> None:
    assert list(faults(page)) == []


def test_a_section_cannot_stay_as_it_was_when_its_runs_are_packed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begin, end = marks("it")
    page = tmp_path / "page.md"
    page.write_text(f"## 1. Old †\n\n{begin}\n| 1 |\n{end}\n")

    def blocks() -> Iterator[tuple[Path, str, str]]:
        yield page, "it", "| 2 |"

    assert list(faults(page)) == []
    monkeypatch.setattr(claim_tables, "blocks", blocks)
    assert list(faults(page)) == [
        "page.md: the runs of `it` are packed; its section is marked as former"
    ]


def test_make_results_fails_where_a_sentence_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = tmp_path / "README.md"
    page.write_text("All runs agree.\n<!-- figures: mini.sm.agreement -->\n")
    monkeypatch.setattr(evidence, "README", page)
    monkeypatch.setattr(evidence, "made", lambda: {})
    with pytest.raises(SystemExit, match=r"README\.md, line 1: mini\.sm\.agreement"):
        evidence.main()
