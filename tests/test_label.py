"""`askwell label` from photos to results, in processes of their own."""

import csv
import json
import os
import shutil
import time

import pytest

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from experiment import equal, record_of, weights_of
from label_person import CLASSES, seen
from label_process import LabelProcess, labelled_with_kills
from label_runs import events

from askwell.command import cli
from askwell.command.page.start import Photos
from askwell.errors import UserError
from askwell.images.asked import First
from askwell.images.image_list import ImageList, write_list
from askwell.images.label_row import Row
from askwell.images.label_table import read_table
from askwell.oracle.events import AnswerLog, current

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(cache_dir):
    return [
        *("dataset.image_size=16", "dataset.channels=1", "dataset.evaluation_size=9"),
        *("model.network.width=4", "model.network.hidden=8", "datamodule.train_batch_size=8"),
        *("query_size=6", "protocol.epochs_per_round=2", "trainer=cpu", f"cache_dir={cache_dir}"),
    ]


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """What a command that is refused prints, in one line."""

    def said(*words):
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            with pytest.raises(SystemExit, match="2"):
                cli.main(words)
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        return line

    return said


@pytest.fixture
def words(photos, settings):
    """The command line that begins a run."""
    return [str(photos), "--classes", ",".join(CLASSES), *settings]


def replayed(program, photos, settings, folder, rounds):
    """The folder of the run that is given the answers of `folder` by oracle=replay."""
    program(
        *("dataset=unlabelled", f"dataset.root={photos}", "dataset.broken_images=quarantine"),
        *(f"dataset.classes=[{','.join(CLASSES)}]", "strategy=sm", "protocol=retrain"),
        *("oracle=replay", f"oracle.run={folder}", f"rounds={rounds}", "logger=none"),
        *("name=replayed", *settings),
        shrink=False,
    )
    return folder.parent / "replayed"


def test_from_photos_to_results(words, photos, settings, tmp_path, program):
    folder = tmp_path / "outputs" / "label-photos"
    before = sorted(photos.iterdir())
    with LabelProcess(tmp_path, *words) as page:
        page.label_until(rounds=3)
        ada = page.person
        assert ada.post("/api/finish", {}) == (200, {})
        ada.wait(lambda state: state["finished"] is not None and state["open"] > 0)
        labelled = ada.state["labels"]
        open_before = ada.state["open"]
        ada.answer(1)
        assert ada.state["open"] == open_before - 1  # one may continue
    assert sorted(photos.iterdir()) == before

    other = replayed(program, photos, settings, folder, rounds=3)
    assert record_of(folder) == record_of(other)
    assert equal(weights_of(folder), weights_of(other))

    with (folder / "labels.csv").open() as file:
        labels = list(csv.DictReader(file))
    with (folder / "predictions.csv").open() as file:
        predictions = list(csv.DictReader(file))
    assert len(labels) == labelled
    assert all(row["label"] == row["image"][3:-4] for row in labels)
    cli.main(["predict", str(folder / "model"), str(photos), "--output", str(tmp_path / "again")])
    with (tmp_path / "again").open() as file:
        again = {row["image"]: row for row in csv.DictReader(file)}
    for row in predictions:  # in batches of other images
        other = again[row["image"]]
        assert other["label"] == row["label"]
        assert float(other["ash"]) == pytest.approx(float(row["ash"]), abs=1e-5)
    named = [row["image"] for row in labels + predictions]
    assert sorted(named) == sorted(file.name for file in photos.iterdir())
    for row in predictions:
        shares = {name: float(row[name]) for name in CLASSES}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert max(shares, key=shares.get) == row["label"]


def test_the_same_command_resumes_and_needs_no_classes(words, photos, tmp_path):
    with LabelProcess(tmp_path, *words) as page:
        page.person.wait(lambda state: state["runs"][0]["status"] == "waiting")
        assert page.person.answer(4) == 4
        asked = [item["id"] for item in page.person.queue]
    with LabelProcess(tmp_path, str(photos)) as page:
        assert [item["id"] for item in page.person.queue] == asked
        assert page.person.state["answers"] == 4


def test_classes_are_named_on_the_page(words, photos, settings, tmp_path):
    with LabelProcess(tmp_path, str(photos), *settings) as page:
        ada = page.person
        assert ada.state["ready"] is False
        status, answer = ada.post("/api/classes", {"names": ["ash", "ash"]})
        assert (status, "there is a class ash already" in answer["error"]) == (409, True)
        ada.post("/api/classes", {"names": ["ash", "birch", "cedar"]})
        page.label_until(rounds=1)


