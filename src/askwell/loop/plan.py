"""How many labels a query buys, and when a run is over."""

import logging
from dataclasses import dataclass
from math import inf

from pytorch_lightning.utilities import rank_zero_only

from askwell.errors import UserError

log = logging.getLogger(__name__)

ROUNDING = 1e-9
"""The share of a label by which a sum of prices may be off."""


@dataclass(frozen=True)
class Plan:
    """The sizes and limits of a run, in labels. None means no limit.

    The budget is never overspent: it is in the unit in which one label costs up to `dearest`.
    """

    query_size: int
    initial_size: int
    rounds: int | None = None
    budget: int | None = None
    target_accuracy: float | None = None
    least: int = 2  # labels before anything can be trained
    dearest: float = 1

    def reason_to_stop(self, round: int, spent: float, accuracy: float, left: int) -> str | None:
        """Why nothing is queried after `round`; None to continue.

        Rounds count from 0; `spent` counts against the budget; `left` images are unlabelled.
        """
        if self.target_accuracy is not None and accuracy >= self.target_accuracy:
            return "target_accuracy"
        if self.rounds is not None and round + 1 >= self.rounds:
            return "rounds"
        if not self.paid(spent):
            return "budget"
        return None if left else "pool exhausted"

    def first_again(self, labels: int, spent: float) -> int:
        """The size of one more query before round 0, after which so many images have a label.

        Raises UserError where the budget does not pay for it.
        """
        size = max(self.least - labels, 0)
        if size > self.paid(spent):
            raise UserError(
                f"what is left of budget={self.budget} does not pay for {size} more and {labels} "
                "images have a label, too few to train on: raise it"
            )
        return size

    def next_query(self, spent: float, left: int) -> int:
        """The size of the next query, with so much `spent` and `left` images unlabelled."""
        return int(min(self.query_size, left, self.paid(spent)))

    def paid(self, spent: float) -> float:
        """How many labels the budget pays for, with so much `spent`, whatever they turn out to be.

        Sums of prices are rounded: what is missing to the last label by that is not missing.
        """
        if self.budget is None:
            return inf
        return max((self.budget - spent) / self.dearest + ROUNDING, 0) // 1


def plan_for(
    pool_size: int,
    query_size: int | float,
    initial_size: int | float | None = None,
    rounds: int | None = None,
    budget: int | float | None = None,
    target_accuracy: float | None = None,
    *,
    num_classes: int,
    processes: int,
    given: int = 0,
    random: bool = True,
    dearest: float = 1,
) -> Plan:
    """The plan for a pool; sizes are labels or, below 1, fractions of the pool.

    The budget may be in prices, of which one label costs `dearest` at most; its fraction is then of
    what the pool would cost at that price. `given` labels are there already and can replace the
    initial set. A query larger than the pool is cut to it, with a warning. Raises UserError for
    impossible settings, such as fewer initial images than two per process or, where they are
    `random`, than there are classes.
    """
    if not isinstance(rounds, int | None):
        raise UserError(f"rounds={rounds}: expected a whole number")
    if not isinstance(target_accuracy, int | float | None):
        raise UserError(f"target_accuracy={target_accuracy}: expected a number")
    if isinstance(query_size, int) and query_size > pool_size:
        rank_zero_only(log.warning)(
            "query_size=%d is cut to the %d images of the pool", query_size, pool_size
        )
        query_size = pool_size
    query = _labels("query_size", query_size, pool_size)
    wished = (0 if given else query) if initial_size is None else initial_size
    initial = 0 if given and not wished else _labels("initial_size", wished, pool_size)
    limit = None if budget is None else _labels("budget", budget, round(pool_size * dearest))
    two_each = 2 * processes
    least = max(num_classes, two_each) if random and not given else two_each
    if initial + given < least:
        setting = (
            f"query_size={query_size}" if initial_size is None else f"initial_size={initial_size}"
        )
        need = (
            f"as there are {num_classes} classes"
            if least > two_each or num_classes == two_each
            else f"as {processes} processes need two each"
        )
        raise UserError(
            f"{setting} is too few to start with ({initial}), {need}: set initial_size={least} "
            "or more"
        )
    if limit is not None and limit < initial * dearest:
        raise UserError(
            f"budget={limit} does not pay for the {initial} labels of initial_size: raise one, "
            "lower the other"
        )
    if rounds is not None and rounds < 1:
        raise UserError(f"rounds={rounds}: expected at least 1")
    if target_accuracy is not None and not 0 < target_accuracy <= 1:
        raise UserError(
            f"target_accuracy={target_accuracy}: expected a fraction above 0 and up to 1, such "
            "as 0.97"
        )
    limits = (rounds, limit, target_accuracy)
    return Plan(query, initial, *limits, two_each, dearest)


def _labels(setting: str, size: int | float, pool_size: int) -> int:
    if not isinstance(size, int | float):
        raise UserError(
            f"{setting}={size}: expected a number of labels, or a fraction of the pool below 1"
        )
    if isinstance(size, float) and not 0 < size < 1:
        raise UserError(
            f"{setting}={size}: a fraction of the pool lies between 0 and 1; labels are a whole "
            "number"
        )
    labels = round(size * pool_size) if isinstance(size, float) else size
    if not 1 <= labels <= pool_size:
        raise UserError(
            f"{setting}={size} is {labels} labels: expected 1 to {pool_size}, the size of the pool"
        )
    return labels
