"""How a strategy is shown in the report: its title, its colour and its marker."""

PARTS = ("title", "colour", "marker")


def appearance_of(strategy: object) -> dict[str, str]:
    """What a strategy says of how it is shown; empty where it says nothing.

    `title` is its name in words, `colour` a hexadecimal one such as #0072b2, `marker` one of
    matplotlib's letters. None of them changes what the strategy chooses.

    >>> class Mine:
    ...     title, colour = "my strategy", "#56b4e9"
    >>> appearance_of(Mine())
    {'title': 'my strategy', 'colour': '#56b4e9'}
    """
    parts = {name: getattr(strategy, name, None) for name in PARTS}
    return {name: value for name, value in parts.items() if isinstance(value, str)}
