"""Can the same query be found with less work? Cheap passes over the pool, with provable errors."""

from collections.abc import Callable, Iterator
from functools import partial
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
from bench.publishing import Row, publish
from bench.timing import Contender, Measurement, in_turns, options, parsed

QUERY_SIZE = 128
TIMES = {"pass ×": "pass", "query ×": "query"}
"""Columns and what they time, as parts of today's time."""
ROUNDS = 1, 5, 15, 25
SIDE = 14
"""Pixels of what the second block is given."""
TODAY, COMPILED, BEFORE = "float32, today", "float32, today, compiled", "the round before"


def main() -> None:
    """Counts, for the network of the paper's MNIST run at some rounds, the images that a cheap pass
    cannot rule out of the query, and times it all at the last of them.
    """
    chosen = parsed(
        options("Scoring less.", images=60_000, rounds=max(ROUNDS)), images=2_048, rounds=2
    )
    program.quiet()
    opened = program.dataset("mnist").open()
    model = program.classifier(opened, "mnist")
    batch_size = program.config().datamodule.train_batch_size
    run = list(cheap_study.moments(opened, model, chosen.rounds, QUERY_SIZE, batch_size))
    rounds = [one for one in ROUNDS if one < chosen.rounds] + [chosen.rounds]
    rows = [row for round in rounds for row in rows_of(round, opened, model, run, chosen.images)]
    indices = run[-1].unlabelled[: chosen.images]
    timed = times(opened, model, indices[: len(indices) // BATCH * BATCH], chosen.runs)
    title = f"What a cheap pass over {chosen.images:,} MNIST images leaves open, and what it takes"
    publish("cheap_pass", title, [*with_times(rows, timed, chosen.rounds)], chosen)


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
    seconds = {
        "float32, rewritten": Float(layers.second),
        "bf16": BFloat(layers.second),
        "int8": Bytes(layers.second, float(given.max())),
    }
    found = {
        name: Way(
            CheapNetwork(frozen, layers, second),
            SecondBlock(layers.second, second.known, SIDE).error,
        )
        for name, second in seconds.items()
    }
    dropped = Dropped(layers.second, kept, means, SIDE)
    return found | {"half the channels": Way(CheapNetwork(frozen, layers, half), dropped.error)}


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
) -> dict[tuple[str, str], Measurement]:
    """Each pass alone, and the same query by it and today's pass, by the model as it is."""
    frozen, images = FrozenNetwork(model.network), opened.train
    compiled = FrozenNetwork(model.network, compile=True)
    last, found = LastLayers(*layers_of(frozen)[2:]), ways(frozen, opened)
    asked = {"images": images, "indices": indices, "size": QUERY_SIZE}
    passes: dict[str, Contender] = {
        TODAY: partial(passed, frozen, images, indices),
        COMPILED: partial(passed, compiled, images, indices),
    }
    queries: dict[str, Contender] = {
        TODAY: lambda _: cheap_query.todays(frozen, **asked),
        COMPILED: lambda _: cheap_query.todays(compiled, **asked),
    }
    for name, way in found.items():
        passes[name] = partial(passed, way.network, images, indices)
        queries[name] = partial(answered, frozen, way, last, asked)
    for name in ("float32, rewritten", "bf16"):
        faster = torch.compile(found[name].network)
        passes[f"{name}, compiled"] = partial(passed, faster, images, indices)
    both = {(name, "pass"): work for name, work in passes.items()}
    both |= {(name, "query"): work for name, work in queries.items()}
    return in_turns(both, runs, warm_up=True)


@torch.inference_mode()
def passed(network: Callable[[Tensor], object], images: Images, indices: Tensor, _: int) -> None:
    for batch in indices.split(BATCH):
        network(images.fetch(batch.numpy()))


def answered(
    frozen: FrozenNetwork, way: Way, last: LastLayers, asked: dict[str, Any], _: int
) -> list[int]:
    return cheap_query.cheap(frozen, way, last, **asked)


def with_times(
    rows: list[Row], timed: dict[tuple[str, str], Measurement], round: int
) -> Iterator[Row]:
    """The rows, those of the last round with their times; those that are only timed come first."""
    known = {row["pass"] for row in rows}
    timed_only = [name for name, kind in timed if kind == "pass" and name not in known]
    blank = dict.fromkeys(rows[0])
    for row in [*({**blank, "pass": name, "round": round} for name in timed_only), *rows]:
        yield row | (_times(row["pass"], timed) if row["round"] == round else dict.fromkeys(TIMES))


def _times(name: str, timed: dict[tuple[str, str], Measurement]) -> Row:
    """Times as parts of today's, and how many of the query's images are today's."""
    found: Row = {}
    for column, kind in TIMES.items():
        one, today = timed.get((name, kind)), timed[TODAY, kind]
        found[column] = None if one is None else one.median / today.median
        found[f"_seconds_{kind}"] = None if one is None else one.seconds
    query = timed.get((name, "query"))
    if query is not None:
        of_today = set(timed[TODAY, "query"].results[0])
        found["_same"] = [len(of_today & set(result)) for result in query.results]
    return found


if __name__ == "__main__":
    main()
