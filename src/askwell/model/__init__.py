"""The classifier and its networks, one file per network."""

from askwell.model.classifier import Classifier

__all__ = ["Classifier"]
