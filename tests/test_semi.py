"""Labelled and unlabelled images together: what a step is shown, its loss, and whole runs."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from experiment import equal, record_of, weights_of
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from askwell.batches import ActiveDataModule
from askwell.batches.unlabelled import Fetched, MixedBatches, Unlabelled
from askwell.batches.views import RandomView
from askwell.errors import UserError
from askwell.model import Classifier
from askwell.model.fixmatch import FixMatch, Together
from askwell.pool import Pool
from askwell.randomness import generator

ROWS = torch.randn(24, 5, generator=generator("rows"))
LABELS = torch.tensor([0, 1, 2, 0])
BATCH = Together(ROWS[:4], LABELS, ROWS[4:14], ROWS[14:])


def alone(mean: Tensor) -> Tensor:
    return mean


def loss_of(network: nn.Module, batch: Together = BATCH, **settings: float) -> Tensor:
    given = {"threshold": 0.4, "weight": 2.0, "alignment": 0.0} | settings
    return FixMatch(3, **given)(network, batch, alone)


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(5, 3)


def test_the_loss_is_that_of_the_labels_and_of_the_sure_pseudo_labels(network):
    unlabelled = 0.0
    for weak, strong in zip(BATCH.weak, BATCH.strong, strict=True):
        sure, guess = network(weak).softmax(0).max(0)
        if sure >= 0.4:
            unlabelled -= network(strong).log_softmax(0)[guess]
    expected = cross_entropy(network(BATCH.labelled), LABELS) + 2 * unlabelled / 10
    torch.testing.assert_close(loss_of(network), expected)


@pytest.mark.parametrize(
    "without", [{"weight": 0.0}, {"threshold": 1.0}, {"batch": BATCH._replace(weak=ROWS[:0])}]
)
def test_where_nothing_unlabelled_counts_the_loss_is_supervised(network, without):
    expected = cross_entropy(network(BATCH.labelled), LABELS)
    torch.testing.assert_close(loss_of(network, **without), expected)


def test_alignment_divides_by_the_running_mean():
    semi = FixMatch(3, threshold=0.0, weight=1.0, alignment=1.0)
    logits = torch.tensor([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1]]).log()
    guesses, _ = semi.pseudo_labels(logits, lambda mean: torch.tensor([0.9, 0.1, 0.0]))
    for _ in range(500):
        guesses, _ = semi.pseudo_labels(logits, lambda mean: torch.tensor([0.6, 0.2, 0.2]))
    assert guesses.tolist() == [1, 1]
    torch.testing.assert_close(semi.mean, torch.tensor([0.6, 0.2, 0.2]), atol=1e-4, rtol=0)


def test_batch_norm_keeps_the_statistics_of_weak_views_only():
    networks = [nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 3)) for _ in range(2)]
    loss_of(networks[0]), networks[1](torch.cat([BATCH.labelled, BATCH.weak]))
    assert torch.equal(networks[0][0].running_mean, networks[1][0].running_mean)
    assert networks[0][0].track_running_stats


@pytest.mark.parametrize(
    ("setting", "value"), [("threshold", 1.5), ("alignment", -0.1), ("weight", -1.0)]
)
def test_a_loss_that_cannot_be_is_refused(network, setting, value):
    with pytest.raises(UserError, match=f"protocol.semi.{setting}={value}: expected"):
        loss_of(network, **{setting: value})


# what a step is shown

VIEWS = Unlabelled(steps=5, ratio=2, weak=RandomView(cover=0), strong=RandomView())


def pool_of(size: int) -> Pool:
    pool = Pool(size, held=[1], broken=[2])
    pool.label([5, 9, 0], [0, 1, 1], round=0)
    pool.drop([3], [-2], round=0)
    return pool


def drawn(batch_size: int = 4, epoch: int = 0, rank: int = 0, world_size: int = 1) -> list:
    parts = (pool_of(30), batch_size, 0, lambda: epoch, rank, world_size)
    return list(MixedBatches(*parts, VIEWS))


def test_every_step_has_labelled_images_and_a_multiple_of_candidates():
    steps = drawn()
    assert [(len(step.labelled), len(step.unlabelled)) for step in steps] == [(4, 8)] * 5
    assert [step.step for step in steps] == [0, 1, 2, 3, 4]
    shown = [index for step in steps for index in step.unlabelled]
    candidates = pool_of(30).unlabelled.tolist()
    assert sorted(shown[: len(candidates)]) == candidates
    assert {index for step in steps for index in step.labelled} == {0, 5, 9}


def test_epochs_differ_and_each_is_the_same_again():
    assert drawn(epoch=1) == drawn(epoch=1) != drawn(epoch=2)


def test_processes_share_the_batches_of_one_that_takes_as_many():
    for whole, *shares in zip(drawn(8), *(drawn(4, 0, rank, 2) for rank in (0, 1)), strict=True):
        assert shares[0].labelled + shares[1].labelled == whole.labelled
        assert shares[0].unlabelled + shares[1].unlabelled == whole.unlabelled


def test_without_candidates_a_step_has_labelled_images_alone():
    pool = Pool(2)
    pool.label([0, 1], [0, 1], round=0)
    steps = list(MixedBatches(pool, 4, 0, lambda: 0, 0, 1, VIEWS))
    assert [(len(step.labelled), step.unlabelled) for step in steps] == [(4, [])] * 5
    batch = Fetched(0, 2, torch.tensor([0, 1]), torch.zeros(2, 1, 12, 12).byte())
    assert len(VIEWS.views(batch, LABELS[:2], seed=0, epoch=0).weak) == 0


def test_a_view_depends_on_its_image_and_its_step_alone():
    pixels = torch.randint(0, 256, (3, 1, 12, 12), generator=generator("pixels")).byte()

    def strong(order: list[int], step: int) -> Tensor:
        batch = Fetched(step, 1, torch.tensor([0, *order]), pixels[[0, *order]])
        return VIEWS.views(batch, LABELS[:1], seed=0, epoch=0).strong

    assert torch.equal(strong([2, 0], 1)[0], strong([1, 2], 1)[1])
    assert not torch.equal(strong([2, 0], 1), strong([2, 0], 2))


@pytest.mark.parametrize("setting", ["steps", "ratio"])
def test_numbers_below_one_are_refused(setting):
    with pytest.raises(UserError, match=f"protocol.unlabelled.{setting}=0: expected at least 1"):
        Unlabelled(**{**vars(VIEWS), setting: 0})


@pytest.mark.parametrize(
    "other", [{"inputs": "embeddings", "train_batch_size": "all"}, {"augmentation": RandomView()}]
)
def test_rows_and_a_second_augmentation_are_refused(other):
    with pytest.raises(UserError, match=r"protocol=semi trains on views of pixels: set"):
        ActiveDataModule(None, **{"train_batch_size": 4, **other}, seed=0, unlabelled=VIEWS)


class Pictures:
    """Images whose truth nobody may read."""

    names, fingerprint = None, "pictures"

    @property
    def truth(self) -> np.ndarray:
        raise AssertionError("the truth was read")

    def __len__(self) -> int:
        return 30

    def fetch(self, indices: np.ndarray) -> Tensor:
        shape = (len(indices), 1, 12, 12)
        return torch.randint(0, 256, shape, generator=generator("images", *indices.tolist())).byte()


def test_no_label_is_read_but_those_of_the_pool():
    data = ActiveDataModule(None, train_batch_size=4, seed=0, unlabelled=VIEWS)
    data.__dict__.update(dataset=SimpleNamespace(train=Pictures()), pool=pool_of(30))
    strategy = SimpleNamespace(root_device=torch.device("cpu"), reduce=alone)
    data.trainer = SimpleNamespace(current_epoch=0, global_rank=0, world_size=1, strategy=strategy)
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 3))
    model = Classifier(
        network, torch.optim.SGD, channels=1, semi=FixMatch(3, 0.0, 1.0, alignment=0.0)
    )
    model._trainer = data.trainer
    for batch in data.train_dataloader():
        moved = data.on_after_batch_transfer(data.on_before_batch_transfer(batch, 0), 0)
        assert len(moved.labels) == 4
        model.training_step(moved, 0).backward()
    assert network[1].weight.grad.abs().sum() > 0


# whole runs

SEMI = [
    *("protocol=semi", "protocol.epochs_per_round=2", "protocol.unlabelled.steps=3"),
    *("protocol.semi.threshold=0.3", "protocol.unlabelled.ratio=2", "strategy=entropy"),
]


def test_four_rounds_are_two_rounds_and_two_more(program, tmp_path):
    program(*SEMI, "name=at_once", "rounds=4")
    program(*SEMI, "name=in_parts", "rounds=2")
    program(*SEMI, "name=in_parts", "rounds=4", "resume=true")
    at_once, in_parts = (tmp_path / "outputs" / name for name in ("at_once", "in_parts"))
    assert record_of(in_parts) == record_of(at_once)
    assert equal(weights_of(in_parts), weights_of(at_once))


def test_unlabelled_images_change_what_is_learned(program, tmp_path):
    for name, weight in (("with", 1), ("without", 0)):
        program(*SEMI, f"name={name}", "rounds=1", f"protocol.semi.weight={weight}")
    one, other = (weights_of(tmp_path / "outputs" / name) for name in ("with", "without"))
    assert not equal(one, other)


@pytest.mark.slow
def test_two_processes_continue_as_if_they_had_not_stopped(command, tmp_path):
    two = ["trainer=ddp", "trainer.accelerator=cpu", *SEMI]
    for name, ends in (("whole", [3]), ("parts", [2, 3])):
        for rounds in ends:
            done = command(*two, f"name={name}", f"rounds={rounds}", "resume=true")
            assert done.returncode == 0, done.stderr
    whole, parts = (tmp_path / "outputs" / name for name in ("whole", "parts"))
    assert record_of(parts) == record_of(whole)
    assert equal(weights_of(parts), weights_of(whole))
