"""How far a cheap pass can be from today's, as theorems on floating-point numbers.

Legend of axes: B images, C classes, H hidden units, D features.

Assumptions: products of two bfloat16 numbers or of two bytes are exact in float32 and int32; sums
of float32 are rounded to nearest at every addition, in whatever order (Higham, "Accuracy and
Stability of Numerical Algorithms", 2002, lemma 3.1 for `gamma`); nothing overflows, and what
underflows is below every bound here by 30 orders. Norms are Euclidean. A bound that is computed in
float32 itself is made larger by `OWN`, which is more than its own rounding.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from bench.cheaper import Layer, Layers, Pass, norms
from bench.steepness import OWN, Steepness, convolution_norm, linear_norm, steepness

UNIT = 2.0**-24
"""Unit roundoff of float32."""


def gamma(terms: int) -> float:
    """The relative error of a sum of so many products, in terms of the sum of their magnitudes."""
    return terms * UNIT / (1 - terms * UNIT)


@dataclass(frozen=True)
class SecondBlock:
    """What the second block makes of the error of what it is given.

    Max pooling of windows that do not overlap, and ReLU, make no distance larger.
    """

    exact: Layer
    cheap: Tensor  # the weight that the cheap pass has, as float32
    side: int  # pixels of what the block is given

    @cached_property
    def slope(self) -> Steepness:
        return steepness(self.exact.weight, self.side)

    @cached_property
    def drift(self) -> Steepness:
        """Of what rounding did to the weight."""
        return steepness(self.exact.weight.double() - self.cheap.double(), self.side)

    @cached_property
    def summing(self) -> float:
        """The rounding of both passes' sums, per norm of what they are given; the bias excepted."""
        terms = self.exact.weight[0].numel() + 2
        magnitudes = (self.exact.weight.abs(), self.cheap.abs())
        return gamma(terms) * sum(convolution_norm(one, self.side) for one in magnitudes)

    @cached_property
    def of_bias(self) -> float:
        """The rounding of both passes' sums that the bias accounts for."""
        terms = self.exact.weight[0].numel() + 2
        return 2 * gamma(terms) * self.side * float(self.exact.bias.norm())

    def error(self, seen: Pass) -> Tensor:
        """How far the features can be from today's, [B].

        A a − Ã ã = A (a − ã) + (A − Ã) ã, then the rounding of sums and of what is written.
        """
        rounded = seen.rounded.float()
        apart = seen.given - rounded
        size = norms(seen.given) + norms(apart)
        error = self.slope(apart) + self.drift(rounded) + self.summing * size + self.of_bias
        return OWN * (error + seen.written)


