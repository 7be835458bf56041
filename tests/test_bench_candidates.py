"""The table of what it costs to score a part of the pool."""

from typing import Any

from bench.candidates import COUNTS, rows_of


def run(count: str, seed: int, accuracy: list[float]) -> dict[str, Any]:
    job = {"candidates": count, "strategy": "lc", "seed": seed}
    return {"job": job, "labels": [100, 200], "accuracy": accuracy, "query_seconds": [2.0]}


def test_parts_are_compared_with_the_whole_pool_seed_by_seed() -> None:
    runs = [run("null", seed, [0.80 + seed / 10, 0.96]) for seed in range(2)]
    runs += [run("10000", seed, [0.78 + seed / 10, 0.96]) for seed in range(2)]
    runs += [run("1000", seed, [0.70, 0.80 + seed / 10]) for seed in range(2)]
    whole, many, few = rows_of(runs).splitlines()[2:]
    assert whole.split(" | ")[1:4] == ["all", "90.50", ""]
    assert many.split(" | ")[1:4] == ["10,000", "89.50", "−1.00 ± 0.00"]
    assert few.split(" | ")[3:6] == ["−13.00 ± 0.00", "1 of 2", "0 of 2"]


def test_a_seed_that_is_not_complete_is_left_out() -> None:
    runs = [run(count, 0, [0.8, 0.9]) for count in COUNTS] + [run("null", 1, [0.0, 0.0])]
    assert "85.00" in rows_of(runs)
