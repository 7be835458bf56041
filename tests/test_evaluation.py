"""Accuracy, loss and confusion, against scikit-learn."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, recall_score

from askwell.randomness import generator
from askwell.scoring import evaluation
from askwell.scoring.evaluation import Evaluation, evaluate
from askwell.scoring.interval import interval

IMAGES, CLASSES = 101, 5
LOGITS = 3 * torch.randn(IMAGES, CLASSES, generator=generator("logits"))
LABELS = torch.randint(CLASSES, (IMAGES,), generator=generator("labels"))
TRUTH, PREDICTED = LABELS.numpy(), LOGITS.argmax(dim=1).numpy()


def evaluated(batch_size=8, logits=LOGITS, labels=LABELS, classes=CLASSES):
    positions = torch.arange(len(logits)).split(batch_size)
    return evaluate(
        ((batch, logits[batch]) for batch in positions), labels, classes, torch.device("cpu")
    )


def test_accuracy_is_scikit_learns():
    assert evaluated().accuracy == pytest.approx(accuracy_score(TRUTH, PREDICTED))


def test_loss_is_scikit_learns():
    probabilities = LOGITS.double().softmax(dim=1).numpy()
    assert evaluated().loss == pytest.approx(
        log_loss(TRUTH, probabilities, labels=range(CLASSES)), rel=1e-5
    )


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


@pytest.fixture
def many(monkeypatch):
    """As if there were too many classes for a confusion matrix."""
    monkeypatch.setattr(evaluation, "MOST_CONFUSED", CLASSES - 1)


def test_many_classes_have_the_same_accuracies_and_loss_and_no_confusion(many):
    found = evaluated()
    assert found.accuracy == pytest.approx(accuracy_score(TRUTH, PREDICTED))
    assert found.class_accuracy == pytest.approx(recall_score(TRUTH, PREDICTED, average=None))
    assert found.loss == pytest.approx(
        log_loss(TRUTH, LOGITS.double().softmax(1).numpy(), labels=range(CLASSES)), rel=1e-5
    )
    assert found.confusion is None


def test_one_of_many_classes_without_evaluation_images_has_no_accuracy(many):
    share = evaluated(logits=LOGITS[:4], labels=torch.zeros(4, dtype=torch.int64)).class_accuracy
    assert np.isnan(share).tolist() == [False, True, True, True, True]


def test_twenty_thousand_classes_take_no_square_of_memory():
    classes = 20_000
    labels = torch.arange(classes)
    batches = [
        (part, torch.nn.functional.one_hot(part, classes).float())
        for part in labels[:100].split(50)
    ]
    found = evaluate(batches, labels, classes, torch.device("cpu"))
    assert (found.accuracy, found.recognised.nbytes) == (1, 2 * 8 * classes)


def test_an_evaluation_of_nothing_is_refused():
    with pytest.raises(ValueError, match="needs its confusion, or what was recognised"):
        _ = Evaluation(0.5, 0.5).class_accuracy


@pytest.mark.parametrize(
    ("correct", "total"), [(0, 1), (1, 1), (7, 10), (90, 100), (0, 40), (40, 40)]
)
def test_the_interval_of_an_accuracy_is_that_of_scipy(correct: int, total: int) -> None:
    found = binomtest(correct, total).proportion_ci(method="wilson")
    assert interval(correct, total) == pytest.approx((found.low, found.high), abs=1e-12)


@pytest.mark.parametrize(("correct", "total"), [(0, 0), (3, 2), (-1, 2)])
def test_an_accuracy_of_no_images_has_no_interval(correct: int, total: int) -> None:
    with pytest.raises(ValueError, match=f"found {correct} of {total}"):
        interval(correct, total)
