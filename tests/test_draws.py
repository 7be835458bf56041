"""Draws of the last layer: one network for all images, keyed, and never equal."""

import numpy as np
import pytest
import torch
from experiment import Experiment
from sklearn.linear_model import LogisticRegression

from askwell.errors import UserError
from askwell.randomness import generator
from askwell.strategy.draws import Dropout, Ensemble, Head, Laplace, drawn_logits, refuse_equal

HEAD = Head(
    torch.randn(3, 5, generator=generator("weight")),
    torch.randn(3, generator=generator("bias")),
    0.5,
)
FEATURES = torch.randn(40, 5, generator=generator("features"))
LABELS = torch.randint(3, (40,), generator=generator("labels"))


def keyed(count, seed=0):
    return [generator("draw", seed, number) for number in range(count)]


@pytest.mark.parametrize(
    "draws", [Laplace(), Ensemble(), Dropout()], ids=["laplace", "ensemble", "dropout"]
)
class TestEveryKind:
    def test_equal_keys_draw_equal_layers(self, draws):
        one, other = (draws(HEAD, FEATURES, LABELS, keyed(4)) for _ in range(2))
        assert one.shape == (4, 3, 6)
        assert torch.equal(one, other)

    def test_a_draw_does_not_depend_on_how_many_follow(self, draws):
        assert torch.equal(
            draws(HEAD, FEATURES, LABELS, keyed(6))[:4], draws(HEAD, FEATURES, LABELS, keyed(4))
        )

    def test_draws_differ(self, draws):
        layers = draws(HEAD, FEATURES, LABELS, keyed(4))
        assert len(layers.flatten(1).unique(dim=0)) == 4


def test_laplace_is_centred_on_the_trained_layer_with_the_covariance_of_its_curvature():
    layers = Laplace(prior_precision=4.0)(HEAD, FEATURES, LABELS, keyed(20_000)).double()
    layer = torch.cat([HEAD.weight, HEAD.bias[:, None]], dim=1).double()
    inputs = torch.cat([FEATURES, torch.ones(40, 1)], dim=1).double()
    probs = (inputs @ layer.T).softmax(1).numpy()
    curvature = np.mean([np.diag(p) - np.outer(p, p) for p in probs], axis=0) + 2 * np.eye(3)
    spread = (inputs.T @ inputs).numpy() + 2 * np.eye(6)
    expected = np.linalg.inv(np.kron(curvature, spread))
    found = np.cov(layers.flatten(1).numpy().T)
    np.testing.assert_allclose(layers.mean(0), layer, atol=0.02)
    np.testing.assert_allclose(found, expected, atol=0.05 * expected.max())


def test_an_ensemble_is_of_regressions_on_bootstrap_samples():
    (layer,) = Ensemble(decay=0.1)(HEAD, FEATURES, LABELS, keyed(1))
    drawn = torch.randint(40, (40,), generator=keyed(1)[0])
    inputs = torch.cat([FEATURES, torch.ones(40, 1)], dim=1)[drawn].numpy()
    reference = LogisticRegression(C=1 / (0.1 * 40), fit_intercept=False, tol=1e-8).fit(
        inputs, LABELS[drawn]
    )
    np.testing.assert_allclose(layer, reference.coef_, atol=1e-3)


def test_dropout_scales_what_it_keeps():
    layers = Dropout()(HEAD, FEATURES, LABELS, keyed(1000))
    kept = layers[..., :-1] / HEAD.weight
    assert set(kept.round(decimals=4).unique().tolist()) == {0.0, 2.0}
    assert (kept > 0).float().mean().item() == pytest.approx(0.5, abs=0.03)


def test_a_network_without_dropout_has_no_dropout_draws():
    with pytest.raises(UserError, match=r"set model\.network\.dropout=0\.5, or draws=laplace"):
        Dropout()(HEAD._replace(dropout=0.0), FEATURES, LABELS, keyed(2))


def test_drawn_logits_are_those_of_each_layer():
    layers = Laplace()(HEAD, FEATURES, LABELS, keyed(3))
    inputs = torch.cat([FEATURES, torch.ones(40, 1)], dim=1)
    expected = torch.stack([inputs @ layer.T for layer in layers], dim=1)
    torch.testing.assert_close(drawn_logits(FEATURES, layers), expected)


def test_equal_draws_are_refused():
    with pytest.raises(
        UserError, match="the 2 draws of the last layer are equal and cannot disagree"
    ):
        refuse_equal(torch.ones(2, 3, 6))


@pytest.mark.parametrize("draws", ["laplace", "ensemble", "dropout"])
def test_a_run_that_looks_for_disagreement_has_the_same_queries_twice(composed, draws):
    arguments = "strategy=bald", f"draws={draws}", "model.network.dropout=0.5", "strategy.draws=4"
    one, other = (Experiment(composed(*arguments)).fit() for _ in range(2))
    assert one.queries == other.queries
    assert [len(query) for query in one.queries] == [6, 6, 6]


def test_the_first_of_many_draws_is_seen_by_a_strategy_as_one_network(composed):
    seen = []
    run = Experiment(composed("rounds=2"))

    def strategy(candidates, size, generator):
        seen.append(candidates.collect(lambda look: look.logits, draws=3))
        seen.append(candidates.collect(lambda look: look.logits))
        return candidates.top(lambda look: look.logits[:, 0], size)

    run.learner.labelling.strategy = strategy
    run.fit()
    drawn, plain = seen
    assert drawn.shape == (len(plain), 3, 3)
    assert not torch.equal(drawn[:, 0], plain)
