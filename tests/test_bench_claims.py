"""Figures of packed runs by closed forms; the jobs behind the claims; what is packed of a run."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench import arms, claim_tables, claims, figures, measures, program
from bench.arms import Arm, NotPackedError, Sweep
from bench.grids import GRIDS
from bench.packing import CLASS_UNIT, Packed, by_class, details, pressed
from hydra.core.hydra_config import HydraConfig


def run(accuracy: list[float], seed: int = 0, classes: Any = None, counts: Any = None) -> Any:
    """A packed run of two classes that buys 100 labels per query."""
    rounds = len(accuracy)
    of_class = np.tile(np.array(accuracy)[:, None], 2) if classes is None else np.array(classes)
    return {
        "labels": [100 * number for number in range(1, rounds + 1)],
        "accuracy": accuracy,
        "classes": ["cat", "dog"],
        "class_accuracy": of_class,
        "class_counts": np.full((rounds, 2), 50) if counts is None else np.array(counts),
        "wrong_labels": [10] * rounds,
        "diversity": [[], *([[0.5, 0.25]] * (rounds - 1))],
        **{f"{part}_seconds": [1.5] * rounds for part in ("train", "score", "eval")},
        **dict.fromkeys(("initial_digest", "weights_digest"), f"{seed}"),
    }


def arm(curves: list[list[float]], sweep: str = "mini", strategy: str = "sm") -> Arm:
    return Arm(sweep, strategy, {seed: run(curve, seed) for seed, curve in enumerate(curves)})


def test_labels_to_a_target_are_those_at_which_a_rising_curve_crosses_it() -> None:
    rising = arm([[0.5, 0.9, 0.95]] * 2 + [[0.5, 0.8, 0.9]])
    assert measures.labels_to(rising, 90).tolist() == [200, 200, 300]
    assert measures.reached(rising, 90) == "233 ± 58"
    assert measures.reached(rising, 95) == "2 of 3 runs"
    assert measures.reached(rising, 99) == "no run"
    assert measures.quartiles(rising, 95) == "300, 300, over 300"


def test_a_saving_is_one_minus_the_ratio_of_the_mean_labels() -> None:
    own, other = arm([[0.9, 0.95, 0.99]] * 5), arm([[0.5, 0.9, 0.95]] * 5, "other")
    saving = measures.saving(own, other, 90)
    assert saving is not None
    assert (saving.share, saving.found) == (0.5, 1)
    assert measures.saving(own, other, 99) is None


def test_arms_that_began_otherwise_are_not_compared() -> None:
    other = Arm("other", "sm", {0: run([0.5, 0.9], seed=1)})
    with pytest.raises(ValueError, match="mini and other began otherwise with seed 0"):
        measures.lead(arm([[0.5, 0.9]]), other, measures.ends)


def test_leads_and_the_errors_saved_are_of_paired_seeds() -> None:
    own, other = arm([[0.5, 0.95], [0.5, 0.97], [0.0, 0.0]]), arm([[0.5, 0.9], [0.5, 0.94]], "o")
    assert measures.lead(own, other, measures.ends) == pytest.approx([5, 3])
    assert measures.errors_saved(own, other) == pytest.approx(50)


def test_a_class_is_lost_only_once_it_was_learned() -> None:
    classes = [[0.0, 0.6], [0.4, 0.0], [0.5, 0.5], [0.1, 0.2], [0.0, 0.9]]
    counts = [[0, 50]] * 4 + [[3, 47]]
    one = Arm("lost", "sm", {7: run([0.5] * 5, 7, classes, counts), 8: run([0.5] * 5, 8)})
    assert measures.rounds_lost(one.runs[7]) == [2, 5]
    assert (measures.lost(one), measures.last_lost(one)) == ("1 of 2 runs", "5")
    assert measures.lowest(one) == "0"
    assert measures.lowest(one, 3) == "0"
    assert measures.never(one) == "seed 7: cat (3)"
    assert measures.never(arm([[0.5]])) == "no run"


def test_variety_and_wrong_labels_are_means_over_queries_and_runs() -> None:
    one = arm([[0.5, 0.6, 0.7, 0.8]])
    assert measures.queries(0, one).tolist() == [0.5]
    assert measures.queries(1, one).tolist() == [25]
    assert measures.even(one).tolist() == [1]
    assert measures.wrong(one).tolist() == [10]
    assert (measures.seconds(one, "train"), measures.early_seconds(one, "eval")) == (6, 1.5)


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sweeps `one` and `two`: `sm` with the same starts as random, and better in every seed."""
    gains = [0.02, 0.03, 0.04, 0.05, 0.06]
    low = [[0.5, 0.7, 0.9 - gain] for gain in gains]
    high = [[0.5, 0.8 + gain, 0.95] for gain in gains]

    def found(name: str) -> Sweep:
        if name == "absent":
            raise NotPackedError("absent has 2 seeds of every strategy")
        return Sweep(name, {"random": arm(low, name, "random"), "sm": arm(high, name)})

    monkeypatch.setattr(figures, "sweep", found)
    monkeypatch.setattr(measures, "sweep", found)
    figures.figure.cache_clear()
    yield
    figures.figure.cache_clear()


