"""The encoder that learns from the pool: the same weights every time, and never from a label."""

import signal
from functools import partial
from io import BytesIO
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
import torch
from experiment import equal, record_of, weights_of
from test_head import run_on_rows
from torch import Tensor

from askwell.batches.views import RandomView
from askwell.command.trained import Trained, exported
from askwell.embedding import pretraining, ssl
from askwell.embedding.contrast import ShuffledBatches, contrastive_loss, shrunk
from askwell.embedding.embedded import rows_of
from askwell.embedding.ssl import SelfSupervised, whitening
from askwell.errors import UserError
from askwell.images.opening import OpenDataset
from askwell.randomness import generator

COUNT, SIDE = 40, 12
ALL = torch.arange(COUNT)
PIXELS = torch.randint(0, 256, (COUNT, 1, SIDE, SIDE), generator=generator("pixels")).byte()


class Pictures:
    """Images whose truth nobody may read; keeps which of them were fetched."""

    names, fingerprint = None, "pictures"

    def __init__(self) -> None:
        self.fetched: set[int] = set()

    @property
    def truth(self) -> np.ndarray:
        raise AssertionError("a label was read")

    def __len__(self) -> int:
        return COUNT

    def fetch(self, indices: np.ndarray) -> Tensor:
        self.fetched |= {*indices.tolist()}
        return PIXELS[indices]


VIEWS = RandomView(degrees=5, shear=0, scale=0.1, shift=1, elastic=0)
encoder = partial(
    SelfSupervised, SIDE, 1, VIEWS, epochs=3, batch_size=8, lr=1e-3, temperature=0.5, width=4
)


def learned(folder: Path, **settings: object) -> dict[str, Tensor]:
    """The weights of an encoder that has learned."""
    taught = encoder(**settings)
    taught.learn(Pictures(), ALL, folder)
    return taught.network.state_dict()


def test_the_loss_is_the_mean_log_share_of_the_partner():
    rows = torch.randn(8, 5, generator=generator("rows"))
    likeness = [[exp(torch.cosine_similarity(a, b, 0).item() / 0.5) for b in rows] for a in rows]
    shares = [
        likeness[row][(row + 4) % 8]
        / sum(likeness[row][other] for other in range(8) if other != row)
        for row in range(8)
    ]
    expected = -sum(map(log, shares)) / 8
    assert contrastive_loss(rows, temperature=0.5).item() == pytest.approx(expected, abs=1e-5)


def test_an_epoch_shows_each_image_once_in_another_order():
    epochs = [
        [indices for indices, _ in map(batches.__getitem__, range(len(batches)))]
        for batches in (ShuffledBatches(Pictures(), ALL, 8, 0, lambda e=e: e) for e in (0, 0, 1))
    ]
    orders = [torch.cat(batches) for batches in epochs]
    assert all(torch.equal(order.sort().values, ALL) for order in orders)
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])


def test_larger_images_are_shrunk_as_the_encoder_will_see_them():
    assert shrunk(PIXELS, SIDE) is PIXELS
    assert shrunk(PIXELS, 6).shape == (COUNT, 1, 6, 6)


def test_whitened_rows_are_centred_and_vary_alike_in_every_direction(monkeypatch):
    monkeypatch.setattr(ssl, "FLOOR", 0.0)
    mixed = torch.randn(500, 6, generator=generator("rows")) @ torch.rand(6, 6) + 3
    weight, bias = whitening(mixed)
    rows = mixed @ weight.T + bias
    torch.testing.assert_close(rows.mean(dim=0), torch.zeros(6), atol=1e-3, rtol=0)
    torch.testing.assert_close(rows.T.cov(correction=0), torch.eye(6), atol=1e-3, rtol=0)


def test_a_direction_that_hardly_varies_is_not_turned_up():
    flat = torch.randn(500, 2, generator=generator("rows")) * torch.tensor([1.0, 1e-6])
    rows = flat @ whitening(flat)[0].T
    assert rows.std(dim=0)[1] < 1e-4 < 0.9 < rows.std(dim=0)[0]


def test_what_was_learned_gives_whitened_rows(tmp_path):
    taught = encoder()
    taught.learn(Pictures(), ALL, tmp_path)
    with torch.inference_mode():
        rows = taught.network(PIXELS)
    assert rows.mean(dim=0).abs().max() < 1e-3
    assert 0.1 < rows.var(dim=0).mean() < 1.1


def test_learning_reads_no_label_and_changes_the_weights(tmp_path):
    before = encoder().network.state_dict()
    assert not equal(learned(tmp_path), before)


def test_learning_again_elsewhere_ends_with_the_same_weights(tmp_path):
    assert equal(learned(tmp_path / "one"), learned(tmp_path / "other"))
    assert not equal(learned(tmp_path / "one"), learned(tmp_path / "one", seed=1))


def test_what_was_learned_is_learned_once(tmp_path, monkeypatch):
    first = learned(tmp_path)
    monkeypatch.setattr(pretraining.Trainer, "fit", lambda *_, **__: pytest.fail("learned again"))
    assert equal(learned(tmp_path), first)


class StoppedError(RuntimeError):
    """In the place of a kill."""


