"""axe-core, the checker of accessibility, on a page in the browser."""

import os
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parents[1] / ".cache" / "axe" / "axe.min.js"
"""Where .ci/run puts it."""
SERIOUS = ("serious", "critical")


def serious_findings(page: Any) -> list[str]:
    """The rules that a page breaks seriously, each with the first element that does."""
    if not AXE.exists() and "CI" not in os.environ:
        pytest.skip("needs axe-core: .ci/run fetches it")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document)")["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:150]} {one['nodes'][0]['failureSummary']}"
        for one in found
        if one["impact"] in SERIOUS
    ]
