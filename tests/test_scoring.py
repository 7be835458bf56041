"""The pass over the pool: the same logits bit for bit, however many processes share it."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from experiment import equal, record_of, weights_of
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import nn

from askwell.loop.tracking import PoolProgress, tracked
from askwell.processes import ALONE, Processes
from askwell.randomness import generator
from askwell.scoring.frozen import FrozenNetwork
from askwell.scoring.scorer import PIXELS_AT_ONCE, Scorer, batch_size_for

PIXELS = torch.randint(256, (200, 3, 8, 8), dtype=torch.uint8, generator=generator("pixels"))


class Images:
    """What a store is to the scorer; it remembers what was fetched."""

    def __init__(self) -> None:
        self.fetched: list[np.ndarray] = []

    def fetch(self, indices):
        self.fetched.append(indices)
        return PIXELS[indices]


class Scaled(nn.Module):
    def forward(self, pixels):
        return pixels.float() / 255


@pytest.fixture
def network():
    torch.manual_seed(0)
    layers = (
        Scaled(),
        nn.Conv2d(3, 8, 3),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(288, 4),
    )
    return FrozenNetwork(nn.Sequential(*layers))


def scored(network, indices, rank=0, processes=1, batch_size=16):
    scorer = Scorer(network, batch_size, processes=Processes(rank, processes))
    return [
        (positions, look.logits) for positions, look in scorer.looks(Images(), indices, "scoring")
    ]


def union(shares):
    positions, logits = (
        torch.cat(parts)
        for parts in zip(*(pair for share in shares for pair in share), strict=True)
    )
    return logits[positions.argsort()]


@pytest.mark.parametrize("images", [1, 15, 16, 17, 100, 128])
@pytest.mark.parametrize("processes", [2, 3, 8])
def test_any_number_of_processes_gives_the_same_logits_bit_for_bit(network, images, processes):
    indices = torch.randperm(200, generator=generator("indices"))[:images]
    shares = [scored(network, indices, rank, processes) for rank in range(processes)]
    assert torch.equal(union(shares), union([scored(network, indices)]))


@pytest.mark.parametrize("images", [1, 15, 16, 17, 100])
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_every_image_is_scored_once(network, images, processes):
    shares = [scored(network, torch.arange(images), rank, processes) for rank in range(processes)]
    positions = [position for share in shares for batch, _ in share for position in batch.tolist()]
    assert sorted(positions) == list(range(images))


def test_the_last_batch_is_as_large_as_the_others(network):
    images = Images()
    list(Scorer(network, 16).looks(images, torch.arange(20), "scoring"))
    assert [len(indices) for indices in images.fetched] == [16, 16]


def test_an_image_has_the_same_logits_whatever_fills_up_its_batch(network):
    alone, among = scored(network, torch.tensor([7])), scored(network, torch.tensor([7, 150, 3]))
    assert torch.equal(alone[0][1][0], among[0][1][0])


def test_logits_are_those_of_the_images_asked_for(network):
    indices = torch.tensor([150, 3, 77])
    assert torch.allclose(
        union([scored(network, indices)]), network(PIXELS[indices]).logits, atol=1e-6
    )


def test_features_come_with_the_logits_of_one_pass(network):
    look = Scorer(network, 16).look_at(Images(), torch.arange(20))
    assert torch.allclose(look.features, network(PIXELS[:20]).features, atol=1e-6)
    weight, bias, _ = network.head
    assert torch.allclose(look.features @ weight.T + bias, look.logits, atol=1e-5)


def test_an_empty_pool_has_no_logits(network):
    assert scored(network, torch.arange(0)) == []


def test_predictions_are_the_most_likely_classes(network):
    indices = torch.tensor([5, 9, 120])
    predicted = Scorer(network, 16).look_at(Images(), indices).logits.argmax(dim=1)
    assert predicted.tolist() == network(PIXELS[indices]).logits.argmax(dim=1).tolist()


def test_a_few_images_fill_a_whole_batch_and_many_take_several(network):
    images = Images()
    Scorer(network, 16).look_at(images, torch.arange(20))
    assert [len(indices) for indices in images.fetched] == [16, 16]


def test_scoring_keeps_no_gradients(network):
    assert not scored(network, torch.arange(3))[0][1].requires_grad


def test_the_pass_is_shown_where_something_can_show_it(network):
    shown = []

    class Bar(PoolProgress):
        def track(self, batches, total, description):
            shown.append((total, description))
            return batches

    track = tracked(SimpleNamespace(received_sigterm=False), Bar())
    list(Scorer(network, 16, track=track).looks(Images(), torch.arange(20), "scoring"))
    assert shown == [(2, "scoring")]


def test_a_pass_ends_between_two_batches_when_the_process_is_told_to_stop(network):
    trainer = SimpleNamespace(callbacks=[], received_sigterm=False)
    looks = Scorer(network, 16, track=tracked(trainer, None)).looks(
        Images(), torch.arange(40), "scoring"
    )
    next(looks)
    trainer.received_sigterm = True
    with pytest.raises(SIGTERMException):
        next(looks)


def test_a_single_process_gathers_its_own_share():
    assert ALONE.gather("share") == ["share"]


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
@pytest.mark.parametrize("side", [28, 100, 5000])
def test_the_batch_size_is_fixed_by_the_device_and_the_size_of_the_images(kind, side):
    class Sized:
        def fetch(self, indices):
            return torch.zeros(len(indices), 3, side, side, dtype=torch.uint8)

    batch_size = batch_size_for(torch.device(kind), Sized())
    assert batch_size.bit_count() == 1
    assert (
        batch_size == 1 or batch_size * side**2 <= PIXELS_AT_ONCE[kind] < 2 * batch_size * side**2
    )


def test_all_processes_go_on_with_the_smallest_of_their_batches(network, monkeypatch):
    def gathered(told, mine):
        told[:] = [mine, 2]

    monkeypatch.setattr(torch.distributed, "all_gather_object", gathered)
    scorer = Scorer(network, 16, processes=Processes(0, 2))
    scorer.agree()
    assert scorer.at_once == 4


OUT_OF_MEMORY = torch.OutOfMemoryError("CUDA out of memory.")


class Cramped(nn.Module):
    """Runs out of memory on more than `room` images at once."""

    def __init__(self, network, room, error=OUT_OF_MEMORY):
        super().__init__()
        self.network, self.room, self.error, self.sizes = network, room, error, []

    def forward(self, pixels):
        self.sizes.append(len(pixels))
        if len(pixels) > self.room:
            raise self.error
        return self.network(pixels)


@pytest.mark.slow
@pytest.mark.parametrize("room", [1, 3, 8])
@pytest.mark.parametrize("processes", [1, 2])
def test_out_of_memory_every_image_is_still_scored_once(network, room, processes):
    shares = [
        scored(Cramped(network, room), torch.arange(100), rank, processes)
        for rank in range(processes)
    ]
    assert torch.allclose(union(shares), union([scored(network, torch.arange(100))]), atol=1e-5)


def test_out_of_memory_half_as_many_are_tried_until_they_fit_and_ever_after(network):
    cramped = Cramped(network, 5)
    scored(cramped, torch.arange(20))
    assert cramped.sizes == [16, 8, *[4] * 4, *[4] * 4]


def test_out_of_memory_is_said_once_for_each_size(network, caplog):
    scored(Cramped(network, 8), torch.arange(100))
    assert [record.getMessage() for record in caplog.records] == [
        "out of memory: scoring continues with 8 images at once, which may change last bits"
    ]


def test_a_processor_without_memory_is_known_too(network):
    error = RuntimeError(
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9999 bytes."
    )
    assert len(scored(Cramped(network, 8, error), torch.arange(16))) == 1


@pytest.mark.parametrize(
    ("room", "error"),
    [(0, torch.OutOfMemoryError("no room for one")), (8, RuntimeError("size mismatch"))],
)
def test_what_smaller_batches_do_not_help_is_raised(network, room, error):
    with pytest.raises(RuntimeError, match=str(error)):
        scored(Cramped(network, room, error), torch.arange(16))


def test_the_batch_size_that_memory_allowed_is_noted_in_the_run(program, tmp_path, monkeypatch):
    forward = FrozenNetwork.__call__

    def cramped(network, images):
        if len(images) > 8:
            raise OUT_OF_MEMORY
        return forward(network, images)

    monkeypatch.setattr(FrozenNetwork, "__call__", cramped)
    program("rounds=2", "callbacks.active_learning.scoring_batch_size=64")
    assert (
        json.loads((tmp_path / "outputs" / "run" / "run.json").read_text())["scoring_batch_size"]
        == 8
    )


def test_after_a_resume_as_few_images_are_scored_at_once_as_before(program, tmp_path, monkeypatch):
    forward = FrozenNetwork.__call__

    def scored_by(name, rounds, *faults):
        """How many images at once a process scored that met `faults`."""
        left, sizes = list(faults), []

        def cramped(network, images):
            if left:
                raise left.pop()
            sizes.append(len(images))
            return forward(network, images)

        monkeypatch.setattr(FrozenNetwork, "__call__", cramped)
        program(
            f"name={name}",
            f"rounds={rounds}",
            "callbacks.active_learning.scoring_batch_size=16",
            "resume=true",
        )
        return sizes

    in_parts = [*scored_by("in_parts", 2, OUT_OF_MEMORY), *scored_by("in_parts", 4)]
    assert in_parts == scored_by("whole", 4, OUT_OF_MEMORY)
    assert set(in_parts) == {8}
    parts, whole = (tmp_path / "outputs" / name for name in ("in_parts", "whole"))
    assert record_of(parts) == record_of(whole)
    assert equal(weights_of(parts), weights_of(whole))
