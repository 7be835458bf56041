"""Can the same query be found with less work? Cheap passes over the pool, with provable errors."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import Tensor

from askwell.dataset import Images, OpenDataset
from askwell.model import Classifier
from askwell.scoring.frozen import FrozenNetwork
from bench import bare, cheap_query, cheap_study, program
from bench.cheap_study import BATCH, SCORES, Moment, Way, off, open_images
from bench.cheaper import BFloat, Bytes, CheapNetwork, Float, Half, Layers, layers_of
from bench.error_bounds import Change, Dropped, LastLayers, SecondBlock
from bench.pages import table
from bench.publishing import RESULTS, Row, publish
from bench.timing import in_turns, options, parsed

QUERY_SIZE = 128
TIMES = {"pass ×": "pass", "query ×": "query"}
"""Columns and what they time, as parts of today's time."""
ROUNDS = 1, 5, 15, 25
SIDE = 14
"""Pixels of what the second block is given."""
TODAY, REWRITTEN, BF16 = "float32, today", "float32, rewritten", "bf16"
INT8, HALF, BEFORE = "int8", "half the channels", "the round before"
QUERIED = REWRITTEN, BF16
"""Passes whose bound rules out most images."""


def main() -> None:
    """Counts, for the network of the paper's MNIST run at some rounds, the images that a cheap pass
    cannot rule out of the query, and times it all at the last of them, on one thread.
    """
    parser = options("Scoring less.", images=20_000, timed=8_192, rounds=max(ROUNDS))
    parser.add_argument("--table", action="store_true", help="run nothing, print the rows")
    chosen = parsed(parser, images=2_048, timed=2_048, rounds=2)
    if chosen.table:
        print(page_table(json.loads((RESULTS / "cheap_pass.json").read_text())["rows"]))
        return
    torch.set_num_threads(1)
    program.quiet()
    opened = program.dataset("mnist").open()
    model = program.classifier(opened, "mnist")
    run = list(trained(opened, model, chosen.rounds))
    rounds = [one for one in ROUNDS if one < chosen.rounds] + [chosen.rounds]
    rows = [row for round in rounds for row in rows_of(round, opened, model, run, chosen.images)]
    model.load_state_dict(run[chosen.rounds - 1].state)
    timed = times(opened, model, run[chosen.rounds - 1].unlabelled[: chosen.timed], chosen.runs)
    title = f"What a cheap pass over {chosen.images:,} MNIST images leaves open, and what it takes"
    publish("cheap_pass", title, [*with_times(rows, timed, chosen.rounds)], chosen)


def trained(opened: OpenDataset, model: Classifier, rounds: int) -> Iterator[Moment]:
    batch_size = program.config().datamodule.train_batch_size
    return cheap_study.moments(opened, model, rounds, QUERY_SIZE, batch_size)


def rows_of(
    round: int, opened: OpenDataset, model: Classifier, run: list[Moment], most: int
) -> Iterator[Row]:
    """A row for each way at the end of `round`, counted from 1."""
    model.load_state_dict(run[round - 1].state)
    frozen = FrozenNetwork(model.network)
    unlabelled = run[round - 1].unlabelled[:most]
    exact = bare.logits(frozen, opened.train, unlabelled)
    last = LastLayers(*layers_of(frozen)[2:])
    positions = torch.arange(len(unlabelled))
    found = ways(frozen, opened)
    if round > 1:
        found[BEFORE] = way_before(model, run[round - 2], frozen)
    for name, way in found.items():
        seen = cheap_study.seen(way, opened.train, unlabelled)
        bound = torch.cat([last.fine(*seen.at(part)) for part in positions.split(BATCH)])
        yield {"pass": name, "round": round} | facts(seen.logits, bound, exact)


