"""Opening an address in the user's browser."""

import threading
import webbrowser
from contextlib import suppress

IN_TERMINAL = ("www-browser", "links", "elinks", "lynx", "w3m", "browsh")
"""Browsers that would take the terminal, and run no script; the only ones on many servers."""


def open_browser(address: str) -> None:
    """Opens `address` in a window, and does not wait for it; does nothing where none can open."""
    with suppress(webbrowser.Error):
        browser = webbrowser.get()
        if browser.name not in IN_TERMINAL:
            # One that is unknown may stay in the foreground until it is closed.
            threading.Thread(target=browser.open, args=[address], daemon=True).start()
