"""Agreement of people beyond chance, and what each of them takes for what."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scipy import stats

from askwell.report.statistics.significance import SIGNIFICANCE


class Kappa(NamedTuple):
    """Agreement beyond chance: 1 is perfect, 0 is that of chance; with its 95 % interval."""

    value: float
    low: float
    high: float


class Agreement(NamedTuple):
    """How often two people said the same of the same image, and `kappa` of it; None where chance
    alone agrees always, as all answers are one word.
    """

    images: int
    agreed: int
    kappa: Kappa | None


def cohen(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Agreement of two people, in pairs of what the one and what the other said of an image.

    Kappa is (p - e) / (1 - e) with the share p of equal pairs, and the share e expected if each
    answered with their own frequencies regardless of the image. J. Cohen, A Coefficient of
    Agreement for Nominal Scales (Educational and Psychological Measurement 20, 1960), with his
    large-sample interval: e is taken as known, p has Wilson's interval.

    >>> agreement = cohen([("cat", "cat"), ("cat", "dog"), ("dog", "dog"), ("dog", "dog")])
    >>> agreement.agreed, agreement.kappa.value
    (3, 0.5)
    """
    one, other = (Counter(pair[who] for pair in pairs) for who in (0, 1))
    chance = sum(one[word] * other[word] for word in one)
    return _beyond(pairs, chance / max(len(pairs), 1) ** 2)


def fleiss(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Agreement of many people, two of whom, whichever, said something of each image.

    As `cohen`, but e is expected if all answered with the same frequencies. J. L. Fleiss, Measuring
    Nominal Scale Agreement Among Many Raters (Psychological Bulletin 76, 1971), for two ratings of
    each image.
    """
    words = Counter(word for pair in pairs for word in pair)
    chance = sum(count**2 for count in words.values())
    return _beyond(pairs, chance / max(2 * len(pairs), 1) ** 2)


def _beyond(pairs: Sequence[tuple[str, str]], chance: float) -> Agreement:
    count, agreed = len(pairs), sum(one == other for one, other in pairs)
    if not pairs or chance >= 1:
        return Agreement(count, agreed, None)
    interval = stats.binomtest(agreed, count).proportion_ci(1 - SIGNIFICANCE, method="wilson")
    shares = (agreed / count, interval.low, interval.high)
    kappa = Kappa(*(float((share - chance) / (1 - chance)) for share in shares))
    return Agreement(count, agreed, kappa)


def confusion(pairs: Iterable[tuple[str, str]], most: int) -> list[list[str]]:
    """A table of pairs (the answer agreed on, what one person said), the words first: rows are
    answers, columns what was said. The `most` words that are confused most often, by name.

    >>> confusion([("cat", "cat"), ("cat", "dog"), ("dog", "dog")], most=9)
    [['', 'cat', 'dog'], ['cat', '1', '1'], ['dog', '0', '1']]
    """
    counts = Counter(pairs)
    weights: Counter[str] = Counter()
    for (answer, said), count in counts.items():
        weights[answer] += count * (answer != said)
        weights[said] += count * (answer != said)
    words = sorted(sorted(weights, key=lambda word: (-weights[word], word))[:most])
    rows = [[answer, *(str(counts[answer, said]) for said in words)] for answer in words]
    return [["", *words], *rows]
