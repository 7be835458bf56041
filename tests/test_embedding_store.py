"""The rows of an encoder: computed once, whole or not there, the same bit for bit whoever computes
them.
"""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from askwell.embedding import Embeddings, Fingerprint
from askwell.embedding.pretrained import Normalisation, PretrainedNetwork
from askwell.embedding.store import BLOCK, batch_size_for, folder_of, stored
from askwell.errors import UserError
from askwell.images.fingerprint import digest_images
from askwell.processes import CPU
from askwell.randomness import generator

COUNT, SIZE = 2 * BLOCK + 70, 8


class Noise:
    """Random images of 8 x 8 pixels."""

    def __init__(self, fingerprint: str = "noise") -> None:
        self.fingerprint, self.names = fingerprint, None
        self.truth = np.zeros(COUNT, np.int64)
        shape = (COUNT, SIZE, SIZE, 3)
        self.pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    def __len__(self) -> int:
        return COUNT

    def fetch(self, indices: np.ndarray) -> Tensor:
        return torch.from_numpy(self.pixels[indices]).permute(0, 3, 1, 2)


class Means:
    """The mean of each channel, and how many batches were asked for."""

    def __init__(self, name: str = "means", fails_after: float = float("inf")) -> None:
        self.fingerprint = Fingerprint(name, "none", None, "none")
        self.batches, self.fails_after = 0, fails_after

    def __call__(self, images: Tensor) -> Tensor:
        self.batches += 1
        if self.batches > self.fails_after:
            raise KeyboardInterrupt
        return images.float().mean((2, 3)).half()


def small_network() -> PretrainedNetwork:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1)]
    layers[1].running_mean.normal_(generator=generator("mean"))
    layers[1].running_var.uniform_(0.5, 2, generator=generator("variance"))
    trunk = nn.Sequential(*layers, nn.Flatten())
    return PretrainedNetwork("small", trunk, 16, Normalisation((0.5,) * 3, (0.25,) * 3))


def file_of(encoder, folder: Path) -> Path:
    return folder_of(encoder, Noise(), folder) / "rows.npy"


def compute_in_a_process(folder: Path, seconds: float) -> None:
    class Slow(Means):
        def __call__(self, images: Tensor) -> Tensor:
            time.sleep(seconds)
            return super().__call__(images)

    stored(Slow(), Noise(), folder)


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline, f"there is no {file.name}"
        time.sleep(0.01)


@pytest.fixture
def process(tmp_path):
    """Starts processes that compute the rows of `Means` with a pause before each batch."""
    context = multiprocessing.get_context("fork")
    started = []

    def start(seconds: float):
        started.append(context.Process(target=compute_in_a_process, args=(tmp_path, seconds)))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.join()


def test_rows_are_what_the_encoder_gives(tmp_path):
    rows = stored(Means(), Noise(), tmp_path).rows(torch.tensor([COUNT - 1, 0]))
    expected = Noise().pixels[[COUNT - 1, 0]].mean((1, 2)).astype(np.float16).astype(np.float32)
    torch.testing.assert_close(rows, torch.from_numpy(expected), rtol=1e-3, atol=0)


def test_rows_are_halves_mapped_from_a_file(tmp_path):
    values = stored(Means(), Noise(), tmp_path).values
    assert (values.dtype, values.shape, values.flags.writeable) == (np.float16, (COUNT, 3), False)


def test_the_second_job_computes_nothing(tmp_path):
    stored(Means(), Noise(), tmp_path)
    again = Means()
    stored(again, Noise(), tmp_path)
    assert again.batches == 0


def test_another_encoder_and_other_images_have_rows_of_their_own(tmp_path):
    pairs = [(Means(), Noise()), (Means("other"), Noise()), (Means(), Noise("other"))]
    assert len({stored(*pair, tmp_path).fingerprint for pair in pairs}) == 3
    assert len(list(tmp_path.glob("embeddings/*/rows.npy"))) == 3


