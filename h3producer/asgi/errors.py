"""What can go wrong between us and an ASGI application, beyond the errors of HTTP/3.

This file knows two exceptions. It refuses to know who logs them. Its one rule: a disconnect is
an `OSError` and never an error of the application, all else is.
"""

from __future__ import annotations

from h3producer.errors import RequestAborted

__all__ = ["ClientDisconnected", "LifespanFailed"]


class ClientDisconnected(RequestAborted):
    """`send()` was called, or was waiting, when the exchange was already over.

    The `OSError` that ASGI 2.4 and later ask for. An application may let it pass: it is caught
    and not logged as an error.
    """


class LifespanFailed(Exception):
    """The application sent `lifespan.startup.failed`; the message is the application's.

    The server must not start. Long messages (frameworks send a traceback) come as they are.
    """
