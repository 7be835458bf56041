"""Overrides as people type them: paths as they are, one line for what cannot be read."""

import os
import re
import shlex
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException

from askwell.errors import UserError
from askwell.text import listing, visible

PACKAGE = Path(__file__).parents[1]
CONF = next(
    (folder for folder in (PACKAGE / "conf",) if folder.is_dir()), PACKAGE.parents[1] / "conf"
)
"""The configuration: inside an installed package, at the top of a checkout."""


INITIAL = "strategy@initial"
"""The group of strategies, as the choice of the first query."""

FUNCTIONS = ("range(", "choice(", "interval(", "glob(", "shuffle(", "sort(", "tag(")


def understood(words: Sequence[str]) -> list[str]:
    """The overrides as Hydra can read them, in their order. Raises UserError for one that cannot be
    read.

    `initial=` chooses among the strategies. A path may hold spaces, parentheses, `=`, `#` or begin
    with `~/`; elsewhere Hydra's grammar wants quotes for these.
    """
    return [_understood(re.sub(r"^initial=", f"{INITIAL}=", word)) for word in words]


@cache
def parsed(word: str) -> Override:
    """One override, read by Hydra's grammar. Raises HydraException."""
    return OverridesParser.create().parse_overrides([word])[0]


def setting_of(word: str) -> str:
    """The name of the setting, or of the group, that an override is about."""
    return word.lstrip("+~").partition("=")[0]


def latest(words: Sequence[str]) -> list[str]:
    """Of several overrides of one setting the last."""
    return list({setting_of(word): word for word in words}.values())


def quoted(text: object) -> str:
    """A value that Hydra takes as it is."""
    return QuotedString(str(text), Quote.single).with_quotes()


def _understood(word: str) -> str:
    setting, _, value = word.partition("=")
    if not setting.lstrip("+~"):
        raise UserError(f"{visible(word)}: expected SETTING=VALUE, such as rounds=30")
    path = value.strip("'\"") if value[:1] in "'\"" else value
    if path.startswith("~/"):
        return f"{setting}={quoted(os.path.expanduser(path))}"
    try:
        override = parsed(word)
    except (
        HydraException,
        ValueError,
    ) as error:  # ValueError: of the grammar's functions, such as range
        if _is_path(value):
            return f"{setting}={quoted(value)}"
        raise UserError(_how_to_write(word, setting, value, str(error))) from None
    _refuse_no_choice(override, word)
    return word


def _is_path(value: str) -> bool:
    """Whether a text can only be meant as one path; with commas it may be several values."""
    return "," not in value and (
        value.startswith(("/", "./", "../")) or ("/" in value and value[:1] not in "[{('\"")
    )


def _how_to_write(word: str, setting: str, value: str, error: str) -> str:
    if "=" not in word:
        return f"{visible(word)}: expected SETTING=VALUE, such as rounds=30"
    if value[:1] in ("[", "{"):
        return f"{visible(word)}: the brackets do not match, or a value in them needs quotes"
    if value.startswith(FUNCTIONS):
        return (
            f"{visible(word)}: expected {value.partition('(')[0]}(...) as in seed=range(10) "
            "or seed=choice(0,1)"
        )
    example = f"{setting}={QuotedString(value, Quote.double).with_quotes()}"
    return (
        f"{visible(word)}: a value with such characters needs quotes, write "
        f"{visible(shlex.quote(example))}"
    )


def _refuse_no_choice(override: Override, word: str) -> None:
    """Raises UserError where a group of conf/ is given something that cannot name one of its
    choices.
    """
    group = override.key_or_group
    choices = sorted(
        file.stem for file in (CONF / group).glob("*.yaml") if not file.stem.startswith("_")
    )
    if override.is_delete() or override.is_sweep_override() or not choices or "." in group:
        return
    value = override.value()
    if value is None and group == "experiment":  # its default
        return
    if isinstance(value, str | dict) or (
        isinstance(value, list) and all(isinstance(one, str) for one in value)
    ):
        return
    none = f", {group}=none for no {group}" if "none" in choices else ""
    raise UserError(f"{visible(word)}: expected one of {listing(choices)}{none}")