def test_a_class_that_is_added_starts_again_with_all_labels_so_far(photos, settings, tmp_path):
    def tell(content):
        word = seen(content)
        return "none of these" if word == "cedar" else word

    folder = tmp_path / "outputs" / "label-photos"
    words = [str(photos), "--classes", "ash,birch", *settings]
    with LabelProcess(tmp_path, *words, tell=tell) as page:
        page.label_until(rounds=1)
        ada = page.person
        ada.tell = seen
        before = {event["index"]: event for event in events(folder) if "index" in event}
        former = len((folder / "queries.csv").read_text().splitlines()) - 1
        assert ada.post("/api/classes", {"names": ["cedar"]})[0] == 200
        restarted = ada.wait(lambda state: not state["runs"][0]["rounds"])
        assert "A class was added" in restarted["notice"]
        page.label_until(rounds=1)
    since = [event for event in events(folder)[len(before) :] if event["kind"] == "label"]
    again = {event["index"] for event in since} & before.keys()
    held = set(json.loads((folder / "images.json").read_text())["first"]["held"])
    none = {index for index, event in before.items() if event["kind"] == "none of these"}
    assert again == none & held
    assert {event["answer"] for event in since if event["index"] in again} == {"cedar"}
    first = json.loads((folder / "rounds.jsonl").read_text().splitlines()[0])
    assert first["labels"] >= former > 0
    assert json.loads((folder / "run.json").read_text())["classes"] == list(CLASSES)


def test_labels_that_one_has_are_round_0_and_free(words, photos, tmp_path):
    names = sorted(file.name for file in photos.iterdir())[:12]
    facts = {"completed_by": 7, "lead_time": 2.5}
    tasks = [
        {"data": {"image": name}, "annotations": [{**facts, "result": [choice(name[3:-4])]}]}
        for name in names
    ]
    (tmp_path / "have.json").write_text(json.dumps(tasks))
    with LabelProcess(tmp_path, *words, "--labels", "have.json") as page:
        ada = page.person
        asked = ada.wait(lambda state: state["runs"][0]["status"] == "waiting")
        assert asked["open"] == 9
        page.label_until(rounds=1)
        assert ada.state["runs"][0]["rounds"][0][0] == 12
    run = tmp_path / "outputs" / "label-photos"
    cli.main(["export", str(run)])
    with (run / "labels.csv").open(newline="") as file:
        kept = [row for row in csv.DictReader(file) if row["who"] == "7"]
    assert [(row["image"], row["seconds"]) for row in kept] == [(name, "2.5") for name in names]


def test_a_new_class_keeps_who_gave_the_labels_that_one_had(tmp_path):
    first = First(2, (), (), "x", (0.0,), (1.0,))
    write_list(tmp_path / "images.json", ImageList(("1.png", "2.png"), first))
    (tmp_path / "run.json").write_text(json.dumps({"classes": ["ash", "birch"]}))
    facts = {"completed_by": 7, "lead_time": 2.5, "created_at": "2026"}
    task = {"data": {"image": "2.png"}, "annotations": [{**facts, "result": [choice("ash")]}]}
    (tmp_path / "have.json").write_text(json.dumps([task]))
    photos = Photos(tmp_path, "photos", CLASSES, str(tmp_path / "have.json"))
    assert photos.restart_where_classes_changed()
    assert read_table(tmp_path / "given.csv") == [Row("line 2", "2.png", "ash", "7", "2026", 2.5)]


def test_a_new_class_keeps_what_several_answers_came_to(tmp_path):
    said = {"index": 1, "image": 16 * "0", "by": "ada", "kind": "label"}
    log = AnswerLog(tmp_path / "answers.jsonl")
    log.add([{**said, "answer": "ash"}, {**said, "kind": "again"}, {**said, "answer": "birch"}])
    facts = {"again": {"1": "birch"}, "relabelled": {"1": "ash"}}
    log.add([{"kind": "settled", "round": 1, "indices": [2], "answers": ["ash"], **facts}])
    (tmp_path / "run.json").write_text(json.dumps({"classes": ["ash", "birch"]}))
    assert current(log.read()) == {1: "ash"}
    assert Photos(tmp_path, "photos", CLASSES).restart_where_classes_changed()
    assert current(log.read()) == {1: "ash"}


def choice(word):
    """A class as Label Studio's export holds it."""
    return {"from_name": "choice", "type": "choices", "value": {"choices": [word]}}


def test_a_sweep_is_labelled_on_one_page_and_equal_images_are_asked_once(
    photos, settings, tmp_path, program, no_report, capsys
):
    with pytest.raises(SystemExit, match="75"):
        program(
            *("-m", "dataset=unlabelled", f"dataset.root={photos}", "strategy=random,sm"),
            *(f"dataset.classes=[{','.join(CLASSES)}]", "oracle=page", "protocol=retrain"),
            *("rounds=2", "logger=none", "name=mine", *settings),
            shrink=False,
        )
    assert "2 jobs wait for answers: askwell label multirun/mine\n" in capsys.readouterr().out
    jobs = [tmp_path / "multirun" / "mine" / name for name in ("0", "1")]
    with LabelProcess(tmp_path, "multirun/mine") as page:
        ada = page.person
        assert len(ada.queue) == 21  # 9 for evaluation, 12 of the first list, of both
        end = time.monotonic() + 120
        while {run["status"] for run in ada.state["runs"]} != {"finished"}:
            assert time.monotonic() < end, ada.state
            if not ada.answer(4):
                time.sleep(0.1)
    uids = [{event["uid"] for event in events(job) if "uid" in event} for job in jobs]
    assert len(uids[0] & uids[1]) >= 21
    assert [len((job / "rounds.jsonl").read_text().splitlines()) for job in jobs] == [2, 2]


