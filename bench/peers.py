"""How others score a pool: images [N] one by one through torchvision's transforms, one network, the
query size best.
"""

import importlib.util
import os
from contextlib import redirect_stdout
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from bench.baseline import trainer
from bench.timing import Contender

BAAL_INSTALLED = importlib.util.find_spec("baal") is not None


class Predictor(pl.LightningModule):
    """A network for Lightning to predict with."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self.network(batch[0]).softmax(dim=1)


def loader_loop(
    network: nn.Module, images: Dataset[Any], size: int, workers: int, batch_size: int
) -> Contender:
    """A plain loop over a DataLoader."""

    @torch.no_grad()
    def score(_: int) -> list[int]:
        loader = DataLoader(images, batch_size, num_workers=workers)
        return _least_confident(
            torch.cat([network(pixels).softmax(dim=1) for pixels, _ in loader]), size
        )

    return score


def lightning(
    network: nn.Module, images: Dataset[Any], size: int, workers: int, batch_size: int
) -> Contender:
    """Lightning's `predict`."""
    predictor = Predictor(network)

    def score(_: int) -> list[int]:
        predictions: Any = trainer().predict(
            predictor, DataLoader(images, batch_size, num_workers=workers)
        )
        return _least_confident(torch.cat(predictions), size)

    return score


def baal(
    network: nn.Module, images: Dataset[Any], size: int, workers: int, batch_size: int
) -> Contender:
    """baal's `predict_on_dataset` and its heuristic, as its `ActiveLearningLoop` calls them."""
    import structlog
    from baal import ModelWrapper
    from baal.active.dataset import ActiveLearningDataset
    from baal.active.heuristics import Certainty
    from baal.modelwrapper import TrainingArgs

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    softmax, dataset = (
        nn.Sequential(network, nn.Softmax(dim=1)).eval(),
        ActiveLearningDataset(images),
    )
    wrapper = ModelWrapper(
        softmax, TrainingArgs(batch_size=batch_size, use_cuda=False, workers=workers)
    )

    def score(_: int) -> list[int]:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            predictions = wrapper.predict_on_dataset(dataset.pool, iterations=1)
        ranks, _ = Certainty().get_ranks(predictions)
        return list(map(int, ranks[:size]))

    return score


def _least_confident(probs: Tensor, size: int) -> list[int]:
    return probs.amax(dim=1).topk(size, largest=False).indices.tolist()
