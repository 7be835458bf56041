"""FixMatch: what the network is sure of in a weak view of an image, it must see in a strong one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _BatchNorm

from askwell.errors import UserError

Network = Callable[[Tensor], Tensor]
"""uint8 pixels [B, C, H, W] to logits [B, classes]."""
Mean = Callable[[Tensor], Tensor]
"""The mean of a tensor over all processes."""


class Together(NamedTuple):
    """A batch of B labelled and U unlabelled images, as uint8 pixels."""

    labelled: Tensor  # weak views [B, C, H, W]
    labels: Tensor  # int64 [B]
    weak: Tensor  # [U, C, H, W]
    strong: Tensor  # other views of the same images


class FixMatch(nn.Module):
    """The loss of FixMatch (Sohn et al., NeurIPS 2020, arXiv 2001.07685) with the distribution
    alignment of ReMixMatch (Berthelot et al., ICLR 2020, arXiv 1911.09785).

    The class that the network gives a weak view is the pseudo-label of the strong one, where its
    probability is `threshold` or more; `weight` is that of the unlabelled images. Probabilities are
    first divided by their running mean to the power of `alignment`: at 1 all classes are held to be
    equally frequent, at 0 nothing is assumed. Labels chosen by a strategy say little of that.
    """

    mean: Tensor  # the running mean of the probabilities, float32 [classes]

    MOMENTUM = 0.98

    def __init__(self, num_classes: int, threshold: float, weight: float, alignment: float) -> None:
        super().__init__()
        shares = {"threshold": threshold, "alignment": alignment}
        for setting, value in shares.items():
            if not 0 <= value <= 1:
                raise UserError(f"protocol.semi.{setting}={value}: expected a number from 0 to 1")
        if weight < 0:
            raise UserError(f"protocol.semi.weight={weight}: expected 0 or more")
        self.threshold, self.weight, self.alignment = threshold, weight, alignment
        self.register_buffer("mean", torch.full((num_classes,), 1 / num_classes))

    def forward(self, network: Network, batch: Together, over_processes: Mean) -> Tensor:
        """The loss of a batch. Batch norm keeps the statistics of weak views only, which are nearer
        to the images that the network will be shown.
        """
        count = len(batch.labelled)
        logits = network(torch.cat([batch.labelled, batch.weak]))
        supervised = cross_entropy(logits[:count], batch.labels)
        if not len(batch.weak):
            return supervised
        guesses, sure = self.pseudo_labels(logits[count:].detach(), over_processes)
        with statistics_kept(network):
            losses = cross_entropy(network(batch.strong), guesses, reduction="none")
        return supervised + self.weight * (losses * sure).mean()

    def pseudo_labels(self, logits: Tensor, over_processes: Mean) -> tuple[Tensor, Tensor]:
        """The pseudo-labels [U] of weak views by their logits [U, classes], and which of them are
        sure enough [U]; takes the logits into the running mean.
        """
        probabilities = logits.float().softmax(dim=1)
        self.mean.lerp_(over_processes(probabilities.mean(dim=0)), 1 - self.MOMENTUM)
        aligned = probabilities / self.mean**self.alignment
        confidence, guesses = (aligned / aligned.sum(dim=1, keepdim=True)).max(dim=1)
        return guesses, confidence >= self.threshold


@contextmanager
def statistics_kept(network: object) -> Iterator[None]:
    """Batch norm uses the statistics of its batch here, and keeps none of them."""
    modules = network.modules() if isinstance(network, nn.Module) else ()
    norms = [one for one in modules if isinstance(one, _BatchNorm) and one.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
