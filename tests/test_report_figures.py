"""Figures: everything lies inside them, every strategy is in their legend, and missing rounds are
gaps.
"""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from report_runs import group_of, rewrite_round, write_run

from askwell.report.findings.faults import remarks
from askwell.report.groups.group import Group
from askwell.report.page.drawing import legend_columns, legend_height
from askwell.report.page.lines import interrupted
from askwell.report.sections.classes import class_maps
from askwell.report.sections.difference_to_random import differences
from askwell.report.sections.learning_curves import learning_curves, mean_curve
from askwell.report.sections.queries import class_shares

SHORT = ("lc", "sm")
LONG = (
    "mine with a rather long name beta 2",
    "another strategy with a name that nobody would ever type",
    "_hidden",
)
MANY = tuple(f"strategy {number}" for number in range(15))


def group_with(
    folder: Path, strategies: tuple[str, ...], accuracies: tuple[float, ...] = (0.5, 0.875)
) -> Group:
    for strategy in ("random", *strategies):
        run = write_run(
            folder, strategy, accuracies=accuracies if strategy != "random" else (0.5, 0.9)
        )
        for number in range(2):
            classes = {f"class number {each} with a long name": 0.5 for each in range(40)}
            rewrite_round(
                run, number, class_accuracy=classes, query_class_counts=dict.fromkeys(classes, 1)
            )
    return group_of(folder)


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float, float, float]]:
    """By how many inches each figure's content stays within its left, lower, right and upper
    edge.
    """
    found = []
    save = Figure.savefig

    def save_and_measure(figure: Figure, *args: object, **options: object) -> None:
        box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        found.append((box.x0, box.y0, width - box.x1, height - box.y1))
        save(figure, *args, **options)

    monkeypatch.setattr(Figure, "savefig", save_and_measure)
    return found


@pytest.mark.parametrize("strategies", [SHORT, LONG, MANY])
@pytest.mark.parametrize("draw", [learning_curves, differences, class_shares, class_maps])
def test_nothing_is_cut_off(tmp_path: Path, boxes, strategies, draw) -> None:
    draw(group_with(tmp_path, strategies))
    assert boxes
    assert min(map(min, boxes)) >= -0.01


@pytest.mark.parametrize("accuracy", [0.1, 0.8999, 0.90001, 1.0])
def test_the_title_of_an_axis_is_not_cut_off_by_wide_numbers(
    tmp_path: Path, boxes, accuracy: float
) -> None:
    differences(group_with(tmp_path, SHORT, (0.5, accuracy)))
    assert min(boxes[0]) >= 0


@pytest.mark.parametrize("strategies", [SHORT, LONG, MANY])
def test_every_strategy_is_in_the_legend(tmp_path: Path, strategies: tuple[str, ...]) -> None:
    (picture,) = learning_curves(group_with(tmp_path, strategies))
    assert [
        name for name in strategies if f"{name[:20]}" not in picture.svg.split("legend_1")[1]
    ] == []


def test_a_legend_of_short_names_has_one_line() -> None:
    assert (legend_columns(SHORT), legend_height(SHORT)) == (5, pytest.approx(0.34))


def test_a_legend_of_long_names_has_a_line_each() -> None:
    assert (legend_columns(LONG), legend_height(LONG)) == (1, pytest.approx(0.12 + 3 * 0.22))


def without_round(run: Path, number: int) -> None:
    lines = (run / "rounds.jsonl").read_text().splitlines(keepends=True)
    (run / "rounds.jsonl").write_text("".join(lines[:number] + lines[number + 1 :]))


def test_a_line_is_interrupted_where_a_round_is_missing(tmp_path: Path) -> None:
    without_round(write_run(tmp_path, accuracies=(0.5, 0.6, 0.7, 0.8)), 2)
    curves = group_of(tmp_path).curves
    means = interrupted(mean_curve(curves), curves)["mean"]
    assert means.index.to_list() == [10, 20, 30, 40]
    np.testing.assert_array_equal(means, [0.5, 0.6, np.nan, 0.8])


def test_a_line_is_interrupted_where_one_of_several_seeds_lacks_a_round(tmp_path: Path) -> None:
    write_run(tmp_path, seed=0, accuracies=(0.5, 0.6, 0.7))
    without_round(write_run(tmp_path, seed=1, accuracies=(0.5, 0.6, 0.7)), 1)
    curves = group_of(tmp_path).curves
    assert interrupted(mean_curve(curves), curves)["mean"].isna().to_list() == [False, True, False]


def test_a_whole_record_has_whole_lines(tmp_path: Path) -> None:
    write_run(tmp_path, accuracies=(0.5, 0.6, 0.7))
    curves = group_of(tmp_path).curves
    assert interrupted(mean_curve(curves), curves)["mean"].notna().all()


@pytest.mark.parametrize(
    ("absent", "told"),
    [((2,), "round 2 of random seed 0"), ((1, 2), "rounds 1–2 of"), ((0,), "round 0 of")],
)
def test_missing_rounds_are_remarked(tmp_path: Path, absent: tuple[int, ...], told: str) -> None:
    run = write_run(tmp_path, accuracies=(0.5, 0.6, 0.7, 0.8))
    for number in reversed(absent):
        without_round(run, number)
    assert any(
        f"rounds are missing from rounds.jsonl: {told}" in remark
        for remark in remarks(group_of(tmp_path))
    )


def test_a_whole_record_has_no_remark_on_rounds(tmp_path: Path) -> None:
    write_run(tmp_path, accuracies=(0.5, 0.6, 0.7, 0.8))
    assert not any("missing from" in remark for remark in remarks(group_of(tmp_path)))


def test_a_report_of_missing_rounds_draws_every_figure(tmp_path: Path) -> None:
    for seed in range(5):
        without_round(write_run(tmp_path, "lc", seed, (0.5, 0.6, 0.7, 0.8)), 2)
        write_run(tmp_path, "random", seed, (0.5, 0.6, 0.7, 0.8))
    group = group_of(tmp_path)
    assert [len(draw(group)) for draw in (learning_curves, differences, class_maps)] == [1, 1, 3]
