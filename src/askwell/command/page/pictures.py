"""Images as a browser can show them."""

import io
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageOps

from askwell.images.formats import opened

LONGEST = 1600
"""Pixels of a side at most."""
SMALL = 256
"""Images of no more pixels a side are sent without loss, to be shown enlarged."""
MOST = 179_000_000
"""Pixels of an image that is decoded for the page, at most."""
SHOWN = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr")
"""Modes of 8 bits; levels of 16 are shown as the network sees them."""


def picture(places: Iterable[Path]) -> tuple[bytes, str] | None:
    """The first of `places` that can be read, and its media type; None where none can."""
    for place in places:
        try:
            return _shown(place)
        # decoders of damaged files raise anything, from struct.error to RuntimeError
        except Exception:
            continue
    return None


def _shown(place: Path) -> tuple[bytes, str]:
    with opened(str(place)) as image:
        if image.mode not in SHOWN or image.width * image.height > MOST:
            raise ValueError(f"{image.mode} of {image.size} is not shown")
        image.draft("RGB", (LONGEST, LONGEST))
        upright = ImageOps.exif_transpose(image)
    upright.thumbnail((LONGEST, LONGEST))
    content, small = io.BytesIO(), max(upright.size) <= SMALL
    if small or upright.mode in ("LA", "RGBA", "P"):
        upright.convert("RGBA" if upright.mode in ("LA", "P") else _of_png(upright)).save(
            content, "PNG"
        )
        return content.getvalue(), "image/png"
    upright.convert("RGB").save(content, "JPEG", quality=90)
    return content.getvalue(), "image/jpeg"


def _of_png(image: Image.Image) -> str:
    return image.mode if image.mode in ("1", "L", "RGB", "RGBA") else "RGB"
