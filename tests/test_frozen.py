"""The frozen network says what the network says in evaluation mode, and leaves it alone."""

import copy
import logging

import pytest
import torch
from torch import nn
from torch.nn.functional import dropout, max_pool2d

from askwell.model import Classifier
from askwell.model.cnn import ConvolutionalNetwork
from askwell.model.max_pool import HalvingMaxPool, PooledConvolution
from askwell.model.resnet import small_image_resnet18
from askwell.randomness import generator
from askwell.scoring.frozen import FrozenNetwork

IMAGES = torch.randn(6, 3, 8, 8, generator=generator("images"))


def flat(*layers: nn.Module) -> nn.Module:
    """`layers` on images, averaged over the pixels."""
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


class Shared(nn.Module):
    """One convolution that two norms follow: it cannot take in either."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.first, self.second = (
            nn.Conv2d(3, 3, 3, padding=1),
            nn.BatchNorm2d(3),
            nn.BatchNorm2d(3),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.second(self.layer(self.first(self.layer(images)))).mean((2, 3))


class Twice(nn.Module):
    """The convolution's own result is wanted beside the normalised one."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.layer(images)
        return (features + self.norm(features)).mean((2, 3))


class Keywords(nn.Module):
    """Calls its layers by keyword, and dropout as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.norm(input=self.layer(input=images)).mean((2, 3))
        return dropout(features, 0.5, training=self.training)


class Untraceable(nn.Module):
    """Decides by what it sees, which no graph can hold."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.norm(self.layer(images)).mean((2, 3))
        return -features if images.mean() > 100 else features


NETWORKS = {
    "cnn2": lambda: ConvolutionalNetwork(3, 8, 10, blocks=2, width=64, hidden=128),
    "cnn3": lambda: ConvolutionalNetwork(3, 8, 10, blocks=3, width=64, hidden=128),
    "resnet18": lambda: small_image_resnet18(3, 10),
    "convolution without bias": lambda: flat(
        nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU()
    ),
    "convolution with bias": lambda: flat(
        nn.Conv2d(3, 8, 3, bias=True), nn.BatchNorm2d(8), nn.ReLU()
    ),
    "grouped and strided convolution": lambda: flat(
        nn.Conv2d(3, 9, 3, stride=2, groups=3), nn.BatchNorm2d(9)
    ),
    "linear layers": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(192, 8), nn.BatchNorm1d(8), nn.ReLU()
    ),
    "no norm": lambda: flat(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2)),
    "norm before the convolution": lambda: flat(nn.BatchNorm2d(3), nn.Conv2d(3, 8, 3)),
    "norm after the activation": lambda: flat(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.BatchNorm2d(8)),
    "norm without weights": lambda: flat(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, affine=False)),
    "linear, norm without weights": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(192, 8), nn.BatchNorm1d(8, affine=False)
    ),
    "norm without statistics": lambda: flat(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, track_running_stats=False)
    ),
    "two norms in a row": lambda: flat(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.BatchNorm2d(8)),
    "dropout": lambda: nn.Sequential(
        flat(nn.Conv2d(3, 8, 3), nn.Dropout2d(0.5)), nn.Dropout(0.9), nn.Linear(8, 4)
    ),
    "overlapping pooling": lambda: flat(
        nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, padding=1)
    ),
    "shared layer": Shared,
    "layer used twice": Twice,
    "keyword arguments": Keywords,
    "untraceable": Untraceable,
}


def lived_in(network: nn.Module, seed: int = 0) -> nn.Module:
    """`network` in training mode, with weights and batch-norm statistics far from those of a new
    one.
    """
    dice = generator("lived in", seed)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.track_running_stats:
            module.running_mean.normal_(0, 2, generator=dice)
            module.running_var.uniform_(0.05, 20, generator=dice)
    for weight in network.parameters():
        weight.data *= 1.1
        if weight.dim() == 1:  # the weights and biases of norms start as ones and zeros
            weight.data += 0.3 * torch.randn(weight.shape, generator=dice)
    return network.train()


