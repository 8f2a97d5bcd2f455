"""A small HTTP/1.1 server for operators, beside the one for everybody.

This file knows sockets, and HTTP by h11. It refuses to know what is answered (`pages.py`).

Its one rule: nobody who reaches it can make it a burden: connections, heads, contents and waits
have bounds, and beyond those it closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from typing import TYPE_CHECKING, Final

import h11

from h3producer.observe.answer import TEXT, Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["MAX_CLIENTS", "AdminListener"]

logger = logging.getLogger("h3producer.error")

MAX_CLIENTS: Final = 16
"""Connections at once: a Prometheus or two, a probe, and people who look."""

MAX_HEAD: Final = 16 * 1024
"""Bytes of a request's head, as h11 has it by default."""

MAX_CONTENT: Final = 16 * 1024
"""Bytes of a request's content that are read and dropped; a question has none."""

HEAD_PATIENCE: Final = 120.0
"""Seconds that a connection may be quiet: twice what is between two scrapes of most."""

ANSWER_PATIENCE: Final = 30.0
"""Seconds that a client may take for an answer, of some megabytes at most."""

_READ = 16 * 1024


class AdminListener:
    """Answers on one TCP or Unix socket, from `open` to `close`.

    `answer` is given a path and what the `accept` field says.
    """

    def __init__(self, answer: Callable[[str, str], Awaitable[Answer]]) -> None:
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._unix_path: str | None = None
        self._clients: set[asyncio.Task[None]] = set()

    @property
    def addresses(self) -> list[str]:
        """Where it listens, as a person would write it."""
        if self._unix_path is not None:
            return [f"unix:{self._unix_path}"]
        sockets = () if self._server is None else self._server.sockets
        names = (sock.getsockname() for sock in sockets)
        return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port, *_ in names]

    async def open(self, bind: tuple[str, int] | str) -> None:
        """Listen on a host and port, or on the path of a Unix socket. Raises OSError."""
        if isinstance(bind, str):
            self._server = await asyncio.start_unix_server(self._accept, bind)
            self._unix_path = bind
        else:
            self._server = await asyncio.start_server(self._accept, *bind)

    async def close(self) -> None:
        """Listen no more, and let go of who is there; idempotent."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        clients = list(self._clients)
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await server.wait_closed()
        if self._unix_path is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._unix_path)

    # Clients

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio runs it as a task"
        self._clients.add(task)
        try:
            if len(self._clients) <= MAX_CLIENTS:
                await self._serve(h11.Connection(h11.SERVER, MAX_HEAD), reader, writer)
        except (OSError, TimeoutError, h11.LocalProtocolError):
            pass  # it has gone, or does not say or take anything
        except asyncio.CancelledError:
            pass  # we close; asyncio's own callback would log it
        finally:
            self._clients.discard(task)
            writer.close()

    async def _serve(
        self,
        connection: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Questions and answers, until one side has had enough."""
        while True:
            is_head = False
            try:
                async with asyncio.timeout(HEAD_PATIENCE):
                    request = await _next_request(connection, reader)
                if request is None:
                    return
                is_head = request.method == b"HEAD"
                answer = await self._reply(request)
            except h11.RemoteProtocolError as error:
                answer = Answer(error.error_status_hint, TEXT, f"{error}.\n".encode())
            writer.write(_encode(connection, answer, is_head=is_head))
            async with asyncio.timeout(ANSWER_PATIENCE):
                await writer.drain()
            if not _may_go_on(connection):
                return
            connection.start_next_cycle()

    async def _reply(self, request: h11.Request) -> Answer:
        if request.method not in (b"GET", b"HEAD"):
            return Answer(405, TEXT, b"Ask with GET or HEAD.\n")
        accept = b", ".join(value for name, value in request.headers if name == b"accept")
        try:
            return await self._answer(request.target.decode("ascii"), accept.decode("latin-1"))
        except Exception:
            logger.exception("The admin listener failed to answer %r", request.target)
            return Answer(500, TEXT, b"Internal Server Error\n")


def _encode(connection: h11.Connection, answer: Answer, *, is_head: bool) -> bytes:
    """A response. Raises h11.LocalProtocolError if it is too late for one."""
    headers = [
        ("content-type", answer.content_type),
        ("content-length", str(len(answer.content))),
        ("cache-control", "no-store"),
    ]
    if answer.status == 405:
        # RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405
        # response".
        headers.append(("allow", "GET, HEAD"))
    events: list[h11.Event] = [h11.Response(status_code=answer.status, headers=headers)]
    if not is_head:
        events.append(h11.Data(data=answer.content))
    events.append(h11.EndOfMessage())
    return b"".join(connection.send(event) or b"" for event in events)


def _may_go_on(connection: h11.Connection) -> bool:
    return connection.our_state is h11.DONE and connection.their_state is h11.DONE


async def _next_request(
    connection: h11.Connection, reader: asyncio.StreamReader
) -> h11.Request | None:
    """The next request, its content read and dropped; None at the end.

    Raises h11.RemoteProtocolError, also for more content than `MAX_CONTENT`.
    """
    request: h11.Request | None = None
    size = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_READ))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            size += len(event.data)
            if size > MAX_CONTENT:
                raise h11.RemoteProtocolError("A question has no content", 413)
        elif isinstance(event, h11.EndOfMessage):
            return request
        else:
            return None
