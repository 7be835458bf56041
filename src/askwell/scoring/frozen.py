"""A frozen copy of a network, rewritten to run as fast as its arithmetic allows."""

import copy
import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights, fuse_linear_bn_weights

from askwell.model.max_pool import HalvingMaxPool, PooledConvolution
from askwell.strategy.look import Look

log = logging.getLogger(__name__)

FOLDS: dict[tuple[type, type], Callable[..., tuple[Tensor, Tensor]]] = {
    (nn.Conv1d, nn.BatchNorm1d): fuse_conv_bn_weights,
    (nn.Conv2d, nn.BatchNorm2d): fuse_conv_bn_weights,
    (nn.Linear, nn.BatchNorm1d): fuse_linear_bn_weights,
}


class FrozenNetwork:
    """`network` in evaluation mode, rewritten: batch norm folded, no dropout, channels_last.

    Traced once; `refresh` takes over the network's present weights in place, so that a compiled
    copy stays compiled. A network that cannot be traced is copied as it is, with a warning.
    """

    def __init__(self, network: nn.Module, compile: bool = False) -> None:
        self.network = network
        self.folded: dict[str, str] = {}  # the layer -> the batch norm that went into it
        self.copy: nn.Module = (
            self._trace(compile).requires_grad_(False).to(memory_format=torch.channels_last)
        )
        looking = (
            self.copy
            if isinstance(self.copy, fx.GraphModule)
            else partial(_look_of_untraced, self.copy)
        )
        self._run = torch.compile(looking) if compile else looking
        self.refresh()

    def __call__(self, images: Tensor) -> Look:
        """A look at images [B, channels, H, W].

        Without a linear layer the logits are the features.
        """
        return Look(*self._run(images))

    @property
    def head(self) -> tuple[Tensor, Tensor, float] | None:
        """Weight [C, D] and bias [C] of the last linear layer, and the dropout right before it.

        None where the network has no linear layer.
        """
        layers: list[Any] = [
            module for module in self.network.modules() if not list(module.children())
        ]
        linear = [place for place, layer in enumerate(layers) if isinstance(layer, nn.Linear)]
        if not linear:
            return None
        last, before = layers[linear[-1]], layers[linear[-1] - 1]
        bias = last.weight.new_zeros(len(last.weight)) if last.bias is None else last.bias
        return last.weight, bias, before.p if isinstance(before, nn.Dropout) else 0.0

    @torch.no_grad()
    def refresh(self) -> None:
        """Copies weights and buffers; folded layers get theirs scaled by their batch norm."""
        weights = self.network.state_dict()
        for layer, norm in self.folded.items():
            weights |= self._fold(layer, norm)
        for name, weight in self.copy.state_dict().items():
            weight.copy_(weights[name])
        for module in self.copy.modules():
            if isinstance(module, PooledConvolution):
                module.refresh()

    def _trace(self, compile: bool) -> nn.Module:
        evaluated = copy.deepcopy(self.network).eval()
        try:
            graph = fx.symbolic_trace(evaluated)
        # Any construct that fx does not know: the plain copy is right, only slower.
        except Exception as reason:
            log.warning("scoring without folding: the network cannot be traced (%s)", reason)
            return evaluated
        self._fold_norms(graph)
        _drop_dropout(graph)
        _pool_before_relu(graph)
        _pool_by_maxima(graph)
        if compile and all(weight.device.type == "cpu" for weight in graph.parameters()):
            _pool_in_convolution(graph)
        _return_features(graph)
        graph.graph.lint()
        graph.recompile()
        graph.delete_all_unused_submodules()
        return graph

    def _fold_norms(self, graph: fx.GraphModule) -> None:
        calls = Counter(node.target for node in graph.graph.nodes)
        for (before, layer), (node, norm) in _adjacent(graph):
            foldable = (
                (type(layer), type(norm)) in FOLDS and norm.track_running_stats and norm.affine
            )
            if not foldable or calls[before.target] > 1:
                continue
            if layer.bias is None:
                layer.bias = nn.Parameter(layer.weight.new_zeros(layer.weight.shape[0]))
            self.folded[str(before.target)] = str(node.target)
            _remove(node, before)

    def _fold(self, layer_name: str, norm_name: str) -> dict[str, Tensor]:
        layer: Any = self.network.get_submodule(layer_name)
        norm: Any = self.network.get_submodule(norm_name)
        weight, bias = FOLDS[type(layer), type(norm)](
            layer.weight,
            layer.bias,
            norm.running_mean,
            norm.running_var,
            norm.eps,
            norm.weight,
            norm.bias,
        )
        return {f"{layer_name}.weight": weight, f"{layer_name}.bias": bias}


