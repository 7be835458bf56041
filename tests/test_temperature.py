"""How sure a head may be is told by labelled images that it has not seen."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from strategy_pools import asked, normal, pool

from askwell.loop.temperature import FEWEST, best_temperature, temperature
from askwell.pool import Pool
from askwell.processes import ALONE
from askwell.randomness import generator
from askwell.scoring.pool_looks import PoolLooks
from askwell.strategy.draws import Laplace, drawn_logits
from askwell.strategy.herding import Herding
from askwell.strategy.look import Look


def drawn_labels(logits):
    """Labels as likely as the logits say."""
    return torch.multinomial(logits.softmax(dim=1), 1, generator=generator("labels")).flatten()


@pytest.mark.parametrize("true", [0.5, 1.0, 4.0])
def test_the_temperature_is_the_one_that_the_labels_were_drawn_with(true):
    logits = 6 * normal(4000, 3, dtype=torch.float64)
    found = best_temperature(logits, drawn_labels(logits / true))
    assert found == pytest.approx(true, rel=0.1)


def fitted(features, labels):
    return temperature(features, labels, torch.arange(len(labels)), num_classes=3, seed=0)


def test_few_labels_tell_nothing():
    features, labels = normal(FEWEST - 1, 40), torch.arange(FEWEST - 1) % 3
    assert fitted(features, labels) == 1.0


def test_a_head_on_noise_is_less_sure_than_it_thinks_and_one_on_signal_is_not():
    noise, labels = 5 * normal(200, 100), torch.arange(200) % 3
    signal = normal(200, 100)
    signal[torch.arange(200), labels] += 8
    assert fitted(noise, labels) > 2
    assert fitted(signal, labels) < 1


def test_the_order_in_which_images_were_labelled_is_without_effect():
    features, labels = normal(120, 6), torch.arange(120) % 3
    order = torch.randperm(120, generator=generator("order"))
    assert temperature(features[order], labels[order], order, 3, 0) == fitted(features, labels)


# what uses it


def looks_at(features, layer, fit=None):
    """The looks of a head with this last layer, on a pool of which half is labelled."""

    def looks(images, indices, purpose):
        rows = features[indices]
        yield torch.arange(len(rows)), Look(rows @ layer.T, rows)

    network = SimpleNamespace(head=(layer, torch.zeros(len(layer)), 0.0))
    cpu = torch.device("cpu")
    scorer = SimpleNamespace(looks=looks, device=cpu, processes=ALONE, network=network)
    bought = Pool(len(features))
    half = range(0, len(features), 2)
    bought.label(half, [index % 3 for index in half], round=0)
    return PoolLooks(scorer, None, bought, Laplace(), 0, 0, fit)


def test_draws_are_divided_by_it_and_the_network_itself_is_not():
    features, layer = normal(160, 6), normal(3, 6, seed=1)
    fit, every = partial(temperature, num_classes=3, seed=0), torch.arange(160)
    plain, scaled = looks_at(features, layer), looks_at(features, layer, fit)
    assert plain.temperature == 1.0
    half = torch.arange(0, 160, 2)
    assert scaled.temperature == temperature(features[half], half % 3, half, 3, 0) != 1.0
    ((_, before),), ((_, after),) = plain(every, 5), scaled(every, 5)
    assert torch.equal(after.logits, before.logits / scaled.temperature)
    assert torch.equal(before.logits, drawn_logits(features, plain.layers[5]))
    ((_, alone),) = scaled(every, 1)
    assert torch.equal(alone.logits, features @ layer.T)


class Scaled:
    """Looks with a temperature."""

    def __init__(self, looks, temperature):
        self.looks, self.temperature = looks, temperature

    def __call__(self, indices, draws):
        return self.looks(indices, draws)


@pytest.mark.parametrize("weight", ["margin", "entropy"])
def test_herding_is_as_unsure_as_the_temperature_says(weight):
    features, logits, known = normal(60, 5), 6 * normal(60, 4, seed=2), [3, 20, 41]
    candidates = pool(features, logits, known)
    candidates._looks = Scaled(candidates._looks, 8.0)
    divided = pool(features, logits / 8, known)
    strategy = Herding(weight)
    assert asked(strategy, candidates, 12) == asked(strategy, divided, 12)
    assert asked(strategy, candidates, 12) != asked(strategy, pool(features, logits, known), 12)
