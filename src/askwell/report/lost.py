"""Classes that a network lost, or does not recognise in its last round, told in words."""

from collections.abc import Iterator

from askwell.report.groups import Group, strategy_order
from askwell.report.measures import in_last_round
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


def unrecognised_classes(group: Group) -> Iterator[str]:
    """A sentence for each run and class: `certain has class 9 at 0 % in the last round of seed 7: 0
    of 544 …`
    """
    final = in_last_round(group.curves, group.classes)
    queried = group.classes.groupby(["run", "class"])["queried"].sum().to_dict()
    labels = group.runs["final_labels"].to_dict()
    rows = final.loc[final["accuracy"] == 0, ["strategy", "seed", "class", "run"]].itertuples(
        index=False
    )
    ends = sorted(rows, key=lambda row: (strategy_order(row[0]), row[1]))
    for strategy, seed, name, run in ends[:MOST]:
        share = f"{queried[run, name]} of {labels[run]:,} labels are of it"
        yield (
            f"{full_name(strategy)} has class {name} at 0 % in the last round of seed {seed}: "
            f"{share}."
        )
    if len(ends) > MOST:
        yield f"{len(ends) - MOST} more stand in the rounds.jsonl of their runs."


def found_losses(group: Group) -> dict[tuple[str, int, str], list[int]]:
    """The rounds in which a strategy's run of a seed had lost a class, in the report's order."""
    rows = group.curves.sort_values("round")
    found: dict[tuple[str, int, str], list[int]] = {}
    for strategy, seed, lost, number in zip(*(rows[name] for name in COLUMNS), strict=True):
        for name in lost:
            found.setdefault((strategy, seed, name), []).append(number)
    return dict(sorted(found.items(), key=lambda item: (strategy_order(item[0][0]), item[0])))
