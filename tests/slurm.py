#!/usr/bin/env python3
"""A stand-in for Slurm on this machine: sbatch, srun, squeue and scontrol, by its name.

What it knows is in the folder SLURM_HERE. As soon as the file PREEMPT is there, it preempts the
first job, once: SIGTERM to all its processes, SIGKILL after a grace period. With HOLD nothing
starts.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(os.environ["SLURM_HERE"])
GRACE = 30.0


def sbatch(file: str) -> None:
    text = Path(file).read_text()
    number = 70 + len(list(HERE.glob("batch-*")))
    (HERE / f"batch-{number}").write_text(text)
    array = re.search(r"#SBATCH --array=0-(\d+)%", text)
    for task in range(int(array[1]) + 1) if array else [None]:
        raw, name = (
            (number * 1000 + (task or 0)),
            f"{number}" + ("" if task is None else f"_{task}"),
        )
        (HERE / name).write_text(f"{raw} PENDING")
        if "HOLD" not in os.environ:
            words = [sys.executable, str(Path(__file__).resolve()), "run", file, name, str(raw)]
            subprocess.Popen(words, start_new_session=True, **SILENT)
    print(f"Submitted batch job {number}")


SILENT = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)


def run(file: str, name: str, raw: str) -> None:
    """What the controller of a cluster and a node of it do with a job."""
    array, _, task = name.partition("_")
    ids = {"SLURM_JOB_ID": raw, "SLURM_PROCID": "0", "SLURM_NTASKS": "1"}
    if task:
        ids |= {"SLURM_ARRAY_JOB_ID": array, "SLURM_ARRAY_TASK_ID": task}
    while True:
        (HERE / name).write_text(f"{raw} RUNNING")
        job = subprocess.Popen(["bash", file], env=os.environ | ids, start_new_session=True)
        _preempted_or_ended(job, HERE / f"step-{raw}")
        again = HERE / f"again-{name}"
        if not again.exists():
            break
        again.unlink()
    (HERE / name).unlink()
    (HERE / f"ended-{name}").write_text(str(job.returncode))


def _preempted_or_ended(job: "subprocess.Popen[bytes]", step: Path) -> None:
    """Signals the processes of the step, as Slurm does, not the shell around them."""
    wished, marker, first = os.environ.get("PREEMPT"), HERE / "preempted", step.name.endswith("000")
    while job.poll() is None:
        time.sleep(0.02)
        if first and wished and Path(wished).exists() and not marker.exists():
            marker.touch()
            os.killpg(int(step.read_text()), signal.SIGTERM)
            try:
                job.wait(GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(int(step.read_text()), signal.SIGKILL)


def srun(*words: str) -> None:
    taken = {words[at]: words[at + 1] for at in range(len(words) - 1) if words[at].startswith("--")}
    command = words[words.index("--error") + 2 :]
    ids = {"%A": "SLURM_ARRAY_JOB_ID", "%a": "SLURM_ARRAY_TASK_ID", "%j": "SLURM_JOB_ID"}
    for number, option in ((1, "--output"), (2, "--error")):
        name = taken[option].replace("%t", "0")
        for letter, variable in ids.items():
            name = name.replace(letter, os.environ.get(variable, ""))
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.setsid()
    (HERE / f"step-{os.environ['SLURM_JOB_ID']}").write_text(str(os.getpid()))
    os.execv(command[0], command)


def squeue(*words: str) -> None:
    asked = next(word.partition("=")[2] for word in words if word.startswith("--jobs=")).split(",")
    for file in HERE.glob("[0-9]*"):
        raw, state = file.read_text().split()
        if {file.name, file.name.partition("_")[0], raw} & set(asked):
            print(state if "--format=%T" in words else file.name)


def scontrol(action: str, name: str) -> None:
    assert action == "requeue"
    (HERE / f"again-{name}").touch()


if __name__ == "__main__":
    called = Path(sys.argv[0]).name
    words = sys.argv[1:]
    if called == "slurm.py":
        called, *words = words
    globals()[called](*words)
