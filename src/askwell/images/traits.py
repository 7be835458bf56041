"""What decoding reveals about the files of a data set, and what a user should know of it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from askwell.errors import UserError
from askwell.images.pixels import Reading

DIM = 2**12 - 1
"""The highest level of 12 bits: an image of 16 bits that has none above it comes out nearly black.
"""
WASTED = 2**14 - 1
"""The highest level of 14 bits: scaled as if it were 16, a data set keeps 64 levels of grey or
fewer.
"""
USUAL_BITS = (8, 10, 12, 14)


@dataclass(frozen=True)
class Traits:
    """Counts of files. Deep ones have 16 bits per channel, and `dataset.bits` does not set how many
    are used.
    """

    frames: int = 0  # with more frames or pages than the first
    deep: int = 0
    dim: int = 0  # deep, with 12 bits in use or fewer, and not black
    highest: int = 0  # level of all deep ones

    @classmethod
    def of(cls, readings: Iterable[Reading]) -> "Traits":
        """The counts of these files."""
        known = list(readings)
        levels = [reading.highest for reading in known if reading.highest is not None]
        dim = sum(0 < level <= DIM for level in levels)
        return cls(
            sum(reading.frames for reading in known), len(levels), dim, max(levels, default=0)
        )

    def __add__(self, other: "Traits") -> "Traits":
        highest = max(self.highest, other.highest)
        return Traits(
            self.frames + other.frames, self.deep + other.deep, self.dim + other.dim, highest
        )

    def as_json(self) -> dict[str, int]:
        """The counts by their names, as `Traits(**...)` takes them back."""
        return asdict(self)

    @property
    def remarks(self) -> list[str]:
        """A sentence for each thing that a user may not expect."""
        few = self.dim > 0 and self.highest > WASTED
        remarks = {
            f"{self.frames} files hold more than one frame or page: only the first is "
            "used": self.frames,
            f"{self.deep} images have 16 bits a channel and are scaled down to 8": self.deep,
            f"{self.dim} of them have no level above {DIM}: if they hold 12 bits they come out "
            "nearly black, "
            "convert them to 8 bits": few,
        }
        return [sentence for sentence, holds in remarks.items() if holds]

    def refuse_dim(self) -> None:
        """Raises UserError where 16 bits are so little used that the images would come out nearly
        black.

        It is the whole data set that decides, since all its images must be scaled alike.
        """
        if 0 < self.highest <= WASTED:
            bits = next(bits for bits in USUAL_BITS if self.highest < 2**bits)
            raise UserError(
                f"{self.deep} images have 16 bits a channel but no level above {self.highest}, "
                "so they would come out "
                f"nearly black: set dataset.bits={bits} if they hold {bits} bits, or "
                "dataset.bits=16 to scale them as "
                "they are"
            )
