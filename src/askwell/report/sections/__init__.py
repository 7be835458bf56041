"""The page, section by section: one file for each, and their order in SECTIONS."""

from collections.abc import Callable

from askwell.report.groups.group import Group
from askwell.report.page.blocks import Section
from askwell.report.sections import (
    classes,
    difference_to_random,
    head_to_head,
    labels_to_accuracy,
    learning_curves,
    more_labels,
    queries,
    snapshots,
    soundness,
    timing,
    what_was_asked,
    who_agrees,
)

SECTIONS: tuple[Callable[[Group], Section], ...] = (
    labels_to_accuracy.section,
    learning_curves.section,
    difference_to_random.section,
    more_labels.section,
    head_to_head.section,
    classes.section,
    queries.section,
    what_was_asked.section,
    who_agrees.section,
    snapshots.section,
    timing.section,
    soundness.section,
)
