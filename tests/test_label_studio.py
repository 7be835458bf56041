"""An export of Label Studio is taken wherever a table of labels is."""

import csv
import json

import pytest

from askwell.command import cli
from askwell.dataset.unlabelled import Unlabelled
from askwell.errors import UserError
from askwell.images.label_row import Row
from askwell.images.label_table import read_table


def choice(word, name="choice"):
    return {"from_name": name, "to_name": "image", "type": "choices", "value": {"choices": [word]}}


def annotation(*words, by=1, seconds=2.5, **facts):
    """An answer as Label Studio 1.x exports it."""
    when = "2026-01-02T03:04:05.678901Z"
    person = {"completed_by": by, "lead_time": seconds, "created_at": when, "was_cancelled": False}
    return {"id": 7, "result": [choice(word) for word in words], **person, **facts}


def task(image, *annotations, **facts):
    return {"id": 1, "data": {"image": image}, "annotations": list(annotations), **facts}


@pytest.fixture
def rows(tmp_path):
    def read(*tasks):
        (tmp_path / "tasks.json").write_text(json.dumps(tasks))
        return read_table(tmp_path / "tasks.json")

    return read


def test_a_task_is_a_row_with_its_person_and_seconds(rows):
    person = {"id": 4, "email": "ada@example.org"}
    found = rows(task("a.png", annotation("ash", by=person)), task("b.png", annotation("birch")))
    when = "2026-01-02T03:04:05.678901Z"
    assert found == [
        Row("task 1", "a.png", "ash", "ada@example.org", when, 2.5),
        Row("task 2", "b.png", "birch", "1", when, 2.5),
    ]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/data/upload/3/0f3c1a2b-cat_1.png", "cat_1.png"),
        ("/data/upload/cat_1.png", "cat_1.png"),
        ("/data/local-files/?d=pets/%E7%8C%AB%20%231.png", "pets/猫 #1.png"),
        ("/data/local-files/?d=%E9.png", "\udce9.png"),
        ("https://host/pets/a%20b.png?size=3", "pets/a b.png"),
        ("s3://bucket/pets/a%20b.png", "pets/a%20b.png"),
    ],
)
def test_the_address_of_a_picture_becomes_the_name_of_its_file(rows, address, name):
    assert rows(task(address))[0].image == name


@pytest.mark.parametrize(
    ("answers", "label"),
    [
        ([], ""),
        ([annotation()], ""),
        ([annotation("ash", was_cancelled=True)], ""),
        ([annotation("ash"), annotation("birch")], ""),
        ([annotation("ash"), annotation("birch"), annotation("birch")], "birch"),
        ([annotation("ash", ground_truth=True), annotation("birch"), annotation("birch")], "ash"),
    ],
)
def test_the_label_is_what_most_people_said_unless_one_answer_is_the_truth(rows, answers, label):
    assert rows(task("a.png", *answers))[0].label == label


def test_predictions_are_no_labels(rows):
    guess = {"result": [choice("ash")], "score": 0.9, "model_version": "1"}
    assert rows(task("a.png", predictions=[guess]))[0].label == ""


@pytest.mark.parametrize(
    ("tasks", "reason"),
    [
        ({"a": 1}, "it holds no list of tasks"),
        ([{"image": "a.png", "choice": "ash"}], "task 1 has no data"),
        ([{"data": {"text": "a", "other": "b"}}], "task 1 names no image, found text and other"),
        ([["a.png"]], "no export of Label Studio"),
        (
            [{"data": {"image": "a"}, "annotations": [{"result": [
                {"type": "choices", "value": {"choices": ["ash", "birch"]}}]}]}],
            "task 1 has 2 classes where an image has one",
        ),
    ],
)  # fmt: skip
def test_what_is_no_export_is_named(tmp_path, tasks, reason):
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    with pytest.raises(UserError, match=reason):
        read_table(tmp_path / "tasks.json")


def test_half_a_file_is_named(tmp_path):
    (tmp_path / "tasks.json").write_text('[{"data": ')
    with pytest.raises(UserError, match="export the project from Label Studio in the format JSON"):
        read_table(tmp_path / "tasks.json")


def test_labels_of_a_data_set_may_be_an_export(photos, tmp_path, cache_dir):
    names = sorted(file.name for file in photos.iterdir())
    tasks = [task(f"/data/local-files/?d=my/photos/{name}") for name in names]
    tasks[3]["annotations"] = [annotation("birch")]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    dataset = Unlabelled(
        **{"root": photos, "labels": tmp_path / "tasks.json", "classes": ["ash", "birch"]},
        **{"image_size": 16, "channels": 1, "data_dir": tmp_path, "cache_dir": cache_dir},
    )
    assert {name: label for name, label in dataset.find().labels.items() if label >= 0} == {
        names[3]: 1
    }


def test_people_and_seconds_of_an_export_are_kept(program, photos, tmp_path):
    names = sorted(file.name for file in photos.iterdir())
    tasks = [
        task(f"/data/local-files/?d={name}", annotation(name[3:-4], by=place % 2, seconds=place))
        for place, name in enumerate(names)
    ]
    (tmp_path / "people.json").write_text(json.dumps(tasks))
    program(
        *("dataset=unlabelled", f"dataset.root={photos}", "dataset.evaluation_size=9"),
        *("dataset.classes=[ash,birch,cedar]", "dataset.image_size=16", "dataset.channels=1"),
        *("oracle=replay", "oracle.table=people.json", "rounds=1"),
    )
    run = tmp_path / "outputs" / "run"
    cli.main(["export", str(run)])
    with (run / "labels.csv").open(newline="") as file:
        labels = list(csv.DictReader(file))
    assert len(labels) == 6 + 9
    for row in labels:
        place = names.index(row["image"])
        assert (row["label"], row["who"]) == (row["image"][3:-4], str(place % 2))
        assert float(row["seconds"]) == place
        assert row["when"] == "2026-01-02T03:04:05.678901Z"
    cli.main(["export", str(run), "--to", "label-studio"])
    again = read_table(run / "label-studio.json")
    assert [(row.image, row.label, row.who, row.seconds) for row in again if row.label] == [
        (row["image"], row["label"], row["who"], float(row["seconds"])) for row in labels
    ]
