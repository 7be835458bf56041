"""What does a whole run take, against the obvious program, and against no framework at all?"""

import os
from pathlib import Path
from statistics import mean

from bench import bare, baseline, program
from bench.publishing import Row, publish
from bench.timing import Contender, Measurement, in_turns, options, parsed

OURS, BASELINE, BARE = (
    "Askwell: all of train.py",
    "Lightning + torchvision",
    "bare loop, same kernels",
)


def main() -> None:
    """Times whole runs of the paper protocol on MNIST with least confidence."""
    parser = options(
        "A whole paper-protocol run on MNIST.",
        rounds=25,
        query_size=128,
        baseline_workers=0,
        baseline_runs=0,
    )
    chosen = parsed(parser, rounds=2)
    program.quiet()
    contenders = _contenders(chosen.rounds, chosen.query_size, chosen.baseline_workers)
    measured = in_turns(
        contenders, chosen.runs, fewer={BASELINE: chosen.baseline_runs or chosen.runs}
    )
    title = f"A whole run on MNIST: {chosen.rounds} rounds, {chosen.query_size} labels a query"
    publish(
        "run", title, [_row(name, measured[OURS], one) for name, one in measured.items()], chosen
    )


def _contenders(rounds: int, query_size: int, workers: int) -> dict[str, Contender]:
    cfg = program.config()
    settings = {
        "rounds": rounds,
        "query_size": query_size,
        "batch_size": cfg.datamodule.train_batch_size,
    }
    overrides = "dataset=mnist", "strategy=lc", f"rounds={rounds}", f"query_size={query_size}"

    def ours(seed: int) -> float:
        return program.run_and_forget(*overrides, f"seed={seed}")

    def bare_loop(seed: int) -> float:
        opened = program.dataset("mnist").open()
        return bare.run(opened, program.classifier(opened, "mnist", seed=seed), seed, **settings)

    def obvious(seed: int) -> float:
        data_dir = Path(os.environ.get("ASKWELL_DATA", "data"))
        return baseline.run(data_dir, seed, lr=cfg.model.optimizer.lr, workers=workers, **settings)

    program.dataset("mnist").open()  # every run but the first of all finds the store built
    return {OURS: ours, BARE: bare_loop, BASELINE: obvious}


def _row(name: str, ours: Measurement, measured: Measurement) -> Row:
    return {
        "program": name,
        "seconds": measured.median,
        "of ours": measured.of(ours),
        "accuracy": mean(measured.results),
        "_runs": measured.seconds,
        "_accuracies": measured.results,
    }


if __name__ == "__main__":
    main()
