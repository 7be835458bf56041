"""What the page's process does besides serving: it starts each run when it can resume."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from threading import Event, Thread
from typing import Any

from askwell.command.page.asking import Asking
from askwell.command.page.child import Child
from askwell.command.page.joining import Joining
from askwell.command.page.session import Session
from askwell.command.page.start import Photos
from askwell.command.page.warm import Warm
from askwell.command.resume import Command, command_to_resume
from askwell.errors import UserError
from askwell.run.run_json import in_use

ADDED = (
    "A class was added: the network starts again with all answers so far. Images of the evaluation "
    "sample that were none of the classes are asked about again."
)
NEWS = 60
"""Seconds for which it is shown that a class was added."""
PAUSE = 0.1
"""Seconds between two looks at the runs."""


class Keeper:
    """Keeps the runs of a session going, one process at a time."""

    def __init__(
        self,
        session: Session,
        photos: Photos | None = None,
        trust: bool = False,
        export: Callable[[Path], Sequence[str]] | None = None,
        warm: Warm | None = None,
    ) -> None:
        self.warm = warm
        self.session, self.photos, self.trust, self.export = session, photos, trust, export
        self.children = {asking: Child(asking.folder) for asking in session.askings}
        self.joining = {asking: Joining(asking.folder) for asking in session.askings}
        self.exporting: set[Asking] = set()  # of which the results are wanted
        self.writing: set[Asking] = set()  # of which they are being written
        self.elsewhere: set[Asking] = set()  # at which a process of another page is at work
        self.finished: str | None = None  # what came of the last export
        self.added = -inf  # when a class was added
        self.trouble: str | None = None  # why the last look failed
        self._name_classes()
        self._over, self._woken = Event(), Event()
        self._thread = Thread(target=self._watch, name="keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Has the runs looked at now."""
        self._woken.set()

    def stop(self) -> None:
        """Ends the watch, and the processes."""
        self._over.set()
        self._woken.set()
        self._thread.join()
        for child in self.children.values():
            child.stop()
        for joining in self.joining.values():
            joining.stop()

    def _watch(self) -> None:
        while not self._over.is_set():
            self._woken.wait(PAUSE)
            self._woken.clear()
            try:
                self.look()
                self.trouble = None
            except (UserError, OSError) as error:
                self.trouble = str(error)
                time.sleep(1)

    def look(self) -> None:
        """Notices what has ended, and starts what can resume."""
        self.session.refresh()
        with self.session.lock:
            for asking, child in self.children.items():
                child.poll(lambda code, asking=asking: self._ended(asking, code))  # type: ignore[misc]
                if child.fault is not None and in_use(asking.folder):
                    child.forget_fault()  # a process of an earlier page claimed the run first
            if not any(child.runs for child in self.children.values()):
                self._start_next()

    def _start_next(self) -> None:
        due = [
            asking
            for asking, child in self.children.items()
            if child.fault is None and (asking in self.exporting or self._is_due(asking))
        ]
        # A process that an earlier page started may still be at work.
        self.elsewhere = {asking for asking in due if in_use(asking.folder)}
        for asking in due:
            if asking not in self.elsewhere:
                self._begin(asking)
                return
        if self.warm is not None:
            self.warm.prepare()  # while people answer: a run that trains wants all cores
            for asking, joining in self.joining.items():
                if asking.grows_later and asking.status == "waiting":
                    joining.start()

    def _begin(self, asking: Asking) -> None:
        child = self.children[asking]
        if self._is_due(asking):
            if self.photos is not None and self.photos.restart_where_classes_changed():
                self.added = time.monotonic()
                self.joining[asking].stop()  # its settings have moved
                self.joining[asking] = Joining(asking.folder)
                self.session.refresh()
            self.session.offer_meanwhile(asking)
            command = self._command(asking)
            child.resume(command, self.warm)
        elif self.export is not None:
            self.writing.add(asking)
            child.start(Path.cwd(), self.export(asking.folder))

    def _is_due(self, asking: Asking) -> bool:
        if self.photos is not None and not self.photos.is_ready:
            return False
        if self._classes_changed(asking):
            return True
        return asking.settles or asking.status not in ("waiting", "finished")

    def _classes_changed(self, asking: Asking) -> bool:
        if self.photos is None or not self.photos.classes or not asking.run.get("classes"):
            return False
        return tuple(asking.run["classes"]) != self.photos.classes

    def _command(self, asking: Asking) -> Command:
        if self.photos is not None:
            return self.photos.command()
        return command_to_resume(asking.folder.absolute(), (), self.trust)

    def _ended(self, asking: Asking, code: int) -> None:
        if asking in self.writing:
            self.writing.discard(asking)
            self.exporting.discard(asking)
            self.finished = str(asking.folder) if code == 0 else None
            return
        self.session.refresh()
        self.session.offer_all(asking)

    def finish(self) -> None:
        """Has labels.csv, predictions.csv and model/ written, once no run trains."""
        self.exporting |= set(self.session.askings)
        self.finished = None
        self.wake()

    def add_classes(self, names: Sequence[str]) -> None:
        """Adds classes. Raises UserError where one cannot be, or where the classes are set."""
        if self.photos is None:
            raise UserError("classes are added where photos are labelled by askwell label FOLDER")
        with self.session.lock:
            run = self.session.askings[0].run
            if not self.photos.classes and run.get("classes"):
                self.photos = replace(self.photos, classes=tuple(run["classes"]))
            self.photos = self.photos.with_classes(names)
            self._name_classes()
        self.wake()

    def _name_classes(self) -> None:
        for asking in self.session.askings if self.photos is not None else ():
            asking.named = list(self.photos.classes) if self.photos is not None else []

    def again(self) -> None:
        """Lets failed runs be started again."""
        for child in self.children.values():
            child.forget_fault()
        self.wake()

    def state(self) -> dict[str, Any]:
        """What is going on, for the page."""
        busy = [asking for asking, child in self.children.items() if child.runs]
        added = ADDED if time.monotonic() - self.added < NEWS else None
        faults = [child.fault for child in self.children.values() if child.fault]
        return {
            "training": bool(set(busy) - self.writing or self.elsewhere),
            "exporting": bool(self.exporting),
            "seconds_running": max((self.children[one].seconds for one in busy), default=0.0),
            "took": max((child.took for child in self.children.values()), default=0.0),
            "line": self.children[busy[0]].last_line if busy else "",
            "fault": faults[0] if faults else None,
            "notice": self.trouble or added,
            "finished": self.finished,
            "ready": self.photos is None or self.photos.is_ready,
            "grows": self.photos is not None,
            "named": list(self.photos.classes) if self.photos is not None else [],
        }
