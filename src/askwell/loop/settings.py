"""The settings of the loop, and the parts built from them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from askwell.batches.datamodule import ActiveDataModule
from askwell.dataset.base import OpenDataset
from askwell.errors import UserError
from askwell.loop.labelling import Labelling
from askwell.loop.plan import Plan, plan_for
from askwell.loop.prices import BudgetCounts, Prices, prices_for
from askwell.loop.relabelling import Relabelling
from askwell.loop.sight import Sight
from askwell.oracle.answers import Oracle
from askwell.oracle.subject import oracle_for
from askwell.processes import Processes
from askwell.scoring.frozen import FrozenNetwork
from askwell.scoring.scorer import Scorer, Track, batch_size_for
from askwell.strategy import RandomSampling, Strategy
from askwell.strategy.draws import Draws, Laplace


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings in `callbacks.active_learning`. Raises UserError for impossible values.

    With `rescore_every` m the pool is ranked in every m-th round only; the rounds between query
    what ranked next. `initial` chooses the first images. Sizes and limits are those of `plan_for`;
    `budget_counts` may be prices of answers. `compile` and `scoring_batch_size` concern the passes
    over the pool.
    A query asks about `ahead` times the images that settle it, for people who answer while the
    network trains; None leaves it to the oracle. The share `relabel` of each query asks again about
    images whose label is doubtful.
    """

    strategy: Strategy
    oracle: Callable[..., Oracle]
    seed: int
    query_size: int | float
    initial: Strategy = field(default_factory=RandomSampling)
    initial_size: int | float | None = None
    rounds: int | None = None
    budget: int | float | None = None
    budget_counts: BudgetCounts = "answers"
    target_accuracy: float | None = None
    epochs_per_round: int = 1
    reset: bool = False
    rescore_every: int = 1
    candidates: int | None = None
    draws: Draws = field(default_factory=Laplace)
    scoring_batch_size: int | None = None
    compile: bool = False
    ahead: int | None = None
    relabel: float = 0

    def __post_init__(self) -> None:
        counts = {
            "protocol.epochs_per_round": self.epochs_per_round,
            "protocol.rescore_every": self.rescore_every,
            "protocol.candidates": self.candidates,
            "protocol.ahead": self.ahead,
            "callbacks.active_learning.scoring_batch_size": self.scoring_batch_size,
        }
        for setting, value in counts.items():
            if value is not None and value < 1:
                raise UserError(f"{setting}={value}: expected at least 1")
        if not isinstance(self.relabel, int | float) or not 0 <= self.relabel < 1:
            raise UserError(f"protocol.relabel={self.relabel}: expected a share from 0 to below 1")

    def plan(self, dataset: OpenDataset, processes: int) -> Plan:
        """The plan of a run on `dataset`."""
        limits = (self.rounds, self.budget, self.target_accuracy)
        return plan_for(
            len(dataset.train) - sum(map(len, (dataset.held, dataset.given, dataset.broken))),
            self.query_size,
            self.initial_size,
            *limits,
            num_classes=len(dataset.classes),
            processes=processes,
            given=len(dataset.given),
            random=isinstance(self.initial, RandomSampling),
            dearest=self.prices(dataset).dearest,
        )

    def prices(self, dataset: OpenDataset) -> Prices:
        """What answers about `dataset` cost."""
        return prices_for(self.budget_counts, dataset.classes)

    def labelling(self, data: ActiveDataModule) -> Labelling:
        """The labelling of the pool of `data`."""
        oracle: Any = oracle_for(self.oracle, data.dataset)
        embeddings = data.embeddings
        return Labelling(
            self.strategy,
            oracle,
            data.pool,
            self.seed,
            self.rescore_every,
            self.candidates,
            self.initial,
            None if embeddings is None else embeddings.rows,
            self._ahead(oracle),
            self._relabelling(oracle, data),
        )

    def _relabelling(self, oracle: object, data: ActiveDataModule) -> Relabelling | None:
        if not self.relabel:
            return None
        setting = f"protocol.relabel={self.relabel}"
        if not hasattr(oracle, "again") or getattr(oracle, "askings", None) == 1:
            raise UserError(
                f"{setting} needs an oracle that may answer otherwise when it is asked again: "
                "choose oracle=noisy, page, or replay with several columns"
            )
        relabelling = Relabelling(self.relabel, len(data.dataset.classes), self.seed)
        size = self.plan(data.dataset, 1).query_size
        if not relabelling.size(size):
            raise UserError(f"{setting} of query_size={size} is no image: raise one of them")
        return relabelling

    def _ahead(self, oracle: object) -> int:
        of_oracle: int = getattr(oracle, "ahead", 1)
        ahead = self.ahead or of_oracle
        if ahead > 1 and getattr(oracle, "sees_truth", True):
            raise UserError(f"protocol.ahead={ahead}: only people answer less than they are asked")
        if ahead > 1 and self.rescore_every > 1:
            setting = f"protocol.rescore_every={self.rescore_every}"
            raise UserError(f"{setting} with protocol.ahead={ahead}: one of them must be 1")
        return ahead

    def sight(
        self,
        data: ActiveDataModule,
        network: nn.Module,
        processes: Processes,
        precision: Callable[..., Any],
        track: Track,
        halvings: int,
    ) -> Sight:
        """The view of `network` on the images of a run."""
        device, dataset = processes.device, data.dataset
        scorer = Scorer(
            FrozenNetwork(network, self.compile),
            self.scoring_batch_size or batch_size_for(device, dataset.train),
            device,
            processes,
            precision,
            track,
            halvings,
        )
        return Sight.of(dataset, scorer, pool=data.pool, draws=self.draws, seed=self.seed)