@pytest.mark.parametrize("seed", range(2))
def test_kills_of_run_and_page_lose_no_answer_and_count_none_twice(
    words, photos, settings, tmp_path, program, seed
):
    confirmed = labelled_with_kills(tmp_path, words, kills=6, rounds=3, seed=seed)
    folder = tmp_path / "outputs" / "label-photos"
    uids = [event["uid"] for event in events(folder) if "uid" in event]
    assert len(set(uids)) == len(uids)
    assert set(confirmed) <= set(uids)
    rounds = len((folder / "rounds.jsonl").read_text().splitlines())
    other = replayed(program, photos, settings, folder, rounds=rounds)
    assert record_of(folder) == record_of(other)
    assert equal(weights_of(folder), weights_of(other))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["label", "nowhere"], "there is no folder"),
        (["label", "empty"], "holds no images"),
        (["label", "photos", "--classes", "cat"], "--classes must name at least two classes"),
        (["label", "photos", "--classes", "cat,cat"], "each once"),
        (["label", "photos", "--classes", "cat,broken"], "a class cannot be called 'broken'"),
        (["label", "photos", "--labels", "nowhere.csv"], "there is no table"),
        (["label", "photos", "--host", "0.0.0.0"], "name them by --people"),
        (["label", "photos", "--port", "99999"], "--port 99999: expected a number up to 65535"),
        (["label", "photos", "rounds"], "expected SETTING=VALUE"),
        (["export", "photos"], "holds no run"),
        (["predict", "photos", "photos"], "holds no run"),
        (["predict", "photos", "nowhere"], "there is no"),
    ],
)
def test_mistakes_are_one_line_each(photos, tmp_path, refused, words, said):
    (tmp_path / "empty").mkdir()
    assert said in refused(*words)
    assert not (tmp_path / "outputs" / "label-photos" / "label.json").exists()


def test_a_second_page_on_one_run_and_a_port_in_use_are_refused(words, photos, tmp_path, refused):
    with LabelProcess(tmp_path, *words, "--port", "0") as page:
        port = page.address.partition("/?")[0].rpartition(":")[2]
        assert "another askwell label serves" in refused("label", *words)
        in_use = refused("label", str(photos), "--run", "other", "--port", port)
        assert f"cannot listen on port {port}" in in_use


def test_other_photos_under_a_name_that_is_taken_are_refused(words, photos, tmp_path, refused):
    with LabelProcess(tmp_path, *words, "--run", "mine"):
        pass
    shutil.copytree(photos, tmp_path / "more")
    assert "choose another name by --run" in refused("label", "more", "--run", "mine")
    fewer = refused("label", str(photos), "--run", "mine", "--classes", "ash,birch")
    assert "name them all" in fewer


ODD_NAMES = [b"caf\xe9.png", b"new\nline.png", b"<img src=x>.png", b"quo\"te'.png", b" a,b;c=.png"]
ODD_CLASSES = ["<b>a</b>, 'q' \"d\"", "b=\\ $x 🦊"]


def test_odd_names_of_files_and_classes_go_all_the_way(images, settings, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, file in zip(ODD_NAMES, sorted(images.glob("train/ash/*")), strict=False):
        shutil.copy(file, os.fsencode(photos) + b"/" + name)
    for file in images.glob("train/cedar/*"):
        shutil.copy(file, photos / f"{file.stem} 🦊.png")

    def tell(content):
        return ODD_CLASSES[seen(content) == "cedar"]

    folder = tmp_path / "outputs" / "label-photos"
    with LabelProcess(tmp_path, str(photos), *settings, tell=tell) as page:
        ada = page.person
        assert ada.post("/api/classes", {"names": ODD_CLASSES}) == (200, {"classes": ODD_CLASSES})
        page.label_until(rounds=1)
        assert ada.state["classes"] == ODD_CLASSES
        ada.post("/api/finish", {})
        ada.wait(lambda state: state["finished"])
    rows = []
    for name in ("labels.csv", "predictions.csv"):
        with (folder / name).open(errors="surrogateescape", newline="") as file:
            rows += list(csv.DictReader(file))
    assert sorted(os.fsencode(row["image"]) for row in rows) == sorted(
        os.listdir(os.fsencode(photos))
    )
    cli.main(["export", str(folder), "--to", "folder"])
    links = list((folder / "labelled").glob("*/*"))
    assert all(link.exists() for link in links)
    assert {link.parent.name for link in links} <= {"_b_a__b_, 'q' _d_", "b=_ $x 🦊"}


@pytest.mark.parametrize("name", ["", " ", "broken", "cannot tell", "a${b}", "x" * 201])
def test_what_cannot_be_a_class_is_refused_and_nothing_is_added(tmp_path, name):
    photos = Photos(tmp_path, str(tmp_path), ("ash", "birch"))
    with pytest.raises(UserError, match="a class cannot be called"):
        photos.with_classes(["cedar", name])
    assert Photos.noted(tmp_path) is None
