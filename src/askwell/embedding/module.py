"""Anything that can be imported, as an encoder."""

import inspect
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from askwell.embedding.base import Embeddings, Encode, Fingerprint
from askwell.embedding.store import stored
from askwell.errors import UserError
from askwell.images.contracts import Images
from askwell.images.fingerprint import digest
from askwell.run.provenance import weights_digest
from askwell.scoring.scorer import Track, unwatched


class Module:
    """`encode` takes uint8 images [B, C, H, W] and returns rows [B, D] of any float type.

    Its rows are cached by its name, its arguments, its weights if it is a torch module, and the
    source of its file. An object that is none of these says in an attribute `fingerprint`, a text,
    what its rows depend on.

    >>> brightness = Module(lambda images: images.float().mean((2, 3)))
    >>> brightness(torch.full((2, 3, 4, 4), 9, dtype=torch.uint8)).tolist()
    [[9.0, 9.0, 9.0], [9.0, 9.0, 9.0]]
    """

    def __init__(self, encode: Encode | None = None, features: int | None = None) -> None:
        if not callable(encode):
            raise UserError(
                f"embedding.encode={encode}: expected {{_target_: my_package.encode, _partial_: "
                "true}, or a class without _partial_"
            )
        self.encode = encode.eval() if isinstance(encode, nn.Module) else encode

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Raises UserError for an object of which nothing is known."""
        function, facts = _unwrapped(self.encode)
        name = f"{function.__module__}.{getattr(function, '__qualname__', type(function).__name__)}"
        weights = (
            weights_digest(self.encode.state_dict()) if isinstance(self.encode, nn.Module) else ""
        )
        return Fingerprint(name, digest(weights, *facts, _made_of(function)), None, "its own")

    def __call__(self, images: Tensor) -> Tensor:
        """float16 [B, D] of uint8 images [B, C, H, W]."""
        if isinstance(self.encode, nn.Module):
            self.encode.to(images.device)
        with torch.inference_mode():
            return self.encode(images).half()

    def open(
        self, images: Images, split: str, cache_dir: Path, track: Track = unwatched
    ) -> Embeddings:
        return stored(self, images, cache_dir, track)


def _unwrapped(encode: Any) -> tuple[Any, tuple[object, ...]]:
    """What is called in the end, and the arguments that were bound to it."""
    if isinstance(encode, partial):
        function, facts = _unwrapped(encode.func)
        return function, (*facts, encode.args, sorted(encode.keywords.items()))
    return encode, ()


def _made_of(function: Any) -> str:
    """What the rows of a function or an object depend on, as far as it shows."""
    told = getattr(function, "fingerprint", None)
    if isinstance(told, str):
        return told
    defined = type(function) if isinstance(function, nn.Module) else function
    try:
        return Path(str(inspect.getsourcefile(defined))).read_text(encoding="utf-8")
    except (TypeError, OSError) as error:
        raise UserError(
            f"embedding=module cannot know when the rows of {type(function).__name__} change: "
            "give it an attribute fingerprint, a text that names its version and its weights"
        ) from error
