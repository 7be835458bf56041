"""How far the people who label agree, from what they said of the same images."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from askwell.opinions import Opinions, word_of
from askwell.report.statistics.kappa import Agreement, cohen, fleiss


class Annotators(NamedTuple):
    """What images that two people at least have an opinion on tell of them.

    `agreement` is of the first two opinions on each image, as later ones were asked for where these
    differ. `said` has for each person pairs of the answer agreed on, in which their own opinion
    counts, and what they said. `ties` are the images without an answer.
    """

    measure: str
    agreement: Agreement
    said: dict[str, list[tuple[str, str]]]
    ties: int


def annotators(images: Iterable[Opinions]) -> Annotators:
    """The people who gave these opinions, by name; Cohen's kappa of two, Fleiss' of more."""
    doubly = [one for one in images if len(one.given) > 1]
    people = sorted({who for one in doubly for who in one.given})
    measure, kappa = ("Fleiss' kappa", fleiss) if len(people) > 2 else ("Cohen's kappa", cohen)
    said = {who: _with_answers(doubly, who) for who in people}
    ties = sum(one.counted is None for one in doubly)
    return Annotators(measure, kappa([_first_two(one) for one in doubly]), said, ties)


def _with_answers(images: Sequence[Opinions], who: str) -> list[tuple[str, str]]:
    pairs = [(one.counted, one.given[who]) for one in images if who in one.given]
    return [(word_of(answer), word_of(own)) for answer, own in pairs if answer is not None]


def _first_two(one: Opinions) -> tuple[str, str]:
    """What the first two people said, by their names."""
    words = [word_of(event) for _, event in sorted([*one.given.items()][:2])]
    return words[0], words[1]
