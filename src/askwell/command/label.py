"""`askwell label`: the page on which people label, until it is stopped."""

import getpass
import socket
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from askwell.command.browser import open_browser
from askwell.errors import UserError
from askwell.text import visible

PORT = 8765
"""The port unless it is in use, so that a page that is still open finds its server again."""
TELLS = "label images in the browser: a folder of photos, a run that waits, or a sweep"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def add_label(commands: Any) -> None:
    """Adds the command to the parser of `askwell`."""
    # All words are left to a parser that lets flags and settings come in any order.
    command = commands.add_parser("label", help=TELLS, add_help=False, prefix_chars="\0")
    command.add_argument("words", nargs="*")
    command.set_defaults(work=lambda chosen: label(parser().parse_intermixed_args(chosen.words)))


def parser() -> ArgumentParser:
    """What follows `askwell label`."""
    command = ArgumentParser(prog="askwell label", description=TELLS)
    command.add_argument("subject", metavar="FOLDER", help="of photos, of a run, or of a sweep")
    command.add_argument("overrides", nargs="*", metavar="OVERRIDE", help="as for train.py")
    command.add_argument("--classes", default="", help="names separated by commas")
    command.add_argument(
        "--labels", help="labels that you have: csv image,label, or Label Studio's JSON"
    )
    command.add_argument("--run", help="the name of the run; label-FOLDER unless said otherwise")
    command.add_argument("--host", default="127.0.0.1", help="whom the page is shown to")
    command.add_argument("--port", type=int, help=f"{PORT}, or a free one, unless said otherwise")
    command.add_argument("--people", default="", help="who labels: each gets an address")
    command.add_argument("--overlap", type=float, help="the share of images asked of two people")
    command.add_argument("--blind", action="store_true", help="never show what the network thinks")
    command.add_argument("--no-browser", action="store_true", help="only print the address")
    command.add_argument("--trust", action="store_true", help="run what is not Askwell's, too")
    return command


def label(chosen: Namespace, opened: Callable[[str], object] | None = None) -> None:
    """Serves the page until it is interrupted. `opened` is given its address, instead of a browser.

    Raises UserError for what cannot be labelled.
    """
    if find_spec("fastapi") is None or find_spec("uvicorn") is None:
        raise UserError("the page needs fastapi and uvicorn: pip install askwell[label]")
    from askwell.command.page.warm import Warm

    with Warm() as warm:
        if Path(chosen.subject).is_dir():
            warm.prepare()  # beside the imports of this process
        _serve(chosen, warm, opened or _opens(chosen))


def _serve(chosen: Namespace, warm: Any, opened: Callable[[str], object]) -> None:
    photos, folders = subject_of(chosen)
    from askwell.command.page.access import people_of
    from askwell.command.page.handout import overlap_of
    from askwell.command.page.serving import serve

    people = people_of(chosen.people)
    overlap = overlap_of(chosen.overlap, people)
    if chosen.host not in LOOPBACK and not people:
        raise UserError(
            f"--host {visible(chosen.host)} shows the page to others: name them by --people, "
            "such as --people ada,bob, and each gets an address of their own"
        )
    with _listening(chosen.host, chosen.port) as listener, _claimed(folders):
        if photos is not None:
            photos.note()
        serve(
            listener,
            photos,
            folders,
            people or [_own_name()],
            host=chosen.host,
            overlap=overlap,
            blind=chosen.blind,
            trust=chosen.trust,
            warm=warm,
            opened=opened,
        )


