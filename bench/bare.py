"""The paper protocol as a plain loop on tensors, with Askwell's kernels and no framework."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from askwell.dataset import Images, OpenDataset
from askwell.images.contracts import truth_of
from askwell.model import Classifier
from askwell.randomness import generator
from askwell.scoring.frozen import FrozenNetwork
from askwell.scoring.scorer import batch_size_for


def run(
    opened: OpenDataset, model: Classifier, seed: int, rounds: int, query_size: int, batch_size: int
) -> float:
    """Returns the last accuracy of `rounds` rounds of least confidence; writes and logs nothing.

    It draws what a run of the program draws: the same first images, the same batches in the same
    order. Both end with the same network.
    """
    train, evaluation = opened.train, opened.evaluation
    truth, expected = (torch.from_numpy(truth_of(images)) for images in (train, evaluation))
    optimizer, frozen = model.configure_optimizers(), FrozenNetwork(model.network)
    accuracy = 0.0

    labelled = torch.randperm(len(train), generator=generator("initial", seed))[:query_size]
    for round in range(rounds):
        model.train()
        order = torch.randperm(len(labelled), generator=generator("order", seed, round))
        for batch in labelled[order].tensor_split(-(-len(labelled) // batch_size)):
            optimizer.zero_grad()
            cross_entropy(model(train.fetch(batch.numpy())), truth[batch]).backward()
            optimizer.step()
        frozen.refresh()
        predicted = logits(frozen, evaluation, torch.arange(len(evaluation))).argmax(dim=1)
        accuracy = (predicted == expected).double().mean().item()
        if round < rounds - 1:
            unlabelled = others(labelled, len(train))
            confidence = logits(frozen, train, unlabelled).softmax(dim=1).amax(dim=1)
            chosen = confidence.topk(query_size, largest=False).indices
            labelled = torch.cat([labelled, unlabelled[chosen]])
    return accuracy


@torch.inference_mode()
def logits(frozen: FrozenNetwork, images: Images, indices: Tensor) -> Tensor:
    """Logits [N, C] of the images at `indices` [N]."""
    batches = indices.split(batch_size_for(torch.device("cpu"), images))
    return torch.cat([frozen(images.fetch(batch.numpy())).logits for batch in batches])


def others(indices: Tensor, size: int) -> Tensor:
    """The numbers from 0 to `size` - 1 that are not among `indices`, ascending."""
    return torch.from_numpy(np.setdiff1d(np.arange(size), indices.numpy()))
