"""Every view of the page is open to all: axe-core finds nothing serious, wide, narrow and dark."""

import json

import pytest

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from axe import serious_findings
from label_runs import served, waiting

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]
NAMES = ("ash", "a very long name of a class that has no room on its button", "<b>cedar</b>")
LOOKS = {
    "wide": {"width": 1280, "height": 800},
    "narrow": {"width": 390, "height": 844, "has_touch": True},
    "dark": {"width": 1280, "height": 800, "color_scheme": "dark"},
    "narrow and dark": {"width": 390, "height": 844, "color_scheme": "dark"},
}


@pytest.fixture(params=LOOKS)
def page(request, tmp_path, opened):
    with served(waiting(tmp_path / "run", range(1, 13), classes=NAMES)) as addresses:
        yield opened(addresses["ada"], **LOOKS[request.param])


def test_no_view_has_a_serious_finding(page):
    found = {"hidden": serious_findings(page)}
    page.click("#others >> text=Later")
    page.click("#others >> text=Cannot tell")
    page.wait_for_selector("#stage img")
    found["one"] = serious_findings(page)
    page.wait_for_function("outbox.length === 0")
    for view in ("grid", "review", "results"):
        page.click(f"#to-{view}")
        page.wait_for_selector(f"#{view}:not([hidden])")
        found[view] = serious_findings(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
    page.click("#help-button")
    found["help"] = serious_findings(page)
    assert {view: some for view, some in found.items() if some} == {}


def test_before_there_is_a_network_there_is_no_serious_finding(tmp_path, opened):
    run = waiting(tmp_path / "run")
    asked = json.loads((run / "asked.json").read_text())
    asked["images"] = [{**row, "guesses": []} for row in asked["images"]]
    (run / "asked.json").write_text(json.dumps(asked))
    with served(run) as addresses:
        assert serious_findings(opened(addresses["ada"])) == []


def test_a_message_has_no_serious_finding(page):
    page.route("**/api/**", lambda route: route.abort())
    page.keyboard.press("1")
    page.wait_for_selector("text=The server is away.")
    assert serious_findings(page) == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_first_page_of_photos_without_classes_has_no_serious_finding(tmp_path, opened, look):
    run = waiting(tmp_path / "run", [], classes=[])
    with served(run) as addresses:
        page = opened(addresses["ada"], **LOOKS[look], ready="header")
        page.evaluate("state = {...state, ready: false}; show()")
        page.wait_for_selector("#setup:not([hidden])")
        assert serious_findings(page) == []


def test_the_checker_finds_what_is_wrong(page):
    page.evaluate("document.getElementById('help-button').removeAttribute('aria-label')")
    page.evaluate("document.getElementById('help-button').textContent = ''")
    assert any("button-name" in finding for finding in serious_findings(page))
