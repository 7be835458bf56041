"""Active learning as a good engineer writes it in an afternoon with Lightning and torchvision;
nothing of Askwell's.

python -m bench.baseline runs it by itself.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset, Subset
from torchmetrics.classification import MulticlassAccuracy
from torchvision.datasets import MNIST
from torchvision.transforms import Compose, Normalize, ToTensor

CLASSES = 10
MEAN, STD = (0.1307,), (0.3081,)
SCORING_BATCH_SIZE = 256


class Digits(pl.LightningModule):
    """Two blocks of convolution, batch norm, ReLU and pooling, then two layers. One Adam for all
    rounds.
    """

    def __init__(self, lr: float) -> None:
        super().__init__()
        self.network = nn.Sequential(
            *(
                nn.Conv2d(1, 32, 3, padding=1, bias=False),
                nn.BatchNorm2d(32),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ),
            *(
                nn.Conv2d(32, 64, 3, padding=1, bias=False),
                nn.BatchNorm2d(64),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ),
            *(nn.Flatten(), nn.Linear(64 * 7 * 7, 128, bias=False), nn.BatchNorm1d(128), nn.ReLU()),
            nn.Linear(128, CLASSES),
        )
        self.accuracy = MulticlassAccuracy(CLASSES, average="micro")
        self.optimizer = torch.optim.Adam(self.parameters(), lr=lr)

    def training_step(self, batch: Sequence[Tensor], batch_idx: int) -> Tensor:
        images, labels = batch
        return cross_entropy(self.network(images), labels)

    def validation_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        images, labels = batch
        self.accuracy(self.network(images), labels)
        self.log("accuracy", self.accuracy)

    def predict_step(self, batch: Sequence[Tensor], batch_idx: int) -> Tensor:
        return self.network(batch[0]).softmax(dim=1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self.optimizer


def digits(data_dir: Path, train: bool) -> MNIST:
    """torchvision's MNIST with the usual transforms."""
    return MNIST(data_dir, train=train, transform=Compose([ToTensor(), Normalize(MEAN, STD)]))


def trainer() -> pl.Trainer:
    """A trainer of one epoch that writes nothing and shows nothing: the least that Lightning can
    cost.
    """
    quiet: dict[str, Any] = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
    }
    return pl.Trainer(max_epochs=1, enable_model_summary=False, **quiet)


def scoring_loader(
    images: Dataset[Any], workers: int, batch_size: int = SCORING_BATCH_SIZE
) -> DataLoader[Any]:
    """Every image once, in order."""
    return DataLoader(images, batch_size, num_workers=workers)


def run(
    data_dir: Path,
    seed: int,
    rounds: int,
    query_size: int,
    batch_size: int,
    lr: float,
    workers: int,
) -> float:
    """The paper protocol with least confidence: returns the accuracy of the last round."""
    pl.seed_everything(seed, verbose=False)
    train, test = digits(data_dir, train=True), digits(data_dir, train=False)
    model = Digits(lr)
    order = torch.randperm(len(train)).tolist()
    labelled, unlabelled = order[:query_size], order[query_size:]
    accuracy = 0.0
    for round in range(rounds):
        trainer().fit(model, DataLoader(Subset(train, labelled), batch_size, shuffle=True))
        [metrics] = trainer().validate(model, scoring_loader(test, workers), verbose=False)
        accuracy = metrics["accuracy"]
        if round == rounds - 1:
            break
        predictions: Any = trainer().predict(
            model, scoring_loader(Subset(train, unlabelled), workers)
        )
        confidence = torch.cat(predictions).amax(dim=1)
        chosen = set(confidence.topk(query_size, largest=False).indices.tolist())
        labelled += [unlabelled[position] for position in chosen]
        unlabelled = [index for position, index in enumerate(unlabelled) if position not in chosen]
    return accuracy


if __name__ == "__main__":
    import os

    data_dir = Path(os.environ.get("ASKWELL_DATA", "data"))
    print(run(data_dir, seed=0, rounds=25, query_size=128, batch_size=16, lr=2e-3, workers=0))
