"""What a run leaves: labels, predictions, class folders, tasks for Label Studio."""

import csv
import io
import json
import os
import shutil
import unicodedata
from urllib.parse import unquote

import pytest

from askwell.command import cli
from askwell.command.export.folders import class_folders
from askwell.command.page.labels import labels_of
from askwell.images.label_table import files_of, read_table
from askwell.oracle.events import AnswerLog

CLASSES = ("ash", "birch", "cedar")
ODD = "café 1 & 2's, a=b.png"


@pytest.fixture
def photos(photos, images):
    """The same with one image of an odd name."""
    shutil.copy(images / "train" / "ash" / "00.png", photos / ODD)
    return photos


@pytest.fixture
def run(program, photos, tmp_path, monkeypatch):
    """The folder of a run on `photos`, whose classes and settings are those of a user."""
    names = sorted(file.name for file in photos.iterdir())
    with (tmp_path / "people.csv").open("w", newline="") as file:
        rows = [["image", "label"]]
        rows += [[name, "ash" if name == ODD else name[3:-4]] for name in names]
        csv.writer(file).writerows(rows)
    program(
        *("dataset=unlabelled", f"dataset.root={photos}", "dataset.evaluation_size=9"),
        *(f"dataset.classes=[{','.join(CLASSES)}]", "dataset.image_size=16", "dataset.channels=1"),
        *("oracle=replay", "oracle.table=people.csv", "model.network.width=8"),
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path / "outputs" / "run"


def table(content):
    return list(csv.DictReader(io.StringIO(content, newline="")))


def labelled(run):
    """The label of each image that was asked about, those of the evaluation sample too."""
    bought = {
        row["image"]: CLASSES[int(row["label"])] for row in table((run / "queries.csv").read_text())
    }
    measured = table((run / "evaluation.csv").read_text())
    return bought | {row["image"]: row["label"] for row in measured}


def test_every_image_has_a_label_or_a_prediction(run, photos):
    cli.main(["export", str(run)])
    labels = table((run / "labels.csv").read_text())
    predictions = table((run / "predictions.csv").read_text())
    assert list(labels[0]) == [
        "image",
        "label",
        "who",
        "when",
        "seconds",
        "suggestion_seen",
        "agreed",
    ]
    assert {row["image"]: row["label"] for row in labels} == labelled(run)
    named = [row["image"] for row in [*labels, *predictions]]
    assert sorted(named) == sorted(file.name for file in photos.iterdir())
    assert list(predictions[0]) == ["image", "label", *CLASSES]


def test_what_people_said_last_is_the_label(run):
    first = table((run / "queries.csv").read_text())[:3]
    log = AnswerLog(run / "answers.jsonl")
    facts = [{"index": int(row["index"]), "image": "x", "name": row["image"]} for row in first]
    log.add(
        [
            {**facts[0], "kind": "label", "answer": "cedar", "by": "ada", "seconds": 2.5},
            {**facts[1], "kind": "broken"},
            {**facts[2], "kind": "label", "answer": "cedar"},
            {**facts[2], "kind": "undo"},
        ]
    )
    cli.main(["export", str(run)])
    rows = {row["image"]: row for row in table((run / "labels.csv").read_text())}
    given = rows[first[0]["image"]]
    assert (given["label"], given["who"], given["seconds"]) == ("cedar", "ada", "2.5")
    assert not {row["image"] for row in first[1:]} & rows.keys()
    predicted = {row["image"] for row in table((run / "predictions.csv").read_text())}
    assert first[1]["image"] not in predicted
    assert first[2]["image"] in predicted


def test_new_photos_are_classified_and_what_cannot_be_read_is_counted(run, images, capsys):
    (images / "test" / "ash" / "broken.png").write_bytes(b"no image")
    try:
        cli.main(["predict", str(run), str(images / "test")])
    finally:
        (images / "test" / "ash" / "broken.png").unlink()
    out, err = capsys.readouterr()
    rows = table(out[out.index("image,label") :])
    assert len(rows) == 24
    assert {row["image"].split("/")[0] for row in rows} == set(CLASSES)
    assert "1 of 25 images cannot be read" in err


def test_the_probabilities_are_those_that_the_run_measured_with(run, images, tmp_path):
    cli.main(["predict", str(run), "photos", "--output", "new.csv"])
    rows = {row["image"]: row for row in table((tmp_path / "new.csv").read_text())}
    measured = table((run / "evaluation.csv").read_text())
    hits = sum(rows[row["image"]]["label"] == row["label"] for row in measured)
    assert hits / len(measured) == json.loads((run / "run.json").read_text())["accuracy"]


def test_class_folders_link_to_the_photos(run, photos):
    cli.main(["export", str(run), "--to", "folder"])
    links = sorted((run / "labelled").glob("*/*"))
    names = labelled(run)
    assert len(links) == len(names)
    for link in links:
        assert link.resolve().parent == photos
        assert names[link.resolve().name] == link.parent.name
    cli.main(["export", str(run), "--to", "folder"])  # again: the same
    assert sorted((run / "labelled").glob("*/*")) == links


def test_nothing_is_written_among_the_photos_or_over_what_is_there(run, photos, capsys):
    for place, said in ((photos / "out", "is among the photos"), (run, "holds something already")):
        with pytest.raises(SystemExit, match="2"):
            cli.main(["export", str(run), "--to", "folder", "--output", str(place)])
        assert said in capsys.readouterr().err


def test_label_studio_gets_tasks_with_who_and_how_long(run):
    rows = table((run / "queries.csv").read_text())[:2]
    log, names = AnswerLog(run / "answers.jsonl"), [row["image"] for row in rows]
    for row, who in zip(rows, ("ada", "bob@example.org"), strict=True):
        said = {"index": int(row["index"]), "image": "x", "name": row["image"], "kind": "label"}
        log.add([{**said, "answer": "cedar", "by": who, "seconds": 3.5}])
    cli.main(["export", str(run), "--to", "label-studio"])
    tasks = json.loads((run / "label-studio.json").read_text())
    by_image = {unquote(task["data"]["image"]).partition("?d=")[2]: task for task in tasks}
    (first,), (second,) = (by_image[name]["annotations"] for name in names)
    assert first["result"][0]["value"] == {"choices": ["cedar"]}
    assert first["lead_time"] == 3.5
    assert isinstance(first["completed_by"], int)
    assert second["completed_by"] == {"email": "bob@example.org"}
    assert sum("annotations" in task for task in tasks) == len(labelled(run))


def test_label_studio_gets_predictions_for_all_other_images(run):
    cli.main(["export", str(run)])
    cli.main(["export", str(run), "--to", "label-studio"])
    tasks = json.loads((run / "label-studio.json").read_text())
    guesses = {
        unquote(task["data"]["image"]).partition("?d=")[2]: task["predictions"][0]
        for task in tasks
        if "predictions" in task
    }
    rows = table((run / "predictions.csv").read_text())
    assert guesses.keys() == {row["image"] for row in rows}
    for row in rows:
        guess = guesses[row["image"]]
        assert guess["result"][0]["value"] == {"choices": [row["label"]]}
        assert guess["score"] == float(row[row["label"]])


def test_copies_are_files_of_their_own(run, photos):
    cli.main(["export", str(run), "--to", "folder", "--copy", "--output", "copies"])
    copies = sorted(photos.parent.glob("copies/*/*"))
    assert len(copies) == len(labelled(run))
    for copy in copies:
        assert not copy.is_symlink()
        assert copy.read_bytes() == (photos / copy.name.partition("-")[2]).read_bytes()


def test_copies_of_what_is_no_folder_are_refused(run, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["export", str(run), "--copy"])
    assert "--copy is for --to folder" in capsys.readouterr().err


HOSTILE = (
    *(b"a\rb.png", b"c\nd.png", b'"e,f".png', b"=1+1.png", b"<img onerror=x>.png", b"\xe9.png"),
    b"g" * 251 + b".png",
)


@pytest.fixture
def hostile(run, photos):
    """The run, after some of its images got the names of `HOSTILE`."""
    content = json.loads((run / "images.json").read_text())
    for place, name in enumerate(HOSTILE):
        (photos / content["images"][place]).rename(photos / os.fsdecode(name))
        content["images"][place] = os.fsdecode(name)
    (run / "images.json").write_text(json.dumps(content))
    return run


def test_tables_hold_any_name_byte_for_byte(hostile, photos):
    cli.main(["export", str(hostile)])
    contents = [(hostile / name).read_bytes() for name in ("labels.csv", "predictions.csv")]
    rows = [row for content in contents for row in table(os.fsdecode(content))]
    files = os.listdir(os.fsencode(photos))
    assert sorted(os.fsencode(row["image"]) for row in rows) == sorted(files)
    assert {row["label"] for row in rows} <= set(CLASSES)


def test_labels_of_any_name_in_utf_8_are_taken_in_again(hostile, photos):
    cli.main(["export", str(hostile)])
    file = hostile / "labels.csv"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(line for line in lines if b"\xe9" not in line))
    rows = read_table(file)
    files = sorted(map(os.fsdecode, os.listdir(os.fsencode(photos))))
    assert None not in files_of(rows, files, photos)


