"""What can go wrong between us and an ASGI application, beyond the errors of HTTP/3.

This file knows two exceptions, and the sentence of a third. It refuses to know who logs them. Its
one rule: a disconnect is an `OSError` and never an error of the application, all else is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import LocalProtocolError, RequestAborted

if TYPE_CHECKING:
    from enum import Enum

    from h3producer.asgi.types import Message

__all__ = ["ClientDisconnected", "LifespanFailed", "out_of_turn"]


class ClientDisconnected(RequestAborted):
    """`send()` was called, or was waiting, when the exchange was already over.

    The `OSError` that ASGI 2.4 and later ask for. An application may let it pass: it is caught
    and not logged as an error.
    """


class LifespanFailed(Exception):
    """The application sent `lifespan.startup.failed`; the message is the application's.

    The server must not start. Long messages (frameworks send a traceback) come as they are.
    """


def out_of_turn(message: Message, state: Enum) -> LocalProtocolError:
    """What to raise for a message that may not come now; the value of `state` says what may."""
    return LocalProtocolError(f"The application sent {message['type']!r}; due is {state.value}.")
