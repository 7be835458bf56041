"""What was asked: small pictures of the queries, round by round."""

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from askwell.report.groups.group import Group
from askwell.report.page.blocks import INK, Picture, Section
from askwell.report.page.wording import short_name
from askwell.report.reading.names import slug
from askwell.report.reading.queried_file import Bought, Sheet, read_queried
from askwell.report.reading.received import UnreadableError
from askwell.text import visible

MOST_ROUNDS = 8
"""Rounds of a run that are shown, spread evenly."""
TILE, LEFT, LINE = 60, 64, 13
ROW = TILE + 3 * LINE + 12
MOST_LETTERS = 9
WRONG = "#c2610c"
"""Can be read on white and on black."""
NAMESPACE = "http://www.w3.org/2000/svg"


def section(group: Group) -> Section:
    pictures: list[Picture] = []
    faults: list[str] = []
    for strategy in group.strategies:
        title = f"{group.titles[strategy]}, seed "
        for run, seed in group.of(strategy)["seed"].sort_values().items():
            try:
                sheets = read_queried(group.records.folders[str(run)])
            except UnreadableError as error:
                faults.append(visible(f"left out: {title}{seed}: {error}"))
                continue
            if sheets:
                name = slug(f"{group.slug}-{strategy}-asked")
                pictures.append(Picture(name, f"{title}{seed}: what was asked", drawn(sheets)))
                break
    text = (
        "The images that a query wanted most, of the lowest seed. Below each is the answer, and in "
        "orange what the network took it for where that was another class; then the score by "
        "which the strategy chose it, if it has scores."
    )
    if not pictures:
        text = "No run has pictures of what it asked, which are in its queried.jsonl."
    return Section("What was asked", (text,), (), tuple(pictures), tuple(faults), wide=True)


def drawn(sheets: Sequence[Sheet]) -> str:
    """The sheets below one another as SVG; at most MOST_ROUNDS of them."""
    shown = list(_spread(sheets))
    width = LEFT + TILE * max(len(sheet.images) for sheet in shown)
    box = {"viewBox": f"0 0 {width} {ROW * len(shown)}"}
    svg = Element("svg", {"xmlns": NAMESPACE, "font-family": "sans-serif", "fill": INK, **box})
    for place, sheet in enumerate(shown):
        _draw(svg, sheet, ROW * place)
    return tostring(svg, encoding="unicode")


def _spread(sheets: Sequence[Sheet]) -> Iterator[Sheet]:
    """The first and the last of them, and some in between."""
    count = min(len(sheets), MOST_ROUNDS)
    for place in range(count):
        yield sheets[round(place * (len(sheets) - 1) / max(count - 1, 1))]


def _draw(svg: Element, sheet: Sheet, top: int) -> None:
    _write(svg, f"round {sheet.round}", 0, top + TILE // 2 + 4)
    whole = {"x": f"{LEFT}", "y": f"{top}", "width": f"{TILE * len(sheet.images)}"}
    picture = {"href": f"data:image/jpeg;base64,{sheet.picture}", "preserveAspectRatio": "none"}
    SubElement(svg, "image", {**whole, "height": f"{TILE}", **picture})
    for place, image in enumerate(sheet.images):
        left = LEFT + TILE * place
        frame = {"x": f"{left}", "y": f"{top}", "width": f"{TILE}", "height": f"{TILE}"}
        tile = SubElement(svg, "rect", {**frame, "fill": "transparent", "stroke": "#808080"})
        SubElement(tile, "title").text = _in_words(image)
        _write(svg, _short(image.label), left + 2, top + TILE + LINE)
        if image.predicted not in (None, image.label):
            _write(svg, _short(str(image.predicted)), left + 2, top + TILE + 2 * LINE, WRONG)
        if image.score is not None:
            _write(svg, f"{image.score:.2g}", left + 2, top + TILE + 3 * LINE)


def _short(name: str) -> str:
    return short_name(name, MOST_LETTERS)


def _in_words(image: Bought) -> str:
    words = [image.image or f"image {image.index}", f"answer {image.label}"]
    words += [] if image.predicted is None else [f"taken for {image.predicted}"]
    words += [] if image.score is None else [f"score {image.score:.4g}"]
    return ", ".join(words)


def _write(svg: Element, text: str, left: int, top: int, colour: str = INK) -> None:
    place = {"x": f"{left}", "y": f"{top}", "font-size": f"{LINE - 2}", "fill": colour}
    SubElement(svg, "text", place).text = text
