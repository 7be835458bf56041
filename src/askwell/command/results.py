"""`askwell export` and `askwell predict`: what a run leaves, in forms that others read."""

import csv
import io
import json
import os
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from askwell.errors import UserError
from askwell.files import told_in_a_line, write_whole
from askwell.text import first_of, visible

if TYPE_CHECKING:
    from askwell.command.page.labels import Labelled
    from askwell.command.trained import Trained

FORMS = ("csv", "folder", "label-studio")
TRUST = "--trust"
LONGEST = 100
"""Letters of a folder's name."""


def add_results(commands: Any) -> None:
    """Adds both commands to the parser of `askwell`."""
    tells = "write what a run has brought: labels and predictions"
    export: ArgumentParser = commands.add_parser("export", help=tells, description=tells)
    export.add_argument("run", metavar="RUN", help="the folder of a run")
    export.add_argument("--to", choices=FORMS, default="csv", help="csv unless said otherwise")
    export.add_argument("--output", help="where it goes; into the run's folder otherwise")
    export.add_argument(TRUST, action="store_true", help="build a model that is not Askwell's")
    export.set_defaults(work=_export)
    tells = "classify new photos: csv image,label and the probability of each class"
    predict: ArgumentParser = commands.add_parser("predict", help=tells, description=tells)
    predict.add_argument("run", metavar="RUN", help="the folder of a run")
    predict.add_argument("photos", metavar="PHOTOS", help="a folder of photos, or one of them")
    predict.add_argument("--output", help="the file; printed otherwise")
    predict.add_argument(TRUST, action="store_true", help="build a model that is not Askwell's")
    predict.set_defaults(work=_predict)


def _export(chosen: Namespace) -> None:
    run, output = Path(chosen.run), chosen.output and Path(chosen.output)
    if chosen.to == "csv":
        export_csv(run, output or run, chosen.trust)
    elif chosen.to == "folder":
        export_folder(run, output or run / "labelled", is_own=output is None)
    else:
        export_label_studio(run, output or run / "label-studio.json")


def export_csv(run: Path, output: Path, trust: bool = False) -> None:
    """Writes labels.csv, and predictions.csv for all other images, into the folder `output`."""
    from askwell.command.page.labels import labels_of, labels_table, unusable
    from askwell.command.trained import Trained

    labels = labels_of(run)
    write_whole(output / "labels.csv", labels_table(labels))
    print(f"{output / 'labels.csv'}: {len(labels)} labels")
    try:
        trained = Trained.of(run, trust)
    except UserError as error:
        print(f"no predictions: {error}")
        return
    done = {one.index for one in labels} | unusable(run)
    names, files = _others(run, done)
    content = _predictions(trained, names, files)
    write_whole(output / "predictions.csv", content)
    print(f"{output / 'predictions.csv'}: {len(_rows(content))} predictions")


def _others(run: Path, done: set[int]) -> tuple[list[str], list[Path]]:
    """Names and files of all images of a run but those that are `done`."""
    from askwell.command.page.place import Place

    place = Place(run)
    if place.root is None or not place.names:
        return [], []
    names = [name for index, name in enumerate(place.names) if index not in done]
    return names, [place.root / name for name in names]


def _predictions(trained: "Trained", names: Sequence[str], files: Sequence[Path]) -> bytes:
    """A table of image, label and the probability of each class, of those that can be read."""
    from askwell.run.question import table

    rows = []
    for place, probabilities in trained.probabilities(files):
        best = trained.classes[int(probabilities.argmax())]
        rows.append([names[place], best, *(f"{share:.6f}" for share in probabilities.tolist())])
    return table(["image", "label", *trained.classes], rows)


def _rows(content: bytes) -> list[list[str]]:
    """The rows of a table below its header."""
    text = io.StringIO(content.decode("utf-8", "surrogateescape"), newline="")
    return list(csv.reader(text))[1:]


