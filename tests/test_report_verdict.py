import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from report_runs import group_of, write_run

from askwell.report.findings.verdict import verdict
from askwell.report.page.wording import saving_interval, spans


def test_the_first_sentence_says_how_many_labels_were_saved(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.6, 0.8, 0.95))
    write_curves(tmp_path, "lc", 5, (0.5, 0.95, 0.95, 0.96))
    assert verdict(group_of(tmp_path))[0] == (
        "To reach 95 %, lc needs 20 ± 0 labels where random needs 40 ± 0: "
        "50 % fewer (95 % interval 38–62 %, 5 paired seeds)."
    )


def test_a_strategy_that_needs_more_labels_is_not_said_to_save(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.95, 0.96))
    write_curves(tmp_path, "lc", 5, (0.5, 0.6, 0.95))
    assert ": 50 % more (" in verdict(group_of(tmp_path))[0]


def test_the_headline_takes_the_highest_target_that_all_runs_reach(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.91))
    write_curves(tmp_path, "lc", 5, (0.5, 0.96))
    assert verdict(group_of(tmp_path))[0].startswith("To reach 90 %")


def test_a_target_that_only_the_strategy_reaches_is_told(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.91))
    write_curves(tmp_path, "lc", 5, (0.5, 0.96))
    expected = "95 % is reached by every run of lc (20 ± 0 labels) and by none of random's 5."
    assert expected in verdict(group_of(tmp_path))


def test_targets_that_nobody_reaches_are_said_so(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.01, 0.05))
    write_curves(tmp_path, "lc", 5, (0.01, 0.06))
    assert verdict(group_of(tmp_path))[0] == (
        "None of 90 %, 95 % and 97 % is reached by every run of lc and random: "
        "lc reaches 6.0 ± 0.0 % with 20 labels, random 5.0 ± 0.0 % with 20 labels."
    )


def test_runs_that_are_alike_are_not_distinguishable(tmp_path: Path) -> None:
    for strategy in ("random", "lc"):
        write_curves(tmp_path, strategy, 5, (0.5, 0.9))
    expected = (
        "20 ± 0: not distinguishable from random (95 % interval 25 % more to 25 % fewer, "
        "5 paired seeds)."
    )
    assert verdict(group_of(tmp_path))[0].endswith(expected)


def test_a_difference_of_areas_alone_is_no_saving(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.6, 0.95))
    write_curves(tmp_path, "lc", 5, (0.8, 0.85, 0.95))
    assert ": too uncertain to call a saving (95 % interval" in verdict(group_of(tmp_path))[0]


def test_seeds_in_which_a_strategy_failed_are_named_in_the_headline(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 7, (0.5, 0.6, 0.8, 0.95))
    write_curves(tmp_path, "lc", 5, (0.5, 0.95, 0.95, 0.96))
    write_run(tmp_path, "lc", 5, (0.1,), status="failed")
    assert (
        "; left out: 1 failed run of lc and 1 missing run of lc." in verdict(group_of(tmp_path))[0]
    )


def test_a_failed_run_that_was_repeated_is_not_left_out(tmp_path: Path) -> None:
    write_run(tmp_path, "lc", 0, (0.1,), status="failed")
    write_curves(tmp_path, "random", 5, (0.5, 0.9))
    write_curves(tmp_path, "lc", 5, (0.5, 0.9))
    assert "left out" not in verdict(group_of(tmp_path))[0]


def test_runs_that_an_accuracy_ended_are_said_to_be_censored(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.6, 0.9), reason="target_accuracy")
    write_curves(tmp_path, "lc", 5, (0.5, 0.8, 0.9))
    assert (
        "A run that `target_accuracy` ended is censored at its last labels"
        in verdict(group_of(tmp_path))[0]
    )


def test_three_seeds_are_called_no_evidence(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 3, (0.5, 0.9))
    write_curves(tmp_path, "lc", 3, (0.9, 0.9))
    assert verdict(group_of(tmp_path))[1:] == ("3 seeds are no evidence: a test needs 5.",)


def test_three_seeds_have_no_interval(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 3, (0.5, 0.9))
    write_curves(tmp_path, "lc", 3, (0.9, 0.9))
    assert "interval" not in verdict(group_of(tmp_path))[0]


def test_three_seeds_still_have_their_means(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 3, (0.5, 0.9))
    write_curves(tmp_path, "lc", 3, (0.9, 0.9))
    assert verdict(group_of(tmp_path))[0] == (
        "To reach 90 %, lc needs 10 ± 0 labels where random needs 20 ± 0 (means of 3 seeds each)."
    )


def test_one_seed_is_told_in_the_singular(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 1, (0.5, 0.9))
    write_curves(tmp_path, "lc", 1, (0.9, 0.9))
    assert verdict(group_of(tmp_path)) == (
        "To reach 90 %, lc needs 10 labels where random needs 20 (one seed each).",
        "1 seed is no evidence: a test needs 5.",
    )


def test_only_the_seeds_that_both_have_are_counted(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 4, (0.5, 0.9))
    write_curves(tmp_path, "lc", 3, (0.9, 0.9))
    assert verdict(group_of(tmp_path))[1] == "3 shared seeds are no evidence: a test needs 5."


def test_unequal_numbers_of_seeds_are_both_told(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 4, (0.5, 0.9))
    write_curves(tmp_path, "lc", 3, (0.9, 0.9))
    assert verdict(group_of(tmp_path))[0].endswith("(means of 3 and 4 seeds).")


