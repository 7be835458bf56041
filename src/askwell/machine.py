"""What the machine offers this process."""

import os
from pathlib import Path

CONTAINER = Path("/sys/fs/cgroup")
"""Where Linux tells of the limits of a container."""


def cores(container: Path = CONTAINER) -> int:
    """The cores that this process may use, by its affinity and the quota of a container."""
    able = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    file = container / "cpu.max"
    quota, period = file.read_text().split() if file.is_file() else ("max", "1")
    return able if quota == "max" else max(1, min(able, int(quota) // int(period)))
