"""Active learning: one run, or with -m a sweep. `python train.py --help` lists the choices."""

from askwell.command.train import launch, main

__all__ = ["main"]

if __name__ == "__main__":
    launch()