@pytest.mark.usefixtures("sweep")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("one.sm.end", "95.0 ± 0.0"),
        ("one.random.mean_end", "86.0"),
        ("one.sm.mean_at_200", "84.0"),
        ("one.sm.seeds", "5"),
        ("one.sm.labels", "300"),
        ("one.sm.lead_end", "9.0"),
        ("one.random/two.sm.lead_end", "−9.0"),
        ("one.sm.saves_90", "–"),
        ("one.sm.verdict", "better"),
        ("one.random/two.sm.verdict", "worse"),
        ("one.sm/two.sm.verdict", "not distinguishable"),
        ("one.sm/two.sm.more_95", "0"),
        ("one.sm.wins_area", "5 of 5"),
        ("one.sm.seconds", "4 + 4 + 4"),
        ("one.sm.score_share", "33"),
    ],
)
def test_a_figure_has_a_name_and_is_shown_without_its_unit(name: str, shown: str) -> None:
    assert figures.figure(name) == shown


@pytest.mark.usefixtures("sweep")
@pytest.mark.parametrize(
    "name", ["one.sm", "one.sm.best", "one.lc.end", "one.sm.at", "one.sm/two.sm.end"]
)
def test_a_name_that_means_no_figure_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is no"):
        figures.figure(name)


@pytest.mark.usefixtures("sweep")
def test_random_is_not_compared_with_itself_in_a_table() -> None:
    assert claim_tables.cell("one.random", "verdict") == ""
    assert claim_tables.cell("one.sm", "verdict") == "better"


@pytest.mark.usefixtures("sweep")
def test_the_figures_of_runs_that_are_not_packed_are_not_there() -> None:
    with pytest.raises(NotPackedError, match="absent has 2 seeds"):
        figures.figure("absent.sm.end")


def test_what_is_packed_of_a_run_has_its_classes_and_queries_again(tmp_path: Path) -> None:
    line = {
        "class_accuracy": {"cat": 0.12345, "dog": 1.0},
        "query_class_counts": {"dog": 300},
        "query_diversity": {"distance": 0.7, "near_duplicates": 0.1234567},
        **dict.fromkeys(("train_seconds", "score_seconds", "eval_seconds"), 1.23456),
    }
    first = line | {"query_diversity": None}
    lines = "\n".join(map(json.dumps, (first, line)))
    (tmp_path / "rounds.jsonl").write_text(lines)
    (tmp_path / "run.json").write_text(json.dumps({"appearance": {"colour": "#000000"}}))
    packed = {"labels": [300, 600], **json.loads(json.dumps(details(tmp_path)))}
    accuracy, counts = by_class(packed)
    assert accuracy == pytest.approx(np.array([[0.1234, 1.0]] * 2), abs=1e-4)
    assert counts.tolist() == [[0, 300]] * 2
    assert packed["diversity"] == [[], [0.7, 0.12346]]
    assert packed["train_seconds"] == [1.235] * 2


def test_small_pools_come_first_and_every_sweep_has_some_seeds_before_any_has_more() -> None:
    found = claims.jobs(["zero_one", "four_nine", "cost_10"])
    places = [(job["settings"], job["seed"]) for job in found]
    zero, four, cost = (
        claims.SWEEPS[name].settings for name in ("zero_one", "four_nine", "cost_10")
    )
    assert places.index((four, 4)) < places.index((zero, 5)) < places.index((cost, 0))
    assert len(found) == len(set(map(str, found))) == 2 * 10 * 2 + 3


def test_sweeps_of_the_same_settings_share_their_runs() -> None:
    assert claims.jobs(["mini", "stale_1", "noise_0"]) == claims.jobs(["mini"])


@pytest.mark.parametrize("name", claims.SWEEPS)
def test_the_settings_of_a_sweep_are_understood(name: str) -> None:
    (job,) = claims.jobs([name], most=1)[:1]
    cfg = program.config(*claims.overrides(job))
    HydraConfig.instance().cfg = None
    assert (cfg.seed, cfg.threads) == (job["seed"], 1)


def test_every_packed_run_is_of_a_sweep_and_every_table_has_sweeps_of_a_claim() -> None:
    known = {str(job) for job in claims.jobs(claims.SWEEPS)}
    assert [run["job"] for run in Packed(claims.FILE) if str(run["job"]) not in known] == []
    of_claims = {name for names in claims.CLAIMS.values() for name in names}
    assert of_claims == set(claims.SWEEPS)
    assert {one.split(".")[0] for grid in GRIDS.values() for _, one in grid.rows} <= of_claims


def test_the_beginning_of_a_run_has_as_many_rounds_of_everything() -> None:
    whole = run([0.5, 0.6, 0.75]) | {"cost": [100, 200, 300]}
    arrays = {
        "class_accuracy": pressed((whole["class_accuracy"] / CLASS_UNIT).round().astype(np.uint16)),
        "class_counts": pressed(whole["class_counts"].astype(np.uint16)),
    }
    begun = arms.beginning({**whole, **arrays}, 2)
    assert {len(begun[name]) for name in (*arms.BY_ROUND, *arrays)} == {2}
    assert begun["class_accuracy"] == pytest.approx(np.array([[0.5] * 2, [0.6] * 2]))
    assert begun["classes"] == ["cat", "dog"]
