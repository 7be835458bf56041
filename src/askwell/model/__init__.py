"""The classifier and its networks. One file a network."""

from askwell.model.classifier import Classifier

__all__ = ["Classifier"]
