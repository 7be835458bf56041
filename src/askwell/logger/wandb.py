"""The default logger: Weights & Biases, which never stops a run."""

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import wandb
from pytorch_lightning import loggers
from pytorch_lightning.loggers.logger import DummyExperiment, rank_zero_experiment
from pytorch_lightning.utilities import rank_zero_only

from askwell.logger.session import brief, give_up_service, open_run, say, staged_below, wished_mode
from askwell.logger.writer import Confusion, Gallery, RoundWriter

CONFUSION_CHART = "wandb/confusion_matrix/v1"
CONFUSION_COLUMNS = ("Actual", "Predicted", "nPredictions")

ID_FILE = "wandb-id"
"""The file in a run's folder with the id under which W&B continues after a resume."""


class WandbLogger(loggers.WandbLogger, RoundWriter):
    """Online with a key, else offline; it never prompts, and if W&B fails the run continues.

    Runs whose `run_dir` lies below `sweep_dir` share one `wandb` folder there. `mode` is auto,
    online, offline or disabled; auto follows WANDB_MODE. `init` holds further arguments of
    wandb.init.
    """

    def __init__(
        self,
        run_dir: str,
        sweep_dir: str | None = None,
        mode: str = "auto",
        id: str | None = None,
        init_timeout: float = 10.0,
        finish_timeout: float = 30.0,
        **init: Any,
    ) -> None:
        super().__init__(save_dir=common_folder(run_dir, sweep_dir), id=id, **init)
        # Lightning passes it on each run, and wandb warns about it on each run.
        self._wandb_init.pop("anonymous")
        self.mode, self.id_file = wished_mode(mode), Path(run_dir, ID_FILE)
        self.settings = {"init_timeout": init_timeout, "finish_timeout": finish_timeout}

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The wandb run, opened on first use; a dummy once W&B has failed."""
        if self._experiment is None and getattr(self, "_attach_id", None) is None:
            with self._guard():
                self._experiment = self._open()
        return super().experiment

    @property
    def alive(self) -> bool:
        """Whether this process has a wandb run to write to."""
        return not isinstance(self.experiment, DummyExperiment)

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace) -> None:
        if self.alive:
            with self._guard():
                super().log_hyperparams(params)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        with self._guard():
            super().log_metrics(metrics, step)

    def write_numbers(self, numbers: Mapping[str, float], labels: int) -> None:
        self.log_metrics({**numbers, "labels": labels})

    def write_gallery(self, name: str, gallery: Gallery, labels: int) -> None:
        pixels = gallery.pixels.transpose(0, 2, 3, 1)
        with self._guard():
            images = [
                wandb.Image(image, caption=line)
                for image, line in zip(pixels, gallery.captions, strict=True)
            ]
            self.log_metrics({name: images, "labels": labels})

    def write_confusion(self, confusion: Confusion, labels: int) -> None:
        with self._guard():
            chart = wandb.plot_table(
                vega_spec_name=CONFUSION_CHART,
                data_table=wandb.Table(
                    columns=list(CONFUSION_COLUMNS), data=list(confusion.rows())
                ),
                fields={column: column for column in CONFUSION_COLUMNS},
                string_fields={"title": f"Confusion at {labels} labels"},
            )
            self.log_metrics({"confusion": chart, "labels": labels})

    def write_summary(self, summary: Mapping[str, float | int | None]) -> None:
        if self.alive:
            with self._guard():
                self.experiment.summary.update(dict(summary))

    def finish(self, failed: bool) -> None:
        """Ends the W&B run within `finish_timeout`, however slow the network; never raises."""
        if self._experiment is not None and self.alive:
            with self._guard():
                self._experiment.finish(exit_code=int(failed))

    def _open(self) -> wandb.Run:
        init = {
            name: value for name, value in self._wandb_init.items() if name not in {"id", "dir"}
        }
        run = open_run(
            self.mode,
            self._save_dir or ".",
            self._id or self._remembered_id(),
            self.settings,
            **init,
        )
        self.id_file.parent.mkdir(parents=True, exist_ok=True)
        self.id_file.write_text(run.id)
        run.define_metric("labels")
        run.define_metric("trainer/global_step")
        run.define_metric("*", step_metric="labels", step_sync=True)
        return run

    def _remembered_id(self) -> str | None:
        return self.id_file.read_text().strip() if self.id_file.exists() else None

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Reports a failure of W&B once and stops using it; it is never the only record."""
        try:
            with staged_below(self._save_dir or "."):
                yield
        except Exception as error:  # of any kind: no fault of W&B may end a run
            self._experiment = DummyExperiment()  # type: ignore[assignment]  # Lightning's own stand-in for a run
            give_up_service()
            say(
                f"W&B is off for the rest of this run ({brief(error)}); the files of the run are "
                "complete without it"
            )


def common_folder(run_dir: str, sweep_dir: str | None) -> str:
    """`sweep_dir` for a run below it, so that one `wandb` folder shows a sweep; else the run's."""
    if sweep_dir is not None and Path(run_dir).resolve().is_relative_to(Path(sweep_dir).resolve()):
        return sweep_dir
    return run_dir