@dataclass(frozen=True)
class LastLayers:
    """What the hidden and the last layer make of the error of features.

    A difference of two logits is v·relu(W z + b). Between two features z the ReLU of each unit acts
    as a factor: 1 where the unit is surely on, 0 where it is surely off, else from 0 to 1. So the
    difference changes by (Wᵀ(s ∘ v))·(z − z̃) for such factors s.
    """

    hidden: Layer
    last: Layer

    @cached_property
    def gram(self) -> Tensor:
        return self.hidden.weight @ self.hidden.weight.T

    @cached_property
    def lengths(self) -> Tensor:
        """The norm of each hidden unit's weights, [H]."""
        return self.hidden.weight.norm(dim=1)

    @cached_property
    def norm(self) -> float:
        return linear_norm(self.hidden.weight)

    @cached_property
    def norm_of_sizes(self) -> float:
        return linear_norm(self.hidden.weight.abs())

    @cached_property
    def apart(self) -> Tensor:
        """The v of each pair of classes, [C, C, H]."""
        return self.last.weight[:, None] - self.last.weight

    def rough(self, size: Tensor, error: Tensor, hidden: Tensor, logits: Tensor) -> Tensor:
        """How far `logits - logits[most likely]` can be from today's [B, C], for features of norm
        `size` [B] that can be `error` [B] away.

        ‖Wᵀ(s ∘ v)‖ ≤ ‖W‖ ‖v‖, the v of units that are surely off left out; rounding alike.
        """
        reach, _ = self._reach(size, error)
        squares = (hidden >= -reach).float() @ self.apart.square().flatten(0, 1).T
        top = logits.argmax(dim=1)
        of_pairs = squares.view(len(logits), *self.apart.shape[:2])[torch.arange(len(top)), top]
        slope = self.norm * error + gamma(self._terms) * self.norm_of_sizes * (2 * size + error)
        slope = slope + 2 * gamma(self._terms) * self.hidden.bias.norm()
        return OWN * (slope[:, None] * of_pairs.sqrt() + self._of_logits(hidden, reach, top))

    def fine(self, size: Tensor, error: Tensor, hidden: Tensor, logits: Tensor) -> Tensor:
        """The same, closer: (s ∘ v)ᵀ W Wᵀ (s ∘ v) for the units that are surely on, and the most
        that the others can add to it.
        """
        reach, summing = self._reach(size, error)
        on, off = hidden > reach, hidden < -reach
        factors = torch.where(on, 1.0, torch.where(off, 0.0, 0.5))[:, None]  # [B, 1, H]
        top = logits.argmax(dim=1)
        apart = self.apart[top]  # [B, C, H]
        middle = factors * apart
        slope = middle @ self.gram
        unsure = apart.abs() * ~(on | off)[:, None] / 2
        square = (middle * slope + 2 * unsure * slope.abs()).sum(dim=2)
        square = square + self.norm**2 * unsure.square().sum(dim=2)
        of_sums = (apart.abs() * (summing * ~off)[:, None]).sum(dim=2)
        error_of_pairs = square.clamp(min=0).sqrt() * error[:, None] + of_sums
        found = OWN * (error_of_pairs + self._of_logits(hidden, reach, top))
        return torch.minimum(found, self.rough(size, error, hidden, logits))

    @property
    def _terms(self) -> int:
        return self.hidden.weight.shape[1] + 1

    def _reach(self, size: Tensor, error: Tensor) -> tuple[Tensor, Tensor]:
        """How far each hidden unit can be from today's before its ReLU, and what of it is the
        rounding of both passes' sums, both [B, H].
        """
        sizes = (2 * size + error)[:, None] * self.lengths
        summing = OWN * gamma(self._terms) * (sizes + 2 * self.hidden.bias.abs())
        return OWN * (error[:, None] * self.lengths) + summing, summing

    def _of_logits(self, hidden: Tensor, reach: Tensor, top: Tensor) -> Tensor:
        """The rounding of both passes' logits, of the most likely class and of each other one."""
        units, unit = hidden.relu() + reach, 2 * gamma(hidden.shape[1] + 2)
        of_each = unit * (units @ self.last.weight.abs().T + self.last.bias.abs())
        return of_each + of_each.gather(1, top[:, None])


@dataclass(frozen=True)
class Dropped:
    """The error of features where the channels that are not `kept` are taken for their mean."""

    second: Layer
    kept: Tensor
    means: Tensor  # of the features, [1, M, height, width]
    side: int

    @cached_property
    def out(self) -> Tensor:
        """Which channels are left out, bool [M]."""
        return torch.ones(len(self.second.bias), dtype=torch.bool).index_fill(0, self.kept, False)

    @cached_property
    def slope(self) -> Steepness:
        return steepness(self.second.weight[self.out], self.side)

    @cached_property
    def of_kept(self) -> SecondBlock:
        return SecondBlock(self.second, self.second.weight, self.side)

    def error(self, seen: Pass) -> Tensor:
        """‖z − mean‖ ≤ ‖A a‖ + ‖b‖ + ‖mean‖, all of the channels left out, [B]."""
        fixed = self.side * self.second.bias[self.out].norm() + self.means[:, self.out].norm()
        return OWN * (self.slope(seen.given) + fixed) + self.of_kept.error(seen)


@dataclass(frozen=True)
class Change:
    """How far features can have moved since the weights were `then`.

    `side` are the pixels of what the second block is given, half of those of an image.
    """

    then: Layers
    now: Layers
    side: int

    @cached_property
    def of_first(self) -> tuple[float, float]:
        """What the norm of standardised pixels is multiplied by, and what is added."""
        before, after = self.then.first, self.now.first
        weight = convolution_norm(after.weight.double() - before.weight.double(), 2 * self.side)
        return weight, 2 * self.side * float((after.bias - before.bias).norm())

    @cached_property
    def norm(self) -> float:
        return convolution_norm(self.now.second.weight, self.side)

    @cached_property
    def moved(self) -> Steepness:
        change = self.now.second.weight.double() - self.then.second.weight.double()
        return steepness(change, self.side)

    def error(self, seen: Pass) -> Tensor:
        """A' a' − A a = A' (a' − a) + (A' − A) a + b' − b, block after block, [B].

        The rounding of float32, a thousandth of these, is left out: it would only add to them.
        """
        factor, added = self.of_first
        given = factor * norms(seen.inputs) + added
        bias = self.side * (self.now.second.bias - self.then.second.bias).norm()
        return self.norm * given + self.moved(seen.given) + bias
