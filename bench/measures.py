"""What an arm of a sweep reaches, and what it saves against another: numbers of runs as text.

The texts are bare numbers, without units, as tables and sentences show them. A saving is a share of
labels in percent, accuracies and their differences are in percent and points.
"""

from collections.abc import Callable

import numpy as np

from askwell.learning_curve import area_between, labels_to_targets
from askwell.loop.rounds import LEARNED
from askwell.report.findings.comparison import ENOUGH_SEEDS, compare, found_for
from askwell.report.groups.group import BASELINE
from askwell.report.statistics.evenness import evenness
from askwell.report.statistics.saving import Saving, weigh
from askwell.report.statistics.significance import SIGNIFICANCE, paired_p
from bench.arms import Arm, Run, sweep
from bench.pages import spread

FINE = ("mnist", "mnist_late", "ceiling_mnist", "few_labels", "small_queries")
"""Sweeps whose accuracies are given with two decimals: 10,000 images, and little spread."""
EARLY = 3
"""Rounds in which no class need have been learned yet."""
SPAN = 25
"""Rounds over which late ones are averaged, since single rounds differ."""
WORDS = {1: "better", 0: "not distinguishable", -1: "worse"}


def points(arm: Arm) -> str:
    """The decimals of an accuracy in percent."""
    return ".2f" if arm.sweep in FINE else ".1f"


def labels_to(arm: Arm, target: float) -> np.ndarray:
    """Labels to a target in percent of each run [n]; nan where it is not reached."""
    return arm.values(
        lambda run: labels_to_targets(run["labels"], run["accuracy"], (target / 100,))[0]
    )


def ends(arm: Arm) -> np.ndarray:
    return 100 * arm.values(lambda run: run["accuracy"][-1])


def at(arm: Arm, labels: float) -> np.ndarray:
    """The accuracy measured with so many labels."""
    return 100 * arm.values(lambda run: run["accuracy"][run["labels"].index(int(labels))])


def areas(arm: Arm, low: float, high: float) -> np.ndarray:
    """The mean accuracy over the labels between two numbers of them."""
    return 100 * arm.values(lambda run: area_between(run["labels"], run["accuracy"], low, high))


def worst(arm: Arm) -> np.ndarray:
    return 100 * arm.values(lambda run: run["class_accuracy"][-1].min())


def mean_of_rounds(arm: Arm, first: float) -> np.ndarray:
    """The mean accuracy of SPAN rounds from the first, counted from 1."""
    return 100 * arm.values(lambda run: np.mean(run["accuracy"][span(first)]))


def span(first: float | None) -> slice:
    """SPAN rounds from the first, counted from 1; all of them where it is None."""
    return slice(None) if first is None else slice(int(first) - 1, int(first) - 1 + SPAN)


def seconds(arm: Arm, part: str) -> float:
    """The median over seeds of the seconds that a run trains, scores or evaluates."""
    return float(np.median(arm.values(lambda run: sum(run[f"{part}_seconds"]))))


def early_seconds(arm: Arm, part: str) -> float:
    """The median over seeds of the mean seconds of the first four rounds."""
    return float(np.median(arm.values(lambda run: np.mean(run[f"{part}_seconds"][:4]))))


def queries(place: int, arm: Arm, first: float | None = None) -> np.ndarray:
    """The mean over the queries of each run of their distance (place 0), or of near-duplicates in
    percent (place 1).
    """
    unit = (1, 100)[place]
    return unit * arm.values(
        lambda run: np.mean([one[place] for one in run["diversity"][span(first)] if one])
    )


def even(arm: Arm, first: float | None = None) -> np.ndarray:
    """The mean over the queries of each run of how evenly they are spread over the classes."""
    rounds = slice(1, None) if first is None else span(first)  # the first has no query
    return arm.values(lambda run: evenness(run["class_counts"][rounds]).mean())


def wrong(arm: Arm) -> np.ndarray:
    return 100 * arm.values(lambda run: sum(run["wrong_labels"]) / run["labels"][-1])


def reached(arm: Arm, target: float) -> str:
    """Mean ± standard deviation of the labels to a target, or how many runs reach it."""
    labels = labels_to(arm, target)
    hits = int((~np.isnan(labels)).sum())
    return (
        spread(labels, whole_or_tenth(labels))
        if hits == len(labels)
        else of_runs(hits, len(labels))
    )


def whole_or_tenth(labels: np.ndarray) -> str:
    """The decimals of a mean number of labels: one where there are few."""
    return ".1f" if labels.mean() < 100 else ",.0f"


def of_runs(hits: int, runs: int) -> str:
    return f"{hits} of {runs} runs" if hits else "no run"


