"""What tests of the page in a browser wait for."""

import time
from typing import Any


def until(page: Any, expression: str) -> None:
    """Waits for an expression to be true; the page's policy lets it evaluate none by itself."""
    end = time.monotonic() + 10
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(20)
