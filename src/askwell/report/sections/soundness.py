"""What is wrong with the comparison, and what the choice of the best strategy means."""

from askwell.report.findings.comparison import compare
from askwell.report.findings.faults import remarks
from askwell.report.groups.group import BASELINE, Group
from askwell.report.page.blocks import Section


def section(group: Group) -> Section:
    found = tuple(remarks(group))
    text = (
        "What is wrong with this comparison:"
        if found
        else "Nothing was found wrong with this comparison."
    )
    tests = compare(group, group.contenders, BASELINE)
    among = len(tests) or len(group.contenders)
    chosen = (
        f"The strategy of the first sentence was chosen among {among} by the accuracies that it is "
        "then judged by, which flatters it a little"
    )
    chosen += "; the tests against random are corrected for that." if tests else "."
    return Section("Soundness", (*((chosen,) if among > 1 else ()), text), points=found)