def _return_features(graph: fx.GraphModule) -> None:
    """Adds the input of the last linear layer as a second output."""
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    modules = dict(graph.named_modules())
    calls = [node for node in graph.graph.nodes if node.op == "call_module"]
    linear = [node for node in calls if isinstance(modules[str(node.target)], nn.Linear)]
    logits: Any = output.args[0]
    with graph.graph.inserting_before(output):
        features = (
            graph.graph.call_method("flatten", (linear[-1].all_input_nodes[0], 1))
            if linear
            else logits
        )
    output.args = ((logits, features),)


def _look_of_untraced(network: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Logits and features of a network that cannot be traced, by hooks on its linear layers."""
    seen: list[Tensor] = []
    linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    hooks = [
        layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        for layer in linear
    ]
    try:
        logits = network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return logits, seen[-1].flatten(1) if seen else logits


def _adjacent(graph: fx.GraphModule) -> list[tuple[tuple[fx.Node, Any], tuple[fx.Node, Any]]]:
    """Pairs of module calls where the second alone takes the first's result, with modules."""
    modules = dict(graph.named_modules())
    calls = {
        node: modules[str(node.target)] for node in graph.graph.nodes if node.op == "call_module"
    }
    fed = ((node.all_input_nodes, node) for node in calls)
    pairs = (
        (sources[0], node)
        for sources, node in fed
        if len(sources) == 1 and list(sources[0].users) == [node]
    )
    return [
        ((first, calls[first]), (second, calls[second]))
        for first, second in pairs
        if first in calls
    ]


def _remove(node: fx.Node, before: fx.Node) -> None:
    node.replace_all_uses_with(before)
    node.graph.erase_node(node)


def _drop_dropout(graph: fx.GraphModule) -> None:
    modules = dict(graph.named_modules())
    for node in list(graph.graph.nodes):
        module = modules.get(str(node.target)) if node.op == "call_module" else None
        if isinstance(module, nn.modules.dropout._DropoutNd | nn.Identity):
            _remove(node, node.all_input_nodes[0])


def _pool_by_maxima(graph: fx.GraphModule) -> None:
    """Replaces every max pooling that halves height and width by `HalvingMaxPool`."""
    for name, module in list(graph.named_modules()):
        if isinstance(module, nn.MaxPool2d) and _halves(module):
            graph.set_submodule(name, HalvingMaxPool())


def _pool_in_convolution(graph: fx.GraphModule) -> None:
    """Replaces a grey convolution and the pooling after it by `PooledConvolution`."""
    calls = Counter(node.target for node in graph.graph.nodes)
    for (before, convolution), (node, pooling) in _adjacent(graph):
        replaceable = (
            type(convolution) is nn.Conv2d
            and calls[before.target] == 1
            and _frames_grey(convolution)
        )
        if isinstance(pooling, HalvingMaxPool) and replaceable:
            graph.set_submodule(str(before.target), PooledConvolution(convolution))
            _remove(node, before)


def _frames_grey(convolution: nn.Conv2d) -> bool:
    """Whether it is 3x3, of one channel, with a bias, and keeps the size by a frame of zeros."""
    settings = (
        convolution.kernel_size,
        convolution.padding,
        convolution.stride,
        convolution.dilation,
    )
    usual = settings == ((3, 3), (1, 1), (1, 1), (1, 1)) and convolution.padding_mode == "zeros"
    return usual and convolution.in_channels == 1 and convolution.bias is not None


def _halves(pooling: nn.MaxPool2d) -> bool:
    settings = pooling.kernel_size, pooling.stride, pooling.padding, pooling.dilation
    numbers = [
        setting if isinstance(setting, tuple) else (setting, setting) for setting in settings
    ]
    return numbers == [(2, 2), (2, 2), (0, 0), (1, 1)] and not (
        pooling.ceil_mode or pooling.return_indices
    )


def _pool_before_relu(graph: fx.GraphModule) -> None:
    """Swaps max pooling with the ReLU before it.

    The same numbers, bit for bit, from a quarter of the comparisons.
    """
    for (before, activation), (node, pooling) in _adjacent(graph):
        if (
            isinstance(activation, nn.ReLU)
            and isinstance(pooling, nn.MaxPool2d)
            and not pooling.return_indices
        ):
            before.target, node.target = node.target, before.target
