"""How others choose: the strategies of scikit-activeml and baal on the rows and probabilities that
Askwell's see. Probabilities are ready when the clock starts; Askwell computes its own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from askwell.randomness import generator
from askwell.strategy.keyed import fresh_key, some
from bench.mixture import CLASSES, Mixture

Work = Callable[[], list[int]]
"""Chooses images once: indices, in the order in which they were chosen where there is one."""

Way = Callable[[Mixture, int], Work]
"""A mixture and a query size to the work that is timed."""


def activeml(name: str, **settings: Any) -> Way:
    """A strategy of scikit-activeml that looks at the rows alone."""

    def way(mixture: Mixture, size: int) -> Work:
        strategy, pool = _strategy(name, settings), _pool(mixture)
        return lambda: _chosen(strategy.query(*pool, batch_size=size))

    return way


def activeml_by_network(name: str, **settings: Any) -> Way:
    """One that asks a classifier for probabilities, and for rows where it wants both."""

    def way(mixture: Mixture, size: int) -> Work:
        strategy, pool = _strategy(name, settings), _pool(mixture)
        given = _given(mixture)
        return lambda: _chosen(strategy.query(*pool, given, fit_clf=False, batch_size=size))

    return way


def activeml_by_draws(name: str, **settings: Any) -> Way:
    """One that asks several networks for probabilities."""
    settings = {"sample_predictions_method_name": "sample_proba", **settings}

    def way(mixture: Mixture, size: int) -> Work:
        strategy, pool = _strategy(name, settings), _pool(mixture)
        given = _given(mixture)
        return lambda: _chosen(strategy.query(*pool, given, fit_ensemble=False, batch_size=size))

    return way


def _strategy(name: str, settings: dict[str, Any]) -> Any:
    from skactiveml import pool

    return getattr(pool, name)(random_state=0, **settings)


def _pool(mixture: Mixture) -> tuple[np.ndarray, np.ndarray]:
    """All rows [N, D], and labels [N], nan where there is none."""
    labels = np.full(len(mixture.features), np.nan)
    labels[mixture.labelled.numpy()] = mixture.labels.numpy()
    return mixture.features.numpy(), labels


def _given(mixture: Mixture) -> Any:
    """A classifier whose answers about the unlabelled images are there."""
    from skactiveml.base import SkactivemlClassifier

    probs = mixture.logits[mixture.unlabelled].softmax(dim=1).double().numpy()
    drawn = mixture.drawn[mixture.unlabelled].transpose(0, 1).softmax(dim=2).contiguous().numpy()

    class Given(SkactivemlClassifier):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Given":  # noqa: N803
            self._validate_data(X, y)
            return self

        def predict_proba(self, X: Any, **_: Any) -> np.ndarray:  # noqa: N803
            return probs[: len(X)]

        def sample_proba(self, X: Any) -> np.ndarray:  # noqa: N803
            return drawn[:, : len(X)]

    return Given(classes=list(range(CLASSES))).fit(*_pool(mixture))


def _chosen(indices: Any) -> list[int]:
    return [int(index) for index in indices]


def baal(name: str, **settings: Any) -> Way:
    """A heuristic of baal; BatchBALD counts its `num_samples` after the first image."""

    def way(mixture: Mixture, size: int) -> Work:
        from baal.active import heuristics

        if name == "BatchBALD":
            settings["num_samples"] = size - 1
        heuristic, probs = getattr(heuristics, name)(**settings), _drawn(mixture)
        return lambda: _best(mixture, heuristic.get_ranks(probs)[0], size)

    return way


def baal_epig(targets: int) -> Way:
    """baal's EPIG, given the targets that Askwell draws."""

    def way(mixture: Mixture, size: int) -> Work:
        from baal.active.heuristics import EPIG

        probs = _drawn(mixture)
        others = probs[some(mixture.unlabelled, targets, fresh_key(generator("query"))).numpy()]
        return lambda: _best(mixture, EPIG().get_ranks(probs, others)[0], size)

    return way


def _drawn(mixture: Mixture) -> np.ndarray:
    """Probabilities as baal has them, float32 [N - L, C, K]."""
    probs = mixture.drawn[mixture.unlabelled].softmax(dim=2)
    return probs.transpose(1, 2).contiguous().numpy()


def _best(mixture: Mixture, ranks: np.ndarray, size: int) -> list[int]:
    return mixture.unlabelled[torch.from_numpy(ranks[:size].copy())].tolist()
