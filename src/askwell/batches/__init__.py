"""What a training step is given."""

from askwell.batches.datamodule import ActiveDataModule

__all__ = ["ActiveDataModule"]
