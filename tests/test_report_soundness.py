from pathlib import Path

import pytest
from filelock import FileLock
from report_runs import group_of, rewrite_round, write_run

from askwell.report.findings.faults import remarks
from askwell.report.sections.classes import lost_classes


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A sound comparison: two strategies with five paired seeds each."""
    for strategy in ("random", "lc"):
        for seed in range(5):
            write_run(tmp_path, strategy, seed)
    return tmp_path


def test_a_sound_comparison_has_no_remarks(sweep: Path) -> None:
    assert remarks(group_of(sweep)) == []


def test_a_failed_run_is_named_with_its_reason(sweep: Path) -> None:
    write_run(sweep, "lc", 5, (), status="failed", reason="out of memory")
    assert remarks(group_of(sweep)) == ["1 run failed and was left out: lc seed 5 (out of memory)."]


def test_a_killed_run_is_named(sweep: Path) -> None:
    write_run(sweep, "lc", 5, status="running")
    assert remarks(group_of(sweep)) == ["1 run was killed before its end and left out: lc seed 5."]


def test_a_run_that_goes_on_is_named(sweep: Path) -> None:
    with FileLock(write_run(sweep, "lc", 5, status="running") / ".lock"):
        assert remarks(group_of(sweep)) == ["1 run was still running and left out: lc seed 5."]


def test_runs_that_wait_for_answers_are_named(sweep: Path) -> None:
    for seed in (5, 6):
        write_run(sweep, "lc", seed, (0.5,), status="waiting", reason=None)
    assert remarks(group_of(sweep)) == [
        "2 runs are waiting for answers and left out: lc seed 5 and lc seed 6."
    ]


def test_runs_that_a_target_on_the_evaluation_set_ended_are_named(sweep: Path) -> None:
    write_run(sweep, "lc", 5, reason="target_accuracy")
    write_run(sweep, "random", 5)
    assert remarks(group_of(sweep)) == [
        "selection on the evaluation set: target_accuracy ended 1 run by the accuracy measured "
        "there, which flatters "
        "the final accuracy: lc seed 5."
    ]


def test_a_sweeper_that_may_choose_by_accuracy_is_named(tmp_path: Path) -> None:
    for seed in range(5):
        write_run(tmp_path, seed=seed, sweeper="optuna")
    (remark,) = remarks(group_of(tmp_path))
    assert remark.startswith("selection on the evaluation set: the sweeper optuna ")


def test_hydras_own_sweeper_chooses_nothing(tmp_path: Path) -> None:
    for seed in range(5):
        write_run(tmp_path, seed=seed, sweeper="basic")
    assert remarks(group_of(tmp_path)) == []


def test_a_missing_seed_is_named(sweep: Path) -> None:
    write_run(sweep, "lc", 5)
    assert remarks(group_of(sweep)) == ["random has no run to compare with seed 5."]


def test_a_finished_run_without_a_round_is_named(sweep: Path) -> None:
    write_run(sweep, "sm", 3, ())
    assert remarks(group_of(sweep)) == [
        "1 finished run without a measured round was left out: sm seed 3."
    ]


def test_a_resume_on_other_code_is_named(sweep: Path) -> None:
    write_run(
        sweep, "random", 0, git_commit="aaa", resumed=[{"git_commit": "aaa"}, {"git_commit": "bbb"}]
    )
    assert "the runs are of different commits: aaa and bbb." in remarks(group_of(sweep))


def test_starts_that_are_not_recorded_are_not_said_to_differ(sweep: Path) -> None:
    write_run(sweep, "random", 5)
    write_run(sweep, "lc", 5, initial_digest=None)
    expected = (
        "the initial images of 1 run are not recorded, so that none is paired with these: "
        "lc seed 5."
    )
    assert remarks(group_of(sweep)) == [expected]


def test_a_run_done_twice_is_named(sweep: Path) -> None:
    write_run(sweep, "lc", 4)
    (remark,) = remarks(group_of(sweep))
    assert "ran more than once" in remark
    assert remark.endswith(": lc seed 4.")


def test_few_seeds_are_named_with_their_number(tmp_path: Path) -> None:
    write_run(tmp_path, "random")
    write_run(tmp_path, "lc")
    assert remarks(group_of(tmp_path)) == [
        "fewer than 5 seeds are no evidence: random (1) and lc (1)."
    ]


def test_a_missing_baseline_is_named(tmp_path: Path) -> None:
    for seed in range(5):
        write_run(tmp_path, "lc", seed)
    (remark,) = remarks(group_of(tmp_path))
    assert remark.startswith("there is no run of random")


@pytest.mark.parametrize(
    ("digest", "what"), [("initial_digest", "images"), ("weights_digest", "weights")]
)
def test_unpaired_starts_are_named(sweep: Path, digest: str, what: str) -> None:
    write_run(sweep, "sm", 0, **{digest: "another"})
    assert f"the initial {what} differ between the runs of seed 0." in remarks(group_of(sweep))


def test_unequal_numbers_of_labels_are_named(sweep: Path) -> None:
    for seed in range(5):
        write_run(sweep, "sm", seed, (0.5, 0.6, 0.7))
    (remark,) = remarks(group_of(sweep))
    assert remark.startswith("the runs end at different numbers of labels (20 to 30)")


def test_unlike_data_are_named(sweep: Path) -> None:
    for seed in range(5):
        write_run(sweep, "sm", seed, dataset_fingerprint="g")
    (remark,) = remarks(group_of(sweep))
    assert remark.startswith("the data are not the same in all runs")


def test_lost_classes_are_told_in_words(sweep: Path) -> None:
    run = write_run(sweep, "sm", 1, [0.5] * 13)
    rewrite_round(run, 12, lost_classes=["9"])
    assert list(lost_classes(group_of(sweep))) == ["sm lost class 9 in round 12 of seed 1."]


def test_neighbouring_rounds_of_a_lost_class_are_one_sentence(sweep: Path) -> None:
    run = write_run(sweep, "sm", 1, [0.5] * 3)
    rewrite_round(run, 1, lost_classes=["9"])
    rewrite_round(run, 2, lost_classes=["9"])
    assert list(lost_classes(group_of(sweep))) == ["sm lost class 9 in rounds 1–2 of seed 1."]
