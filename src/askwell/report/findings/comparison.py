"""Strategies against each other, paired by seed."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from askwell.report.groups.group import Group
from askwell.report.groups.measures import areas
from askwell.report.statistics.power import seeds_needed
from askwell.report.statistics.saving import Saving, weigh
from askwell.report.statistics.significance import SIGNIFICANCE, holm, paired_p

ENOUGH_SEEDS = 5


@dataclass(frozen=True)
class Comparison:
    """A strategy's area under the learning curve against a reference's: mean over paired seeds, and
    a test.

    The areas are over the labels that all of these runs share: no run of a third strategy cuts
    them.
    """

    strategy: str
    reference: str
    seeds: int
    difference: float
    deviation: float  # standard deviation of the differences over seeds
    p: float
    # p after Holm's correction over the strategies that were compared with the same reference
    corrected: float
    together: int  # how many strategies these are

    @property
    def distinguishable(self) -> bool:
        return self.corrected < SIGNIFICANCE

    @property
    def found(self) -> int:
        """1 where the strategy is better than its reference, -1 where it is worse, 0 where the test
        finds neither.
        """
        return int(np.sign(self.difference)) if self.distinguishable else 0

    @property
    def more_seeds(self) -> int | None:
        """How many more seeds would probably distinguish the two; None for too many.

        Only if the true difference is the one that was seen; at the strictest level of Holm's
        procedure.
        """
        if not self.deviation > 0 or np.isclose(self.difference, 0):
            return None
        needed = seeds_needed(self.difference / self.deviation, SIGNIFICANCE / self.together)
        return None if needed is None else needed - self.seeds


@dataclass(frozen=True)
class Pairs:
    """The runs of two strategies that started alike, both indexed by seed."""

    own: pd.DataFrame
    reference: pd.DataFrame

    def __len__(self) -> int:
        return len(self.own)

    @property
    def enough(self) -> bool:
        """Whether the seeds can carry a test."""
        return len(self) >= ENOUGH_SEEDS


def pairs(group: Group, strategy: str, reference: str) -> Pairs:
    """The paired runs of a strategy and its reference: of one seed, with the same initial weights
    and, unless different strategies chose the initial images, with the same of these. A pair whose
    digests are not recorded does not count.
    """
    own, other = group.by_seed[strategy], group.by_seed[reference]
    shared = own.index.intersection(other.index)
    digests = digests_to_share(group, strategy, reference)
    start = own.loc[shared, digests]
    same = shared[(start.notna() & (start == other.loc[shared, digests])).all(axis=1)]
    return Pairs(own.loc[same], other.loc[same])


def digests_to_share(group: Group, strategy: str, reference: str) -> list[str]:
    """The digests in which paired runs of two strategies agree."""
    weights, images = ["weights_digest"], ["initial_digest"]
    return weights + (images if group.same_start(strategy, reference) else [])


def compare(group: Group, strategies: Iterable[str], reference: str) -> list[Comparison]:
    """Paired t-tests of each strategy's area against the reference's, where there are enough pairs,
    and areas.
    """
    if reference not in group.strategies:
        return []
    paired = {
        strategy: pairs(group, strategy, reference)
        for strategy in strategies
        if strategy != reference
    }
    found = {
        strategy: paired_areas(group, pair) for strategy, pair in paired.items() if pair.enough
    }
    tested = {strategy: both for strategy, both in found.items() if both.notna().all(axis=None)}
    probabilities = [paired_p(both["own"], both["reference"]) for both in tested.values()]
    differences = {strategy: both["own"] - both["reference"] for strategy, both in tested.items()}
    return [
        Comparison(
            strategy, reference, len(each), each.mean(), each.std(), p, corrected, len(tested)
        )
        for (strategy, each), p, corrected in zip(
            differences.items(), probabilities, holm(probabilities), strict=True
        )
    ]


def paired_areas(group: Group, pair: Pairs) -> pd.DataFrame:
    """The areas of paired runs, `own` and `reference`, by seed, over the labels that all of them
    share.
    """
    runs = pd.DataFrame({"own": pair.own["run"], "reference": pair.reference["run"]})
    found = areas(group.curves[group.curves["run"].isin(runs.to_numpy().ravel())])
    return runs.apply(lambda names: names.map(found))


def found_for(strategy: str, tests: Iterable[Comparison]) -> int:
    """What the test of a strategy found; 0 also where it was not tested."""
    return next((test.found for test in tests if test.strategy == strategy), 0)


def saving_at(paired: Pairs, target: float, tests: Iterable[Comparison]) -> Saving | None:
    """What paired runs save at a target; None where there are too few, or not all of them reach
    it.
    """
    own, reference = paired.own[target], paired.reference[target]
    if not paired.enough or own.isna().any() or reference.isna().any():
        return None
    grain = pd.concat([paired.own["grain"], paired.reference["grain"]]).mean()
    found = found_for(paired.own["strategy"].iloc[0], tests)
    return weigh(own.to_numpy(float), reference.to_numpy(float), grain, found)
