"""How often is the report's verdict wrong? Sweeps of a known truth, judged by the functions of the
report itself.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from askwell.learning_curve import area_between, labels_to_targets
from askwell.report.groups.measures import LEVELS, targets_within
from askwell.report.statistics.bootstrap import resamples
from askwell.report.statistics.saving import weigh
from askwell.report.statistics.significance import SIGNIFICANCE, holm, paired_p
from bench.publishing import RESULTS, Row, publish
from bench.timing import options, parsed

ROUNDS = 25
QUERY_SIZE = 32
NOISE = 0.15
"""Standard deviation of a round, as a share of its error: 1.5 points at 90 %."""

SEED_EFFECT, RUN_EFFECT = 0.15, 0.12
"""Standard deviations of the logarithm of the error, over seeds and over the runs of one."""

FEWEST_SEEDS = 5


@dataclass(frozen=True)
class Truth:
    """A kind of sweep: what its strategies truly save, and how it is disturbed."""

    name: str
    seeds: int
    savings: Sequence[float] = (0.0,)  # of each strategy but random
    noise: float = 1.0  # of these strategies' rounds, as a multiple of random's
    query_size: int = QUERY_SIZE
    rounds: int = ROUNDS
    spread: float = 1.0  # a factor of every random effect and of the noise
    stop: float | None = None  # the accuracy that ends a run
    fail_above: float | None = (
        None  # error effect of a strategy's run, in standard deviations, with which it fails
    )
    ties: bool = False


@dataclass
class Tally:
    """What the verdicts on the sweeps of one kind said."""

    sweeps: int = 0
    claims: int = 0
    found: int = 0
    contradictions: int = 0
    named: int = 0
    covered: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    bias: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Sweep:
    """The runs of random, first, and of the other strategies: labels [R], accuracies [S, n, R],
    rounds run [S, n].
    """

    labels: np.ndarray
    accuracy: np.ndarray
    lengths: np.ndarray
    failed: np.ndarray  # [S, n]

    def run(self, strategy: int, seed: int) -> tuple[list[int], list[float]]:
        """The labels and accuracies of one run."""
        length = self.lengths[strategy, seed]
        return self.labels[:length].tolist(), self.accuracy[strategy, seed, :length].tolist()


def draw(truth: Truth, noise: np.random.Generator) -> Sweep:
    """A sweep of power laws: the error falls as labels to the power of -0.75, and a saving shortens
    that axis.
    """
    labels = truth.query_size * np.arange(1, truth.rounds + 1)
    strategies = 1 + len(truth.savings)
    shape = (strategies, truth.seeds, 1)
    own = noise.normal(0, RUN_EFFECT * truth.spread, shape)
    effect = own + noise.normal(0, SEED_EFFECT * truth.spread, (1, truth.seeds, 1))
    worth = labels / (1 - np.array([0.0, *truth.savings]))[:, None, None]
    error = 0.9 * (worth / QUERY_SIZE) ** -0.75 * np.exp(-effect)
    times = np.array([1.0, *[truth.noise] * len(truth.savings)])[:, None, None]
    measured = 1 - error * (1 + NOISE * truth.spread * times * noise.normal(size=error.shape))
    accuracy = np.clip(measured.round(4), 0.05, 0.9999)
    ends = accuracy >= (2 if truth.stop is None else truth.stop)
    lengths = np.where(ends.any(axis=-1), ends.argmax(axis=-1) + 1, truth.rounds)
    failed = np.zeros(lengths.shape, bool)
    if truth.fail_above is not None:
        failed[1:] = own[1:, :, 0] < -truth.fail_above * RUN_EFFECT
    return Sweep(labels, accuracy, lengths, failed)


@dataclass(frozen=True)
class Finding:
    """What a definition says of one sweep."""

    found: int
    claimed: bool
    target: float | None = None
    low: float = np.nan
    high: float = np.nan
    share: float = np.nan
    strategy: int = 1


def tested(sweep: Sweep) -> tuple[int, int]:
    """The strategy with the best mean area, of those with enough seeds, and what its corrected test
    found.
    """
    contenders = [
        s for s in range(1, len(sweep.accuracy)) if (~sweep.failed[s]).sum() >= FEWEST_SEEDS
    ]
    pairs = {s: paired_areas(sweep, s) for s in contenders}
    if not pairs:
        return 0, 0
    corrected = dict(zip(pairs, holm([paired_p(*both) for both in pairs.values()]), strict=True))
    best = max(pairs, key=lambda s: pairs[s][0].mean())
    difference = (pairs[best][0] - pairs[best][1]).mean()
    return best, int(np.sign(difference)) if corrected[best] < SIGNIFICANCE else 0


def paired_areas(sweep: Sweep, strategy: int) -> tuple[np.ndarray, np.ndarray]:
    """Areas [n] of a strategy's runs and of random's of the same seeds, over the labels that all of
    them share.
    """
    seeds = ~sweep.failed[strategy]
    low, high = sweep.labels[0], sweep.labels[sweep.lengths[[0, strategy]][:, seeds].min() - 1]
    own, reference = (
        np.array(
            [area_between(sweep.labels, curve, low, high) for curve in sweep.accuracy[s][seeds]]
        )
        for s in (strategy, 0)
    )
    return own, reference


def judged(sweep: Sweep, stop: float | None) -> Finding:
    """The verdict of today's report."""
    best, found = tested(sweep)
    if not best:
        return Finding(0, False)
    prices = prices_of(sweep, (0, best), stop)
    target = headline_target(prices)
    if target is None:
        return Finding(found, False)
    own, reference = (prices[s][~sweep.failed[best], target] for s in (best, 0))
    weighed = weigh(own, reference, sweep.labels[1] - sweep.labels[0], found)
    return Finding(
        found, weighed.claimed, LEVELS[target], weighed.low, weighed.high, weighed.share, best
    )


