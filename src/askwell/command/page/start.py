"""The run that labels a folder of photos: what it was asked for, and how it is started."""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from askwell.command.overrides import latest, quoted, setting_of, understood
from askwell.command.page.asking import without_settled
from askwell.command.page.class_names import REFERENCE, with_names
from askwell.command.page.defaults import FORMER
from askwell.command.resume import SCRIPT, Command
from askwell.command.trust import foreign
from askwell.errors import UserError
from askwell.files import write_json, write_whole
from askwell.images.image_list import LIST, read_list
from askwell.images.label_row import Row
from askwell.oracle.answers import KINDS, NONE_OF_THESE
from askwell.oracle.events import UNDO, AnswerLog, Event, current
from askwell.oracle.people import LOG
from askwell.run.notes import FOLDER
from askwell.run.question import EVALUATION, table
from askwell.run.run_json import read_run
from askwell.text import first_of, visible, writable

NOTE, GIVEN = "label.json", "given.csv"
LISTS = ("classes", "overrides", "defaults")

NONE = next(word for word, kind in KINDS.items() if kind == NONE_OF_THESE)

RANDOM = "initial=random"
FEW = 20
"""Classes that a query of the usual size holds an image of each of."""

OF_A_RUN = (
    *("run.json", "rounds.jsonl", "queries.csv", EVALUATION, "pending.json", "questions.csv"),
    *("relabelled.csv", "review.json"),
    *("queried.jsonl", "asked.json", "checkpoints", "snapshots", FOLDER, "train.log"),
)
"""What a new run in the same folder begins without."""


@dataclass(frozen=True)
class Photos:
    """A folder of photos to be labelled, by the run in `folder`; noted there, so that the command
    needs no more than the photos to resume.
    """

    folder: Path
    photos: str
    classes: tuple[str, ...] = ()
    labels: str | None = None
    overrides: tuple[str, ...] = field(default=())
    defaults: tuple[str, ...] = FORMER  # what the run began with, unless its command says otherwise

    @classmethod
    def noted(cls, folder: Path) -> "Photos | None":
        """What was noted in `folder`; None where nothing is. Raises UserError for a damaged note,
        and for one that could run what is not Askwell's.
        """
        file = folder / NOTE
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            content = {"defaults": FORMER, **content}
            words = {name: tuple(map(str, content[name])) for name in LISTS}
            labels = content["labels"] and str(content["labels"])
            noted = cls(folder, str(content["photos"]), labels=labels, **words)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{file} is damaged ({error}): put back a copy of it") from error
        if found := foreign((*noted.overrides, *noted.defaults)):
            named = first_of([visible(word) for word in found])
            raise UserError(f"{file} names what is not Askwell's and could run anything: {named}")
        return noted

    def note(self) -> None:
        """Keeps this in the run's folder."""
        facts = {name: value for name, value in asdict(self).items() if name != "folder"}
        write_json(self.folder / NOTE, facts)

    def check(self) -> None:
        """Raises UserError for what the page could not begin with."""
        if len(self.classes) == 1 or len(set(self.classes)) < len(self.classes):
            raise UserError(
                "--classes must name at least two classes, each once, such as --classes cat,dog"
            )
        if words := [name for name in self.classes if name in KINDS]:
            raise UserError(f"a class cannot be called {words[0]!r}, which is an answer of its own")
        texts = (self.photos, str(self.folder), self.labels or "", *self.classes)
        if found := [text for text in texts if REFERENCE in text]:
            raise UserError(
                f"{visible(found[0])} holds {REFERENCE}, which settings cannot: rename it"
            )
        understood(self.overrides)

    @property
    def is_ready(self) -> bool:
        """Whether a run can begin: there are classes, or labels that name them."""
        return len(self.classes) > 1 or self.labels is not None

    def command(self) -> Command:
        """What begins the run, or resumes it."""
        given = self.folder / GIVEN
        labels = str(given) if given.exists() else self.labels
        words = [
            *understood(self.defaults),
            f"dataset.root={quoted(self.photos)}",
            *([f"dataset.classes=[{','.join(map(quoted, self.classes))}]"] if self.classes else []),
            *([f"dataset.labels={quoted(labels)}"] if labels else []),
            *self._initial_size(labels is not None),
            *understood(self.overrides),
            f"name={quoted(self.folder.name)}",
            f"hydra.run.dir={quoted(self.folder)}",
            "resume=true",
        ]
        return Command(Path.cwd(), SCRIPT if SCRIPT.is_file() else None, latest(words))

    def _initial_size(self, has_labels: bool) -> list[str]:
        """The size of the first query: a random one holds an image per class at least, unless there
        are labels to begin with. A run keeps what it began with.
        """
        began = (read_run(self.folder) or {}).get("config")
        if began is not None:
            size = began.get("initial_size")
            return [] if size is None else [f"initial_size={size}"]
        chosen = {setting_of(word): word for word in (*self.defaults, *self.overrides)}
        is_random = chosen.get("initial", RANDOM) == RANDOM
        few = len(self.classes) <= FEW or has_labels or not is_random
        return [] if few else [f"initial_size={len(self.classes)}"]

    def with_classes(self, names: Iterable[str]) -> "Photos":
        """The same with more classes, noted. Raises UserError for a name that cannot be one; then
        nothing changes.
        """
        more = replace(self, classes=with_names(self.classes, names))
        more.note()
        return more

    def restart_where_classes_changed(self) -> bool:
        """Clears the way for a new run where the classes are not those of the run in the folder:
        all answers so far are its labels from the start. Whether it did; safe to be killed and
        called again.

        Images of the evaluation sample that were none of the former classes are asked about again,
        or the accuracy would be that of the former classes alone.
        """
        run = read_run(self.folder)
        if run is None or not self.classes or tuple(run.get("classes", ())) == self.classes:
            return False
        if "classes" not in run:  # it ended before it knew
            return False
        former = self._former()
        self._give_labels(former)
        log = AnswerLog(self.folder / LOG)
        said = without_settled(log.read())
        said += _asked_again(said, self._held)
        kept = "".join(json.dumps(event) + "\n" for event in said)
        if log.path.exists() and not (former / LOG).exists():
            shutil.copyfile(log.path, former / LOG)
        write_whole(log.path, kept.encode())
        for name in OF_A_RUN[::-1]:  # run.json last, by which it is known that this is to be done
            if (self.folder / name).exists():
                os.replace(self.folder / name, former / name)
        return True

    @property
    def _held(self) -> set[int]:
        """The evaluation sample."""
        known = read_list(self.folder / LIST)
        return set() if known is None else set(known.first.held)

    def _former(self) -> Path:
        """Where the run so far is kept: the last folder if its move was cut short."""
        number = len(list(self.folder.glob("former-*")))
        last = self.folder / f"former-{number}"
        if number and not (last / "run.json").exists():
            return last
        folder = self.folder / f"former-{number + 1}"
        folder.mkdir()
        return folder

    def _give_labels(self, former: Path) -> None:
        """Writes given.csv: the labels that people gave, those for evaluation apart, and those
        that were there.
        """
        known = read_list(self.folder / LIST)
        if known is None or (former / "queries.csv").exists():
            return
        words = current(AnswerLog(self.folder / LOG).read())
        rows = {
            known.names[index]: Row(LOG, known.names[index], word)
            for index, word in words.items()
            if index not in self._held and word in self.classes
        }
        rows = {name: row for name, row in rows.items() if _is_text(name)}
        rows |= _had(self.folder / GIVEN if (self.folder / GIVEN).exists() else self.labels)
        if rows:
            content = [row[1:] for _, row in sorted(rows.items())]
            write_whole(self.folder / GIVEN, table(Row._fields[1:], content))