def quartiles(arm: Arm, target: float) -> str:
    """The quartiles of the labels to a target, where runs that do not reach it need more."""
    labels = np.nan_to_num(labels_to(arm, target), nan=np.inf)
    found = np.quantile(labels, [0.25, 0.5, 0.75], method="inverted_cdf")
    last = f"over {arm.last_labels:,}"
    return ", ".join(f"{one:,.0f}" if np.isfinite(one) else last for one in found)


def lowest(arm: Arm, first: float = EARLY + 1) -> str:
    """The lowest accuracy of any class in any run from a round on, counted from 1."""
    of_run = arm.values(lambda run: run["class_accuracy"][int(first) - 1 :].min())
    return f"{100 * of_run.min():.0f}"


def lost(arm: Arm) -> str:
    """In how many runs a class that had been learned fell to 0 %."""
    return of_runs(sum(bool(rounds_lost(run)) for run in arm.runs.values()), len(arm.runs))


def rounds_lost(run: Run) -> list[int]:
    """The rounds, from 1, in which a class is at 0 % that was learned before."""
    learned = np.maximum.accumulate(run["class_accuracy"] >= LEARNED)
    return [int(at) + 1 for at in np.flatnonzero((learned & (run["class_accuracy"] == 0)).any(1))]


def last_lost(arm: Arm) -> str:
    """The last round of any run in which a learned class is at 0 %."""
    rounds = [round for run in arm.runs.values() for round in rounds_lost(run)]
    return str(max(rounds)) if rounds else ""


def never(arm: Arm) -> str:
    """The classes that end at 0 %, with their labels, by seed."""
    found = []
    for seed, run in arm.runs.items():
        counts = run["class_counts"].sum(axis=0)
        classes = np.flatnonzero(run["class_accuracy"][-1] == 0)
        found += [f"seed {seed}: {run['classes'][one]} ({counts[one]})" for one in classes]
    return ", ".join(found) or "no run"


def whole(arm: Arm) -> tuple[float, float]:
    """The labels between which all runs of an arm were measured."""
    runs = arm.runs.values()
    return max(run["labels"][0] for run in runs), min(run["labels"][-1] for run in runs)


def shared(own: Arm, other: Arm) -> tuple[float, float]:
    """The labels between which both arms were measured."""
    (low, high), (lower, higher) = whole(own), whole(other)
    return max(low, lower), min(high, higher)


def paired(own: Arm, other: Arm) -> tuple[Arm, Arm]:
    """Both arms with the seeds that they share; all of these must have begun alike.

    Raises ValueError where they did not.
    """
    seeds = [seed for seed in own.runs if seed in other.runs]
    for seed in seeds:
        one, another = own.runs[seed], other.runs[seed]
        if any(one[name] != another[name] for name in ("initial_digest", "weights_digest")):
            raise ValueError(f"{own.sweep} and {other.sweep} began otherwise with seed {seed}")
    kept = (Arm(arm.sweep, arm.strategy, {s: arm.runs[s] for s in seeds}) for arm in (own, other))
    return next(kept), next(kept)


def lead(own: Arm, other: Arm, number: Callable[[Arm], np.ndarray]) -> np.ndarray:
    """The paired differences of a number of each run."""
    one, another = paired(own, other)
    return number(one) - number(another)


def area_leads(own: Arm, other: Arm) -> np.ndarray:
    """The paired differences of areas, over the labels that both arms share."""
    return lead(own, other, lambda arm: areas(arm, *shared(own, other)))


def found(own: Arm, other: Arm) -> int:
    """What the test of areas finds: 1 for better, -1 for worse, 0 for neither. Against random of
    the same sweep it is corrected for all strategies there; too few seeds find nothing.
    """
    if own.sweep == other.sweep and other.strategy == BASELINE:
        group = sweep(own.sweep).group
        return found_for(own.strategy, compare(group, group.contenders, BASELINE))
    leads = area_leads(own, other)
    if len(leads) < ENOUGH_SEEDS or paired_p(leads, np.zeros_like(leads)) >= SIGNIFICANCE:
        return 0
    return int(np.sign(leads.mean()))


def saving(own: Arm, other: Arm, target: float) -> Saving | None:
    """What one arm saves against another; None where not every run of both reaches the target."""
    pair = paired(own, other)
    one, another = (labels_to(arm, target) for arm in pair)
    if np.isnan([one, another]).any():
        return None
    grain = np.mean([np.median(arm.values(query_size)) for arm in pair])
    return weigh(one, another, float(grain), found(own, other))


def query_size(run: Run) -> float:
    return float(np.median(np.diff(run["labels"])))


def errors_saved(own: Arm, other: Arm) -> float:
    """The share of the other's errors at the end that the own runs do not make, in percent."""
    one, another = (100 - ends(arm).mean() for arm in paired(own, other))
    return float(100 * (1 - one / another))
