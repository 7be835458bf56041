"""A frozen copy of a network, rewritten to run as fast as its arithmetic allows."""

import copy
import logging

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights, fuse_linear_bn_weights

log = logging.getLogger(__name__)

FOLDS = {
    (nn.Conv1d, nn.BatchNorm1d): fuse_conv_bn_weights,
    (nn.Conv2d, nn.BatchNorm2d): fuse_conv_bn_weights,
    (nn.Linear, nn.BatchNorm1d): fuse_linear_bn_weights,
}


class FrozenNetwork:
    """`network` in evaluation mode with batch norm folded into the layer before it, no dropout, channels_last.

    Traced once; `refresh` takes over the network's present weights in place, so that a compiled copy stays compiled.
    A network that cannot be traced is copied as it is, and this is said once.
    """

    def __init__(self, network: nn.Module, compile: bool = False) -> None:
        self.network = network
        self.folded: dict[str, str] = {}  # the layer -> the batch norm that went into it
        self.copy: nn.Module = self._trace().requires_grad_(False).to(memory_format=torch.channels_last)
        self._run = torch.compile(self.copy) if compile else self.copy
        self.refresh()

    def __call__(self, images: Tensor) -> Tensor:
        """Logits [B, C] of images [B, channels, H, W]."""
        return self._run(images)

    @torch.no_grad()
    def refresh(self) -> None:
        """Copies the network's weights and buffers; folded layers get theirs scaled by their batch norm."""
        weights = self.network.state_dict()
        for layer, norm in self.folded.items():
            weights |= self._fold(layer, norm)
        for name, weight in self.copy.state_dict().items():
            weight.copy_(weights[name])

    def _trace(self) -> nn.Module:
        evaluated = copy.deepcopy(self.network).eval()
        try:
            graph = fx.symbolic_trace(evaluated)
        except Exception as reason:  # any construct that fx does not know: the plain copy is right, only slower
            log.warning("scoring without folding: the network cannot be traced (%s)", reason)
            return evaluated
        self._fold_norms(graph)
        _drop_dropout(graph)
        _pool_before_relu(graph)
        graph.graph.lint()
        graph.recompile()
        graph.delete_all_unused_submodules()
        return graph

    def _fold_norms(self, graph: fx.GraphModule) -> None:
        modules = dict(graph.named_modules())
        for node in list(graph.graph.nodes):
            before = node.args[0] if node.op == "call_module" else None
            if not _only_feeds(before, node) or (type(modules[before.target]), type(modules[node.target])) not in FOLDS:
                continue
            layer, norm = modules[before.target], modules[node.target]
            if not norm.track_running_stats or before.target in self.folded:
                continue
            if layer.bias is None:
                layer.bias = nn.Parameter(layer.weight.new_zeros(layer.weight.shape[0]))
            self.folded[before.target] = node.target
            _remove(node)

    def _fold(self, layer_name: str, norm_name: str) -> dict[str, Tensor]:
        layer, norm = self.network.get_submodule(layer_name), self.network.get_submodule(norm_name)
        weight, bias = FOLDS[type(layer), type(norm)](
            layer.weight, layer.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        return {f"{layer_name}.weight": weight, f"{layer_name}.bias": bias}


def _only_feeds(node: object, consumer: fx.Node) -> bool:
    """Whether `node` is a module call whose one result goes to `consumer` alone."""
    return isinstance(node, fx.Node) and node.op == "call_module" and list(node.users) == [consumer]


def _remove(node: fx.Node) -> None:
    node.replace_all_uses_with(node.args[0])
    node.graph.erase_node(node)


def _drop_dropout(graph: fx.GraphModule) -> None:
    modules = dict(graph.named_modules())
    for node in list(graph.graph.nodes):
        if node.op == "call_module" and isinstance(modules[node.target], nn.modules.dropout._DropoutNd | nn.Identity):
            _remove(node)


def _pool_before_relu(graph: fx.GraphModule) -> None:
    """Swaps max pooling with the ReLU before it: the same numbers, bit for bit, from a quarter of the comparisons."""
    modules = dict(graph.named_modules())
    for node in list(graph.graph.nodes):
        before = node.args[0] if node.op == "call_module" and isinstance(modules[node.target], nn.MaxPool2d) else None
        if _only_feeds(before, node) and isinstance(modules[before.target], nn.ReLU):
            before.target, node.target = node.target, before.target