def evaluated(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    return copy.deepcopy(network).eval()(images).detach()


@pytest.fixture(params=NETWORKS)
def network(request):
    torch.manual_seed(0)
    return lived_in(NETWORKS[request.param]())


def test_probabilities_are_those_of_the_network_in_evaluation_mode(network):
    frozen = FrozenNetwork(network)(IMAGES).logits.softmax(1)
    torch.testing.assert_close(frozen, evaluated(network, IMAGES).softmax(1), rtol=0, atol=1e-5)


def test_logits_are_the_same_but_for_rounding(network):
    network, images = network.double(), IMAGES.double()
    torch.testing.assert_close(
        FrozenNetwork(network)(images).logits, evaluated(network, images), rtol=1e-9, atol=1e-9
    )


def test_a_refreshed_copy_says_what_the_changed_network_says(network):
    frozen = FrozenNetwork(network.double())
    before = frozen(IMAGES.double()).logits
    lived_in(network, seed=1)
    frozen.refresh()
    assert not torch.allclose(frozen(IMAGES.double()).logits, before, atol=1e-3)
    torch.testing.assert_close(
        frozen(IMAGES.double()).logits, evaluated(network, IMAGES.double()), rtol=1e-9, atol=1e-9
    )


def test_until_it_is_refreshed_it_stays_what_it_was(network):
    frozen = FrozenNetwork(network)
    before = frozen(IMAGES).logits
    lived_in(network, seed=1)
    assert torch.equal(frozen(IMAGES).logits, before)


def test_the_network_keeps_its_weights_buffers_and_structure(network):
    before = copy.deepcopy(network)
    FrozenNetwork(network)(IMAGES)
    assert str(network) == str(before)
    torch.testing.assert_close(network.state_dict(), before.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("training", [True, False])
def test_every_module_of_the_network_keeps_its_mode(network, training):
    network.train(training)
    frozen = FrozenNetwork(network)
    frozen(IMAGES)
    frozen.refresh()
    assert {module.training for module in network.modules()} == {training}


def test_the_network_can_still_learn(network):
    FrozenNetwork(network)(IMAGES)
    assert {weight.requires_grad for weight in network.parameters()} == {True}


def test_answers_do_not_depend_on_the_rest_of_the_batch():
    frozen = FrozenNetwork(lived_in(NETWORKS["cnn2"]()).double())
    torch.testing.assert_close(
        frozen(IMAGES.double()).logits[2:4], frozen(IMAGES[2:4].double()).logits
    )


@pytest.mark.parametrize(
    "name", ["cnn2", "cnn3", "resnet18", "convolution with bias", "linear layers"]
)
def test_every_norm_after_a_layer_is_folded(name):
    left = [type(module).__name__ for module in FrozenNetwork(NETWORKS[name]()).copy.modules()]
    assert not [kind for kind in left if kind.startswith("BatchNorm")]


def test_dropout_is_gone_from_the_copy():
    frozen = FrozenNetwork(NETWORKS["dropout"]())
    assert not [module for module in frozen.copy.modules() if "Dropout" in type(module).__name__]


def test_pixels_as_a_classifier_gets_them_are_standardised_in_the_copy():
    classifier = Classifier(lived_in(NETWORKS["cnn2"]()), torch.optim.Adam, channels=3)
    classifier.standardise.fit(torch.tensor([0.3, 0.5, 0.7]), torch.tensor([0.2, 0.1, 0.3]))
    pixels = torch.randint(256, (6, 3, 8, 8), dtype=torch.uint8, generator=generator("pixels"))
    frozen = FrozenNetwork(classifier.network)(pixels).logits.softmax(1)
    torch.testing.assert_close(frozen, evaluated(classifier, pixels).softmax(1), rtol=0, atol=1e-5)


def test_that_a_network_cannot_be_traced_is_said_once(caplog):
    frozen = FrozenNetwork(Untraceable())
    frozen(IMAGES)
    frozen.refresh()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "cannot be traced" in caplog.text


def test_of_a_network_that_can_be_traced_nothing_is_said(caplog):
    FrozenNetwork(NETWORKS["cnn2"]())
    assert caplog.records == []


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_a_compiled_copy_agrees_and_stays_compiled_when_it_is_refreshed(channels):
    network, images = (
        lived_in(ConvolutionalNetwork(channels, 8, 4, blocks=1, width=8, hidden=8)),
        IMAGES[:, :channels],
    )
    frozen = FrozenNetwork(network, compile=True)
    frozen(images)
    lived_in(network, seed=1)
    frozen.refresh()
    with torch.compiler.set_stance("fail_on_recompile"):
        answer = frozen(images).logits
    torch.testing.assert_close(
        answer.softmax(1), evaluated(network, images).softmax(1), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(8, 8), (7, 9), (2, 3)])
def test_pooling_by_maxima_gives_the_same_numbers_bit_for_bit(size, layout):
    images = torch.randn(2, 3, *size, generator=generator("pooled")).to(memory_format=layout)
    assert torch.equal(HalvingMaxPool()(images), max_pool2d(images, 2))


def test_pooling_by_maxima_passes_nan_on():
    images = torch.zeros(1, 1, 2, 2).index_fill(3, torch.tensor([1]), torch.nan)
    assert HalvingMaxPool()(images).isnan().all()


def test_only_pooling_that_halves_is_replaced():
    poolings = (
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, 2),
        nn.MaxPool2d(2, 1),
        nn.MaxPool2d(2, padding=1),
        nn.MaxPool2d((2, 2)),
    )
    frozen = FrozenNetwork(nn.Sequential(*poolings))
    assert [isinstance(layer, HalvingMaxPool) for layer in frozen.copy.children()] == [
        True,
        False,
        False,
        False,
        True,
    ]


