"""Images that live on the GPU, so that no batch has to travel there."""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from askwell.images.contracts import Images
from askwell.images.store import ImageStore
from askwell.images.view import View

log = logging.getLogger(__name__)

SHARE = 0.25  # of the GPU's free memory, at the most: training needs the rest
BLOCK = 4096  # images copied at a time


class ResidentImages:
    """The images of a store, copied to a device."""

    def __init__(self, store: ImageStore, device: torch.device) -> None:
        self.truth, self.names, self.fingerprint = store.truth, store.names, store.fingerprint
        self._pixels = torch.empty(store.pixels.shape, dtype=torch.uint8, device=device)
        for start in range(0, len(store), BLOCK):
            self._pixels[start : start + BLOCK] = torch.tensor(store.pixels[start : start + BLOCK])

    def __len__(self) -> int:
        return len(self._pixels)

    def fetch(self, indices: np.ndarray) -> Tensor:
        """The images at `indices` [B] on the device, as uint8 [B, C, H, W] in channels_last
        memory.
        """
        chosen = torch.from_numpy(indices).to(self._pixels.device, non_blocking=True)
        return self._pixels.index_select(0, chosen).permute(0, 3, 1, 2)


def on_device(splits: Sequence[Images], device: torch.device) -> list[Images]:
    """The splits on the device where it is a GPU with room for their stores, which is logged; else
    as they are. A view of a split is a view of it there too.
    """
    if any(isinstance(images, View) for images in splits):
        return _with_views(splits, device)
    stores = [images for images in splits if isinstance(images, ImageStore)]
    if device.type != "cuda" or len(stores) < len(splits):
        return list(splits)
    free, _ = torch.cuda.mem_get_info(device)
    size = sum(store.pixels.nbytes for store in stores)
    if size > SHARE * free:
        log.info(
            "the stores (%.1f GB) are too large for %s, batches will be copied there",
            size / 1e9,
            device,
        )
        return list(splits)
    log.info("the stores (%.1f GB) are moved to %s", size / 1e9, device)
    return [ResidentImages(store, device) for store in stores]


def _with_views(splits: Sequence[Images], device: torch.device) -> list[Images]:
    whole = [images.images if isinstance(images, View) else images for images in splits]
    once = list({id(images): images for images in whole}.values())
    placed = dict(zip(map(id, once), on_device(once, device), strict=True))
    return [
        images.on(placed[id(images.images)]) if isinstance(images, View) else placed[id(images)]
        for images in splits
    ]
