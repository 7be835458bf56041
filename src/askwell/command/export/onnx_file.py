"""A trained network as one ONNX file: raw pixels in, probabilities out."""

import copy
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from askwell import __version__
from askwell.command.trained import Trained
from askwell.embedding.pretrained import Resize
from askwell.errors import UserError
from askwell.files import write_whole

INPUT, OUTPUT = "images", "probabilities"
NEEDED = ("onnx", "onnxscript")


def is_installed() -> bool:
    """Whether an ONNX file can be written here."""
    return all(map(find_spec, NEEDED))


def write_onnx(trained: Trained, file: Path) -> None:
    """Writes the network, with all that it does to pixels first.

    `images`, uint8 [B, H, W, C], become `probabilities`, float32 [B, classes]. The metadata of the
    file hold the names of the classes in their order (JSON), and H, W and C. Raises UserError
    without the extra, and for a network that torch cannot export.
    """
    if not is_installed():
        raise UserError("an ONNX file needs onnx and onnxscript: pip install askwell[onnx]")
    recipe = trained.recipe
    images = torch.zeros((2, recipe.image_size, recipe.image_size, recipe.channels)).byte()
    with _quietly():
        program = _exported(Whole(trained).eval(), images)
    model: Any = program.model_proto
    del model.metadata_props[:]
    facts = {
        "classes": json.dumps(recipe.classes),
        "height": str(recipe.image_size),
        "width": str(recipe.image_size),
        "channels": str(recipe.channels),
        "askwell": __version__,
    }
    for key, value in facts.items():
        model.metadata_props.add(key=key, value=value)
    write_whole(file, model.SerializeToString())


def _exported(whole: nn.Module, images: Tensor) -> Any:
    try:
        return torch.onnx.export(
            whole,
            (images,),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    except torch.onnx.errors.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise UserError(
            f"the network cannot be written as ONNX ({reason}): export --to model keeps it for "
            "askwell predict"
        ) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what the exporter says of its own versions and inner parts."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


class Whole(nn.Module):
    """uint8 images [B, H, W, C] to probabilities [B, classes]: encoder, classifier and softmax."""

    def __init__(self, trained: Trained) -> None:
        super().__init__()
        size = trained.recipe.image_size
        encoder = trained.encoder
        seeing = getattr(encoder, "network", None) or getattr(encoder, "encode", None)
        self.encode = None if seeing is None else _resizing_by_matrices(seeing, size)
        # A head is trained in double precision, which few devices other than a CPU compute in.
        self.classify = _resizing_by_matrices(trained.model, size).float()

    def forward(self, images: Tensor) -> Tensor:
        pixels = images.permute(0, 3, 1, 2)
        if self.encode is not None:
            pixels = self.encode(pixels).half().float()  # as rows are kept
        return self.classify(pixels).softmax(dim=1)


class MatrixResize(nn.Module):
    """What a `Resize` does to images of `side` pixels, as two matrix products.

    ONNX has bicubic resizing against aliasing too, with another kernel than torch's.
    """

    along: Tensor

    def __init__(self, resize: Resize, side: int) -> None:
        super().__init__()
        size = (resize.size, side)
        unit = torch.eye(side)[None, None]
        along = interpolate(unit, size, mode=resize.interpolation, antialias=True)
        self.register_buffer("along", along[0, 0])  # [size, side]

    def forward(self, images: Tensor) -> Tensor:
        return (self.along @ images.float() @ self.along.t()).clamp(0, 255)


def _resizing_by_matrices(network: Any, side: int) -> Any:
    """A copy of a network; what is no module stays as it is."""
    if not isinstance(network, nn.Module):
        return network
    network = copy.deepcopy(network).eval()
    for name, module in list(network.named_modules()):
        if isinstance(module, Resize):
            network.set_submodule(name, MatrixResize(module, side))
    return network
