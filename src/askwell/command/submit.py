"""A sweep handed to a cluster: one folder and one command line for each job, one array in Slurm.

The command lines are in `jobs.txt` of the sweep, whatever runs them.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from omegaconf import DictConfig, OmegaConf

from askwell.command import sweep
from askwell.command.capacity import AUTO
from askwell.command.cluster_job import ClusterJob
from askwell.command.composing import Composer
from askwell.command.overrides import parsed
from askwell.command.resume import foreign_in
from askwell.command.sweep_record import NUMBERED, overrides_in
from askwell.errors import UserError
from askwell.files import write_json, write_whole
from askwell.run.notes import UNRESOLVED, as_yaml, write_notes

JOBS = "jobs.txt"
QUEUED = Path("submitted", "queued.json")
"""In the sweep's folder: which job of Slurm each folder was last given to."""

SLURM, LOCAL, LIST = "slurm", "local", "list"
GENERIC = ("name", "timeout_min", "mem_gb", "cpus_per_task", "gpus_per_node")
"""What submitit calls the same in Slurm and on this machine."""


def refuse_here(settings: Mapping[str, Any], config: Any) -> None:
    """Raises UserError where this machine, or this kind of sweep, cannot be submitted."""
    to = settings["to"]
    if to not in (SLURM, LOCAL, LIST):
        raise UserError(f"hydra.launcher.to={to}: expected slurm, list or local")
    if to != LIST and find_spec("submitit") is None:
        raise UserError(
            "askwell submit needs submitit: pip install askwell[cluster], or write only the list "
            "of jobs by hydra.launcher.to=list"
        )
    if to == SLURM and (lacking := [one for one in COMMANDS if shutil.which(one) is None]):
        raise UserError(
            f"there is no {lacking[0]} on this machine: run askwell submit where Slurm is, or "
            "write only the list of jobs by hydra.launcher.to=list"
        )
    if sweep.sweeper_of(config.hydra) != "basic":
        raise UserError("hydra/sweeper waits for the results of jobs: askwell train -m runs it")
    if config.hydra.sweeper.get("max_batch_size"):
        raise UserError(
            "hydra.sweeper.max_batch_size: expected hydra.launcher.array_parallelism instead"
        )
    raw: Any = OmegaConf.to_container(config.hydra.sweep, resolve=False)
    if raw["subdir"] != NUMBERED:
        raise UserError("hydra.sweep.subdir: the folders of submitted jobs are numbered, remove it")
    if config.get("jobs", AUTO) not in (AUTO, 1):
        raise UserError(
            f"jobs={config.jobs}: expected hydra.launcher.array_parallelism={config.jobs} instead"
        )
    if to != LIST:
        with TemporaryDirectory() as elsewhere:  # submitit makes the folder that it is given
            _executor(settings, Path(elsewhere), config)


COMMANDS = ("sbatch", "srun", "squeue", "scontrol")
"""Of Slurm, those that are called."""


def refuse_job(job: Any) -> None:
    """Raises UserError for a job that cannot run by itself, in one process."""
    if str(job.oracle.get("_target_")).endswith(".Page"):
        raise UserError(
            "oracle=page asks people in a browser, and nobody is at a submitted job: choose "
            "oracle=file, or askwell label"
        )
    if str(job.trainer.get("devices", 1)) != "1" or job.trainer.get("num_nodes", 1) != 1:
        raise UserError(
            f"trainer.devices={job.trainer.devices} in a submitted sweep: give every job one "
            "device, trainer.devices=1"
        )


def submit(
    settings: Mapping[str, Any], context: Any, config: DictConfig, jobs: Sequence[Sequence[str]]
) -> None:
    """Writes the folders and the list of `jobs`, and hands over those that are not queued yet.

    A job is its overrides, the last of which names its folder.
    """
    sweep.started.clear()  # its report comes when its jobs have run
    folder = Path(config.hydra.sweep.dir).absolute()
    places = {folder / str(parsed(job[-1]).value()): list(job[:-1]) for job in jobs}
    known = _known(folder)
    queued = _in_queue(known.values()) if settings["to"] == SLURM else set()
    left = {place: job for place, job in places.items() if known.get(place.name) not in queued}
    if len(left) < len(places):
        print(f"{len(places) - len(left)} of {len(places)} jobs are queued or running already")
    if not left:
        return
    lines = _written(left, Composer(context.config_loader, config), config)
    write_whole(folder / JOBS, "".join(f"{shlex.join(line)}\n" for line in lines).encode())
    if settings["to"] == LIST:
        print(f"{folder / JOBS}: {len(lines)} jobs, one command line each")
        return
    numbers = _handed_over(settings, folder, config, [_here(line) for line in lines])
    if settings["to"] == SLURM:
        names = [place.name for place in left]
        write_json(folder / QUEUED, known | dict(zip(names, numbers, strict=True)))
    print(
        f"{len(lines)} jobs are queued as {numbers[0].partition('_')[0]}: askwell report "
        f"{shlex.quote(str(folder))} shows what they have measured"
    )