def test_nothing_but_rows_and_their_facts_is_left(tmp_path):
    stored(Means(), Noise(), tmp_path)
    left = [path for path in (tmp_path / "embeddings").iterdir() if path.suffix != ".locks"]
    assert left == [folder_of(Means(), Noise(), tmp_path)]
    assert sorted(path.name for path in left[0].iterdir()) == ["content.json", "rows.npy"]


def test_blocks_that_were_finished_before_an_end_are_kept(tmp_path):
    a_block = BLOCK // batch_size_for(None, Noise(), CPU)
    with pytest.raises(KeyboardInterrupt):
        stored(Means(fails_after=2 * a_block), Noise(), tmp_path)
    rest = Means()
    stored(rest, Noise(), tmp_path)
    whole = Means()
    stored(whole, Noise(), tmp_path / "at once")
    assert rest.batches == whole.batches - 2 * a_block > 0


def test_rows_are_equal_bit_for_bit_after_an_end(tmp_path):
    encoder, interrupted = small_network(), small_network()
    real, calls = interrupted._frozen, []

    def interrupt(images):
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return real(images)

    interrupted._frozen = interrupt
    interrupt.copy = real.copy
    with pytest.raises(KeyboardInterrupt):
        stored(interrupted, Noise(), tmp_path / "ended")
    stored(encoder, Noise(), tmp_path / "ended")
    stored(encoder, Noise(), tmp_path / "at once")
    files = [file_of(encoder, tmp_path / name).read_bytes() for name in ("ended", "at once")]
    assert files[0] == files[1]


@pytest.mark.slow
def test_a_killed_process_leaves_what_another_continues(tmp_path, process):
    killed = process(0.2)
    wait_for(folder_of(Means(), Noise(), tmp_path).with_suffix(".part") / "000000.npy")
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    rest = Means()
    stored(rest, Noise(), tmp_path)
    stored(Means(), Noise(), tmp_path / "at once")
    assert rest.batches < COUNT / batch_size_for(None, Noise(), CPU)
    assert file_of(rest, tmp_path).read_bytes() == file_of(rest, tmp_path / "at once").read_bytes()


@pytest.mark.slow
def test_processes_share_the_blocks_and_get_the_same_file(tmp_path, process):
    two = [process(1), process(1)]
    for number in (0, 1):  # what each of them has claimed
        wait_for(folder_of(Means(), Noise(), tmp_path).with_suffix(".locks") / f"lock.{number}")
    mine = Means()
    stored(mine, Noise(), tmp_path)
    for each in two:
        each.join(60)
    stored(Means(), Noise(), tmp_path / "alone")
    assert [each.exitcode for each in two] == [0, 0]
    assert mine.batches < COUNT / batch_size_for(None, Noise(), CPU)
    assert file_of(mine, tmp_path).read_bytes() == file_of(mine, tmp_path / "alone").read_bytes()


def test_blocks_are_counted_on_a_bar(tmp_path):
    seen = []

    def track(blocks, total, purpose):
        for block in blocks:
            seen.append((block, total, purpose))
            yield block

    stored(Means(), Noise(), tmp_path, track)
    assert seen == [(0, 3, "embedding"), (1, 3, "embedding"), (2, 3, "embedding")]


def test_rows_in_which_a_bit_was_flipped_are_computed_again(tmp_path, caplog):
    file = file_of(Means(), tmp_path)
    expected = stored(Means(), Noise(), tmp_path).values.copy()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert np.array_equal(stored(Means(), Noise(), tmp_path).values, expected)
    assert "its rows were changed" in caplog.text


@pytest.mark.parametrize("name", ["rows.npy", "content.json"])
def test_rows_of_which_a_file_was_cut_are_computed_again(tmp_path, name):
    expected = stored(Means(), Noise(), tmp_path).values.copy()
    file = file_of(Means(), tmp_path).with_name(name)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert np.array_equal(stored(Means(), Noise(), tmp_path).values, expected)


