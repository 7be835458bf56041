"""A snapshot's arrays, as data alone: nothing is unpickled, nothing unpacked beyond a bound."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from askwell.report.reading.received import MEGABYTE, UnreadableError, content_of
from askwell.text import visible

Arrays = dict[str, np.ndarray]

MOST = 512 * MEGABYTE
"""Unpacked; the confusion matrix of 7,000 classes has 400 MB."""

MOST_DRAWN = 64 * MEGABYTE
"""Values of one array of points or pixels; 24 images of 1,000 × 500 pixels have 36 million."""

KINDS = {
    **{
        "classes": "U",
        "confusion": "iu",
        "labels": "iu",
        "places": "f",
        "truth": "iu",
        "predicted": "iu",
    },
    **{"unsure_pixels": "u", "sure_pixels": "u"},
}
"""The arrays that are drawn, and numpy's letters for what they may hold; those of pixels may be
absent.
"""


def load(folder: Path, name: str) -> Arrays:
    """The snapshot `name` of the folder.

    C classes, E evaluation images, S images of the pool: classes [C], confusion [C, C], labels [],
    places [E, 2], truth and predicted [E], unsure_pixels and sure_pixels uint8 [S, H, W, 1 or 3].

    Raises:
        UnreadableError: it cannot be read, is too large, or does not hold these.
    """
    packed = content_of(folder, name, MOST)
    try:
        arrays = unpacked(packed)
        fault = fault_of(arrays)
        classes = [] if fault else [visible(each) for each in arrays["classes"].tolist()]
    except (
        Exception
    ) as error:  # of whatever kind: zipfile, zlib and numpy have a dozen for a damaged file
        raise UnreadableError(f"{name} is damaged: delete it") from error
    if fault:
        raise UnreadableError(f"{name} is no snapshot: {fault}")
    return arrays | {"classes": np.array(classes)}


def unpacked(packed: bytes) -> Arrays:
    """The arrays of an npz file. Raises ValueError for one that is too large, and what zipfile
    raises.
    """
    with ZipFile(BytesIO(packed)) as archive:
        members = [
            member for member in archive.infolist() if member.filename.removesuffix(".npy") in KINDS
        ]
        if sum(member.file_size for member in members) > MOST:
            raise ValueError("too large")
        return {
            member.filename.removesuffix(".npy"): array_of(archive.read(member))
            for member in members
        }


def array_of(content: bytes) -> np.ndarray:
    """The array of an npy file. Raises ValueError where its header promises more than there is, or
    Python objects.
    """
    file = BytesIO(content)
    version = np.lib.format.read_magic(file)
    header = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, fortran, kind = header(file)
    size = kind.itemsize * int(np.prod(shape, dtype=object))
    if kind.hasobject or size > len(content):
        raise ValueError("not what its header says")
    values = np.frombuffer(content, kind, count=size // max(kind.itemsize, 1), offset=file.tell())
    return values.reshape(shape[::-1]).T if fortran else values.reshape(shape)


def fault_of(arrays: Arrays) -> str | None:
    """What is wrong with the arrays, in a few words; None where nothing is."""
    for name, kinds in KINDS.items():
        if name not in arrays and not name.endswith("_pixels"):
            return f"it has no {name}"
        if name in arrays and arrays[name].dtype.kind not in kinds:
            return f"{name} are of a wrong kind"
    classes, images = len(np.atleast_1d(arrays["classes"])), arrays["truth"].size
    shapes = {
        "classes": (classes,),
        "confusion": (classes, classes),
        "labels": (),
        "truth": (images,),
    }
    shapes |= {"predicted": (images,), "places": (images, 2)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            return f"{name} have the wrong shape"
    if max(array.size for name, array in arrays.items() if name != "confusion") > MOST_DRAWN:
        return "it has too many images to draw"
    labels = np.concatenate([arrays["truth"], arrays["predicted"]])
    if not classes or (labels.size and not 0 <= labels.min() <= labels.max() < classes):
        return "its labels are no classes"
    if (arrays["confusion"] < 0).any() or not np.isfinite(arrays["places"]).all():
        return "its numbers are out of range"
    pixels = [array for name, array in arrays.items() if name.endswith("_pixels")]
    if any(
        each.dtype != np.uint8 or each.ndim != 4 or each.shape[3] not in (1, 3) or not each.size
        for each in pixels
    ):
        return "its pixels are no images"
    return None