def subject_of(chosen: Namespace) -> tuple[Any, list[Path]]:
    """The photos to label, where it is photos, and the folders of the runs that ask."""
    from askwell.command.page import start
    from askwell.command.page.asking_runs import runs_in

    folder = _folder(chosen.subject)
    if not folder.is_dir():
        raise UserError(f"there is no folder {visible(str(folder))}: name one of photos or a run")
    if runs := runs_in(folder):
        noted = start.Photos.noted(runs[0]) if runs == [folder] else None
        if chosen.classes or chosen.labels or chosen.run:
            raise UserError("--classes, --labels and --run are for photos: this folder holds runs")
        if noted is None and chosen.overrides:
            raise UserError("settings are for photos: resume the run by askwell resume to set them")
        if noted is not None:
            noted = start.refuse_different(noted, replace(noted, overrides=tuple(chosen.overrides)))
        return noted, _asking(runs, folder)
    return _photos(chosen, folder)


def _folder(subject: str) -> Path:
    """A folder as the run notes it: the same from wherever it is typed."""
    folder = Path(subject).absolute()
    return folder.resolve() if ".." in folder.parts else folder


def _asking(runs: Sequence[Path], folder: Path) -> list[Path]:
    """Those of the runs that are answered on the page. Raises UserError where none is."""
    from askwell.command.page.asking_runs import asks_on_a_page

    if asking := [run for run in runs if asks_on_a_page(run)]:
        return asking
    raise UserError(
        f"no run in {visible(str(folder))} asks on a page: start one with oracle=page, or answer "
        "its questions.csv"
    )


def _photos(chosen: Namespace, folder: Path) -> tuple[Any, list[Path]]:
    from askwell.command.page import start
    from askwell.command.page.asking_runs import folder_for, runs_in
    from askwell.command.page.class_names import named_classes
    from askwell.command.page.defaults import LARGE, defaults_for, remarks_on
    from askwell.images.tree import images_up_to

    place = folder_for(folder, chosen.run)
    if folder.resolve() in (place.resolve(), *place.resolve().parents):
        raise UserError(f"{visible(str(place))} is among the photos: call askwell elsewhere")
    labels = None if chosen.labels is None else str(Path(chosen.labels).absolute())
    if labels is not None and not Path(labels).is_file():
        raise UserError(
            f"there is no table {visible(labels)}: --labels names a csv image,label or a .json"
        )
    classes = named_classes(chosen.classes)
    wished = start.Photos(place, str(folder), classes, labels, tuple(chosen.overrides))
    noted = start.Photos.noted(place)
    photos = wished if noted is None else start.refuse_different(noted, wished)
    if noted is None and runs_in(place):
        raise UserError(f"{visible(str(place))} holds another run: choose a name by --run NAME")
    photos.check()
    images = images_up_to(folder, LARGE + 1 if noted is None else 1)
    if not images:
        raise UserError(f"{visible(str(folder))} holds no images: name a folder of photos")
    if noted is None:
        photos = replace(photos, defaults=defaults_for(photos.overrides, images))
        for remark in remarks_on(photos.overrides, images):
            print(f"askwell: {remark}", file=sys.stderr)
    return photos, [place]


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "me"


def _opens(chosen: Namespace) -> Any:
    """What is done with the address besides printing it."""
    if chosen.no_browser or not sys.stdout.isatty():
        return lambda address: None
    return open_browser


def _listening(host: str, port: int | None) -> socket.socket:
    """A socket that listens on the port, or on a free one where none was asked for."""
    if port is None:
        with suppress(UserError):
            return _bound(host, PORT)
    return _bound(host, port or 0)


def _bound(host: str, port: int) -> socket.socket:
    if not 0 <= port < 2**16:
        raise UserError(f"--port {port}: expected a number up to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(
            f"cannot listen on port {port} of {visible(host)} ({reason}): "
            "choose another one by --port"
        ) from error


@contextmanager
def _claimed(folders: Sequence[Path]) -> Iterator[None]:
    """Keeps other pages from the runs: they would start a second process for each."""
    with ExitStack() as stack:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                stack.enter_context(FileLock(folder / ".label.lock", timeout=0))
            except Timeout:
                raise UserError(
                    f"another askwell label serves {visible(str(folder))}: use the address that "
                    "it printed, or stop it"
                ) from None
        yield
