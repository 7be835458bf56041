"""The content of a run and of a round. Every value that is read has the right type and range, and
is safe to show.
"""

from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Annotated, Any, TypeVar, get_type_hints

from askwell.report.reading import schema_checks as checks
from askwell.report.reading.schema_checks import (
    Check,
    MisfitError,
    by_name,
    list_of,
    or_none,
    unknown_or,
)
from askwell.text import visible

Kind = TypeVar("Kind")

Text = Annotated[str | None, unknown_or(checks.text)]
Count = Annotated[int | None, unknown_or(checks.whole)]
Seconds = Annotated[float | None, unknown_or(checks.amount)]
Texts = Annotated[tuple[str, ...] | None, unknown_or(list_of(checks.text))]
Versions = Annotated[dict[str, str | None] | None, unknown_or(by_name(unknown_or(checks.text)))]


def read_as(kind: type[Kind], content: Any) -> Kind:
    """The content of a JSON object as one of the kinds below; names that the kind does not know are
    left out.

    Raises:
        MisfitError: a value is of a wrong kind or out of its range, or a needed one is missing.
    """
    if not isinstance(content, dict):
        raise MisfitError(f"{shown(content)} is no dictionary")
    for field in fields(kind):  # type: ignore[arg-type]
        if field.default is MISSING and field.name not in content:
            raise MisfitError(f"{field.name} is missing")
    known = _checks(kind)  # type: ignore[arg-type]  # classes can be hashed, which mypy does not know of Kind
    return kind(
        **{name: _checked(name, check, content[name]) for name, check in known if name in content}
    )


def shown(value: Any) -> str:
    """The beginning of a foreign value, in one line."""
    words = visible(repr(value[:40] if isinstance(value, str | list) else value))
    return words if len(words) <= 50 else f"{words[:50]}…"


def _checked(name: str, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except MisfitError as error:
        raise MisfitError(f"{name}: {error}") from None
    except ValueError as error:
        raise MisfitError(f"{name} is {shown(value)}, expected {error}") from None


@cache
def _checks(kind: type) -> tuple[tuple[str, Check], ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple((field.name, hints[field.name].__metadata__[0]) for field in fields(kind))


@dataclass(frozen=True)
class Diversity:
    """How much the images of a query differ."""

    distance: Annotated[float, checks.amount_or_nan] = float("nan")
    near_duplicates: Annotated[float, checks.share_or_nan] = float("nan")


@dataclass(frozen=True)
class Steadiness:
    """How sure the network is of a sample of the pool, and how far it agrees with the last one."""

    uncertainty: Annotated[float, checks.amount_or_nan] = float("nan")
    agreement: Annotated[float, checks.share_or_nan] = float("nan")
    kappa: Annotated[float, checks.kappa_or_nan] = float("nan")


@dataclass(frozen=True)
class AskedAgain:
    """Answers about images that had a label, how many changed it, and corrections unasked."""

    answers: Annotated[int, checks.whole] = 0
    changed: Annotated[int, checks.whole] = 0
    corrected: Annotated[int, checks.whole] = 0


@dataclass(frozen=True)
class Round:
    """A line of rounds.jsonl. A class without evaluation images has an accuracy of nan."""

    round: Annotated[int, checks.whole]
    labels: Annotated[int, checks.whole]
    accuracy: Annotated[float, checks.share]
    loss: Annotated[float | None, unknown_or(checks.loss)] = None
    train_seconds: Seconds = None
    score_seconds: Seconds = None
    eval_seconds: Seconds = None
    pool_size: Count = None
    lost_classes: Annotated[tuple[str, ...], list_of(checks.text)] = ()
    class_accuracy: Annotated[dict[str, float] | None, by_name(checks.share_or_nan)] = None
    query_class_counts: Annotated[dict[str, int] | None, by_name(checks.whole)] = None
    query_diversity: Annotated[
        Diversity | None, unknown_or(lambda value: read_as(Diversity, value))
    ] = None
    steadiness: Annotated[
        Steadiness | None, unknown_or(lambda value: read_as(Steadiness, value))
    ] = None
    wrong_labels: Count = None
    cost: Seconds = None
    asked_again: Annotated[
        AskedAgain | None, unknown_or(lambda value: read_as(AskedAgain, value))
    ] = None


@dataclass(frozen=True)
class Appearance:
    """How a strategy wants to be shown; None where it has no wish, or one that cannot be met."""

    title: Annotated[str | None, or_none(checks.title)] = None
    colour: Annotated[str | None, or_none(checks.colour)] = None
    marker: Annotated[str | None, or_none(checks.marker)] = None


@dataclass(frozen=True)
class Resume:
    """The code with which a run was resumed."""

    git_commit: Text = None
    versions: Versions = None


@dataclass(frozen=True)
class Run:
    """run.json without its config. A value that a run did not know before it failed is None."""

    status: Annotated[str, checks.one_of("finished", "failed", "running", "killed", "waiting")]
    reason: Text = None
    name: Annotated[str | None, unknown_or(checks.name)] = None
    strategy: Text = None
    dataset: Text = None
    seed: Count = None
    model: Text = None
    protocol: Text = None
    oracle: Text = None
    query_size: Count = None
    initial_size: Count = None
    rescore_every: Count = None
    classes: Texts = None
    pool: Count = None
    evaluation: Count = None
    initial_digest: Text = None
    weights_digest: Text = None
    dataset_fingerprint: Text = None
    versions: Versions = None
    git_commit: Text = None
    device: Text = None
    scoring_batch_size: Count = None
    started: Text = None
    wall_seconds: Seconds = None
    command: Text = None
    sweeper: Text = None
    resumed: Annotated[
        tuple[Resume, ...] | None, unknown_or(list_of(lambda value: read_as(Resume, value)))
    ] = None
    appearance: Annotated[Appearance | None, or_none(lambda value: read_as(Appearance, value))] = (
        None
    )
    initial: Text = None
