"""Any network of the package timm."""

from importlib.util import find_spec
from typing import Any

from askwell.embedding.pretrained import Normalisation, PretrainedNetwork
from askwell.errors import UserError

KNOWN = ("bicubic", "bilinear")


def timm(
    name: str = "vit_small_patch14_dinov2.lvd142m",
    size: int | None = None,
    features: int | None = None,
) -> PretrainedNetwork:
    """The network `name` up to its pooled features, as `timm.create_model` names them.

    `local-dir:FOLDER` is a folder with config.json and weights. Images are resized to `size` pixels
    a side, without cropping; by default as the weights were trained. Raises UserError without the
    package, for unknown names, and for weights that cannot be had.
    """
    if find_spec("timm") is None:
        raise UserError(
            "embedding=timm needs the package timm: pip install askwell[backbones]; "
            "embedding=torchvision and embedding=efficientnet_lite0 work without"
        )
    from timm.data import resolve_model_data_config

    network = _created(name, size)
    config = resolve_model_data_config(network)
    interpolation = config["interpolation"] if config["interpolation"] in KNOWN else KNOWN[0]
    return PretrainedNetwork(
        f"timm {_without_place(name)}",
        network,
        size or config["input_size"][-1],
        Normalisation(tuple(config["mean"]), tuple(config["std"])),
        interpolation,
    )


def _created(name: str, size: int | None) -> Any:
    import timm

    flexible: Any = {} if size is None else {"img_size": size}
    try:
        try:
            return timm.create_model(name, pretrained=True, num_classes=0, **flexible)
        except TypeError:  # a network that takes images of any size has no such argument
            return timm.create_model(name, pretrained=True, num_classes=0)
    except Exception as error:  # of the hub, of the file, of the name: timm has no common class
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"embedding.name={name} cannot be had ({reason}): fill the cache where there is a "
            f"network by `hf download timm/{_without_place(name)}`, or name a folder with "
            "config.json and weights by local-dir:FOLDER; embedding=own and "
            "embedding=efficientnet_lite0 work without"
        ) from error


def _without_place(name: str) -> str:
    """The name, without the folder where it lies on this machine."""
    return name.rstrip("/").rpartition("/")[2] if name.startswith("local-dir:") else name
