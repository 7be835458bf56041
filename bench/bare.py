"""The paper protocol as a bare loop on tensors with Askwell's kernels: what is left without any
framework.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from askwell.dataset import Images, OpenDataset
from askwell.model import Classifier
from askwell.randomness import generator
from askwell.scoring.frozen import FrozenNetwork
from askwell.scoring.scorer import batch_size_for


def run(
    opened: OpenDataset, model: Classifier, seed: int, rounds: int, query_size: int, batch_size: int
) -> float:
    """Least confidence for `rounds` rounds; nothing is logged, kept or written. Returns the last
    accuracy.

    Keyed as the program is: the same images in the same order, so that both end with the same
    network.
    """
    labels = torch.from_numpy(opened.train.truth)
    optimizer, frozen = model.configure_optimizers(), FrozenNetwork(model.network)
    labelled = torch.randperm(len(opened.train), generator=generator("initial", seed))[:query_size]
    accuracy = 0.0
    for round in range(rounds):
        model.train()
        order = torch.randperm(len(labelled), generator=generator("order", seed, round))
        for batch in labelled[order].tensor_split(-(-len(labelled) // batch_size)):
            optimizer.zero_grad()
            cross_entropy(model(opened.train.fetch(batch.numpy())), labels[batch]).backward()
            optimizer.step()
        frozen.refresh()
        predicted = _logits(frozen, opened.evaluation, np.arange(len(opened.evaluation))).argmax(
            dim=1
        )
        accuracy = (predicted.numpy() == opened.evaluation.truth).mean().item()
        if round < rounds - 1:
            unlabelled = np.setdiff1d(np.arange(len(labels)), labelled.numpy())
            confidence = _logits(frozen, opened.train, unlabelled).softmax(dim=1).amax(dim=1)
            chosen = confidence.topk(query_size, largest=False).indices
            labelled = torch.cat([labelled, torch.from_numpy(unlabelled)[chosen]])
    return accuracy


@torch.inference_mode()
def _logits(frozen: FrozenNetwork, images: Images, indices: np.ndarray) -> Tensor:
    size = batch_size_for(torch.device("cpu"), images)
    starts = range(0, len(indices), size)
    return torch.cat(
        [frozen(images.fetch(indices[start : start + size])).logits for start in starts]
    )
