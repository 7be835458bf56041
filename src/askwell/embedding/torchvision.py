"""Any classification network of torchvision, with any of its weights."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torchvision import models
from torchvision.models import get_model, get_model_weights, list_models

from askwell.embedding.pretrained import Normalisation, PretrainedNetwork
from askwell.errors import UserError


def torchvision(
    name: str = "resnet50",
    weights: str = "DEFAULT",
    size: int | None = None,
    features: int | None = None,
) -> PretrainedNetwork:
    """The network `name` without its last linear layer.

    Images are resized to `size` pixels a side, without cropping; by default as its weights were
    evaluated. Raises UserError for unknown names, and for weights that cannot be had.
    """
    entry = _entry(name, weights)
    transforms = entry.transforms()
    trunk = without_last_layer(_loaded(name, entry))
    return PretrainedNetwork(
        f"torchvision {entry}",
        trunk,
        size or transforms.crop_size[0],
        Normalisation(tuple(transforms.mean), tuple(transforms.std)),
        transforms.interpolation.value,
    )


def weights_file(name: str = "resnet50", weights: str = "DEFAULT") -> Path:
    """Where torchvision keeps these weights on this machine, whether they are there or not."""
    return Path(torch.hub.get_dir()) / "checkpoints" / _entry(name, weights).url.rpartition("/")[2]


def without_last_layer(network: nn.Module) -> nn.Module:
    """The network with its last linear layer taken away, in place."""
    linear = [place for place, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    if linear:
        network.set_submodule(linear[-1], nn.Identity())
    return network


def _entry(name: str, weights: str) -> Any:
    if name not in list_models(models) or not hasattr(_transforms(name), "crop_size"):
        raise UserError(
            f"embedding.name={name}: expected a classification network of torchvision, such as "
            "resnet50, convnext_tiny or vit_b_16"
        )
    entries = get_model_weights(name).__members__
    if weights not in entries:
        raise UserError(
            f"embedding.weights={weights}: {name} has {', '.join(entries) or 'no weights'}"
        )
    return entries[weights]


def _transforms(name: str) -> Any:
    entries = list(get_model_weights(name))
    return entries[0].transforms() if entries else None


def _loaded(name: str, entry: Any) -> nn.Module:
    try:
        return get_model(name, weights=entry, progress=False)
    except (OSError, RuntimeError) as error:  # no network; or a file that does not match its name
        file = Path(torch.hub.get_dir()) / "checkpoints" / entry.url.rpartition("/")[2]
        raise UserError(
            f"the weights of {name} cannot be had ({str(error).splitlines()[0]}): fetch "
            f"{entry.url} where there is a network and put it at {file}; "
            "embedding=own and embedding=efficientnet_lite0 work without"
        ) from error