def test_unpaired_starts_are_not_tested(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.9))
    write_curves(tmp_path, "lc", 5, (0.9, 0.9), initial_digest="of its own")
    (reason,) = verdict(group_of(tmp_path))[1:]
    assert reason.startswith(
        "lc and random are not known to have started from the same images and weights in 5 of 5 "
        "seeds"
    )


def test_without_random_no_saving_is_told(tmp_path: Path) -> None:
    write_curves(tmp_path, "lc", 5, (0.5, 0.9))
    first = verdict(group_of(tmp_path))[0]
    assert "there is no run of random" in first
    assert "fewer" not in first


def test_random_alone_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.9))
    (sentence,) = verdict(group_of(tmp_path))
    assert sentence.startswith("Only random was run")
    assert "90.0 ± 0.0 % with 20 labels" in sentence


def test_strategies_are_told_apart_by_paired_tests(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.001, (4, 6))
    for place, (strategy, height) in enumerate(
        {"random": 0.8, "lc": 0.9, "sm": 0.9, "lm": 0.7}.items()
    ):
        for seed in range(6):
            write_run(tmp_path, strategy, seed, (height + noise[place, seed],) * 2)
    sentence = verdict(group_of(tmp_path))[-1]
    best, other = ("lc", "sm") if noise[1].mean() > noise[2].mean() else ("sm", "lc")
    assert "lc and sm are better than random; lm is worse than random" in sentence
    assert re.search(
        rf"; {other} \(.* more seeds would .*\) is not distinguishable from {best}\.$", sentence
    )


def test_a_comparison_that_is_open_says_how_many_more_seeds_would_settle_it(tmp_path: Path) -> None:
    for seed, difference in enumerate((0.03, -0.01, 0.02, -0.01, 0.02)):  # 0.53 standard deviations
        write_run(tmp_path, "random", seed, (0.8, 0.8))
        write_run(tmp_path, "lc", seed, (0.8 + difference,) * 2)
    expected = (
        "lc (25 more seeds would settle it if the difference seen is true) is not "
        "distinguishable from random."
    )
    assert verdict(group_of(tmp_path))[-1].endswith(expected)


def test_on_hard_images_the_headline_takes_the_highest_level_that_both_reach(
    tmp_path: Path,
) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.6, 0.8))
    write_curves(tmp_path, "lc", 5, (0.5, 0.8, 0.85))
    write_curves(tmp_path, "certain", 5, (0.5, 0.5, 0.5))
    first, second = verdict(group_of(tmp_path))[:2]
    assert first.startswith(
        "To reach 80 %, lc needs 20 ± 0 labels where random needs 30 ± 0: 33 % fewer"
    )
    assert second == "85 % is reached by every run of lc (30 ± 0 labels) and by none of random's 5."


def test_a_single_good_run_does_not_take_the_first_sentence_from_a_tested_strategy(
    tmp_path: Path,
) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.9))
    write_curves(tmp_path, "lc", 5, (0.5, 0.95))
    write_curves(tmp_path, "sm", 1, (0.5, 0.99))
    assert verdict(group_of(tmp_path))[0].startswith("To reach 90 %, lc needs")


def test_strategies_are_ranked_over_the_same_labels(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.6, 0.9, 0.9, 0.9))
    write_curves(tmp_path, "lc", 5, (0.5, 0.7))
    write_curves(tmp_path, "sm", 5, (0.5, 0.75, 0.91, 0.91, 0.91))
    assert verdict(group_of(tmp_path))[0].startswith("To reach 90 %, sm needs")


def test_the_best_is_told_by_its_end_where_the_runs_share_only_the_start(tmp_path: Path) -> None:
    for strategy, end in (("random", 0.7), ("lc", 0.6), ("sm", 0.8)):
        write_curves(tmp_path, strategy, 2, (0.5, end))
    write_curves(tmp_path, "lm", 1, (0.5,))
    assert verdict(group_of(tmp_path))[0].startswith("To reach 70 %, sm needs")


def test_runs_that_did_not_finish_are_not_spoken_of_as_if_they_had(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.6), status="failed")
    write_curves(tmp_path, "lc", 5, (0.5, 0.9), status="failed")
    (sentence,) = verdict(group_of(tmp_path))
    assert sentence.startswith("No run has finished yet. ")


def test_runs_that_end_alike_are_settled_by_no_number_of_seeds(tmp_path: Path) -> None:
    write_curves(tmp_path, "random", 5, (0.5, 0.9))
    write_curves(tmp_path, "lc", 5, (0.5, 0.9))
    assert (
        "lc (more than 100 seeds would be needed) is not distinguishable"
        in verdict(group_of(tmp_path))[-1]
    )


def test_an_interval_across_zero_tells_both_directions() -> None:
    assert saving_interval(-0.05, 0.1) == "5 % more to 10 % fewer"


def test_an_interval_of_losses_runs_from_small_to_large() -> None:
    assert saving_interval(-0.12, -0.03) == "3–12 %"


def test_neighbouring_rounds_are_joined() -> None:
    assert spans([3, 7, 8, 9]) == "3, 7–9"


def write_curves(
    folder: Path, strategy: str, seeds: int, accuracies: Sequence[float], **facts: str
) -> None:
    """The same curve for each of so many seeds."""
    for seed in range(seeds):
        write_run(folder, strategy, seed, accuracies, **facts)
