"""A figure in a sentence is that of the packed runs, in its place, or the page is refused."""

import pytest
from bench import prose
from bench.arms import NotPackedError
from bench.pages import marks, put

FIGURES = {"a.sm.to_95": "351 ± 31", "a.random.to_95": "611 ± 103", "a.sm.saves_95": "43"}
SENTENCE = """`sm` needs 351 ± 31 labels to 95 %,
where random needs 611 ± 103: 43 % fewer.
<!-- figures: a.sm.to_95 a.random.to_95
     a.sm.saves_95 | 95 -->
"""


def found(page: str, strict: bool = False) -> list[str]:
    return list(prose.faults(page, FIGURES.__getitem__, strict))


def test_a_sentence_with_the_figures_of_the_runs_is_accepted() -> None:
    assert found(SENTENCE, strict=True) == []


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (SENTENCE.replace("351 ± 31 l", "352 ± 31 l"), "a.sm.to_95"),
        (SENTENCE.replace("43 %", "4.3 %"), "a.sm.saves_95"),
        (SENTENCE.replace("43 %", "1,43 %"), "a.sm.saves_95"),
        (SENTENCE.replace("43 %", "43.5 %"), "a.sm.saves_95"),
        (SENTENCE.replace("43 % fewer", "−43 % fewer"), "a.sm.saves_95"),
    ],
)
def test_a_wrong_figure_is_refused_by_its_line_and_name(wrong: str, named: str) -> None:
    first = found(f"# Title\n\n{wrong}")[0]
    assert first.startswith(f"line 3: {named} is {FIGURES[named]}, which is not there")


def test_figures_that_are_swapped_are_refused() -> None:
    swapped = "random needs 611 ± 103, `sm` 351 ± 31\n<!-- figures: a.sm.to_95 a.random.to_95 -->"
    assert "line 1: a.random.to_95 is 611 ± 103" in found(swapped)[0]


def test_a_number_that_is_neither_a_figure_nor_given_is_refused() -> None:
    assert found(SENTENCE.replace("| 95 ", "")) == ["line 1: no figure and not given: 95"]


def test_only_a_strict_page_must_account_for_numbers_without_a_comment() -> None:
    page = "There are `4` reasons, and\n[6](docs/7.md) of these.\n"
    assert found(page) == []
    assert found(page, strict=True) == ["line 1: no figure and not given: 6"]


def test_points_of_a_list_have_comments_of_their_own() -> None:
    page = (
        "* first: 43 %\n  <!-- figures: a.sm.saves_95 -->\n"
        "* second: 44 %\n  <!-- figures: a.sm.saves_95 -->\n"
    )
    assert found(page) == [
        "line 3: a.sm.saves_95 is 43, which is not there, or not after the figure before it",
        "line 3: no figure and not given: 44",
    ]


def test_the_comment_after_a_table_is_of_the_whole_table() -> None:
    page = (
        "| a | 43 % |\n| --- | --- |\n| b † | 7 |\n| c | 8 |\n<!-- figures: a.sm.saves_95 | 8 -->"
    )
    assert found(page, strict=True) == []


def test_what_programs_write_code_and_sections_of_the_former_definition_are_not_checked() -> None:
    begin, end = marks("table")
    page = (
        f"# Title 1\n\n{begin}\n| 2 |\n\nand 3.\n{end}\n\n    python 4\n\n"
        "## Old †\n\n5\n\n### Older †\n\n6\n\n## New\n\n7\n"
    )
    assert found(page, strict=True) == ["line 21: no figure and not given: 7"]
    assert list(prose.former_blocks(page)) == []
    assert list(prose.former_blocks(page.replace("Title 1", "Title †"))) == ["table"]


def test_a_sentence_about_runs_that_are_not_packed_is_refused() -> None:
    def figure(name: str) -> str:
        raise NotPackedError("a has 2 seeds of every strategy")

    assert list(prose.faults(SENTENCE, figure))[:1] == [
        "line 1: a.sm.to_95: a has 2 seeds of every strategy"
    ]


def test_a_block_is_replaced_between_its_marks_and_nothing_else() -> None:
    begin, end = marks("it")
    assert put(f"a\n{begin}\nold\n{end}\nb", "it", "new") == f"a\n{begin}\nnew\n{end}\nb"


@pytest.mark.parametrize("order", [(0,), (1, 0), (0, 1, 0, 1)])
def test_a_page_must_have_the_marks_of_a_block_once_and_in_order(order: tuple[int, ...]) -> None:
    page = "\n".join(marks("it")[place] for place in order)
    with pytest.raises(ValueError, match="once each, in this order"):
        put(page, "it", "new")


def test_a_sentence_may_wait_for_its_runs_until_they_are_packed() -> None:
    def figure(name: str) -> str:
        if name == "b.sm.end":
            raise NotPackedError("b has 0 seeds of every strategy")
        return FIGURES[name]

    page = "99 %\n<!-- later figures: a.sm.to_95 b.sm.end -->"
    assert list(prose.faults(page, figure, strict=True)) == []
    come = list(prose.faults(page.replace(" b.sm.end", ""), figure))
    assert [fault[:29] for fault in come] == ["line 1: the runs of its later"]
