"""How long the parts of a round take."""

import time

import torch


class Clock:
    """Seconds since the last lap."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self._last = time.monotonic()

    def lap(self, device: torch.device | None = None) -> float:
        """Seconds since the last lap, which ends once the work queued on `device` is done."""
        if device is not None and device.type == "cuda":
            torch.cuda.synchronize()  # or the last steps would be timed as what follows
        before, self._last = self._last, time.monotonic()
        return self._last - before