def export_folder(run: Path, output: Path, is_own: bool = False) -> None:
    """Writes a folder for each class, with links to its images, or copies where links cannot be.

    Raises UserError where the images are no files, and where `output` holds something already.
    """
    from askwell.command.page.labels import labels_of
    from askwell.command.page.place import Place

    place, labels = Place(run), labels_of(run)
    root = place.root
    if root is None:
        raise UserError(f"the images of {run} are no files: export --to csv")
    if root.resolve() in (output.resolve(), *output.resolve().parents):
        raise UserError(f"{output} is among the photos: choose another place by --output")
    if is_own:
        shutil.rmtree(output, ignore_errors=True)
    elif output.exists() and any(output.iterdir()):
        raise UserError(f"{output} holds something already: choose another place by --output")
    folders = class_folders(list(dict.fromkeys(one.label for one in labels)))
    links = 0
    with told_in_a_line(output):
        for one in labels:
            source = root / one.name
            target = output / folders[one.label] / f"{one.index:06}-{source.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            links += _link(source, target)
    print(f"{output}: {links} of {len(labels)} labelled images, in {len(folders)} class folders")


def class_folders(classes: Sequence[str]) -> dict[str, str]:
    """A name of a folder for each class, different ones for different classes.

    >>> class_folders(["cat", "a/b", "a:b", ".."])
    {'cat': 'cat', 'a/b': 'a_b', 'a:b': 'a_b 2', '..': '_'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in classes:
        plain = "".join("_" if letter in '/\\:*?"<>|' else letter for letter in visible(name))
        plain = plain.strip(" .")[:LONGEST] or "_"
        number, wished = 1, plain
        while wished.casefold() in taken:
            number += 1
            wished = f"{plain} {number}"
        taken.add(wished.casefold())
        names[name] = wished
    return names


def _link(source: Path, target: Path) -> bool:
    """Whether the image is there."""
    if not source.is_file():
        return False
    try:
        target.symlink_to(source)
    except OSError:  # some file systems have no links
        shutil.copyfile(source, target)
    return True


def export_label_studio(run: Path, output: Path) -> None:
    """Writes the labels as tasks that Label Studio imports, with `lead_time` and `completed_by`."""
    from askwell.command.page.labels import labels_of

    labels = labels_of(run)
    people = list(dict.fromkeys(one.event.get("by", "") for one in labels))
    tasks = [_task(one, people.index(one.event.get("by", "")) + 1) for one in labels]
    write_whole(output, (json.dumps(tasks, indent=1) + "\n").encode())
    print(f"{output}: {len(tasks)} tasks, answered by {first_of(list(map(visible, people)))}")


def _task(one: "Labelled", person: int) -> dict[str, Any]:
    choice = {
        "from_name": "label",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": [one.label]},
    }
    name = quote(os.fsencode(one.name))
    answer: dict[str, Any] = {"result": [choice], "completed_by": person}
    if "seconds" in one.event:
        answer["lead_time"] = one.event["seconds"]
    return {"data": {"image": f"/data/local-files/?d={name}"}, "annotations": [answer]}


def _predict(chosen: Namespace) -> None:
    from askwell.command.trained import Trained
    from askwell.images.sources import name_below
    from askwell.images.tree import image_files

    photos = Path(chosen.photos).absolute()
    if not photos.exists():
        raise UserError(f"there is no {visible(str(photos))}: name a folder of photos")
    trained = Trained.of(Path(chosen.run), chosen.trust)
    root = photos if photos.is_dir() else photos.parent
    files = image_files(photos) if photos.is_dir() else [str(photos)]
    names = [name_below(str(root), file) for file in files]
    content = _predictions(trained, names, [Path(file) for file in files])
    if lost := len(files) - len(_rows(content)):
        print(f"askwell: {lost} of {len(files)} images cannot be read", file=sys.stderr)
    if chosen.output is None:
        print(content.decode("utf-8", "backslashreplace"), end="")
    else:
        write_whole(Path(chosen.output), content)
