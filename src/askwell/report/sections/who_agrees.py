"""The people who labelled: how far they agree, and what each of them takes for what."""

from collections.abc import Iterator

from askwell.opinions import Opinions
from askwell.report.groups.group import Group
from askwell.report.page.blocks import Section, Table
from askwell.report.page.wording import MISSING, count, percent
from askwell.report.reading.answers_file import read_opinions
from askwell.report.reading.received import UnreadableError
from askwell.report.statistics.annotators import Annotators, annotators
from askwell.report.statistics.kappa import confusion
from askwell.text import visible

MOST_WORDS = 15
"""Of a table of confusions."""
MOST_PEOPLE = 20

NOTHING = "No image was answered by two people."


def section(group: Group) -> Section:
    faults: list[str] = []
    found = annotators(opinions(group, faults).values())
    if not found.agreement.images:
        return Section("People", (NOTHING,), points=tuple(faults))
    tables = (agreement(found), *confusions(found))
    return Section("People", tuple(sentences(found)), tables, points=tuple(faults))


def opinions(group: Group, faults: list[str]) -> dict[str, Opinions]:
    """What several people said, by image; of one that several runs asked about, in the first of
    them. Adds to `faults` why a run is left out.
    """
    found: dict[str, Opinions] = {}
    for run in group.runs.index:
        try:
            said = read_opinions(group.records.folders[str(run)])
        except UnreadableError as error:
            faults.append(visible(f"left out: {run}: {error}"))
            continue
        for image, one in said.items():
            if len(one.given) > 1:
                found.setdefault(image, one)
    return found


def sentences(found: Annotators) -> Iterator[str]:
    """What the tables say, and what is behind it."""
    images, agreed, kappa = found.agreement
    share = percent(round(agreed / images, 3))
    yield f"Of {count(images, 'image')} that two people answered they agreed on {agreed} ({share})."
    if kappa is None:
        yield f"{found.measure} is not defined: all gave the same answer to all."
    else:
        yield (
            f"{found.measure} is {kappa.value:.2f} (95 % interval {kappa.low:.2f} to "
            f"{kappa.high:.2f}): 1 is perfect agreement, 0 that of chance. It is measured on the "
            "first two opinions on each image; where these differ, a third was asked for."
        )
    if found.ties:
        yield f"{count(found.ties, 'image')} without a majority: decide in the page's Review."


def agreement(found: Annotators) -> Table:
    """Each person's share of opinions that are the answer agreed on."""
    rows = []
    for who in list(found.said)[:MOST_PEOPLE]:
        pairs = found.said[who]
        right = sum(answer == own for answer, own in pairs)
        share = percent(round(right / len(pairs), 3)) if pairs else MISSING
        rows.append((who, f"{len(pairs):,}", f"{right:,}", share))
    note = "Of images that two people answered at least; what is agreed on is their opinion, too."
    if (more := len(found.said) - MOST_PEOPLE) > 0:
        note += f" {count(more, 'person')} more are left out."
    return Table(("person", "images", "as agreed", "share"), tuple(rows), note)


def confusions(found: Annotators) -> Iterator[Table]:
    """For each person what they said, by the answer agreed on."""
    for who in list(found.said)[:MOST_PEOPLE]:
        (_, *words), *rows = confusion(found.said[who], MOST_WORDS)
        note = f"What {who} said, in columns, by the answer agreed on, in rows."
        if words:
            yield Table((who, *words), tuple(map(tuple, rows)), note)
