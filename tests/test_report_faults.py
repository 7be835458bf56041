"""Runs that failed, broke off or are named oddly: the report tells what it can, and what it left
out.
"""

import json
import re
from html import escape
from pathlib import Path

import pytest
from report_runs import group_of, rewrite_round, write_run

from askwell.errors import UserError
from askwell.report import write_report
from askwell.report.findings.comparison import compare
from askwell.report.findings.faults import remarks
from askwell.report.reading.records import read
from askwell.report.sections.classes import MOST, class_maps, lost_classes, unrecognised_classes
from askwell.report.sections.learning_curves import learning_curves
from askwell.report.sections.queries import class_shares

UNKNOWN = dict.fromkeys(
    ["query_size", "initial_size", "classes", "initial_digest", "weights_digest"]
)
"""What a run that failed before its first round did not come to know."""

ODD_NAMES = ("a$b^$", "$\\frac$", "猫", "_hidden", "north/south", "<script>", "salt & pepper")


@pytest.fixture
def failed_early(tmp_path: Path) -> Path:
    """A finished run, and one that failed before it knew its settings."""
    write_run(tmp_path, "random")
    write_run(tmp_path, "lc", 1, (), status="failed", reason="out of memory", **UNKNOWN)
    return tmp_path


def test_a_run_that_failed_early_belongs_to_the_runs_that_did_not(failed_early: Path) -> None:
    assert "1 run failed and was left out: lc seed 1 (out of memory)." in remarks(
        group_of(failed_early)
    )


def test_a_run_that_failed_early_adds_nothing_to_the_title(failed_early: Path) -> None:
    assert group_of(failed_early).title == "mnist"


def test_a_run_that_failed_early_is_outside_where_it_could_belong_to_several_groups(
    failed_early: Path,
) -> None:
    write_run(failed_early, "random", query_size=32)
    (remark,) = write_report([failed_early], failed_early).stray_remarks
    assert remark.endswith("mnist lc 1, failed, out of memory")


def test_seeds_stay_whole_numbers_beside_a_run_that_cannot_be_read(tmp_path: Path) -> None:
    write_run(tmp_path, seed=3)
    (write_run(tmp_path) / "run.json").write_text("{")
    assert read([tmp_path], tmp_path).runs["seed"].dropna().map(str).to_list() == ["3"]


def test_a_line_cut_within_a_letter_is_left_out(tmp_path: Path) -> None:
    path = write_run(tmp_path, accuracies=(0.5,)) / "rounds.jsonl"
    path.write_bytes(path.read_bytes() + b'{"round": 1, "class_accuracy": {"k\xc3')
    assert read([tmp_path], tmp_path).curves["round"].to_list() == [0]


def test_where_no_run_finished_the_failed_ones_are_shown(tmp_path: Path) -> None:
    write_run(tmp_path, status="failed", reason="out of memory")
    first = remarks(group_of(tmp_path))[0]
    assert first.startswith("no run has finished")
    assert first.endswith("random seed 0 (out of memory).")


def test_runs_whose_labels_do_not_overlap_are_not_tested(tmp_path: Path) -> None:
    for seed in range(5):
        write_run(tmp_path, "random", seed)
        rewrite_round(write_run(tmp_path, "lc", seed, (0.5,)), 0, labels=100)
    assert compare(group_of(tmp_path), ["lc"], "random") == []


def test_an_output_that_is_a_file_is_named(tmp_path: Path) -> None:
    write_run(tmp_path)
    (tmp_path / "report").touch()
    with pytest.raises(UserError, match=r"cannot write .*report \(File exists\)"):
        write_report([tmp_path], tmp_path / "report")


