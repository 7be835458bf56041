"""Who labels images: the truth, the truth with mistakes, people, or earlier answers."""

from askwell.oracle.answers import Answers, Oracle
from askwell.oracle.file import File
from askwell.oracle.page import Page
from askwell.oracle.replay import Replay
from askwell.oracle.simulated import Noisy, Truth
from askwell.oracle.subject import Subject

__all__ = ["Answers", "File", "Noisy", "Oracle", "Page", "Replay", "Subject", "Truth"]
