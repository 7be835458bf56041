"""The data sets that torchvision can download: MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100."""

import io
import logging
import os
import pickle
import socket
import tarfile
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
from filelock import FileLock

from askwell.dataset.base import ImageDataset, Splits
from askwell.errors import UserError
from askwell.images.fingerprint import digest_files
from askwell.images.sources import ArraySource

logger = logging.getLogger(__name__)

SILENCE = 30  # seconds without an answer before a download is abandoned
UNREADABLE = (
    *(OSError, RuntimeError, ValueError, EOFError, AssertionError, KeyError),
    *(pickle.UnpicklingError, tarfile.TarError),
)
IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
BATCHES = (
    "data_batch_1",
    "data_batch_2",
    "data_batch_3",
    "data_batch_4",
    "data_batch_5",
    "test_batch",
)


@dataclass(frozen=True, kw_only=True)
class TorchvisionDataset(ImageDataset):
    """A data set that a class of torchvision reads from `files` below `data_dir`; they are
    downloaded if they are absent.

    torchvision is imported only to download and to fill the store.
    """

    files: ClassVar[tuple[str, ...]]

    @staticmethod
    @abstractmethod
    def reader() -> Callable[..., Any]:
        """The class of torchvision that reads the data set."""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The classes, in the order of their numbers."""

    def splits(self) -> Splits:
        """Finds or downloads the files; reads none of them but CIFAR's list of classes."""
        if not self._present:
            self._download()
        key = f"{type(self).__name__} {digest_files(self._root / file for file in self.files)}"
        return Splits(self._source(key, True), self._source(key, False), self.names())

    def _source(self, key: str, train: bool) -> ArraySource:
        load = partial(_load, self.reader, self._root, train)
        return ArraySource(load, f"{key} {train}", self.image_size, self.channels)

    @property
    def _root(self) -> Path:
        return Path(self.data_dir).absolute()

    @property
    def _present(self) -> bool:
        return all((self._root / file).is_file() for file in self.files)

    def _download(self) -> None:
        """Downloads into a temporary folder first: files in their final place are whole, so that
        later runs can trust them.
        """
        name, root = type(self).__name__, self._root
        lock = root / f".{name}.lock"
        try:
            root.mkdir(parents=True, exist_ok=True)
            with FileLock(lock), TemporaryDirectory(dir=root) as temporary:
                if not self._present:
                    logger.info("downloading %s into %s", name, root)
                    self._download_into(Path(temporary))
        except UNREADABLE as error:
            raise UserError(
                f"cannot download {name} ({_one_line(error)}): put {', '.join(self.files)} into "
                f"{root}, or set "
                "data_dir=… to a folder that has them, or use dataset=mnist_mini, which needs no "
                "download"
            ) from error
        finally:
            with suppress(OSError):
                # another process that waits for it finds the files, or downloads them too: no harm
                lock.unlink()

    def _download_into(self, temporary: Path) -> None:
        with _careful():
            self.reader()(temporary, download=True)
        for file in self.files:
            target = self._root / file
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary / file, target)


class Mnist(TorchvisionDataset):
    """Handwritten digits, 60,000 and 10,000 for evaluation, 28 x 28 grey pixels."""

    files = tuple(f"MNIST/raw/{name}" for name in IDX)

    @staticmethod
    def reader() -> Callable[..., Any]:
        """torchvision's MNIST."""
        from torchvision.datasets import MNIST

        return MNIST

    def names(self) -> tuple[str, ...]:
        """The digits."""
        return tuple("0123456789")


class FashionMnist(TorchvisionDataset):
    """Clothes, 60,000 and 10,000 for evaluation, 28 x 28 grey pixels."""

    files = tuple(f"FashionMNIST/raw/{name}" for name in IDX)

    @staticmethod
    def reader() -> Callable[..., Any]:
        """torchvision's FashionMNIST."""
        from torchvision.datasets import FashionMNIST

        return FashionMNIST

    def names(self) -> tuple[str, ...]:
        """The kinds of clothes, as torchvision calls them."""
        return CLOTHES


class Cifar10(TorchvisionDataset):
    """Photographs of ten kinds of things, 50,000 and 10,000 for evaluation, 32 x 32 colour
    pixels.
    """

    files = tuple(f"cifar-10-batches-py/{name}" for name in (*BATCHES, "batches.meta"))

    @staticmethod
    def reader() -> Callable[..., Any]:
        """torchvision's CIFAR10."""
        from torchvision.datasets import CIFAR10

        return CIFAR10

    def names(self) -> tuple[str, ...]:
        """The classes in the data set's own list."""
        return _cifar_names(self._root / self.files[-1], "label_names")


class Cifar100(TorchvisionDataset):
    """Photographs of a hundred kinds of things, 50,000 and 10,000 for evaluation, 32 x 32 colour
    pixels.
    """

    files = tuple(f"cifar-100-python/{name}" for name in ("train", "test", "meta"))

    @staticmethod
    def reader() -> Callable[..., Any]:
        """torchvision's CIFAR100."""
        from torchvision.datasets import CIFAR100

        return CIFAR100

    def names(self) -> tuple[str, ...]:
        """The classes in the data set's own list."""
        return _cifar_names(self._root / self.files[-1], "fine_label_names")


def _load(
    reader: Callable[[], Callable[..., Any]], root: Path, train: bool
) -> tuple[np.ndarray, np.ndarray]:
    """One split as torchvision reads it: uint8 [N, H, W] or [N, H, W, C], and labels [N]."""
    try:
        split = reader()(root, train=train)
        return np.asarray(split.data), np.asarray(split.targets)
    except UNREADABLE as error:
        raise _damaged(root, error) from error


class _PlainUnpickler(pickle.Unpickler):
    """Reads plain values, and refuses a pickle that names any class or function, as a hostile one
    must.
    """

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, where plain names are expected")


def _cifar_names(file: Path, entry: str) -> tuple[str, ...]:
    """The classes of CIFAR, read with care: torchvision verifies checksums only when it reads the
    images, which may be never.
    """
    try:
        return tuple(_PlainUnpickler(io.BytesIO(file.read_bytes())).load()[entry])
    except UNREADABLE as error:
        raise _damaged(file, error) from error


def _damaged(place: Path, error: Exception) -> UserError:
    return UserError(
        f"cannot read the data set in {place} ({_one_line(error)}): delete its files, and they "
        "are downloaded again"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


@contextmanager
def _careful() -> Iterator[None]:
    """Limits how long torchvision waits for a dead network, which is for ever otherwise, and where
    an archive may write.
    """
    timeout, extraction = socket.getdefaulttimeout(), vars(tarfile.TarFile)["extraction_filter"]
    socket.setdefaulttimeout(SILENCE)
    tarfile.TarFile.extraction_filter = staticmethod(tarfile.data_filter)
    try:
        yield
    finally:
        socket.setdefaulttimeout(timeout)
        tarfile.TarFile.extraction_filter = extraction
