"""Transparent images laid over a ground on which they can be seen."""

import numpy as np
from PIL import Image

GROUNDS = (255, 0, 128)  # white, black, grey
CLEAR = 48  # levels between a pixel and the ground from which it stands out
SAMPLE = 512  # pixels a side that are looked at for the choice of a ground
OPAQUE, INVISIBLE = (255, 255), (0, 0)


def without_transparency(image: Image.Image) -> Image.Image:
    """The image as it looks on a ground of one grey, which its own pixels decide.

    The ground is white where at least half of what is visible stands out from white, else black on
    the same condition, else that one of white, black and grey from which most stands out; pixels
    count by their opacity. So a white shape, a black icon and a grey one are all seen, and most
    images share one ground. An image that is opaque everywhere keeps its pixels. So does one that
    is transparent everywhere: nothing else is left of it.
    """
    if not image.has_transparency_data:
        return image
    layered = _layered(image)
    opacity = layered.getchannel("A")
    if opacity.getextrema() in (OPAQUE, INVISIBLE):
        return layered if image.mode in ("P", "PA", "La", "RGBa") else image
    canvas = Image.new("RGB", layered.size, (ground(layered),) * 3)
    canvas.paste(layered, mask=opacity)
    return canvas


def _layered(image: Image.Image) -> Image.Image:
    """The image in mode RGBA; itself where it has it, since large images take much memory."""
    if image.mode == "La":
        image = image.convert("LA")
    return image if image.mode == "RGBA" else image.convert("RGBA")


def ground(layered: Image.Image) -> int:
    """The level of the ground for an RGBA image."""
    width, height = layered.size
    sample = layered.resize((min(width, SAMPLE), min(height, SAMPLE)), Image.Resampling.NEAREST)
    levels, opacity = np.asarray(sample.convert("L"), int), np.asarray(sample.getchannel("A"), int)
    outstanding = [int(opacity[abs(levels - level) >= CLEAR].sum()) for level in GROUNDS]
    enough = [
        level
        for level, seen in zip(GROUNDS, outstanding, strict=True)
        if 2 * seen >= max(opacity.sum(), 1)
    ]
    return enough[0] if enough else GROUNDS[outstanding.index(max(outstanding))]
