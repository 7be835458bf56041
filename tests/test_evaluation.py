"""Accuracy, loss and confusion, against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, recall_score

from askwell.evaluation import evaluate
from askwell.keys import generator

IMAGES, CLASSES = 101, 5
LOGITS = 3 * torch.randn(IMAGES, CLASSES, generator=generator("logits"))
LABELS = torch.randint(CLASSES, (IMAGES,), generator=generator("labels"))
TRUTH, PREDICTED = LABELS.numpy(), LOGITS.argmax(dim=1).numpy()


def evaluated(batch_size=8, logits=LOGITS, labels=LABELS, classes=CLASSES):
    positions = torch.arange(len(logits)).split(batch_size)
    return evaluate(((batch, logits[batch]) for batch in positions), labels, classes, torch.device("cpu"))


def test_accuracy_is_scikit_learns():
    assert evaluated().accuracy == pytest.approx(accuracy_score(TRUTH, PREDICTED))


def test_loss_is_scikit_learns():
    probabilities = LOGITS.double().softmax(dim=1).numpy()
    assert evaluated().loss == pytest.approx(log_loss(TRUTH, probabilities, labels=range(CLASSES)), rel=1e-5)


def test_confusion_is_scikit_learns():
    assert evaluated().confusion.tolist() == confusion_matrix(TRUTH, PREDICTED).tolist()


def test_the_accuracy_of_a_class_is_scikit_learns_recall():
    assert evaluated().class_accuracy == pytest.approx(recall_score(TRUTH, PREDICTED, average=None))


@pytest.mark.parametrize("batch_size", [1, 7, IMAGES])
def test_the_last_batch_counts_no_more_than_its_images(batch_size):
    assert evaluated(batch_size).loss == pytest.approx(evaluated(8).loss, rel=1e-6)


def test_batches_may_come_in_any_order():
    batches = [(batch, LOGITS[batch]) for batch in torch.arange(IMAGES).split(8)]
    assert (
        evaluate(batches[::-1], LABELS, CLASSES, torch.device("cpu")).confusion.tolist()
        == evaluated().confusion.tolist()
    )


def test_a_class_without_evaluation_images_has_no_accuracy():
    share = evaluated(logits=LOGITS[:4], labels=torch.zeros(4, dtype=torch.int64)).class_accuracy
    assert np.isnan(share).tolist() == [False, True, True, True, True]


def test_a_loss_that_is_no_number_stays_none():
    assert np.isnan(evaluated(logits=LOGITS.clone().fill_(torch.nan)).loss)
