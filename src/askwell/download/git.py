"""The git command, run so that it never asks and never hangs."""

import os
import signal
import subprocess
from collections.abc import Sequence

from askwell.errors import UserError

# A dead network is abandoned after half a minute of silence.
PATIENCE = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30")
# No question for a password, on the terminal or in a window; and no other repository than the one
# that is named.
NO_PROMPT = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "SSH_ASKPASS": "true"}
BATCH = {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes", "LC_ALL": "C"}
FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")


def git(*arguments: str, text: str = "", timeout: float) -> str:
    """What `git <arguments>` prints, with `text` on its standard input.

    Raises UserError where git is missing, fails, or takes longer than `timeout` seconds.
    """
    try:
        process = _start(arguments)
    except OSError as error:
        raise UserError(f"cannot run git ({error.strerror}): install git") from error
    with process:
        try:
            output, complaint = process.communicate(text, timeout)
        except subprocess.TimeoutExpired as error:
            raise UserError(
                f"git {arguments[0]} took longer than {timeout:.0f} seconds and was stopped"
            ) from error
        finally:
            if process.poll() is None:
                # Its child processes hold the pipes and would outlive it.
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        raise UserError(f"git failed: {_reason(complaint)}")
    return output


def _start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return subprocess.Popen(
        ("git", *PATIENCE, *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment | NO_PROMPT | BATCH,
        start_new_session=True,
    )


def _reason(complaint: str) -> str:
    """The line that gives the reason: the first fatal one, otherwise the last."""
    lines = complaint.strip().splitlines() or ["it gave no reason"]
    return next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1])