def prices_of(sweep: Sweep, strategies: Sequence[int], stop: float | None) -> dict[int, np.ndarray]:
    """Labels to each of LEVELS [n, T] of some strategies' runs."""
    seeds = range(sweep.accuracy.shape[1])
    prices = {}
    for s in strategies:
        runs = [sweep.run(s, seed) for seed in seeds]
        stopped = [stop is not None and accuracy[-1] >= stop for _, accuracy in runs]
        prices[s] = np.array(
            [
                labels_to_targets(*run, LEVELS, ended)
                for run, ended in zip(runs, stopped, strict=True)
            ]
        )
        prices[s][sweep.failed[s]] = np.inf  # which no level counts as unreached
    return prices


def headline_target(prices: dict[int, np.ndarray]) -> int | None:
    """Which of LEVELS the headline speaks of: of the report's targets, the highest that all the
    runs reach.
    """
    reached = np.all([~np.isnan(each).any(axis=0) for each in prices.values()], axis=0)
    if not reached.any():
        return None
    chosen = targets_within(LEVELS[int(np.flatnonzero(reached)[-1])])
    return max(
        (place for place, level in enumerate(LEVELS) if level in chosen and reached[place]),
        default=None,
    )


def former(sweep: Sweep, stop: float | None) -> Finding:
    """The first version's verdict: the first round at a target, a bootstrapped ratio of means, no
    test of the claim.
    """
    best, found = tested(sweep)
    if not best:
        return Finding(0, False)
    prices = {s: _first_rounds(sweep, s) for s in (0, best)}
    target = headline_target(prices)
    if target is None:
        return Finding(found, False)
    own, reference = (prices[s][~sweep.failed[best], target] for s in (best, 0))
    low, high = _expanded_percentiles(own, reference)
    return Finding(
        found, low > 0, LEVELS[target], low, high, 1 - own.mean() / reference.mean(), best
    )


def _first_rounds(sweep: Sweep, strategy: int) -> np.ndarray:
    """Labels [n, T] of the first round at or above each of LEVELS."""
    prices = np.full((sweep.accuracy.shape[1], len(LEVELS)), np.inf)
    for seed in np.flatnonzero(~sweep.failed[strategy]):
        labels, accuracy = sweep.run(strategy, int(seed))
        above = np.asarray(accuracy)[:, None] >= np.asarray(LEVELS)
        prices[seed] = np.where(above.any(axis=0), np.asarray(labels)[above.argmax(axis=0)], np.nan)
    return prices


