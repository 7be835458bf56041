"""The interval of an accuracy, apart from what measures it: the page needs it alone."""

NORMAL_95 = 1.959963984540054
"""Standard deviations within which a normal variable lies with a probability of 95 %."""


def interval(correct: int, total: int) -> tuple[float, float]:
    """The 95 % confidence interval of an accuracy of `correct` out of `total` images, in [0, 1].

    Wilson's score interval (Wilson, 1927): it holds for few images too, and for none or all right.

    >>> low, high = interval(90, 100)
    >>> round(low, 3), round(high, 3)
    (0.826, 0.945)
    """
    if not 0 <= correct <= total or total == 0:
        raise ValueError(f"expected some of at least one image, found {correct} of {total}")
    share, weight = correct / total, NORMAL_95**2 / total
    centre = share + weight / 2
    spread = NORMAL_95 * ((share * (1 - share) + weight / 4) / total) ** 0.5
    low, high = (centre - spread) / (1 + weight), (centre + spread) / (1 + weight)
    return (0.0 if correct == 0 else low), (1.0 if correct == total else high)
