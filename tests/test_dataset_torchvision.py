"""torchvision's data sets, found, read or fetched."""

import io
import pickle
import shutil
import tarfile
from collections.abc import Iterator
from functools import partial
from hashlib import md5
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import torchvision

from askwell.dataset.base import OpenDataset
from askwell.dataset.torchvision import Cifar10, Cifar100, FashionMnist, Mnist, TorchvisionDataset
from askwell.errors import UserError

KINDS = [Mnist, FashionMnist, Cifar10, Cifar100]


def dataset(
    kind: type[TorchvisionDataset], data_dir: Path, cache_dir: Path | str = ""
) -> TorchvisionDataset:
    return kind(image_size=28, channels=1, data_dir=str(data_dir), cache_dir=str(cache_dir))


@pytest.fixture(scope="module")
def mnist(data_dir: Path, cache_dir: Path) -> OpenDataset:
    return dataset(Mnist, data_dir, cache_dir).open()


@pytest.mark.parametrize("train", [True, False])
def test_mnist_has_the_pixels_and_labels_that_torchvision_reads(
    mnist: OpenDataset, data_dir: Path, train: bool
) -> None:
    ours, theirs = (
        (mnist.train if train else mnist.evaluation),
        torchvision.datasets.MNIST(data_dir, train=train),
    )
    assert np.array_equal(ours.fetch(np.arange(len(theirs)))[:, 0], theirs.data)
    assert np.array_equal(ours.truth, theirs.targets)


def test_a_second_open_does_not_read_the_raw_files(
    mnist: OpenDataset, data_dir: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mnist, "reader", None)
    assert dataset(Mnist, data_dir, cache_dir).open().fingerprint == mnist.fingerprint


@pytest.mark.parametrize("kind", KINDS)
def test_a_dead_network_says_where_to_put_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[TorchvisionDataset]
) -> None:
    def unreachable(*args: object, **settings: object) -> None:
        raise OSError("no\nnetwork")

    monkeypatch.setattr(kind, "reader", staticmethod(lambda: unreachable))
    with pytest.raises(
        UserError,
        match=rf"\(no network\): put {kind.files[0]}, .* into {tmp_path}, .*dataset=mnist_mini",
    ):
        dataset(kind, tmp_path).splits()


class Download:
    """Leaves what torchvision's download would, but for the last `lost` files."""

    def __init__(self, kind: type[TorchvisionDataset], lost: int = 0) -> None:
        self.files = kind.files[: len(kind.files) - lost]

    def __call__(self, root: Path, download: bool) -> None:
        for file in self.files:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_bytes(
                pickle.dumps({"label_names": ["a"], "fine_label_names": ["b"]})
            )


@pytest.mark.parametrize("kind", KINDS)
def test_absent_files_are_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[TorchvisionDataset]
) -> None:
    monkeypatch.setattr(kind, "reader", staticmethod(lambda: Download(kind)))
    dataset(kind, tmp_path / "new").splits()
    assert {(tmp_path / "new" / file).is_file() for file in kind.files} == {True}


def test_a_download_leaves_nothing_beside_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mnist, "reader", staticmethod(lambda: Download(Mnist)))
    dataset(Mnist, tmp_path).splits()
    assert [path.name for path in tmp_path.iterdir()] == ["MNIST"]


def test_a_download_that_failed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mnist, "reader", staticmethod(lambda: Download(Mnist, lost=4)))
    with pytest.raises(UserError, match="cannot download Mnist"):
        dataset(Mnist, tmp_path).splits()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_download_that_lost_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mnist, "reader", staticmethod(lambda: Download(Mnist, lost=1)))
    with pytest.raises(UserError, match="cannot download Mnist"):
        dataset(Mnist, tmp_path).splits()


def test_a_damaged_raw_file_is_told(data_dir: Path, tmp_path: Path) -> None:
    raw = tmp_path / "MNIST/raw"
    shutil.copytree(data_dir / "MNIST/raw", raw, copy_function=shutil.copyfile)
    (raw / "t10k-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03")
    with pytest.raises(UserError, match=r"cannot read the data set in .*: delete its files"):
        dataset(Mnist, tmp_path).splits().evaluation.decode(0)


@pytest.mark.parametrize("kind", [Mnist, FashionMnist])
def test_the_classes_are_as_many_as_torchvisions(kind: type[Any]) -> None:
    assert len(dataset(kind, Path()).names()) == len(kind.reader().classes)


def test_clothes_are_called_as_torchvision_calls_them() -> None:
    assert list(dataset(FashionMnist, Path()).names()) == torchvision.datasets.FashionMNIST.classes


def write_cifar(root: Path) -> dict[str, np.ndarray]:
    """Five images a batch, in the format that the data set's page describes: one row an image,
    colour by colour.
    """
    folder, pixels = root / "cifar-10-batches-py", {}
    folder.mkdir(parents=True)
    for number, file in enumerate(Cifar10.files[:-1]):
        pixels[file] = np.random.default_rng(number).integers(0, 256, (5, 3072), dtype=np.uint8)
        (root / file).write_bytes(pickle.dumps({"data": pixels[file], "labels": [0, 1, 0, 1, 0]}))
    (root / Cifar10.files[-1]).write_bytes(pickle.dumps({"label_names": ["aeroplane", "ship"]}))
    return pixels


def test_cifar_is_read_from_its_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = write_cifar(tmp_path)
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "_check_integrity", lambda self: True)
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "_load_meta", lambda self: None)
    train, _, classes = Cifar10(image_size=32, channels=3, data_dir=tmp_path, cache_dir="").splits()
    assert classes == ("aeroplane", "ship")
    assert np.array_equal(
        train.decode(7), pixels[Cifar10.files[1]][2].reshape(3, 32, 32).transpose(1, 2, 0)
    )


class Hostile:
    def __reduce__(self):
        return Path.touch, (Path("taken over"),)


def test_a_hostile_list_of_classes_is_refused_before_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_cifar(tmp_path)
    (tmp_path / Cifar10.files[-1]).write_bytes(pickle.dumps({"label_names": Hostile()}))
    with pytest.raises(UserError, match="cannot read the data set"):
        Cifar10(image_size=32, channels=3, data_dir=tmp_path, cache_dir="").splits()
    assert not (tmp_path / "taken over").exists()


def hostile_archive(path: Path) -> None:
    """CIFAR-10 as it should be, and two members that would land outside of the folder it is
    unpacked in.
    """
    write_cifar(path.parent / "source")
    with tarfile.open(path, "w:gz") as archive:
        archive.add(path.parent / "source" / "cifar-10-batches-py", "cifar-10-batches-py")
        for name in ("../../escaped", str(path.parent / "escaped absolutely")):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a server of what is in `tmp_path`."""

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(tmp_path))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("trusted", [False, True])
def test_an_archive_from_elsewhere_leaves_nothing_behind(
    tmp_path: Path, served: str, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    """Whether its sum is wrong, or even right: nothing lands outside of the folder of the data."""
    archive, root = tmp_path / "cifar-10-python.tar.gz", tmp_path / "root" / "data"
    hostile_archive(archive)
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", f"{served}/{archive.name}")
    if trusted:
        monkeypatch.setattr(
            torchvision.datasets.CIFAR10, "tgz_md5", md5(archive.read_bytes()).hexdigest()
        )
    before = {path for path in tmp_path.rglob("*") if not path.is_relative_to(tmp_path / "root")}
    with pytest.raises(UserError, match="cannot download Cifar10"):
        dataset(Cifar10, root).splits()
    assert {path for path in tmp_path.rglob("*") if path.is_file()} <= before
