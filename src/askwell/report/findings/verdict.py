"""The verdict on a group in plain sentences: what it shows, or why it shows nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from askwell.report.findings.comparison import ENOUGH_SEEDS, Comparison, Pairs, compare, pairs
from askwell.report.findings.headline import Headline, headline
from askwell.report.groups.group import BASELINE, Group
from askwell.report.page.wording import count, percent, spread
from askwell.report.statistics.power import MOST
from askwell.text import listing


@dataclass(frozen=True)
class Verdict:
    """The first sentence with its numbers, the tests against random, and all the sentences."""

    headline: Headline
    tests: Sequence[Comparison]
    sentences: tuple[str, ...]

    @property
    def claims_saving(self) -> bool:
        """Whether the first sentence says that labels are saved."""
        weighed = self.headline.weighed
        return weighed is not None and weighed.claimed


def verdict(group: Group) -> tuple[str, ...]:
    """The sentences on a group; the first one is the answer."""
    return judge(group).sentences


def judge(group: Group) -> Verdict:
    """The verdict on a group; of runs that have not finished, its first sentence alone."""
    tests = compare(group, group.contenders, BASELINE)
    first = headline(group, tests)
    if not group.finished:
        return Verdict(first, tests, (f"No run has finished yet. {first.sentence}",))
    return Verdict(first, tests, (first.sentence, *explained(group, first.strategy, tests)))


def explained(group: Group, best: str | None, tests: list[Comparison]) -> Iterator[str]:
    """The reasons for the first sentence, if there is another strategy than random."""
    if best is None:
        return
    if BASELINE in group.strategies:
        yield from beyond(group, best)
        yield from weakness(group, best, pairs(group, best, BASELINE))
    yield from rank_sentences(group, best, tests)


def beyond(group: Group, best: str) -> Iterator[str]:
    """The targets that the best strategy always reaches and random does not."""
    own, reference = group.of(best), group.of(BASELINE)
    for target in group.targets:
        hits = reference[target].notna().sum()
        if own[target].notna().all() and hits < len(reference):
            yield (
                f"{percent(target)} is reached by every run of {best} "
                f"({spread(own[target])} labels) and by {hits or 'none'} of random's "
                f"{len(reference)}."
            )


def weakness(group: Group, best: str, paired: Pairs) -> Iterator[str]:
    """Why the numbers of the headline are no finding, where they are none."""
    if paired.enough:
        return
    own, reference = group.of(best)["seed"], group.of(BASELINE)["seed"]
    shared, noun = (
        len(set(own) & set(reference)),
        "seed" if set(own) == set(reference) else "shared seed",
    )
    if len(paired) < shared:
        start = "images and weights" if group.same_start(best, BASELINE) else "weights"
        yield (
            f"{best} and random are not known to have started from the same {start} in "
            f"{shared - len(paired)} of {count(shared, 'seed')}: unpaired runs are not tested, and "
            "the numbers are means only."
        )
    else:
        yield (
            f"{count(shared, noun)} {'is' if shared == 1 else 'are'} no evidence: a test needs "
            f"{ENOUGH_SEEDS}."
        )


def rank_sentences(group: Group, best: str, tests: list[Comparison]) -> Iterator[str]:
    """The strategies that the tests of areas distinguish from random, and those that they do not
    distinguish from the best.
    """
    clauses = [*against_random(tests)]
    alike = [test for test in compare(group, group.contenders, best) if not test.distinguishable]
    if alike:
        clauses.append(undecided(alike, best))
    if clauses:
        over = (
            ""
            if group.runs["final_labels"].nunique() == 1
            else " over the labels that the runs of both share"
        )
        yield (
            f"By the area under the learning curve (paired t-tests{over}, Holm's correction), "
            f"{'; '.join(clauses)}."
        )


def against_random(tests: list[Comparison]) -> Iterator[str]:
    """A clause for each of better, worse and undecided."""
    verdicts = {
        "better than": [
            test.strategy for test in tests if test.distinguishable and test.difference > 0
        ],
        "worse than": [
            test.strategy for test in tests if test.distinguishable and test.difference < 0
        ],
    }
    for words, strategies in verdicts.items():
        if strategies:
            yield f"{listing(strategies)} {are(strategies)} {words} random"
    alike = [test for test in tests if not test.distinguishable]
    if alike:
        yield undecided(alike, BASELINE)


def undecided(tests: list[Comparison], reference: str) -> str:
    """The strategies that are not distinguishable from the reference, and how many more seeds would
    probably settle it.
    """
    names = [f"{test.strategy} ({settled_by(test)})" for test in tests]
    return f"{listing(names)} {are(names)} not distinguishable from {reference}"


def settled_by(test: Comparison) -> str:
    """How many more seeds would probably distinguish two strategies."""
    if test.more_seeds is None:
        return f"more than {MOST} seeds would be needed"
    return f"{count(test.more_seeds, 'more seed')} would settle it if the difference seen is true"


def are(words: list[str]) -> str:
    return "is" if len(words) == 1 else "are"
