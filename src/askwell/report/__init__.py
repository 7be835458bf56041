"""From run folders to verdict, tables, curves and a page. Reads files only: no torch, no Lightning."""

from askwell.report.closing import closing
from askwell.report.writing import Report, write_report

__all__ = ["Report", "closing", "write_report"]