def test_features_are_what_the_last_linear_layer_is_given():
    network = lived_in(
        nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 5), nn.ReLU(), nn.Linear(5, 3))
    )
    assert torch.equal(FrozenNetwork(network)(IMAGES).features, network[:3](IMAGES))


def test_features_of_a_network_without_linear_layers_are_its_logits():
    frozen = FrozenNetwork(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    assert torch.equal(frozen(IMAGES).features, frozen(IMAGES).logits)


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (2, 3)])
def test_a_pooled_convolution_is_a_convolution_and_a_pooling(size):
    convolution = nn.Conv2d(1, 5, 3, padding=1).requires_grad_(False)
    images = torch.randn(3, 1, *size, generator=generator("framed")).to(
        memory_format=torch.channels_last
    )
    pooled = PooledConvolution(convolution)
    torch.testing.assert_close(
        pooled.sums(images), max_pool2d(convolution(images), 2), rtol=0, atol=1e-6
    )
    torch.testing.assert_close(pooled(images), max_pool2d(convolution(images), 2), rtol=0, atol=0)


def test_only_grey_framed_convolutions_are_pooled_and_only_where_they_are_compiled():
    layers = [
        *(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 4, 3, padding=1),
            nn.MaxPool2d(2),
        ),
        *(nn.Conv2d(4, 1, 1), nn.Conv2d(1, 4, 5, padding=2), nn.MaxPool2d(2)),
    ]
    plain, compiled = (
        FrozenNetwork(nn.Sequential(*layers), compile=each) for each in (False, True)
    )
    assert not any(isinstance(layer, PooledConvolution) for layer in plain.copy.modules())
    assert [isinstance(layer, PooledConvolution) for layer in compiled.copy.children()].index(
        True
    ) == 0
    assert sum(isinstance(layer, PooledConvolution) for layer in compiled.copy.modules()) == 1