def _written(
    places: Mapping[Path, list[str]], compose: Composer, config: DictConfig
) -> list[list[str]]:
    """The command line of each job, whose folder holds what `askwell resume` needs of it."""
    lines = []
    for place, job in places.items():
        if overrides_in(place) != job:
            write_notes(place, _notes(config, job, compose(job)))
        trust = ["--trust"] if foreign_in(place) else []
        lines.append(["askwell", "resume", *trust, str(place)])
    return lines


def _notes(config: DictConfig, words: Sequence[str], job: DictConfig) -> dict[str, bytes]:
    """What Hydra would note of the job, as far as it is read before the job writes its own."""
    parts: Any = OmegaConf.to_container(config.hydra, **UNRESOLVED)
    hydra = {part: parts[part] for part in ("runtime", "overrides", "job")}
    hydra["overrides"]["task"] = list(words)
    content = OmegaConf.to_container(job, **UNRESOLVED)
    notes = {"hydra": {"hydra": hydra}, "config": content, "overrides": list(words)}
    return {f"{name}.yaml": as_yaml(content) for name, content in notes.items()}


def _here(line: Sequence[str]) -> list[str]:
    """The command line by the Python of this process, which need not be in the path there."""
    program = "from askwell.command.cli import main; main()"
    return [sys.executable, "-P", "-c", program, *line[1:]]


def _handed_over(
    settings: Mapping[str, Any], folder: Path, config: DictConfig, lines: Sequence[Sequence[str]]
) -> list[str]:
    """The numbers that the jobs have in the queue. Raises UserError for what sbatch refuses."""
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    try:
        jobs = _executor(settings, folder, config).map_array(ClusterJob(), lines)
    except (FailedJobError, FailedSubmissionError) as error:
        raise UserError(f"sbatch refused the jobs: {error}") from None
    return [job.job_id for job in jobs]


def _executor(settings: Mapping[str, Any], folder: Path, config: DictConfig) -> Any:
    """What hands jobs over. Raises UserError for settings that it does not understand."""
    from submitit import AutoExecutor

    given = {**_needs(config), **{name: one for name, one in settings.items() if one is not None}}
    given = {
        name: OmegaConf.to_object(one) if OmegaConf.is_config(one) else one
        for name, one in given.items()
    }
    given["additional_parameters"] = {"requeue": True} | given.get("additional_parameters", {})
    executor = AutoExecutor(
        folder / QUEUED.parent,
        cluster=given.pop("to"),
        slurm_max_num_timeout=given.pop("max_num_timeout"),
    )
    try:
        executor.update_parameters(
            **{name if name in GENERIC else f"slurm_{name}": one for name, one in given.items()}
        )
    except (AssertionError, NameError, ValueError) as error:
        raise UserError(f"hydra.launcher: {error}") from None
    return executor


def _needs(config: DictConfig) -> dict[str, int]:
    """What a job needs of a machine where the settings of the launcher do not say."""
    on_gpu = str(config.trainer.get("accelerator", "auto")) not in ("auto", "cpu")
    return {"cpus_per_task": config.threads or 1, **({"gpus_per_node": 1} if on_gpu else {})}


def _known(folder: Path) -> dict[str, str]:
    """The job of Slurm that each folder was last given to."""
    file = folder / QUEUED
    try:
        return dict(json.loads(file.read_text())) if file.exists() else {}
    except (ValueError, TypeError) as error:
        raise UserError(f"{file} is damaged: remove it once squeue shows no job of it") from error


def _in_queue(numbers: Any) -> set[str]:
    """Those jobs that wait or run; Slurm forgets others."""
    arrays = sorted({number.partition("_")[0] for number in numbers})
    if not arrays:
        return set()
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--jobs={','.join(arrays)}"]
    found = subprocess.run(command, capture_output=True, text=True)
    if found.returncode and not re.search("invalid job id", found.stderr, re.IGNORECASE):
        raise UserError(f"squeue does not answer ({found.stderr.strip()}): submit again later")
    return set(found.stdout.split())
