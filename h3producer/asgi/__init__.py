"""ASGI 3 applications as handlers of HTTP/3 exchanges."""

from __future__ import annotations

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.asgi.alt_svc import AltSvc
from h3producer.asgi.errors import ClientDisconnected, LifespanFailed

__all__ = ["AltSvc", "AsgiAdapter", "ClientDisconnected", "LifespanFailed"]
