"""Classes that a network had learned and no longer recognises at all, told in words."""

from collections.abc import Iterator

from askwell.report.groups import Group, strategy_order
from askwell.report.wording import full_name, spans

MOST = 15
COLUMNS = ("strategy", "seed", "lost_classes", "round")


def lost_classes(group: Group) -> Iterator[str]:
    """A sentence for each run and class: `smallest margin lost class 9 in round 12 of seed 1.`"""
    losses = found_losses(group)
    if not losses:
        yield "No class was lost: none fell to 0 % after it had been learned."
    for (strategy, seed, name), rounds in list(losses.items())[:MOST]:
        word = "round" if len(rounds) == 1 else "rounds"
        yield f"{full_name(strategy)} lost class {name} in {word} {spans(rounds)} of seed {seed}."
    if len(losses) > MOST:
        yield f"{len(losses) - MOST} more stand in curves.csv."


def found_losses(group: Group) -> dict[tuple[str, int, str], list[int]]:
    """The rounds in which a strategy's run of a seed had lost a class, in the report's order."""
    rows = group.curves.sort_values("round")
    found: dict[tuple[str, int, str], list[int]] = {}
    for strategy, seed, lost, number in zip(*(rows[name] for name in COLUMNS), strict=True):
        for name in lost:
            found.setdefault((strategy, seed, name), []).append(number)
    return dict(sorted(found.items(), key=lambda item: (strategy_order(item[0][0]), item[0])))
