"""Askwell: ask for the labels that matter. Pool-based active learning of image classifiers."""

__version__ = "0.1.0"
