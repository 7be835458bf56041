"""queried.jsonl: what a run keeps of each query for the report, and what the report shows of it."""

import base64
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from experiment import answer
from PIL import Image
from report_runs import group_of, write_run
from round_facts import CLASSES, PIXELS, round_result

from askwell.listener.queried import EVERY, QUERIED, SIDE, first_preview, write_queried
from askwell.pool import Pool
from askwell.report import write_report
from askwell.report.sections import what_was_asked


def run(pool=None, names=None, pixels=PIXELS):
    """A run as a listener sees it."""
    images = SimpleNamespace(fetch=lambda indices: pixels[torch.as_tensor(indices)])
    sight = SimpleNamespace(images=images)
    return SimpleNamespace(classes=CLASSES, names=names, sight=sight, pool=pool)


def lines(folder):
    return [json.loads(line) for line in (folder / QUERIED).read_text().splitlines()]


def picture(line):
    return Image.open(io.BytesIO(base64.b64decode(line["picture"])))


PREVIEW = round_result(0).preview


def test_a_query_is_kept_with_answer_prediction_and_score(tmp_path):
    write_queried(tmp_path, run(names=["a", "b.png", "c", "d", "e.png", "f"]), 3, PREVIEW)
    (line,) = lines(tmp_path)
    assert line["round"] == 3
    assert line["images"] == [
        {"index": 4, "image": "e.png", "label": "ash", "predicted": "birch", "score": 0.25},
        {"index": 1, "image": "b.png", "label": "birch", "predicted": "birch", "score": 0.125},
    ]
    assert picture(line).size == (16, 8)


def test_the_pictures_show_the_images_in_order(tmp_path):
    pixels = torch.tensor([10, 90, 170]).to(torch.uint8).view(3, 1, 1, 1).expand(3, 1, 200, 100)
    pool = Pool(3)
    pool.label([2, 0], [1, 0], round=0)
    seen = run(pool, pixels=pixels)
    write_queried(tmp_path, seen, 0, first_preview(seen))
    shown = picture(lines(tmp_path)[0])
    assert shown.size == (SIDE, SIDE)  # two of half the width
    assert np.asarray(shown)[:, [5, 40]] == pytest.approx(np.array([[170, 10]] * SIDE), abs=3)


def test_what_was_asked_first_has_no_prediction_and_leaves_out_labels_that_were_there(tmp_path):
    pool = Pool(6)
    pool.give([0], [1], round=0)
    pool.label([5, 2], [0, 1], round=0)
    write_queried(tmp_path, run(pool), 0, first_preview(run(pool)))
    expected = [{"index": 5, "label": "ash"}, {"index": 2, "label": "birch"}]
    assert lines(tmp_path)[0]["images"] == expected


def test_a_run_that_was_asked_nothing_keeps_nothing():
    pool = Pool(6)
    pool.give([0], [1], round=0)
    assert first_preview(run(pool)) is None


def test_a_round_that_is_repeated_after_a_kill_replaces_what_was_kept(tmp_path):
    for round in (1, 2, 3, 2):
        write_queried(tmp_path, run(), round, PREVIEW)
    assert [line["round"] for line in lines(tmp_path)] == [1, 2]


def test_of_many_rounds_few_are_kept(tmp_path):
    for round in range(1, 3 * EVERY):
        write_queried(tmp_path, run(), round, PREVIEW)
    assert [line["round"] for line in lines(tmp_path)] == [*range(1, EVERY + 1), 2 * EVERY]


def test_a_run_keeps_each_query(program, tmp_path):
    program("strategy=sm")
    folder = tmp_path / "outputs" / "run"
    kept = {(line["round"], one["index"]) for line in lines(folder) for one in line["images"]}
    bought = [row.split(",")[:2] for row in (folder / "queries.csv").read_text().split()[1:]]
    assert kept == {(int(round), int(index)) for round, index in bought}
    assert all("predicted" in one for line in lines(folder)[1:] for one in line["images"])


def test_a_query_that_waited_for_people_is_kept_as_one_that_did_not(program, tmp_path):
    folder = tmp_path / "outputs" / "run"
    for query in range(3):
        with pytest.raises(SystemExit, match="75"):
            program("oracle=file", "answers_dir=answers", f"resume={query > 0}")
        answer(folder, lambda image: image.split("/")[-2])
    program("oracle=file", "answers_dir=answers", "resume=true")
    program("name=simulated")
    assert lines(folder) == lines(tmp_path / "outputs" / "simulated")


# The report


def keep(folder, *changes):
    """A run's file with one line for each of `changes` to a sound one."""
    write_queried(folder, run(), 1, PREVIEW)
    (sound,) = lines(folder)
    text = "".join(json.dumps(sound | change) + "\n" for change in changes)
    (folder / QUERIED).write_text(text)


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path / "sweep", "lc")


def test_the_page_shows_what_was_asked(folder):
    keep(folder, {})
    page = write_report([folder], folder).page.read_text()
    assert f"data:image/jpeg;base64,{lines(folder)[0]['picture']}" in page
    assert "image 4, answer ash, taken for birch, score 0.25" in page


def test_rounds_are_shown_from_the_first_to_the_last(folder):
    keep(folder, *({"round": round} for round in range(1, 30)))
    (shown,) = what_was_asked.section(group_of(folder.parent)).pictures
    rounds = [int(text.split("<")[0]) for text in shown.svg.split(">round ")[1:]]
    assert (rounds[0], rounds[-1], len(rounds)) == (1, 29, what_was_asked.MOST_ROUNDS)
    assert rounds == sorted(set(rounds))


def test_names_are_text_and_never_markup(folder):
    name = "<img src=x onerror=alert(1)>"
    keep(folder, {"images": [{"index": 1, "label": name, "image": '"><script>'}]})
    page = write_report([folder], folder).page.read_text()
    assert "<img" not in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"picture": '" onload="alert(1)'}, "expected a JPEG in base 64"),
        ({"picture": "iVBORw0KGgo="}, "expected a JPEG in base 64"),
        ({"images": []}, "expected 1 to 100 images"),
        ({"images": [{"index": 1}]}, "label is missing"),
        ({"round": -1}, "expected a whole number from 0"),
    ],
)
def test_what_is_no_sheet_is_left_out_and_named(folder, change, fault):
    keep(folder, {}, change)
    section = what_was_asked.section(group_of(folder.parent))
    assert section.pictures == ()
    (point,) = section.points
    assert point.startswith("left out: lc, seed 0: queried.jsonl, line 2: ")
    assert fault in point


def test_a_run_without_pictures_is_no_fault(folder):
    section = what_was_asked.section(group_of(folder.parent))
    assert (section.pictures, section.points) == ((), ())
    assert "No run has pictures" in section.paragraphs[0]
