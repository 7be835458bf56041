"""The report's panels as a W&B workspace, of what is logged; comparisons have no panel."""

import os
from typing import Any

import wandb
from wandb_workspaces.reports.v2 import BarPlot, CustomChart, LinePlot, MediaBrowser, RunComparer
from wandb_workspaces.workspaces import (
    Config,
    RunsetSettings,
    Section,
    Workspace,
    WorkspaceSettings,
)

from askwell.command.composing import composed
from askwell.errors import UserError
from askwell.learning_curve import TARGETS, target_name
from askwell.logger.session import brief, silence, wished_mode
from askwell.logger.wandb import CONFUSION_CHART, CONFUSION_COLUMNS

TITLE = "Askwell report"
ALIKE = (
    *(
        "choices.dataset",
        "dataset.classes",
        "choices.model",
        "choices.oracle",
        "query_size",
        "initial_size",
    ),
    *("protocol.epochs_per_round", "protocol.reset", "protocol.rescore_every", "choices.strategy"),
)
"""Runs that share these are averaged: those of several seeds. What else a sweep varies, a filter
keeps apart.
"""

SHOWN = 50
"""Groups that one panel draws."""

MEAN: dict[str, Any] = {
    "groupby_aggfunc": "mean",
    "groupby_rangefunc": "stddev",
    "max_runs_to_show": SHOWN,
}


def push(project: str | None = None, entity: str | None = None) -> str:
    """Saves the dashboard as a new view of `project`, by default the logger's, and returns its
    address.

    Raises UserError where W&B is to stay offline, nobody is logged in, or the server does not take
    it.
    """
    if wished_mode("auto") != "online":
        raise UserError(
            f"WANDB_MODE={os.environ['WANDB_MODE']} keeps W&B offline: unset it for the dashboard"
        )
    silence()
    project = project or composed(()).logger.wandb.project
    try:
        if not wandb.login(prompt=False, verify=False):
            raise UserError(
                "the dashboard is kept by W&B and there is no API key: `wandb login` first"
            )
        return workspace(entity or _own_entity(), project).save().url
    except UserError:
        raise
    except Exception as error:  # of whatever kind: W&B has several for a request that failed
        raise UserError(f"W&B did not take the dashboard: {brief(error)}") from error


def workspace(entity: str, project: str) -> Workspace:
    """The dashboard: sections as in the report, each line the mean of runs that are alike."""
    return Workspace(
        entity=entity,
        project=project,
        name=TITLE,
        sections=[labels_needed(), curves(), classes(), queries(), times(), soundness()],
        settings=WorkspaceSettings(x_axis="labels", max_runs=SHOWN),
        runset_settings=RunsetSettings(
            groupby=[Config(name) for name in ALIKE],
            pinned_columns=[
                f"summary:{name}" for name in ("final_accuracy", "area_under_curve", *_targets())
            ],
        ),
    )


def labels_needed() -> Section:
    prices = [
        bars(f"Labels to {100 * target:g} %, where reached", name)
        for name, target in _targets().items()
    ]
    ends = [
        bars("Area under the learning curve", "area_under_curve"),
        bars("Final accuracy", "final_accuracy"),
    ]
    return Section("Labels to accuracy", [*prices, *ends], is_open=True)


def curves() -> Section:
    return Section(
        "Learning curves",
        [by_labels("Accuracy", "accuracy"), by_labels("Loss", "loss")],
        is_open=True,
    )


def classes() -> Section:
    confusion = CustomChart(
        query={"summaryTable": {"tableKey": "confusion_table"}},
        chart_name=CONFUSION_CHART,
        chart_fields={column: column for column in CONFUSION_COLUMNS},
        chart_strings={"title": "Confusion at the end"},
    )
    worst = by_labels("Accuracy of the worst class", "worst_class_accuracy")
    return Section(
        "Classes", [worst, by_labels("Accuracy of each class", each_of="class_accuracy"), confusion]
    )


def queries() -> Section:
    counts = by_labels("Labels bought of each class", each_of="queried")
    distance = by_labels("Mean distance within a query", "query_diversity/distance")
    duplicates = by_labels("Near-duplicates within a query", "query_diversity/near_duplicates")
    images = MediaBrowser(title="Queried images", media_keys=["queried_images"])
    return Section("Queries", [counts, distance, duplicates, images])


def times() -> Section:
    phases = {"training": "train", "scoring": "score", "evaluation": "evaluate"}
    return Section(
        "Time",
        [by_labels(f"Seconds of {name}", f"seconds/{phase}") for name, phase in phases.items()],
    )


def soundness() -> Section:
    return Section("Soundness", [RunComparer(diff_only="split")])


def by_labels(title: str, *metrics: str, each_of: str | None = None) -> LinePlot:
    """Mean and standard deviation of metrics against labels; `each_of` takes all those below one
    name.
    """
    below = None if each_of is None else f"{each_of}/.*"
    return LinePlot(title=title, x="labels", y=list(metrics), metric_regex=below, **MEAN)


def bars(title: str, metric: str) -> BarPlot:
    """Mean and standard deviation of a run's summary."""
    return BarPlot(title=title, metrics=[metric], **MEAN)


def _targets() -> dict[str, float]:
    return {target_name(target): target for target in TARGETS}


def _own_entity() -> str:
    """Where W&B puts the runs of whoever is logged in. Raises UserError."""
    api = wandb.Api()
    entity = api.settings["entity"] or api.default_entity
    if entity is None:
        raise UserError("no entity is yours by default, name one by --entity")
    return entity
