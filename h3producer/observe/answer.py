"""An answer to an operator: three values.

This file has no code. It stands alone so that asking (`admin.py`) and answering (`pages.py`) need
not know each other.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["TEXT", "Answer"]

TEXT: Final = "text/plain; charset=utf-8"
"""The content type of a sentence."""


class Answer(NamedTuple):
    """What is answered to a question."""

    status: int
    content_type: str
    content: bytes
