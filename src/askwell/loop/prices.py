"""What answers cost, where some are dearer than others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askwell.errors import UserError
from askwell.oracle.answers import KINDS
from askwell.pool import Pool
from askwell.text import first_of, visible

Costs = Mapping[str | int, float]
"""The price of answers by what they say: a class, or words such as `none of these`."""


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
        kinds = (one.kind for one in pool.dropped.values())
        return sum(self.of_class[label] for label in bought) + sum(
            self.of_kind[kind] for kind in kinds
        )


def prices_for(costs: Costs | None, budget_counts: str, classes: Sequence[str]) -> Prices:
    """The prices in `costs`. What it does not name costs 1, or nothing for an answer without a
    label where `budget_counts` is labels. Raises UserError for what is no answer or no price.
    """
    named = {str(answer): price for answer, price in (costs or {}).items()}
    if unknown := sorted(set(named) - {*classes, *KINDS}):
        known = first_of([*map(visible, classes), *KINDS])
        raise UserError(f"costs: there is no answer {visible(unknown[0])!r}, expected {known}")
    for answer, price in named.items():
        if not isinstance(price, int | float) or not (
            price > 0 or (price == 0 and answer in KINDS)
        ):
            raise UserError(f"costs: {visible(answer)} costs {price}, expected a price above 0")
    usual = 0 if budget_counts == "labels" else 1
    return Prices(
        tuple(named.get(name, 1) for name in classes),
        {kind: named.get(word, usual) for word, kind in KINDS.items()},
    )