def _expanded_percentiles(own: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Hesterberg's expanded percentile interval of one minus the ratio of means."""
    n = len(own)
    tail = stats.norm.cdf(np.sqrt(n / (n - 1)) * stats.t.ppf(SIGNIFICANCE / 2, n - 1))
    shares, weights = resamples(n)
    ratios = 1 - (shares @ own) / (shares @ reference)
    low, high = np.quantile(ratios, [tail, 1 - tail], weights=weights, method="inverted_cdf")
    return float(low), float(high)


def count(tally: Tally, truth: Truth, finding: Finding) -> None:
    """Adds one verdict to a tally."""
    tally.sweeps += 1
    tally.claims += finding.claimed
    tally.found += finding.found > 0
    if finding.target is None:
        return
    saving = truth.savings[finding.strategy - 1]
    tally.named += 1
    tally.covered.append(finding.low <= saving <= finding.high)
    tally.widths.append(finding.high - finding.low)
    tally.bias.append(finding.share - saving)
    told = (finding.low > 0) - (finding.high < 0)
    tally.contradictions += told != 0 and told != finding.found


TRUTHS = (
    *(Truth("no difference", seeds) for seeds in (5, 10)),
    *(Truth("no difference, best of 4", seeds, savings=(0.0,) * 4) for seeds in (5, 10)),
    *(
        Truth(f"no difference, rounds {times:g} times as noisy", seeds, noise=times)
        for seeds in (5, 10)
        for times in (1.5, 2, 3, 5)
    ),
    Truth("no difference, bad runs fail and are left out", 10, fail_above=0.5),
    *(Truth("saving 30 %", seeds, savings=(0.3,)) for seeds in (5, 6, 10)),
    *(
        Truth("saving 30 %, ties", n, (0.3,), query_size=160, rounds=10, spread=0.15, ties=True)
        for n in (5, 10)
    ),
    *(
        Truth("saving 30 %, 160 labels a query", n, (0.3,), query_size=160, ties=True)
        for n in (5, 10)
    ),
    Truth("saving 30 %, targets seldom reached", 5, savings=(0.3,), rounds=8),
    *(
        Truth("saving 30 %, stopped at 90 %", seeds, savings=(0.3,), rounds=60, stop=0.9)
        for seeds in (5, 10)
    ),
    *(
        Truth("no difference, 2 times as noisy, stopped at 90 %", n, noise=2, rounds=60, stop=0.9)
        for n in (5, 10)
    ),
)
DEFINITIONS = {"today": judged, "former": former}


def main() -> None:
    """Judges sweeps of every kind, by today's definition and by the former one."""
    parser = options("The verdict under simulation.", sweeps=2000)
    parser.add_argument(
        "--table",
        action="store_true",
        help="only print the published JSON as the table of the page",
    )
    chosen = parsed(parser, sweeps=20)
    if chosen.table:
        print(
            page_table(
                json.loads((chosen.output or RESULTS / "statistics.json").read_text())["rows"]
            )
        )
        return
    publish(
        "statistics",
        "The verdict under simulation",
        [row(truth, chosen.sweeps) for truth in TRUTHS],
        chosen,
    )


def page_table(rows: Sequence[Row]) -> str:
    """The rows in Markdown; what the former definition said is in brackets."""
    head = (
        "| truth | seeds | claims a saving | covers the truth | median width | bias | "
        "contradictions |"
    )
    lines = [head, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for each in rows:
        percents = {
            name: f"{each[name]:.1f} % ({each[f'former {name}']:.1f})"
            for name in ("claims", "coverage")
        }
        points = {
            name: f"{each[name]:.1f} ({each[f'former {name}']:.1f})" for name in ("width", "bias")
        }
        contradictions = f"{each['contradictions']:.1f} % ({each['former contradictions']:.1f})"
        cells = [
            each["truth"],
            str(each["seeds"]),
            *percents.values(),
            *points.values(),
            contradictions,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return (
        "\n".join(lines)
        .replace("-0.0", "0.0")
        .replace(" -", " −")
        .replace("(-", "(−")
        .replace("| −--", "| ---")
    )


def row(truth: Truth, sweeps: int) -> Row:
    """What today's and the former definition say of so many sweeps of one kind, in percent."""
    noise = np.random.default_rng(
        [len(truth.name), truth.seeds, int(10 * truth.noise), truth.query_size]
    )
    tallies = {name: Tally() for name in DEFINITIONS}
    for _ in range(sweeps):
        sweep = draw(truth, noise)
        for name, judge in DEFINITIONS.items():
            count(tallies[name], truth, judge(sweep, truth.stop))
    now, before = tallies["today"], tallies["former"]
    return {
        "truth": truth.name,
        "seeds": truth.seeds,
        **columns(now, ""),
        **columns(before, "_former "),
        "_true saving": max(truth.savings),
        "_ties": truth.ties,
        "_found by the test": percent(now.found, now.sweeps),
        "_with a target": percent(now.named, now.sweeps),
    }


def columns(tally: Tally, prefix: str) -> Row:
    """A tally in percent of sweeps, and in points of saving; the coverage in percent of those that
    name a target.
    """
    return {
        f"{prefix}claims": percent(tally.claims, tally.sweeps),
        f"{prefix}coverage": percent(sum(tally.covered), tally.named),
        f"{prefix}width": round(100 * float(np.median(tally.widths)), 1) if tally.named else None,
        f"{prefix}bias": round(100 * float(np.mean(tally.bias)), 1) if tally.named else None,
        f"{prefix}contradictions": percent(tally.contradictions, tally.sweeps),
    }


def percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


if __name__ == "__main__":
    main()
