"""Soak: one labelling killed at random instants, page and run, then compared with oracle=replay."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from experiment import equal, record_of, weights_of
from label_person import CLASSES
from label_process import ROOT, labelled_with_kills
from label_runs import events
from PIL import Image

SETTINGS = [
    *("dataset.image_size=16", "dataset.channels=1", "dataset.evaluation_size=9"),
    *("model.network.width=4", "model.network.hidden=8", "datamodule.train_batch_size=8"),
    *("query_size=6", "protocol.epochs_per_round=2", "trainer=cpu"),
]
IMAGES_A_KILL = 8
"""So many that there is still something to ask after the last kill."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the instants")
    parser.add_argument("--people", default="", help="who labels, such as ann,bob")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="askwell-soak-label-"))
    photos = folder / "photos"
    draw(photos, 60 + IMAGES_A_KILL * chosen.kills)
    words = [str(photos), "--classes", ",".join(CLASSES), *SETTINGS]
    words += ["--people", chosen.people, "--overlap", "0.5"] if chosen.people else []
    confirmed = labelled_with_kills(folder, words, chosen.kills, rounds=3, seed=chosen.seed)
    run = folder / "outputs" / "label-photos"
    uids = [event["uid"] for event in events(run) if "uid" in event]
    rounds = len((run / "rounds.jsonl").read_text().splitlines())
    replay(folder, photos, rounds)
    other = run.with_name("replayed")
    faults = [
        *(["answers are lost"] if not set(confirmed) <= set(uids) else []),
        *(["answers count twice"] if len(set(uids)) < len(uids) else []),
        *(["another record"] if record_of(run) != record_of(other) else []),
        *(["another network"] if not equal(weights_of(run), weights_of(other)) else []),
    ]
    print(
        f"{chosen.kills} kills, {len(confirmed)} answers, {rounds} rounds: {faults or 'the same'}"
    )
    if faults:
        sys.exit(f"kept for a look: {folder}")
    shutil.rmtree(folder)


def draw(photos: Path, count: int) -> None:
    """Grey noise in three classes told apart by brightness."""
    photos.mkdir()
    noise = np.random.default_rng(0)
    for number in range(count):
        pixels = 50 * (1 + number % 3) + noise.integers(0, 100, (16, 16))
        Image.fromarray(pixels.astype(np.uint8)).save(photos / f"{number:05}.png")


def replay(folder: Path, photos: Path, rounds: int) -> None:
    """The same run, undisturbed, with the answers of the first one."""
    words = [
        *("dataset=unlabelled", f"dataset.root={photos}", "dataset.broken_images=quarantine"),
        *(f"dataset.classes=[{','.join(CLASSES)}]", "strategy=sm", "protocol=retrain"),
        *("oracle=replay", "oracle.run=outputs/label-photos", f"rounds={rounds}", "logger=none"),
        *("name=replayed", *SETTINGS),
    ]
    program = [sys.executable, str(ROOT / "train.py"), *words]
    subprocess.run(program, cwd=folder, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


if __name__ == "__main__":
    main()