def test_rounds_without_classes_have_a_report(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    for number in range(2):
        rewrite_round(run, number, class_accuracy={}, query_class_counts={})
    assert write_report([tmp_path], tmp_path).page.exists()


def test_classes_with_a_comma_in_their_name_are_lost_whole(tmp_path: Path) -> None:
    rewrite_round(write_run(tmp_path), 1, lost_classes=["Apple, red"])
    assert list(lost_classes(group_of(tmp_path))) == [
        "random lost class Apple, red in round 1 of seed 0."
    ]


def test_no_lost_class_is_said_so(tmp_path: Path) -> None:
    write_run(tmp_path)
    assert list(lost_classes(group_of(tmp_path))) == [
        "No class was lost: none fell to 0 % after it had been learned."
    ]


def test_a_class_at_nothing_in_the_end_is_named_with_its_labels(tmp_path: Path) -> None:
    for strategy, seed in (("lc", 1), ("lc", 0), ("random", 0)):
        run = write_run(tmp_path, strategy, seed)
        rewrite_round(run, 0, class_accuracy={"0": 0.0, "1": 0.9})
        rewrite_round(
            run, 1, class_accuracy={"0": 0.8, "1": 0.0}, query_class_counts={"0": 9, "1": 1}
        )
    facts = re.compile(r"(\w+) has class (\w+) at 0 % .* seed (\d+): (\d+) of (\d+) labels")
    found = [facts.match(sentence) for sentence in unrecognised_classes(group_of(tmp_path))]
    assert [each.groups() for each in found if each] == [
        ("random", "1", "0", "7", "20"),
        ("lc", "1", "0", "7", "20"),
        ("lc", "1", "1", "7", "20"),
    ]


def test_many_classes_at_nothing_are_counted(tmp_path: Path) -> None:
    rewrite_round(
        write_run(tmp_path), 1, class_accuracy={f"kind {number}": 0 for number in range(MOST + 2)}
    )
    (last,) = list(unrecognised_classes(group_of(tmp_path)))[MOST:]
    assert last.startswith("2 more ")


def test_many_lost_classes_are_counted(tmp_path: Path) -> None:
    rewrite_round(
        write_run(tmp_path), 1, lost_classes=[f"kind {number}" for number in range(MOST + 2)]
    )
    (last,) = list(lost_classes(group_of(tmp_path)))[MOST:]
    assert last.startswith("2 more ")
    assert "curves.csv" in last


def test_strategies_may_have_any_name(tmp_path: Path) -> None:
    for name in ODD_NAMES:
        rename_strategy(write_run(tmp_path), name)
    page = write_report([tmp_path], tmp_path).page.read_text()
    assert [name for name in ODD_NAMES if escape(name) not in page] == []


def test_classes_may_have_any_name(tmp_path: Path) -> None:
    run = write_run(tmp_path, "random", accuracies=(0.5, 0.6))
    for number in range(2):
        rewrite_round(
            run, number, class_accuracy=dict.fromkeys(ODD_NAMES, 0.5), query_class_counts={"$": 10}
        )
    page = write_report([tmp_path], tmp_path).page.read_text()
    assert [name for name in ODD_NAMES if escape(name) not in page] == []


def test_no_name_becomes_markup(tmp_path: Path) -> None:
    rename_strategy(write_run(tmp_path, classes=["<script>"]), "<script>")
    assert "<script" not in write_report([tmp_path], tmp_path).page.read_text()


def test_a_class_that_was_never_measured_leaves_its_row_empty(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    for number in range(2):
        rewrite_round(run, number, class_accuracy={"0": float("nan"), "1": 0.5})
    assert class_maps(group_of(tmp_path))


def test_queried_classes_of_a_strategy_that_asked_for_nothing_are_left_out(tmp_path: Path) -> None:
    write_run(tmp_path, "random")
    write_run(tmp_path, "lc", accuracies=(0.95,))
    (picture,) = class_shares(group_of(tmp_path))
    assert (">random<" in picture.svg, ">lc<" in picture.svg) == (True, False)


def test_a_round_that_bought_nothing_draws_no_shares(tmp_path: Path) -> None:
    rewrite_round(write_run(tmp_path), 1, query_class_counts={"0": 0, "1": 0})
    assert class_shares(group_of(tmp_path)) == []


@pytest.mark.parametrize("accuracies", [(0.0,), (1.0,), (0.0, 1.0), (1.0, 1.0)])
def test_any_accuracy_can_be_drawn(tmp_path: Path, accuracies: tuple[float, ...]) -> None:
    write_run(tmp_path, accuracies=accuracies)
    assert learning_curves(group_of(tmp_path))


def rename_strategy(run: Path, name: str) -> None:
    path = run / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"strategy": name}))
