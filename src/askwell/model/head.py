"""Heads: what is trained on rows of an encoder, by L-BFGS to convergence.

A round of one epoch is one step of the optimizer on all labelled images as one batch, within which
it runs until nothing changes. In double precision the end does not depend on the way there.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from askwell.errors import UserError
from askwell.model.classifier import Classifier, Standardise

CURVATURE = 0.003
"""What p (1 - p) of a fitted head is about: with it the search takes a fifth of the steps that it
takes on the rows as they are. It does not change the end.
"""
RANK = 1e-12
"""The smallest share of the largest eigenvalue that counts as a direction of the rows."""


class Conditioned(NamedTuple):
    """Rows [n, D] in coordinates [n, r] in which a search for the weights is short.

    Weights there, times `scale`, are weights along the directions of `basis` [D, r], of rows whose
    mean is `centre` [D].
    """

    rows: Tensor
    scale: Tensor
    basis: Tensor
    centre: Tensor


def conditioned(rows: Tensor, penalty: float) -> Conditioned:
    """The rows along their principal axes, each divided by the root of the loss's curvature there.

    Weights across all rows are zero at the optimum, so that r is at most n.
    """
    centre = rows.mean(dim=0)
    centred = rows - centre
    wide = rows.shape[0] < rows.shape[1]
    values, vectors = torch.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    kept = values > RANK * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    basis = centred.T @ (vectors / values.sqrt()) if wide else vectors
    along = vectors * values.sqrt() if wide else centred @ vectors
    scale = (CURVATURE * values + penalty).rsqrt()
    return Conditioned(along * scale, scale, basis, centre)


class Head(Classifier):
    """Classifies rows [B, D] by `network`, with the objective of scikit-learn's LogisticRegression.

    That is the sum of the cross entropies and `penalty`/2 times the squared weights, biases apart:
    its C is 1 / `penalty`. As a sum, not a mean, so that a bound on the gradient means the same
    however many labels there are. Rows are centred and scaled by the training set.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer],
        features: int,
        penalty: float = 1.0,
        inputs: str = "embeddings",
    ) -> None:
        if penalty < 0:
            raise UserError(f"model.penalty={penalty}: expected 0 or more")
        super().__init__(network, optimizer, standardise=Standardise((features,), white=1))
        self.penalty = penalty
        self.rows = torch.empty(0)  # of the present batch, as the search sees them
        self.targets = torch.empty(0)  # of these rows
        self.conditioned: Conditioned | None = None  # where the network is one layer
        self.double()

    def setup(self, stage: str) -> None:
        if self.trainer.world_size > 1:
            raise UserError(
                "a head is trained by one process, which takes milliseconds: set trainer.devices=1"
            )
        super().setup(stage)

    def on_train_batch_start(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Prepares the rows once: the optimizer comes back to them many times. The labels [n] may
        be weights of the classes [n, C] instead.
        """
        self.rows, self.targets = self.standardise(batch[0]), batch[1]
        layer = self.network[1]
        if isinstance(layer, nn.Linear):
            self.conditioned = conditioned(self.rows, self.penalty)
            self.rows = self.conditioned.rows
            layer.weight.data = self.rows.new_zeros(len(layer.weight), self.rows.shape[1])
            layer.bias.data.zero_()

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        logits = self.network[1](self.rows)
        scale = 1.0 if self.conditioned is None else self.conditioned.scale
        weights = [weight for weight in self.parameters() if weight.ndim > 1]
        squares = torch.stack([(weight * scale).square().sum() for weight in weights])
        loss = cross_entropy(logits, self.targets, reduction="sum")
        return loss + self.penalty / 2 * squares.sum()

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        layer = self.network[1]
        if isinstance(layer, nn.Linear) and self.conditioned is not None:
            _, scale, basis, centre = self.conditioned
            layer.weight.data = (layer.weight.data * scale) @ basis.T
            layer.bias.data -= layer.weight.data @ centre
        self.rows, self.targets, self.conditioned = torch.empty(0), torch.empty(0), None


def linear(features: int, num_classes: int) -> nn.Module:
    """Rows [B, D] to logits [B, C]. It begins at zero, since every beginning leads to the same
    end.
    """
    layer = nn.Linear(features, num_classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def mlp(features: int, num_classes: int, hidden: int) -> nn.Module:
    """Rows [B, D] to logits [B, C] by one hidden layer."""
    return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, num_classes))


def fit(head: Head, rows: Tensor, labels: Tensor) -> Head:
    """Trains a head on rows [n, D] and labels [n] as a round does, without Lightning; returns it.

    >>> rows, labels = torch.tensor([[0.0], [1.0], [2.0], [3.0]]), torch.tensor([0, 0, 1, 1])
    >>> search = lambda weights: torch.optim.LBFGS(weights, line_search_fn="strong_wolfe")
    >>> fit(Head(linear(1, 2), search, features=1), rows, labels)(rows).argmax(dim=1).tolist()
    [0, 0, 1, 1]
    """
    optimizer, batch = head.configure_optimizers(), (rows, labels)
    head.on_train_batch_start(batch, 0)

    def loss() -> Tensor:
        optimizer.zero_grad()
        total = head.training_step(batch, 0)
        total.backward()
        return total

    with torch.enable_grad():
        optimizer.step(loss)
    head.on_train_batch_end(None, batch, 0)
    return head