def test_class_folders_and_tasks_lead_to_files_of_any_name(hostile, photos):
    cli.main(["export", str(hostile), "--to", "folder"])
    assert len(list(hostile.glob("labelled/*/*"))) == len(labelled(hostile))
    cli.main(["export", str(hostile), "--to", "label-studio"])
    rows = read_table(hostile / "label-studio.json")
    assert sorted(os.fsencode(row.image) for row in rows) == sorted(os.listdir(os.fsencode(photos)))


def test_folders_of_classes_have_names_that_any_disk_takes_and_differ():
    names = ["..", "", "a/b", "a\\b", "A_B", "con. ", "x" * 300, "\x1b[31m", "🐈" * 100]
    names += [unicodedata.normalize(form, "café") for form in ("NFC", "NFD")]
    folders = list(class_folders(names).values())
    alike = {unicodedata.normalize("NFC", name).casefold() for name in folders}
    assert len(alike) == len(names)
    assert all(name.strip(" .") and not set(name) & set('/\\:*?"<>|\x1b') for name in folders)
    assert max(len(name.encode()) for name in folders) <= 104


def test_a_model_that_is_not_askwells_is_not_built(run, capsys):
    config = run / ".hydra" / "config.yaml"
    config.write_text(config.read_text().replace("askwell.model.Classifier", "os.system", 1))
    with pytest.raises(SystemExit, match="2"):
        cli.main(["predict", str(run), "photos"])
    assert "a model that is not Askwell's" in capsys.readouterr().err


def test_a_run_without_a_network_has_labels_and_says_why_it_has_no_predictions(run, capsys):
    shutil.rmtree(run / "checkpoints")
    cli.main(["export", str(run)])
    assert "no predictions" in capsys.readouterr().out
    assert (run / "labels.csv").exists()


def test_runs_that_do_not_ask_on_a_page_are_named(run, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["label", str(run)])
    assert "asks on a page: start one with oracle=page" in capsys.readouterr().err


def test_a_label_is_what_all_answers_came_to_also_where_they_were_simulated(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"classes": ["ash", "birch"]}))
    (tmp_path / "queries.csv").write_text("round,index,label,score\n0,3,0,\n0,4,0,\n")
    changed = "round,index,answer,before,label,asked\n1,3,1,0,1,1\n2,3,-1,1,1,1\n"
    (tmp_path / "relabelled.csv").write_text(changed)
    assert [(one.index, one.label) for one in labels_of(tmp_path)] == [(3, "birch"), (4, "ash")]
