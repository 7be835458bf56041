"""The store on a GPU: the same batches, if there is room."""

import numpy as np
import pytest
import torch
from torch import nn

from askwell.dataset.folder import Folder
from askwell.images import on_gpu as resident
from askwell.images.on_gpu import ResidentImages, on_device
from askwell.images.view import View
from askwell.scoring.frozen import FrozenNetwork
from askwell.scoring.scorer import Scorer

CUDA = torch.device("cuda")


@pytest.fixture
def store(images, cache_dir):
    """The images of `images` as a store."""
    return (
        Folder(root=images, image_size=16, channels=1, data_dir=images, cache_dir=cache_dir)
        .open()
        .train
    )


def test_resident_images_are_those_of_the_store(store, monkeypatch):
    monkeypatch.setattr(resident, "BLOCK", 7)
    images, indices = (
        ResidentImages(store, torch.device("cpu")),
        np.array([3, 0, len(store) - 1, 3]),
    )
    assert torch.equal(images.fetch(indices), store.fetch(indices))
    assert images.fetch(indices).stride() == store.fetch(indices).stride()
    assert len(images) == len(store)
    assert np.array_equal(images.truth, store.truth)
    assert images.fingerprint == store.fingerprint


@pytest.mark.parametrize(("room", "moved"), [(8.0, True), (7.9, False)])
def test_stores_move_together_to_a_gpu_that_has_four_times_the_room(
    store, monkeypatch, caplog, room, moved
):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (room * store.pixels.nbytes, 0))
    monkeypatch.setattr(resident, "ResidentImages", lambda images, device: (images, device))
    caplog.set_level("INFO")
    assert on_device([store, store], CUDA) == 2 * [(store, CUDA) if moved else store]
    assert ("moved to cuda" if moved else "too large for cuda") in caplog.text


def test_nothing_moves_without_a_gpu_or_without_a_store(store):
    assert on_device([store, store], torch.device("cpu")) == [store, store]
    assert on_device([store, "decoded on demand"], CUDA) == [store, "decoded on demand"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_scores_resident_and_copied_images_alike(store):
    network = FrozenNetwork(nn.Sequential(nn.Flatten(), Float(), nn.Linear(256, 3)).cuda())
    [resident_images] = on_device([store], CUDA)
    assert isinstance(resident_images, ResidentImages)
    scorer, indices = Scorer(network, 16, CUDA), torch.arange(40)
    resident, copied = (scorer.look_at(images, indices) for images in (resident_images, store))
    assert torch.equal(resident.logits, copied.logits)


class Float(nn.Module):
    def forward(self, pixels):
        return pixels.float()


def test_views_of_one_store_move_with_it_once(store, monkeypatch):
    moved = []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (8 * store.pixels.nbytes, 0))
    monkeypatch.setattr(
        resident, "ResidentImages", lambda images, device: moved.append(images) or "on the GPU"
    )
    some, others = (View(store, np.array(places)) for places in ([4, 1], [2]))
    views = on_device([some, others], CUDA)
    assert moved == [store]
    assert [view.images for view in views] == ["on the GPU"] * 2
    assert [view.indices.tolist() for view in views] == [[4, 1], [2]]
    assert some.images is store
