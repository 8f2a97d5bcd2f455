"""What of an application's exception is shown to the one who wrote it.

This file knows tracebacks, and where our own frames in them are. It refuses to know the sentence
that follows and the exit code.

Its one rule: a traceback is for those errors that the application's own code has raised, and begins
with its first line.
"""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from h3producer.server.errors import AppLoadError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["show_cause"]

_OUR_FRAMES = (str(Path(__file__).parent.parent), str(importlib.__file__), "<frozen importlib")
"""Where the files of frames begin that stand between us and the application."""


def show_cause(error: Exception) -> None:
    """Print the traceback of the application's own exception, without the frames that called it."""
    cause = error.__cause__
    if isinstance(error, AppLoadError) and cause is not None:
        frames = _first_of_theirs(cause.__traceback__)
        traceback.print_exception(type(cause), cause, frames)


def _first_of_theirs(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_OUR_FRAMES):
        frames = frames.tb_next
    return frames
