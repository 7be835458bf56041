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

from bench.cheaper import Layer, Layers, Pass

UNIT = 2.0**-24
"""Unit roundoff of float32."""
UNIT_16 = 2.0**-8
"""Unit roundoff of bfloat16."""
OWN = 1.001
"""`gamma(6272)`, of the longest sum that a bound is computed with, is 0.0004."""


def gamma(terms: int) -> float:
    """The relative error of a sum of so many products, in terms of the sum of their magnitudes."""
    return terms * UNIT / (1 - terms * UNIT)


def convolution_norm(weight: Tensor, side: int) -> float:
    """The largest singular value of a 3x3 convolution [M, K, 3, 3] of images of `side` pixels that
    a frame of zeros keeps in size, from above.

    On a torus of `side` + 2 pixels a convolution is diagonal by frequency; images in a frame of
    zeros are a part of the torus, so that their norm is no larger.
    """
    frequencies = torch.fft.fft2(weight.double(), s=(side + 2, side + 2)).permute(2, 3, 0, 1)
    return OWN * float(torch.linalg.matrix_norm(frequencies, ord=2).max())


def linear_norm(weight: Tensor) -> float:
    """The largest singular value of a matrix, from above."""
    return OWN * float(torch.linalg.matrix_norm(weight.double(), ord=2))


@dataclass(frozen=True)
class SecondBlock:
    """What the second block makes of the error of what it is given.

    Max pooling of windows that do not overlap, and ReLU, make no distance larger.
    """

    exact: Layer
    cheap: Tensor  # the weight that the cheap pass has, as float32
    side: int  # pixels of what the block is given
    output_unit: float = 0.0  # unit roundoff of what the block writes

    @cached_property
    def norm(self) -> float:
        return convolution_norm(self.exact.weight, self.side)

    @cached_property
    def drift(self) -> float:
        """The norm of what rounding did to the weight."""
        return convolution_norm(self.exact.weight.double() - self.cheap.double(), self.side)

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

        ‖A a − Ã ã‖ ≤ ‖A‖ ‖a − ã‖ + ‖A − Ã‖ ‖ã‖, then the rounding of sums and of what is written.
        """
        given, rounded = seen.given.flatten(1), seen.rounded.flatten(1)
        apart, size = (
            (given - rounded).norm(dim=1),
            torch.maximum(given.norm(dim=1), rounded.norm(dim=1)),
        )
        error = self.norm * apart + (self.drift + self.summing) * size + self.of_bias
        return OWN * (error + self.written(seen.features))

    def written(self, features: Tensor) -> Tensor:
        """The rounding of the features as they are written, before the bias is added, [B].

        A feature that ReLU made zero can be above zero today by the rounding of its bias at most.
        """
        if not self.output_unit:
            return features.new_zeros(len(features))
        bias = self.exact.bias.repeat_interleave(features.shape[1] // len(self.exact.bias))
        sums = torch.where(features > 0, features - bias, bias)
        return self.output_unit / (1 - self.output_unit) * sums.norm(dim=1)


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

    def error(self, seen: Pass, error: Tensor) -> Tensor:
        """How far `logits - logits[most likely]` can be from today's [B, C], for features that can
        be `error` [B] away.
        """
        reach, summing = self._reach(seen, error)
        on, off = seen.hidden > reach, seen.hidden < -reach
        factors = torch.where(on, 1.0, torch.where(off, 0.0, 0.5))  # [B, H]
        rows = self.last.weight
        apart = rows[seen.logits.argmax(dim=1)][:, None] - rows  # [B, C, H]
        certain = factors[:, None] * apart
        steep = ((certain @ self.gram) * certain).sum(dim=2).clamp(min=0).sqrt()
        unsure = apart.abs() * (~(on | off))[:, None] / 2
        kinks = torch.minimum(unsure @ self.lengths, self.norm * unsure.norm(dim=2))
        of_sums = (apart.abs() * (summing * ~off)[:, None]).sum(dim=2)
        return OWN * ((steep + kinks) * error[:, None] + of_sums + self._of_logits(seen, reach))

    def _reach(self, seen: Pass, error: Tensor) -> tuple[Tensor, Tensor]:
        """How far each hidden unit can be from today's before its ReLU, and what of it is the
        rounding of both passes' sums, both [B, H].
        """
        size = 2 * seen.features.norm(dim=1) + error
        terms = gamma(self.hidden.weight.shape[1] + 1)
        summing = OWN * terms * (size[:, None] * self.lengths + 2 * self.hidden.bias.abs())
        return OWN * (error[:, None] * self.lengths) + summing, summing

    def _of_logits(self, seen: Pass, reach: Tensor) -> Tensor:
        """The rounding of both passes' logits, of the most likely class and of each other one."""
        units = seen.hidden.relu() + reach
        of_each = 2 * gamma(units.shape[1] + 2) * (units @ self.last.weight.abs().T)
        of_each = of_each + 2 * gamma(units.shape[1] + 2) * self.last.bias.abs()
        return of_each + of_each.gather(1, seen.logits.argmax(dim=1, keepdim=True))


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
    def steep(self) -> float:
        return convolution_norm(self.second.weight[self.out], self.side)

    @cached_property
    def of_kept(self) -> SecondBlock:
        return SecondBlock(self.second, self.second.weight, self.side)

    def error(self, seen: Pass) -> Tensor:
        """‖z − mean‖ ≤ ‖A‖ ‖a‖ + ‖b‖ + ‖mean‖, all of the channels left out, [B]."""
        fixed = self.side * self.second.bias[self.out].norm() + self.means[:, self.out].norm()
        left_out = OWN * (self.steep * seen.given.flatten(1).norm(dim=1) + fixed)
        return left_out + self.of_kept.error(seen)


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
        return self._moved("first", 2 * self.side)

    @cached_property
    def of_second(self) -> tuple[float, float]:
        return self._moved("second", self.side)

    @cached_property
    def steep(self) -> float:
        return convolution_norm(self.now.second.weight, self.side)

    def error(self, seen: Pass) -> Tensor:
        """‖A' a' − A a‖ ≤ ‖A'‖ ‖a' − a‖ + ‖A' − A‖ ‖a‖ + ‖b' − b‖, block after block, [B].

        The rounding of float32, a thousandth of these, is left out: it would only add to them.
        """
        factor, added = self.of_first
        given = factor * seen.inputs.flatten(1).norm(dim=1) + added
        factor, added = self.of_second
        return self.steep * given + factor * seen.given.flatten(1).norm(dim=1) + added

    def _moved(self, block: str, side: int) -> tuple[float, float]:
        before, after = getattr(self.then, block), getattr(self.now, block)
        weight = convolution_norm(after.weight.double() - before.weight.double(), side)
        return weight, side * float((after.bias - before.bias).norm())