def test_learning_that_was_interrupted_goes_on_as_if_it_had_not(tmp_path, monkeypatch):
    whole, save = learned(tmp_path / "whole"), pretraining.Trainer.save_checkpoint

    def save_and_stop(trainer, *arguments):
        save(trainer, *arguments)
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr(pretraining.Trainer, "save_checkpoint", save_and_stop)
        with pytest.raises(StoppedError):
            learned(tmp_path / "parts")
    seen = []
    monkeypatch.setattr(
        pretraining.Trainer, "save_checkpoint", lambda self, file: seen.append(self.current_epoch)
    )
    assert equal(learned(tmp_path / "parts"), whole)
    assert seen == [1, 2]


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_learning_that_is_asked_to_stop_ends_with_the_code_of_the_signal(
    tmp_path, monkeypatch, asked
):
    save = pretraining.Trainer.save_checkpoint

    def save_and_ask(trainer, *arguments):
        save(trainer, *arguments)
        signal.raise_signal(asked)

    monkeypatch.setattr(pretraining.Trainer, "save_checkpoint", save_and_ask)
    with pytest.raises(SystemExit, match=str(128 + asked)):
        learned(tmp_path)


def test_what_was_learned_and_is_damaged_is_learned_again(tmp_path, caplog):
    first = learned(tmp_path)
    (file,) = tmp_path.glob("ssl/*/encoder.ckpt")
    file.write_bytes(file.read_bytes()[:-1])
    assert equal(learned(tmp_path), first)
    assert "what was learned is damaged" in caplog.text


def test_learning_leaves_the_generators_of_the_process_alone(tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    learned(tmp_path)
    assert torch.equal(torch.rand(2), expected)


def test_what_was_learned_from_most_images_is_not_that_of_others(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(pretraining.Pretraining, "__call__", lambda *parts: asked.append(parts[3]))
    monkeypatch.setattr(SelfSupervised, "_whiten", lambda *_: None)
    every = np.arange(2000)
    for held in (900, 1000):
        encoder().learn(Pictures(), torch.from_numpy(np.delete(every, held)), tmp_path)
    assert [1000 in of for of in asked] == [True, False]


def test_nothing_is_learned_from_images_held_out_or_broken(tmp_path):
    images = Pictures()
    apart = {"held": np.array([3, 5]), "broken": np.array([7])}
    dataset = OpenDataset(images, images, ("a", "b"), torch.zeros(1), torch.ones(1), **apart)
    shown = []

    class Asked:
        def learn(self, images, of, cache_dir):
            shown.extend(of.tolist())

        def open(self, *_):
            return None

        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

    rows_of(dataset, Asked(), "train", tmp_path)
    assert shown == [index for index in range(COUNT) if index not in (3, 5, 7)]


def test_the_rows_are_those_of_the_encoder_that_has_learned(tmp_path):
    taught = encoder()
    taught.learn(Pictures(), ALL, tmp_path)
    rows = taught.open(Pictures(), "train", tmp_path)
    assert (len(rows), rows.features) == (COUNT, taught.features)
    with torch.inference_mode():
        expected = taught.network(PIXELS)
    torch.testing.assert_close(rows.rows(ALL), expected, rtol=0, atol=2e-3)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"epochs": 0}, "embedding.epochs=0: expected at least 1"),
        ({"batch_size": 4}, "embedding.batch_size=4: expected at least 8"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, reason):
    with pytest.raises(UserError, match=reason):
        encoder(**settings)


def test_too_few_images_are_refused(tmp_path):
    with pytest.raises(UserError, match="and 3 are too few: add images, or choose another"):
        encoder().learn(Pictures(), torch.arange(3), tmp_path)


SMALL = ["embedding=ssl", "embedding.epochs=1", "embedding.width=4", "embedding.batch_size=16"]


def test_a_head_on_what_was_learned_runs_and_classifies_elsewhere(program, shrunk, tmp_path):
    settings = ["model=linear", "protocol=head", "strategy=sm", "rounds=2", "initial=typiclust"]
    run_on_rows(program, shrunk, *SMALL, *settings)
    run = tmp_path / "outputs" / "run"
    lines, queries = record_of(run)
    assert ([line["round"] for line in lines], queries.count("\n")) == ([0, 1], 1 + 12)
    (tmp_path / "model").mkdir()
    for name, content in exported(Trained.of(run)).items():
        (tmp_path / "model" / name).write_bytes(content)
    images = torch.randint(0, 256, (5, 1, 16, 16), generator=generator("new")).byte()
    with torch.inference_mode():
        logits = [Trained.of(folder).logits(images) for folder in (run, tmp_path / "model")]
    assert torch.equal(*logits)


def test_a_head_on_a_choice_of_images_classifies_too(program, shrunk, tmp_path):
    settings = ["model=linear", "protocol=head", "rounds=1", "realism.long_tail=2"]
    run_on_rows(program, shrunk, *SMALL, *settings)
    images = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    assert Trained.of(tmp_path / "outputs" / "run").logits(images).isfinite().all()


def test_a_network_is_finetuned_from_what_was_learned(program, shrunk, tmp_path, cache_dir):
    settings = ["model=finetune", "model.optimizer.lr=0.0"]
    kept = [word for word in shrunk if not word.startswith("model.")]
    program(*kept, *SMALL, *settings, "rounds=1", "name=tuned", shrink=False)
    weights = weights_of(tmp_path / "outputs" / "tuned")
    files = [BytesIO(file.read_bytes()[32:]) for file in cache_dir.glob("ssl/*/*.ckpt")]
    found = [torch.load(file)["weights"] for file in files]
    names = [name for name in found[0] if name.endswith("weight") and found[0][name].ndim == 4]
    assert any(
        all(torch.equal(weights[f"network.1.0.2.{name}"], one[name]) for name in names)
        for one in found
    )
