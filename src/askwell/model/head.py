"""Heads: what is trained on rows of an encoder, by L-BFGS to convergence.

A round of one epoch is one step of the optimizer on all labelled images as one batch, within which
it runs until nothing changes. In double precision the end does not depend on the way there.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from askwell.errors import UserError
from askwell.model.classifier import Classifier, Standardise


class Head(Classifier):
    """Classifies rows [B, D] by `network`, with the objective of scikit-learn's LogisticRegression.

    That is the sum of the cross entropies and `penalty`/2 times the squared weights, biases apart:
    its C is 1 / `penalty`. As a sum, not a mean, so that a bound on the gradient means the same
    however many labels there are. Features are standardised by the training set.
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
        self.standardised: Tensor | None = None  # the rows of the present batch
        self.double()

    def setup(self, stage: str) -> None:
        if self.trainer.world_size > 1:
            raise UserError(
                "a head is trained by one process, which takes milliseconds: set trainer.devices=1"
            )
        super().setup(stage)

    def on_train_batch_start(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Standardises the rows once: the optimizer comes back to them a hundred times."""
        self.standardised = self.standardise(batch[0])

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        logits = self.network[1](self.standardised)
        weights = [weight.square().sum() for weight in self.parameters() if weight.ndim > 1]
        loss = cross_entropy(logits, batch[1], reduction="sum")
        return loss + self.penalty / 2 * torch.stack(weights).sum()

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.standardised = None


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
