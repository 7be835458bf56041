"""A head that also learns from the unlabelled rows, by the labels that reach them."""

from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn.functional import one_hot

from askwell.errors import UserError
from askwell.model.head import Head
from askwell.model.propagation import certainty, propagated


class Propagated(Head):
    """Classifies rows [B, D] by `network`, trained on labels and on what they say of other rows.

    Labels travel over the graph of the nearest `neighbours` of the pool, `reach` being the share
    that each step keeps. The head is then fitted to labelled rows and to `most` others, spread
    evenly over the pool and each weighed by how certain its class is. No label is read but those of
    the pool.
    """

    def __init__(
        self, *arguments: Any, neighbours: int, reach: float, most: int, **settings: Any
    ) -> None:
        if neighbours < 1 or most < 1:
            raise UserError(
                f"model.neighbours={neighbours}, model.most={most}: expected at least 1"
            )
        if not 0 < reach < 1:
            raise UserError(f"model.reach={reach}: expected a number between 0 and 1")
        super().__init__(*arguments, **settings)
        self.neighbours, self.reach, self.most = neighbours, reach, most
        self.near: tuple[np.ndarray, csr_array] | None = None  # readable images and their graph

    def on_train_batch_start(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Takes the rows of the pool in the place of the batch, which are the labelled ones."""
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]
        if self.near is None:
            self.near = data.neighbours(self.neighbours)
        readable, graph = self.near
        rows = torch.from_numpy(data.embeddings.values[readable])
        super().on_train_batch_start(self.taught(rows, graph, readable, data.pool), batch_idx)

    def taught(
        self, rows: Tensor, graph: csr_array, readable: np.ndarray, pool: Any
    ) -> tuple[Tensor, Tensor]:
        """Some of the rows [n, D] of the `readable` images [n], and how much of each class they are
        taken for, [m, C], by the labels in `pool`.
        """
        labelled = pool.usable
        labels, places = pool.labels(labelled.tolist()), np.searchsorted(readable, labelled.numpy())
        classes = self.network[1](self.standardise(rows[:1])).shape[1]
        soft = propagated(graph, places, labels.numpy(), classes, self.reach)
        weighed = torch.from_numpy(soft * certainty(soft)[:, None])
        weighed[places] = one_hot(labels, classes).to(weighed.dtype)
        spread = np.linspace(0, len(rows) - 1, min(self.most, len(rows))).astype(np.int64)
        chosen = torch.from_numpy(np.union1d(places, spread))
        return rows[chosen], weighed[chosen]
