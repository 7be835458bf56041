"""From run folders to verdict, tables, curves and a page. Reads files only: no torch, no
Lightning.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from askwell.report.report import Report, write_report
    from askwell.report.screen import closing

__all__ = ["Report", "closing", "write_report"]

HOMES = {"Report": "report", "closing": "screen", "write_report": "report"}


def __getattr__(name: str) -> Any:
    """Imports the page, and with it matplotlib, once it is used: the verdict alone needs
    neither.
    """
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