def _asked_again(events: list[Event], held: set[int]) -> list[Event]:
    """What takes back that images of the evaluation sample are none of the classes."""
    last = {event["index"]: event for event in events if event.get("index") in held}
    return [
        {key: event[key] for key in ("index", "image", "name", "at") if key in event}
        | {"kind": UNDO}
        for event in last.values()
        if event["kind"] == NONE
    ]


def _is_text(name: str) -> bool:
    """Whether a table can name a file; the others are answered when they are asked about again."""
    return name == name.strip() == writable(name)


def _had(labels: str | Path | None) -> dict[str, Row]:
    from askwell.images.label_table import read_table

    if labels is None:
        return {}
    return {row.image: row for row in read_table(Path(labels)) if row.label}


def refuse_different(noted: Photos, asked: Photos) -> Photos:
    """What was noted, as the command line now wants it: more classes may be named, and settings
    changed. Raises UserError where it is about other photos.
    """
    if os.path.realpath(noted.photos) != os.path.realpath(asked.photos):
        raise UserError(
            f"{noted.folder} labels {visible(noted.photos)}: choose another name by --run NAME"
        )
    gone = [name for name in noted.classes if asked.classes and name not in asked.classes]
    if gone:
        raise UserError(
            f"the run has the classes {first_of(list(map(visible, noted.classes)))}: "
            "name them all, and more if you wish, or choose another name by --run NAME"
        )
    new = tuple(name for name in asked.classes if name not in noted.classes)
    return replace(
        noted,
        classes=(*noted.classes, *new),
        labels=asked.labels or noted.labels,
        overrides=tuple(latest([*noted.overrides, *asked.overrides])),
    )
