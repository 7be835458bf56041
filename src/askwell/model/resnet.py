"""torchvision's ResNet-18 with a stem for small images."""

from torch import nn
from torchvision.models import resnet18


def small_image_resnet18(channels: int, num_classes: int) -> nn.Module:
    """ResNet-18 (He et al., 2016) for small images.

    A 3x3 stem of stride one and no first pooling, as is usual for 32 pixels.
    """
    network = resnet18(num_classes=num_classes)
    network.conv1 = nn.Conv2d(channels, 64, kernel_size=3, stride=1, padding=1, bias=False)
    network.maxpool = nn.Identity()
    return network
