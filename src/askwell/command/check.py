"""`askwell check` and `askwell conform`: a data set and a strategy tried out before a run meets
them.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from hydra.utils import get_object, instantiate
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from askwell.command.composing import composed
from askwell.dataset import Splits
from askwell.errors import USAGE_ERROR, UserError
from askwell.images.asked import given_in
from askwell.images.checks import check_images, check_labels, check_settings
from askwell.images.contracts import UNKNOWN
from askwell.images.evaluation_sample import evaluation_sample
from askwell.images.inspection import Inspection, inspect
from askwell.images.opening import chosen_of
from askwell.images.store import discard_if_damaged
from askwell.strategy import Strategy
from askwell.strategy.conformance import Verdict, verdicts
from askwell.text import first_of, visible

NAMED = 10
"""Findings of one kind that are listed; the rest are counted."""


def check(dataset: str, overrides: Sequence[str] = ()) -> None:
    """Decodes every image of conf/dataset/<dataset>.yaml, warns as a run would, and exits with 2 if
    it refused.
    """
    images = instantiate(composed([f"dataset={dataset}", *overrides]).dataset)
    check_settings(images.store, images.broken_images)
    splits = chosen_of(images.splits(), images.classes)
    inspection = inspect(splits)
    console = Console(soft_wrap=True)
    console.print(table(inspection))
    quarantine = images.broken_images == "quarantine"
    refused = refusals(inspection, quarantine, images.evaluation_size)
    for line in [*findings(inspection), *damaged_stores(splits, Path(images.cache_dir)), *refused]:
        console.print(visible(line), markup=False, highlight=False)
    if refused or (inspection.broken and not quarantine):
        sys.exit(USAGE_ERROR)


def conform(target: str, overrides: Sequence[str] = ()) -> None:
    """Tries a strategy, named by its yaml or as my_package.MyStrategy, and exits with 2 if a check
    fails.
    """
    found = verdicts(strategy_called(target, overrides))
    Console().print(verdict_table(found))
    if any(verdict.passed is False for verdict in found):
        sys.exit(USAGE_ERROR)


def strategy_called(target: str, overrides: Sequence[str] = ()) -> Strategy:
    """conf/strategy/<target>.yaml, built; or what `target` imports: a function, or a class that
    takes no arguments.
    """
    sys.path.append(str(Path.cwd()))  # python looks here by itself, a command does not
    if "." not in target:
        return instantiate(composed([f"strategy={target}", *overrides]).strategy)
    try:
        found = get_object(target)
        return found() if isinstance(found, type) else found
    except Exception as error:
        reason = str(error.__cause__ or error).split("\n")[0]
        raise UserError(
            f"{target} is no strategy ({reason}): name a yaml, or what can be imported"
        ) from error


def verdict_table(found: Sequence[Verdict]) -> Table:
    """One row per check."""
    table = Table("check", "", "", box=SIMPLE_HEAD, highlight=False)
    for check, passed, words in found:
        answer = {True: "[green]yes", False: "[bold red]NO", None: "not meant"}[passed]
        table.add_row(check, answer, escape(visible(words)))
    return table


def table(inspection: Inspection) -> Table:
    """One row per class, one column per split: how many images it has."""
    counts = [inspection.counts(split) for split, _ in inspection.splits]
    table = Table("class", box=SIMPLE_HEAD, highlight=False)
    for _, split in inspection.splits:
        table.add_column({"training": "train"}.get(split, split), justify="right")
    for name in dict.fromkeys(name for split in counts for name in split):
        table.add_row(escape(visible(name)), *(str(split.get(name, 0)) for split in counts))
    table.add_section()
    table.add_row("all", *(str(sum(split.values())) for split in counts))
    return table


def findings(inspection: Inspection) -> list[str]:
    """What a user should know, a line each."""
    broken = [f"  {error.path}: {error.reason}" for error in inspection.broken]
    return [
        *_listed(
            broken,
            "every image can be read",
            "images cannot be read: replace them or take them away",
        ),
        *_shared(inspection),
        *inspection.remarks,
    ]


def _shared(inspection: Inspection) -> list[str]:
    """Equal images of both splits; those of the one split, where a sample of it is held out."""
    train, evaluation = inspection.train, inspection.evaluation
    if evaluation is None:
        twins = [
            f"  {train.name(one)} is {train.name(other)}" for one, other in inspection.repeated
        ]
        found = "images occur more than once, and may be trained on and evaluated with"
        return _listed(twins, "no image occurs twice", found)
    pairs = [f"  {train.name(one)} is {evaluation.name(other)}" for one, other in inspection.shared]
    return _listed(
        pairs,
        "no image is in both splits",
        "images to evaluate with are in the training set too",
    )


def refusals(
    inspection: Inspection, quarantine: bool, evaluation_size: int | None = None
) -> list[str]:
    """Why a run would refuse the data set, a line each; broken images are found apart from
    these.
    """
    lines = [
        reason for check in _checks(inspection, evaluation_size) if (reason := _refusal(check))
    ]
    lost = [] if inspection.evaluation is None or not quarantine else _lost(inspection)
    return [*lines, *([f"not one image of {first_of(lost, NAMED)} can be read"] if lost else [])]


def _checks(inspection: Inspection, evaluation_size: int | None) -> Iterator[Callable[[], object]]:
    """What a run checks, each of which raises UserError."""
    lowest = UNKNOWN if inspection.evaluation is None else 0
    yield inspection.traits.refuse_dim
    for split, name in inspection.splits:
        yield partial(check_images, len(split.source), name)
        yield partial(check_labels, split.source.truth, name, inspection.classes, lowest)
    if inspection.evaluation is None:
        source = inspection.train.source
        yield partial(evaluation_sample, len(source), given_in(source), evaluation_size)


def _lost(inspection: Inspection) -> list[str]:
    """The classes of which not one image can be read, in either split."""
    known = dict(enumerate(inspection.classes))
    return [
        known[label] for split, _ in inspection.splits for label in split.lost if label in known
    ]


def damaged_stores(splits: Splits, cache_dir: Path) -> list[str]:
    """The stores of decoded images that were found damaged, and deleted, a line each."""
    damaged = (
        discard_if_damaged(source, cache_dir)
        for source in (splits.train, splits.evaluation)
        if source is not None
    )
    return [
        f"the store {folder} was damaged and is deleted: the next run builds it again"
        for folder in damaged
        if folder
    ]


def _refusal(check: Callable[[], object]) -> str | None:
    try:
        check()
    except UserError as error:
        return str(error)
    return None


def _listed(lines: list[str], none: str, some: str) -> list[str]:
    more = [f"  and {len(lines) - NAMED} more"] if len(lines) > NAMED else []
    return [f"{len(lines)} {some}", *lines[:NAMED], *more] if lines else [none]
