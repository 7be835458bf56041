"""A job as submitit runs it on a cluster: a command line, stopped and queued again where asked."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

PATIENCE = 60.0
"""Seconds that a run has to stop by itself. Then it is killed, from which it resumes as exactly."""

STOPPED = (128 + signal.SIGTERM, -signal.SIGTERM)
"""Exit codes after SIGTERM: of a run, and of a process before its run begins."""


class ClusterJob:
    """Runs the command line of a job; ends with its exit code.

    SIGTERM comes with a preemption, submitit's own signal before the time is up. Either stops the
    run, which keeps its last round, and queues the job again, which then resumes. A cancelled job
    is not queued again.
    """

    process: subprocess.Popen[bytes]

    def __call__(self, command: Sequence[str]) -> None:
        before_timeout = _signal_of_submitit()
        queue_again: Any = signal.getsignal(before_timeout)
        # Slurm sends it to every process; it is this one that stops the run.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {before_timeout})
        self.process = subprocess.Popen(command)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGTERM, lambda number, frame: self.process.terminate())
        # Not Popen.wait, which holds a lock that `checkpoint` would wait for in vain.
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        code = self.process.wait()
        if code in STOPPED and _is_preempted():
            queue_again(before_timeout, None)
        if code:
            sys.exit(code)

    def checkpoint(self, command: Sequence[str]) -> Any:
        """Stops the run, and returns what submitit queues again."""
        from submitit.helpers import DelayedSubmission

        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
        return DelayedSubmission(ClusterJob(), command)


def _signal_of_submitit() -> signal.Signals:
    from submitit import JobEnvironment

    return signal.Signals[f"SIG{JobEnvironment.USR_SIG}"]


def _is_preempted() -> bool:
    """Whether a stopped job has to queue itself again.

    Slurm counts a preempted job as running until its grace period is over; not one that was
    cancelled, nor one that it queues again itself.
    """
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        return True
    command = ["squeue", "--noheader", "--format=%T", f"--jobs={job}"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip() == "RUNNING"