def test_rows_that_were_copied_are_used(tmp_path):
    stored(Means(), Noise(), tmp_path)
    file = file_of(Means(), tmp_path)
    os.utime(file, ns=(0, 0))
    again = Means()
    stored(again, Noise(), tmp_path)
    assert again.batches == 0


def test_numbers_that_float16_cannot_hold_are_refused(tmp_path):
    class Large(Means):
        def __call__(self, images: Tensor) -> Tensor:
            return (images.float().mean((2, 3)) * 1e4).half()

    with pytest.raises(UserError, match="row of image 0 holds numbers that float16 cannot"):
        stored(Large(), Noise(), tmp_path)


@pytest.mark.parametrize("gives", [lambda rows: rows[:, 0], lambda rows: rows[:1], Tensor.long])
def test_what_is_not_one_row_of_floats_for_each_image_is_refused(tmp_path, gives):
    class Wrong(Means):
        def __call__(self, images: Tensor) -> Tensor:
            return gives(super().__call__(images))

    with pytest.raises(UserError, match=r"embedding means gave .* expected one row of floats each"):
        stored(Wrong(), Noise(), tmp_path)


def test_a_cache_that_cannot_be_written_says_what_to_set(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write .*expected a folder and found a file"):
        stored(Means(), Noise(), tmp_path / "file")


def test_batches_divide_a_block_whatever_an_encoder_sees():
    sizes = [batch_size_for(size, Noise(), CPU) for size in (None, 8, 96, 224, 1000)]
    assert sizes == [256, 256, 16, 4, 1]


def test_rows_are_taken_in_the_order_asked():
    embeddings = Embeddings(np.arange(8, dtype=np.float16).reshape(4, 2), "mine")
    assert embeddings.rows(torch.tensor([3, 0])).tolist() == [[6.0, 7.0], [0.0, 1.0]]


class Grown(Noise):
    """The first `count` of the images, known by their pixels."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.pixels, self.truth = self.pixels[:count], None
        self.fingerprint = digest_images(None, self.pixels.shape[1:], [self.pixels])

    def __len__(self) -> int:
        return len(self.pixels)


def test_of_a_folder_that_grew_only_new_blocks_are_computed(tmp_path):
    stored(Means(), Grown(BLOCK + 70), tmp_path)
    again = Means()
    rows = stored(again, Grown(COUNT), tmp_path)
    apart = Means()
    assert np.array_equal(rows.values, stored(apart, Grown(COUNT), tmp_path / "apart").values)
    assert again.batches == apart.batches - BLOCK // batch_size_for(None, Noise(), CPU)


@pytest.mark.parametrize("other", ["images", "encoder"])
def test_rows_of_other_images_or_another_encoder_are_not_taken_over(tmp_path, other):
    before, encoder = Grown(BLOCK + 70), Means()
    if other == "images":
        before.pixels = before.pixels[::-1]
        before.fingerprint = digest_images(None, before.pixels.shape[1:], [before.pixels])
    else:
        encoder = Means("other")
    stored(encoder, before, tmp_path)
    found = stored(Means(), Grown(COUNT), tmp_path).values
    assert np.array_equal(found, stored(Means(), Grown(COUNT), tmp_path / "apart").values)


def test_damaged_rows_are_not_taken_over(tmp_path):
    before = folder_of(Means(), Grown(BLOCK + 70), tmp_path)
    stored(Means(), Grown(BLOCK + 70), tmp_path)
    content = bytearray((before / "rows.npy").read_bytes())
    content[200] ^= 1
    (before / "rows.npy").write_bytes(content)
    found = stored(Means(), Grown(COUNT), tmp_path).values
    assert np.array_equal(found, stored(Means(), Grown(COUNT), tmp_path / "apart").values)
