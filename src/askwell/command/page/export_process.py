"""What the page's Finish key has written, in a process of its own: RUN, and --trust or nothing."""

import sys
from pathlib import Path

from askwell.command.cli import with_user_errors
from askwell.command.results import TRUST, finish

if __name__ == "__main__":
    with_user_errors(lambda: finish(Path(sys.argv[1]), TRUST in sys.argv[2:]))
