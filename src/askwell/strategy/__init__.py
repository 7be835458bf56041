"""Strategies: which of the candidates to ask about next. One file per strategy."""

from askwell.strategy.base import Strategy
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.look import Look, View
from askwell.strategy.random import RandomSampling
from askwell.strategy.uncertainty import UncertaintySampling

__all__ = [
    "Candidates",
    "Look",
    "Query",
    "RandomSampling",
    "Strategy",
    "UncertaintySampling",
    "View",
]
