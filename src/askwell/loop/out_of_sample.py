"""What heads that were not trained on an image take it for: cross-validation on labelled images."""

from functools import partial

import torch
from torch import Tensor

from askwell.embedding.embedded import statistics
from askwell.model.head import Head, fit, linear
from askwell.randomness import key, uniform

FOLDS = 5
PENALTY = 10.0
"""As in conf/model/linear.yaml."""
SEARCH = partial(
    torch.optim.LBFGS,
    max_iter=200,
    tolerance_grad=1e-4,
    tolerance_change=1e-12,
    line_search_fn="strong_wolfe",
)


def out_of_sample(
    features: Tensor, labels: Tensor, indices: Tensor, num_classes: int, seed: int
) -> Tensor:
    """Class probabilities [L, C], float64, each by a linear head that never saw the image's label.

    The L > 1 images, with features [L, D] and labels [L], are dealt out to folds. Each fold is
    judged by a head that is trained on all others.
    """
    folds = folds_of(labels, indices, seed)
    logits = torch.empty(len(labels), num_classes, dtype=torch.float64)
    for fold in folds.unique().tolist():
        logits[folds == fold] = held_out_logits(features, labels, folds == fold, num_classes)
    return logits.softmax(dim=1)


def held_out_logits(features: Tensor, labels: Tensor, apart: Tensor, num_classes: int) -> Tensor:
    """Logits [A, C], float64, of the images `apart` [L], by a linear head that is trained on the
    others.
    """
    head = Head(linear(features.shape[1], num_classes), SEARCH, features.shape[1], PENALTY)
    head.standardise.fit(*statistics(features[~apart].numpy()))
    fit(head, features[~apart], labels[~apart])
    with torch.inference_mode():
        return head(features[apart])


def folds_of(labels: Tensor, indices: Tensor, seed: int) -> Tensor:
    """The fold of each image, int64 [L]: keyed by its index, and of each class as many in each fold
    as its number allows.
    """
    order = (labels + uniform(indices, key("folds", seed), 0)).argsort()
    folds = torch.empty(len(labels), dtype=torch.int64)
    folds[order] = torch.arange(len(labels)) % FOLDS
    return folds
