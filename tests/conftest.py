"""What several tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with the real MNIST and Fruits-360."""
    return Path(os.environ["ASKWELL_DATA"])


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store shared by all tests, so that each data set is decoded once."""
    return tmp_path_factory.mktemp("cache")
