"""What a worker is told first: everything that makes it the server that its parent was asked for.

This file knows what a fresh interpreter lacks. It refuses to know how it gets there (`launch.py`)
and what it does with it (`worker.py`).

Its one rule: the bytes come from our own parent, over a socket that nobody else has. Nothing else
is ever unpickled.
"""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.quic.siblings.place import Place

__all__ = ["Assignment"]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What one worker is. Config and all, it travels pickled."""

    config: Config
    place: Place
    path: list[str] = field(default_factory=lambda: list(sys.path))
    """Where the parent finds modules, a script's own directory included."""
    arguments: list[str] = field(default_factory=lambda: list(sys.argv))
    """`sys.argv`: applications read it now and then."""

    def encode(self) -> bytes:
        """As bytes. Raises `StartupError` if a setting cannot leave the process."""
        try:
            return pickle.dumps(self)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise StartupError(
                f"These settings cannot be handed to workers: {str(error).rstrip('.')}."
            ) from error

    @staticmethod
    def decode(data: bytes) -> Assignment:
        """The other way round, in the worker."""
        found = pickle.loads(data)
        assert isinstance(found, Assignment)
        return found
