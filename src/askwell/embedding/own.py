"""The features of the network that is trained."""

from dataclasses import dataclass
from pathlib import Path

from askwell.images.contracts import Images
from askwell.scoring.scorer import Track, unwatched


@dataclass(frozen=True)
class Own:
    """No encoder: strategies see what the network's last layer is given, which is new in every
    round.

    `features` is there for the networks' configs to refer to, and unused here, as in every
    embedding.
    """

    features: int | None = None

    def open(self, images: Images, split: str, cache_dir: Path, track: Track = unwatched) -> None:
        """None: there are no rows to be had before there is a network."""
