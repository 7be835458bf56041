"""Strategies of which others have the same, with what makes them equal."""

from dataclasses import dataclass

from askwell.acquisition import smallest_margin
from askwell.strategy import Strategy, UncertaintySampling
from askwell.strategy.badge import Badge
from askwell.strategy.bald import Bald
from askwell.strategy.batch_bald import BatchBald
from askwell.strategy.epig import Epig
from askwell.strategy.herding import Herding
from askwell.strategy.kcentre import KCentre
from askwell.strategy.typiclust import TypiClust
from bench import other_strategies as others
from bench.mixture import DRAWS

ACTIVEML, BAAL = "scikit-activeml", "baal"
MOST = 60_000


@dataclass(frozen=True)
class Case:
    """A strategy here and the same one there."""

    strategy: str
    ours: Strategy
    peer: str
    theirs: others.Way
    size: int = 10
    images: int = MOST
    random: bool = False
    """Whether they draw, so that no two answers need be the same."""
    turns: int = 5
    """Runs of a slow peer."""
    why: str = ""
    """Why there are fewer images, or what one may expect of the answers."""


CASES = (
    Case(
        "margin",
        UncertaintySampling(smallest_margin),
        ACTIVEML,
        others.activeml_by_network("UncertaintySampling", method="margin_sampling"),
    ),
    Case("BALD", Bald(DRAWS), ACTIVEML, others.activeml_by_draws("GreedyBALD")),
    Case("BALD", Bald(DRAWS), BAAL, others.baal("BALD")),
    Case("EPIG", Epig(DRAWS, targets=100), BAAL, others.baal_epig(targets=100), turns=3),
    Case("k-centre", KCentre(), ACTIVEML, others.activeml("CoreSet")),
    Case("k-centre", KCentre(), ACTIVEML, others.activeml("CoreSet"), size=100, turns=3),
    Case("BADGE", Badge(), ACTIVEML, others.activeml_by_network("Badge"), random=True),
    Case(
        "TypiClust",
        TypiClust(neighbours=20),
        ACTIVEML,
        others.activeml("TypiClust", k=20),
        random=True,
        turns=3,
    ),
    Case(
        "MaxHerding",
        Herding(weight="none", radius=1.0, references=20_000),
        ACTIVEML,
        others.activeml("MaxHerding", metric_dict={"gamma": 1.0}),
        images=20_000,
        turns=2,
        why="the peer holds N × N",
    ),
    Case(
        "BatchBALD",
        BatchBald(DRAWS, preselected=20_000, configurations=1000),
        ACTIVEML,
        others.activeml_by_draws("BatchBALD", n_MC_samples=1000),
        size=4,
        images=20_000,
        turns=2,
        why="the peer holds N × 1,000 × C; both count all labels",
    ),
    Case(
        "BatchBALD",
        BatchBald(DRAWS, preselected=1000, configurations=10_000),
        BAAL,
        others.baal("BatchBALD", num_draw=500),
        size=4,
        images=1100,
        turns=2,
        why="the peer holds N × 10,000 × C, and draws labels where Askwell counts them",
    ),
)
