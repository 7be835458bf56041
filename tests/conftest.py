"""What several tests share: the real data, a tiny image folder, and the program shrunk to it."""

import importlib
import logging
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, open_dict
from PIL import Image

from askwell.command import cli, sweep

ROOT = Path(__file__).parents[1]
CLASSES = ("ash", "birch", "cedar")
POOL = 48
"""Training images of `images`."""

# Tiny networks gain nothing from threads and lose much where cores are shared. Torch reads it when
# first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with the real MNIST and Fruits-360."""
    if "ASKWELL_DATA" in os.environ:
        folder = Path(os.environ["ASKWELL_DATA"])
        return folder if folder.is_dir() else pytest.fail(f"ASKWELL_DATA={folder} is not there")
    if "CI" in os.environ:
        pytest.fail("CI tests the real data: set ASKWELL_DATA to their folder")
    pytest.skip("needs the real MNIST and Fruits-360: set ASKWELL_DATA to their folder")


def needed(package: str) -> ModuleType:
    """A package of the dev group. Tests that need it are skipped without it, but not in CI."""
    if "CI" in os.environ:
        return importlib.import_module(package)
    return pytest.importorskip(package)


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store shared by all tests, so that each data set is decoded once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey noise of 16x16 pixels in three classes told apart by brightness: 16 each to train on, 8
    each to evaluate.
    """
    root, noise = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for split, count in (("train", POOL // len(CLASSES)), ("test", 8)):
        for brightness, name in zip((50, 100, 150), CLASSES, strict=True):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = brightness + noise.integers(0, 100, (16, 16))
                Image.fromarray(pixels.astype(np.uint8)).save(
                    root / split / name / f"{number:02}.png"
                )
    return root


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, driven by playwright."""
    sync_api = needed("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None and "CI" not in os.environ:
        pytest.skip("needs chromium: apt-get install chromium")
    with sync_api.sync_playwright() as session:
        browser = session.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens an address, and fails where the page reports an error."""
    contexts = []

    def open_page(
        address: str,
        width: int = 1000,
        height: int = 700,
        ready: str = "#stage img",
        **settings: Any,
    ) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("dialog", lambda dialog: page.faults.append(dialog.message))
        page.goto(address)
        page.wait_for_selector(ready)
        return page

    yield open_page
    for context in contexts:
        for page in context.pages:
            assert page.faults == []
        context.close()


@pytest.fixture
def photos(images: Path, tmp_path: Path) -> Path:
    """A flat folder of the training images of all classes, named so that their classes mix."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for file in images.glob("train/*/*.png"):
        shutil.copy(file, folder / f"{file.stem}-{file.parent.name}.png")
    return folder


@pytest.fixture(scope="session")
def shrunk(images: Path, cache_dir: Path) -> list[str]:
    """The overrides that make an experiment of the real config take a second: 3 rounds of 6
    labels.
    """
    return [
        *(
            "dataset=folder",
            f"dataset.root={images}",
            "dataset.image_size=16",
            "dataset.channels=1",
        ),
        *("model.network.width=4", "model.network.hidden=8", "datamodule.train_batch_size=8"),
        *(
            "query_size=6",
            "rounds=3",
            "trainer=cpu",
            "logger=none",
            "jobs=1",  # within the process of the test
            "name=run",
            f"cache_dir={cache_dir}",
        ),
    ]


@pytest.fixture
def composed(shrunk: list[str], tmp_path: Path) -> Iterator[Callable[..., DictConfig]]:
    """Composes the real config, shrunk, with more overrides; its run folder is `tmp_path`."""

    def compose_with(*overrides: str, shrink: bool = True) -> DictConfig:
        cfg = deepcopy(_composed(*(shrunk if shrink else ()), *overrides))
        with open_dict(cfg):
            cfg.hydra.runtime.output_dir = str(tmp_path)
            HydraConfig.instance().set_config(cfg)
            del cfg["hydra"]
        return cfg

    yield compose_with
    HydraConfig.instance().cfg = None


@cache
def _composed(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("config", list(overrides), return_hydra_config=True)


@pytest.fixture
def program(shrunk: list[str], tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Runs train.py, shrunk, within this process, in `tmp_path`, with more command line
    arguments.
    """
    with program_in(tmp_path, shrunk) as run:
        yield run


@contextmanager
def program_in(folder: Path, shrunk: list[str]) -> Iterator[Callable[..., None]]:
    """What `program` is, in any folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HYDRA_FULL_ERROR", "1")
        patch.setattr(sweep, "started", [])

        def run(*arguments: str, shrink: bool = True) -> None:
            overrides = [*(shrunk if shrink else ()), *arguments]
            patch.setattr(sys, "argv", ["train.py", *_flags_first(overrides)])
            runpy.run_path(str(ROOT / "train.py"), run_name="__main__")

        yield run
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    _close_log_files()


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps end without their report, which takes seconds."""
    monkeypatch.setattr(cli, "report_on", lambda folders, output: None)


@pytest.fixture
def command(shrunk: list[str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `python train.py`, shrunk, in a process of its own and in `tmp_path`, which is
    importable.
    """
    return partial(command_in, tmp_path, shrunk)


def command_in(
    folder: Path, shrunk: list[str], *arguments: str, timeout: float = 300, **environment: str
) -> subprocess.CompletedProcess[str]:
    """What `command` does, in any folder."""
    return subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *_flags_first([*shrunk, *arguments])],
        **{"cwd": folder, "capture_output": True, "text": True, "timeout": timeout},
        env=os.environ | {"PYTHONPATH": str(folder)} | environment,
    )


def _flags_first(arguments: list[str]) -> list[str]:
    """Hydra's parser takes no flags between overrides."""
    return sorted(arguments, key=lambda argument: not argument.startswith("-"))


def _close_log_files() -> None:
    for handler in logging.getLogger().handlers[:]:
        if isinstance(handler, logging.FileHandler):
            logging.getLogger().removeHandler(handler)
            handler.close()
