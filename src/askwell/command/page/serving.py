"""Serving the page of a session on a socket, until it is interrupted."""

import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from askwell.command.page.access import Access
from askwell.command.page.app import build
from askwell.command.page.asking import Asking
from askwell.command.page.keeper import Keeper
from askwell.command.page.session import Session
from askwell.command.page.start import Photos
from askwell.command.page.warm import Warm
from askwell.command.resume import command_to_resume


def serve(
    listener: socket.socket,
    photos: Photos | None,
    folders: Sequence[Path],
    people: Sequence[str],
    *,
    host: str,
    overlap: float = 0.0,
    blind: bool = False,
    trust: bool = False,
    warm: Warm | None = None,
    opened: Callable[[str], object] = lambda address: None,
) -> None:
    """Prints the address of each of `people`, and serves them.

    `opened` is called with the first address before the server starts, so it must not wait for a
    response.
    """
    session = Session([Asking(folder) for folder in folders], people, overlap, blind)
    if photos is None and not trust:
        for folder in folders:
            command_to_resume(folder.absolute())  # refused now rather than after many answers
    access = Access.of(people, host, listener.getsockname()[1])
    keeper = Keeper(session, photos, trust, lambda folder: export_words(folder, trust), warm)
    config = uvicorn.Config(
        build(session, keeper, access),
        log_level="error",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    keeper.start()
    try:
        for person in people:
            name = f"{person}: " if len(people) > 1 else ""
            print(f"{name}{access.address(person)}", flush=True)
        opened(access.address(people[0]))
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        keeper.stop()
    sys.stdout.flush()


def export_words(folder: Path, trust: bool) -> list[str]:
    """What Python is given to write the results of a run into its folder."""
    flags = ["--trust"] if trust else []
    return ["-m", "askwell.command.page.export_process", str(folder), *flags]
