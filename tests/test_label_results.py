"""What a run leaves: labels, predictions, class folders, tasks for Label Studio."""

import csv
import io
import json
import shutil
from urllib.parse import unquote

import pytest

from askwell.command import cli
from askwell.command.export.folders import class_folders
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
    return list(csv.DictReader(io.StringIO(content)))


def test_labels_and_predictions_are_of_all_images_but_those_that_were_measured_with(run, photos):
    cli.main(["export", str(run)])
    labels = table((run / "labels.csv").read_text())
    predictions = table((run / "predictions.csv").read_text())
    assert list(labels[0]) == ["image", "label", "who", "when", "seconds", "suggestion_seen"]
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
    labels = table((run / "queries.csv").read_text())
    assert len(links) == len(labels)
    names = {row["image"]: CLASSES[int(row["label"])] for row in labels}
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
    row = table((run / "queries.csv").read_text())[0]
    said = {"index": int(row["index"]), "image": "x", "name": row["image"], "kind": "label"}
    AnswerLog(run / "answers.jsonl").add([{**said, "answer": "cedar", "by": "ada", "seconds": 3.5}])
    cli.main(["export", str(run), "--to", "label-studio"])
    tasks = json.loads((run / "label-studio.json").read_text())
    by_image = {unquote(task["data"]["image"]).partition("?d=")[2]: task for task in tasks}
    (answer,) = by_image[row["image"]]["annotations"]
    assert answer["result"][0]["value"] == {"choices": ["cedar"]}
    assert answer["lead_time"] == 3.5
    assert isinstance(answer["completed_by"], int)
    assert len(tasks) == len(table((run / "queries.csv").read_text()))


def test_folders_of_classes_have_names_that_any_disk_takes_and_differ():
    names = ["..", "", "a/b", "a\\b", "A_B", "con. ", "x" * 300, "\x1b[31m"]
    folders = list(class_folders(names).values())
    assert len({name.casefold() for name in folders}) == len(names)
    assert all(name.strip(" .") and not set(name) & set('/\\:*?"<>|\x1b') for name in folders)
    assert max(map(len, folders)) <= 100


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
