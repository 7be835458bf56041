"""What answers cost, where some are dearer than others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askwell.errors import UserError
from askwell.oracle.answers import KINDS
from askwell.pool import Pool
from askwell.text import first_of, visible

BudgetCounts = str | Mapping[str | int, float]
"""`answers`, `labels`, or the price of answers by what they say: a class, `none of these`, …"""


@dataclass(frozen=True)
class Prices:
    """The price of each class [C], and of the answers without a label by their kind.

    >>> Prices((1, 3), {-2: 0.5}).dearest
    3
    """

    of_class: tuple[float, ...]
    of_kind: Mapping[int, float]

    @property
    def dearest(self) -> float:
        """What one answer costs at most."""
        return max(*self.of_class, *self.of_kind.values())

    def spent(self, pool: Pool) -> float:
        """The price of all answers; labels that the data set brought are free."""
        given = set(pool.given)
        bought = (one.label for index, one in pool.purchases.items() if index not in given)
        again = (one.answer for one in pool.repeats if one.asked)
        kinds = (one.kind for one in pool.dropped.values())
        return sum(self._of(answer) for answers in (bought, again, kinds) for answer in answers)

    def _of(self, answer: int) -> float:
        return self.of_class[answer] if answer >= 0 else self.of_kind[answer]


def prices_for(budget_counts: BudgetCounts, classes: Sequence[str]) -> Prices:
    """The prices by which a budget counts; an answer that `budget_counts` does not name costs 1.

    Raises UserError for what is no answer or no price.
    """
    if not isinstance(budget_counts, Mapping):
        if budget_counts not in ("answers", "labels"):
            raise UserError(
                f"budget_counts={budget_counts}: expected answers, labels, or prices such as "
                "{cat: 3}"
            )
        usual = int(budget_counts == "answers")
        return Prices((1,) * len(classes), dict.fromkeys(KINDS.values(), usual))
    named = {str(answer): price for answer, price in budget_counts.items()}
    if unknown := sorted(set(named) - {*classes, *KINDS}):
        known = first_of([*map(visible, classes), *KINDS])
        raise UserError(
            f"budget_counts: there is no answer {visible(unknown[0])!r}, expected {known}"
        )
    for answer, price in named.items():
        least = "0 or more" if answer in KINDS else "above 0"
        if not isinstance(price, int | float) or price < 0 or (price == 0 and answer not in KINDS):
            raise UserError(
                f"budget_counts: {visible(answer)} costs {price}, expected a price {least}"
            )
    prices = tuple(named.get(name, 1) for name in classes)
    return Prices(prices, {kind: named.get(word, 1) for word, kind in KINDS.items()})
