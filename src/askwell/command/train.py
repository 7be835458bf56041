"""One run of active learning, or with -m a sweep: `askwell train`, which is also train.py."""

import sys

import hydra
from omegaconf import DictConfig

from askwell.command.launch import launch as launch_program
from askwell.command.overrides import CONF
from askwell.command.program import importing


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def main(cfg: DictConfig) -> float:
    """One run: composes its parts, fits, and returns the final accuracy."""
    with importing("torch"):
        from askwell.command.run import run  # torch and Lightning, for which --help need not wait

    return run(cfg)


def launch() -> None:
    """What `python train.py` does with the words after it."""
    launch_program(main, sys.argv)


if __name__ == "__main__":
    sys.argv[0] = "askwell train"  # as Hydra's messages call it
    launch()
