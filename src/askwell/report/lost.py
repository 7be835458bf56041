"""Classes that a network had learned and no longer recognises at all, told in words."""

from collections.abc import Iterator
from typing import Any

from askwell.report.groups import Group, strategy_order
from askwell.report.wording import count, full_name, spans

MOST = 15


def lost_classes(group: Group) -> Iterator[str]:
    """A sentence for each run and class: `smallest margin lost class 9 in round 12 of seed 1.`"""
    losses = group.curves[group.curves["lost_classes"] != ""]
    losses = losses.assign(lost=losses["lost_classes"].str.split(", ")).explode("lost")
    found: dict[Any, list[int]] = losses.groupby(["strategy", "seed", "lost"])["round"].agg(sorted).to_dict()
    if not found:
        yield "No class was lost: none fell to 0 % after it had been learned."
    ordered = sorted(found, key=lambda key: (strategy_order(key[0]), key[1:]))
    for strategy, seed, name in ordered[:MOST]:
        rounds = found[strategy, seed, name]
        word = "round" if len(rounds) == 1 else "rounds"
        yield f"{full_name(strategy)} lost class {name} in {word} {spans(rounds)} of seed {seed}."
    if len(ordered) > MOST:
        yield f"{count(len(ordered) - MOST, 'more loss')}es stand in curves.csv."
