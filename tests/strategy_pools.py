"""Pools for the tests of strategies, seen by one process or by several."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import torch

from askwell.processes import ALONE
from askwell.randomness import generator
from askwell.strategy.candidates import Candidates
from askwell.strategy.look import Look


def normal(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=generator("normal", seed, *shape), dtype=dtype)


def pool(features, logits=None, labelled=(), batch_size=7, drawn=None, reverse=False):
    """All images but the `labelled` ones; one process's share is every so many-th batch.

    `drawn` [N, K, C] are the logits of K draws; by default they spread around the logits.
    """
    logits = normal(len(features), 4, seed=9) if logits is None else logits
    free = [index for index in range(len(features)) if index not in set(labelled)]
    return seen_by(ALONE, features, logits, free, labelled, batch_size, drawn, reverse)


def seen_by(processes, features, logits, free, labelled, batch_size, drawn=None, reverse=False):
    def looks(indices, draws):
        batches = list(torch.arange(len(indices)).split(batch_size))
        for batch in batches[:: -1 if reverse else 1][processes.rank :: processes.size]:
            rows = indices[batch]
            several = drawn[rows, :draws] if drawn is not None else spread(logits[rows], draws)
            yield batch, Look(logits[rows] if draws == 1 else several, features[rows])

    known = torch.tensor(sorted(labelled), dtype=torch.int64)
    return Candidates(torch.tensor(free), looks, known, processes)


def spread(logits, draws):
    """K logits [B, K, C] that each turn the classes a little further."""
    turned = [
        logits + 0.3 * (number + 1) * logits.roll(1 + number % 2, dims=1).sin()
        for number in range(draws)
    ]
    return torch.stack(turned, dim=1)


def asked(strategy, candidates, size, seed=0):
    """The indices that the strategy asks for, in its order."""
    query = strategy(candidates, size, generator("query", seed))
    return candidates.indices[query.positions].tolist()


def asked_by_each_process(strategy, size, count, features, logits, labelled=(), batch_size=7):
    """What each of `count` processes answers, which meet where they exchange something."""
    free = [index for index in range(len(features)) if index not in set(labelled)]
    barrier, box = Barrier(count, timeout=60), [None] * count

    def process(rank):
        def gather(share):
            box[rank] = share
            barrier.wait()
            shares = list(box)
            barrier.wait()
            return shares

        rows = lambda share: torch.cat(gather(share))  # noqa: E731
        seen = SimpleNamespace(rank=rank, size=count, gather=gather, gather_rows=rows)
        candidates = seen_by(seen, features, logits, free, labelled, batch_size)
        return asked(strategy, candidates, size)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(process, range(count)))
