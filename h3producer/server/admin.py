"""The admin listener of a server: where it listens, and what is missing for it.

This file knows `Config.admin_bind`. It refuses to know what is answered
(`h3producer/observe/pages.py`).

Its one rule: it is for whoever asked for it. Without the extra it needs, or the address, the server
does not start; on an address that others reach, it says so.
"""

from __future__ import annotations

import importlib
import ipaddress
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from h3producer.quic.udp.sockets import BindError, parse_bind
from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from h3producer.observe.observer import Sight

__all__ = ["DEFAULT_PORT", "admin_listener", "parse_admin_bind"]

logger = logging.getLogger("h3producer.error")

DEFAULT_PORT = 4480


@asynccontextmanager
async def admin_listener(
    bind: str | None,
    health: Callable[[], tuple[int, bytes]],
    look: Callable[[], Awaitable[Mapping[int, Sight]]],
) -> AsyncIterator[list[str]]:
    """Answer operators for the length of the block; yields where. With no `bind`, nowhere.

    For `health` and `look` see `Pages`. Raises `StartupError`.
    """
    if bind is None:
        yield []
        return
    try:
        admin = importlib.import_module("h3producer.observe.admin")
        pages = importlib.import_module("h3producer.observe.pages")
    except ImportError as error:
        raise StartupError(
            f"The admin listener needs {error.name}: install h3producer[metrics]."
        ) from error
    listener = admin.AdminListener(pages.Pages(health, look).answer)
    address = parse_admin_bind(bind)
    try:
        await listener.open(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartupError(f"Cannot bind {bind!r} for operators: {reason}.") from error
    try:
        addresses = listener.addresses
        where = ", ".join(
            each if each.startswith("unix:") else f"http://{each}" for each in addresses
        )
        logger.info("Operators see it on %s.", where)
        if not isinstance(address, str) and not all(map(_is_loopback, addresses)):
            logger.warning("Whoever reaches %s sees all connections.", where)
        yield addresses
    finally:
        await listener.close()


def parse_admin_bind(text: str) -> tuple[str, int] | str:
    """Host and port, or the path of a Unix socket; without a host, this machine's loopback.

    Raises `StartupError`.
    """
    if text.startswith("unix:"):
        path = text.removeprefix("unix:").removeprefix("//")
        if path:
            return path
        raise StartupError("Cannot bind 'unix:' for operators: behind it stands a path.")
    if text.isascii() and text.isdigit():
        text = f":{text}"
    try:
        parsed = parse_bind(text, DEFAULT_PORT)
    except BindError as error:
        raise StartupError(str(error)) from error
    if not isinstance(parsed, tuple):
        raise StartupError(f"Cannot bind {text!r} for operators: give HOST:PORT or unix:PATH.")
    host, port = parsed
    return host or "127.0.0.1", port


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback
