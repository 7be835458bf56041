"""Stochastic draws of a network's last layer: several opinions from one, for strategies that look
for disagreement.

Legend of axes: K draws, C classes, D features, L labelled images. A draw is a last layer [C, D +
1], its bias last; it is one network for all images, or joint scores over images would mean nothing.
Everything before it
stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from askwell.errors import UserError


class Head(NamedTuple):
    """The last linear layer of a network."""

    weight: Tensor  # [C, D]
    bias: Tensor  # [C]
    dropout: float = 0.0  # of the features that it is given, in training


class Draws(Protocol):
    """Where the draws come from. The loop fits them: a strategy never sees a label."""

    def __call__(
        self, head: Head, features: Tensor, labels: Tensor, generators: Sequence[Generator]
    ) -> Tensor:
        """One last layer per generator, float32 [K, C, D + 1], from labelled features [L, D] and
        labels [L].
        """


@dataclass(frozen=True)
class Laplace:
    """A Gaussian around the trained layer with the curvature of its loss: works with any network
    that ends in a layer.

    The precision is `A ⊗ G` of the labelled images, `A = Σ x xᵀ` and `G` the mean of `diag p - p
    pᵀ`, each with the root of `prior_precision` on its diagonal (Ritter et al., ICLR 2018, equation
    8).
    """

    prior_precision: float = 1.0

    def __call__(
        self, head: Head, features: Tensor, labels: Tensor, generators: Sequence[Generator]
    ) -> Tensor:
        layer, inputs = _layer(head), _with_one(features.double())
        probs = (inputs @ layer.T).softmax(dim=1)
        curvature = torch.diag(probs.mean(dim=0)) - probs.T @ probs / len(probs)
        rows, columns = self._root(curvature), self._root(inputs.T @ inputs)
        return torch.stack(
            [layer + rows @ _normal(layer.shape, one) @ columns for one in generators]
        ).float()

    def _root(self, matrix: Tensor) -> Tensor:
        """The symmetric root of the inverse, which no sign of an eigenvector can change."""
        values, vectors = torch.linalg.eigh(
            matrix + self.prior_precision**0.5 * torch.eye(len(matrix)).double()
        )
        return vectors / values.sqrt() @ vectors.T


@dataclass(frozen=True)
class Ensemble:
    """Last layers trained anew, each on a bootstrap sample of the labelled images, by L-BFGS with a
    weight `decay`.
    """

    decay: float = 1e-2
    steps: int = 100

    def __call__(
        self, head: Head, features: Tensor, labels: Tensor, generators: Sequence[Generator]
    ) -> Tensor:
        inputs, targets = _with_one(features.double()), one_hot(labels, len(head.bias)).double()
        return torch.stack([self._trained(inputs, targets, one) for one in generators]).float()

    def _trained(self, inputs: Tensor, targets: Tensor, generator: Generator) -> Tensor:
        drawn = torch.randint(len(inputs), (len(inputs),), generator=generator)
        weights = torch.bincount(drawn, minlength=len(inputs)).double() / len(inputs)
        layer = torch.zeros(
            targets.shape[1], inputs.shape[1], dtype=torch.float64, requires_grad=True
        )
        search = torch.optim.LBFGS([layer], max_iter=self.steps, line_search_fn="strong_wolfe")

        def loss() -> Tensor:
            search.zero_grad()
            losses = -(targets * (inputs @ layer.T).log_softmax(dim=1)).sum(dim=1)
            total = weights @ losses + self.decay * layer.square().sum() / 2
            total.backward()
            return total

        with torch.enable_grad():
            search.step(loss)
        return layer.detach()


@dataclass(frozen=True)
class Dropout:
    """The trained layer with features dropped as in training (Gal and Ghahramani, ICML 2016); one
    mask per draw.
    """

    def __call__(
        self, head: Head, features: Tensor, labels: Tensor, generators: Sequence[Generator]
    ) -> Tensor:
        if not head.dropout:
            raise UserError(
                "draws=dropout needs a network with dropout before its last layer: "
                "set model.network.dropout=0.5, or draws=laplace"
            )
        kept = 1 - head.dropout
        masks = torch.stack(
            [torch.rand(head.weight.shape[1], generator=one) < kept for one in generators]
        )
        dropped = head.weight * masks.unsqueeze(1) / kept
        return torch.cat([dropped, head.bias[:, None].expand(len(masks), -1, 1)], dim=2)


def drawn_logits(features: Tensor, layers: Tensor) -> Tensor:
    """Logits [B, K, C] of features [B, D] by last layers [K, C, D + 1]."""
    return torch.einsum("bd,kcd->bkc", features, layers[..., :-1]) + layers[..., -1]


def refuse_equal(layers: Tensor) -> None:
    """Raises UserError where all K > 1 draws are the same: every disagreement would be 0."""
    if len(layers) > 1 and bool((layers == layers[:1]).all()):
        raise UserError(
            f"the {len(layers)} draws of the last layer are equal and cannot disagree: choose "
            "another draws="
        )


def _layer(head: Head) -> Tensor:
    return torch.cat([head.weight, head.bias[:, None]], dim=1).double()


def _with_one(features: Tensor) -> Tensor:
    return torch.cat([features, features.new_ones(len(features), 1)], dim=1)


def _normal(shape: torch.Size, generator: Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)