@torch.inference_mode()
def ways(frozen: FrozenNetwork, opened: OpenDataset) -> dict[str, Way]:
    """The cheap passes with the present weights."""
    layers = layers_of(frozen)
    whole = CheapNetwork(frozen, layers, Float(layers.second))
    given = whole.given(whole.standardise(opened.train.fetch(torch.arange(BATCH).numpy())))
    means = whole.second(given).features.mean(dim=0, keepdim=True)
    kept = means.mean(dim=(0, 2, 3)).argsort(descending=True)[: len(layers.second.bias) // 2]
    half = Half(layers.second, means, kept.sort().values)
    seconds: dict[str, Float | BFloat | Bytes] = {
        REWRITTEN: Float(layers.second),
        BF16: BFloat(layers.second),
        INT8: Bytes(layers.second, float(given.max())),
    }
    found = {
        name: Way(
            CheapNetwork(frozen, layers, second),
            SecondBlock(layers.second, second.known, SIDE).error,
        )
        for name, second in seconds.items()
    }
    dropped = Dropped(layers.second, kept, means, SIDE)
    return found | {HALF: Way(CheapNetwork(frozen, layers, half), dropped.error)}


def way_before(model: Classifier, before: Moment, frozen: FrozenNetwork) -> Way:
    """The features of the round before, through today's last layers."""
    now, present = (
        layers_of(frozen),
        {name: one.clone() for name, one in model.state_dict().items()},
    )
    model.load_state_dict(before.state)
    then = layers_of(FrozenNetwork(model.network))
    model.load_state_dict(present)
    mixed = Layers(then.first, then.second, now.hidden, now.last)
    network = CheapNetwork(frozen, mixed, Float(then.second))
    return Way(network, Change(then, now, SIDE).error)


def facts(cheap: Tensor, bound: Tensor, exact: Tensor) -> Row:
    """Errors in units of logits, and the share of images that today's pass has to score: by the
    bound, and in brackets if all that was known were the largest real error.
    """
    real = off(cheap, exact)
    if (real > bound).any():
        raise ValueError("an error is above its bound, the bound is wrong")
    known = (bound, torch.full_like(bound, float(real.max())))
    shares = {name: [share(name, cheap, one, exact) for one in known] for name in SCORES}
    return {
        "largest error": float(real.max()),
        "median error": float(real.amax(dim=1).median()),
        "median bound": float(bound.amax(dim=1).median()),
        **{name: f"{most:.1%} ({best:.1%})" for name, (most, best) in shares.items()},
        "_shares": shares,
    }


def share(strategy: str, cheap: Tensor, errors: Tensor, exact: Tensor) -> float:
    return len(open_images(strategy, cheap, errors, exact, QUERY_SIZE)) / len(exact)


def times(
    opened: OpenDataset, model: Classifier, indices: Tensor, runs: int
) -> dict[tuple[str, str], list[tuple[float, Any]]]:
    """CPU seconds of each pass alone, and of the same query by it and today's pass, with what came
    of it; by the model as it is.
    """
    frozen, images = FrozenNetwork(model.network), opened.train
    last, found = LastLayers(*layers_of(frozen)[2:]), ways(frozen, opened)
    asked = images, indices, QUERY_SIZE
    works: dict[tuple[str, str], Callable[[], Any]] = {
        (TODAY, "pass"): partial(passed, frozen, images, indices),
        (TODAY, "query"): partial(cheap_query.todays, frozen, *asked),
    }
    for name, way in found.items():
        works[name, "pass"] = partial(passed, way.network, images, indices)
    for name in QUERIED:
        works[name, "query"] = partial(cheap_query.cheap, frozen, found[name], last, *asked)
    contenders = {" ".join(name): partial(clocked, work) for name, work in works.items()}
    measured = in_turns(contenders, runs, warm_up=True)
    return {name: measured[" ".join(name)].results for name in works}


def clocked(work: Callable[[], Any], _: int) -> tuple[float, Any]:
    """CPU seconds, since other work may share the machine, and the result."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


@torch.inference_mode()
def passed(network: Callable[[Tensor], object], images: Images, indices: Tensor) -> None:
    for batch in indices.split(BATCH):
        network(images.fetch(batch.numpy()))


def with_times(
    rows: list[Row], timed: dict[tuple[str, str], list[tuple[float, Any]]], round: int
) -> Iterator[Row]:
    """The rows, those of the last round with their times as parts of today's; today's comes
    first.
    """
    medians = {name: median(seconds for seconds, _ in runs) for name, runs in timed.items()}
    today = dict.fromkeys(rows[0]) | {"pass": TODAY, "round": round}
    for row in [today, *rows]:
        found: Row = dict.fromkeys(TIMES)
        if row["round"] == round:
            for column, kind in TIMES.items():
                if (row["pass"], kind) in timed:
                    found[column] = medians[row["pass"], kind] / medians[TODAY, kind]
                    found[f"_seconds_{kind}"] = [one for one, _ in timed[row["pass"], kind]]
            if (row["pass"], "query") in timed:
                found["_same_query"] = same(timed[row["pass"], "query"], timed[TODAY, "query"])
        yield row | found


def same(runs: list[tuple[float, Any]], today: list[tuple[float, Any]]) -> bool:
    """Whether all runs found what today's pass finds."""
    return all(result == today[0][1] for _, result in runs)


def page_table(rows: list[Row]) -> str:
    """The rows as BENCHMARKS.md has them."""
    head = ["pass", "round", "largest error", "median bound", *SCORES, *TIMES]
    shown = [[_text(row[column]) for column in head] for row in rows]
    titles = ["pass", "round", "largest real error", "median bound", *SCORES]
    return table([*titles, "time of the pass", "time of the query"], shown)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value >= 0.001 else "< 0.001"
    return "" if value is None else str(value).replace("100.0%", "100%").replace("%", " %")


if __name__ == "__main__":
    main()
