"""Runs whose first images another strategy chose are compared with those that drew them."""

from pathlib import Path
from typing import Any

import pytest
from report_runs import group_of, write_run

from askwell.report import write_report
from askwell.report.findings.comparison import compare, pairs
from askwell.report.findings.faults import remarks
from askwell.report.findings.verdict import verdict
from askwell.report.groups.group import Group
from askwell.report.sections.head_to_head import mean_ranks, win_shares

COPY = "callbacks.active_learning.initial"
KCENTRE = {"initial._target_": "KCentre", COPY: "copy of initial"}
SEEDS = 5


def write_chosen(folder: Path, strategy: str, seed: int, *accuracies: float, **facts: Any) -> Path:
    """A run whose first images k-centre chose: others than those drawn for the seed."""
    chosen = {"initial": "kcentre", "initial_digest": f"chosen {seed}", "study": {**KCENTRE}}
    return write_run(folder, strategy, seed, accuracies or (0.5, 0.9), **chosen | facts)


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """random and sm, each with first images that were drawn and with ones that k-centre chose."""
    for seed in range(SEEDS):
        for place, strategy in enumerate(("random", "sm")):
            height = 0.6 + place / 10 + seed / 100
            write_run(tmp_path, strategy, seed, (0.5, height), study={})
            write_chosen(tmp_path, strategy, seed, 0.6, height + 0.05)
    return tmp_path


@pytest.fixture
def group(sweep: Path) -> Group:
    return group_of(sweep)


def test_they_are_contenders_of_one_group(group: Group) -> None:
    assert group.strategies == ["random", "kcentre → random", "kcentre → sm", "sm"]
    assert group.title == "mnist"


def test_they_are_paired_by_seed_and_weights_though_the_images_differ(group: Group) -> None:
    assert len(pairs(group, "kcentre → sm", "random")) == SEEDS
    assert [test.found for test in compare(group, ["kcentre → sm", "sm"], "random")] == [1, 1]


def test_runs_with_other_weights_are_not_paired(sweep: Path) -> None:
    write_run(sweep, "sm", SEEDS, weights_digest="one", study={})
    write_chosen(sweep, "sm", SEEDS, weights_digest="another")
    assert len(pairs(group_of(sweep), "kcentre → sm", "sm")) == SEEDS


def test_runs_with_one_initial_strategy_and_other_images_are_not_paired(sweep: Path) -> None:
    write_chosen(sweep, "sm", SEEDS)
    write_chosen(sweep, "random", SEEDS, initial_digest="others")
    assert len(pairs(group_of(sweep), "kcentre → sm", "kcentre → random")) == SEEDS


def test_images_that_differ_by_design_are_no_fault(group: Group) -> None:
    assert remarks(group) == []


def test_images_that_differ_under_one_initial_strategy_are_a_fault(sweep: Path) -> None:
    for strategy, digest in (("sm", "some"), ("random", "others")):
        write_chosen(sweep, strategy, SEEDS, initial_digest=digest)
        write_run(sweep, strategy, SEEDS, study={})
    assert remarks(group_of(sweep)) == ["the initial images differ between the runs of seed 5."]


def test_the_first_round_counts_where_its_images_differ(group: Group) -> None:
    assert win_shares(group).loc["kcentre → random", "random"] == 1
    assert win_shares(group).loc["sm", "kcentre → random"] == 0.5
    assert mean_ranks(group).to_dict() == {
        "random": (3.5 + 4) / 2,
        "kcentre → random": (1.5 + 3) / 2,
        "kcentre → sm": (1.5 + 1) / 2,
        "sm": (3.5 + 2) / 2,
    }


def test_the_baseline_is_random_with_random_images(tmp_path: Path) -> None:
    for strategy in ("random", "sm"):
        write_chosen(tmp_path, strategy, 0)
    group = group_of(tmp_path)
    assert group.contenders == ["kcentre → random", "kcentre → sm"]
    assert any(remark.startswith("there is no run of random") for remark in remarks(group))


def test_the_verdict_names_the_first_query(sweep: Path, group: Group) -> None:
    assert "kcentre → sm" in verdict(group)[0]
    assert "kcentre → sm" in write_report([sweep], sweep).page.read_text()


def test_the_verdict_asks_for_the_same_weights_alone(tmp_path: Path) -> None:
    for seed in range(SEEDS):
        write_run(tmp_path, "random", seed, study={})
        write_chosen(tmp_path, "sm", seed, 0.6, 0.95, weights_digest="of its own")
    assert "the same weights in 5 of 5 seeds" in " ".join(verdict(group_of(tmp_path)))


def test_other_settings_of_the_initial_strategy_are_other_contenders(tmp_path: Path) -> None:
    for draws in (10, 20):
        study = KCENTRE | {"initial.draws": draws}
        write_chosen(tmp_path, "sm", 0, study=study)
    assert group_of(tmp_path).strategies == ["kcentre draws 10 → sm", "kcentre draws 20 → sm"]


def test_a_callback_with_an_initial_of_its_own_stays_in_the_group(tmp_path: Path) -> None:
    write_run(tmp_path, "sm", study={})
    for setting in (COPY, f"{COPY}._target_"):
        write_chosen(tmp_path, "sm", 0, study={setting: "Mine"})
    assert group_of(tmp_path).title == "mnist"


def test_settings_that_only_begin_alike_set_runs_apart(tmp_path: Path) -> None:
    for size in (1, 2):
        write_run(tmp_path, study={"initially": size})
    with pytest.raises(ValueError, match="too many values"):
        group_of(tmp_path)


def test_a_run_that_does_not_name_its_initial_strategy_is_known_by_its_class(
    tmp_path: Path,
) -> None:
    write_run(tmp_path, "sm", study={**KCENTRE})
    assert group_of(tmp_path).strategies == ["KCentre → sm"]


@pytest.mark.parametrize("facts", [{}, {"initial": None}, {"initial": "random"}])
def test_random_images_go_without_saying(tmp_path: Path, facts: dict[str, Any]) -> None:
    write_run(tmp_path, "sm", **facts)
    assert group_of(tmp_path).strategies == ["sm"]


def test_the_title_of_the_strategy_follows_the_first_query(tmp_path: Path) -> None:
    write_chosen(tmp_path, "sm", 0, appearance={"title": "smallest margin", "colour": "#009e73"})
    group = group_of(tmp_path)
    assert group.titles == {"kcentre → sm": "kcentre → smallest margin"}
    assert group.appearances["kcentre → sm"].colour is None
