"""Who says what an image shows."""

from askwell.oracle.simulated import Noisy, Oracle, Truth

__all__ = ["Noisy", "Oracle", "Truth"]
