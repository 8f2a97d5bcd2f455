"""One connection of a client, from the look-up of a name to its close.

This file knows the streams that a client opens and how a request is written on one. It refuses
to know sockets (`link.py`) and what is in a response (`response.py`).

Its one rule: every wait ends. Names, handshakes, responses and uploads each go on or end with
one `ClientError`.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from h3producer.client.errors import ClientError, describe_code
from h3producer.client.link import ClientLink, resolve
from h3producer.client.response import ClientResponse
from h3producer.config import Config
from h3producer.errors import ErrorCode
from h3producer.quic.aioquic.client import WINDOW, AioquicClient
from h3producer.quic.transport import EngineTransport
from h3producer.wire.frames import FrameType, StreamType, encode_data_header, encode_frame
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder
from h3producer.wire.settings import Setting, encode_settings
from h3producer.wire.varint import encode_varint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from pathlib import Path

    from h3producer.client.link import Remote
    from h3producer.client.target import Target
    from h3producer.wire.fields import Fields

__all__ = ["ClientConnection", "connect"]

CONNECT_TIMEOUT = 5.0
"""Seconds for a handshake with one address. Three lost first flights fit in (RFC 9002 §6.2.2:
1 s, then doubled)."""

UPLOAD_MARK = 64 * 1024
"""Bytes of a request body that may be unsent before the next piece of it is taken."""


@asynccontextmanager
async def connect(
    target: Target,
    *,
    cafile: Path | None = None,
    verify: bool = True,
    window: int = WINDOW,
    make_link: Callable[[], ClientLink] = ClientLink,
) -> AsyncIterator[ClientConnection]:
    """An open connection for the block, to the first address of the target that answers.

    Raises `ClientError` if none does, or if the certificate is not trusted; see `AioquicClient`
    for `cafile`, `verify` and `window`.
    """
    connection = None
    failure = ClientError(f"'{target.host}' has no address.")
    for remote in await resolve(target.host, target.port):
        engine = AioquicClient(target.host, cafile=cafile, verify=verify, window=window)
        try:
            connection = await _connect_to(remote, engine, target, make_link())
            break
        except ClientError as error:
            failure = error
    if connection is None:
        raise failure
    try:
        yield connection
    finally:
        await connection.close()


async def _connect_to(
    remote: Remote, engine: AioquicClient, target: Target, link: ClientLink
) -> ClientConnection:
    await link.open(remote)
    transport = EngineTransport(engine, link, Config(response_buffer=UPLOAD_MARK))
    engine.start(remote.address, link.clock.time())
    connection = ClientConnection(transport, engine, link, target)
    link.attach(transport, connection)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await link.settled.wait()
    except TimeoutError:
        pass
    if connection.is_open:
        return connection
    sentence = _why_not(engine, link, target)
    await connection.close()
    raise ClientError(sentence)


def _why_not(engine: AioquicClient, link: ClientLink, target: Target) -> str:
    where = f"{target.host}, UDP port {target.port}"
    if link.is_refused:
        return f"Nobody listens on {where}."
    if engine.is_untrusted:
        return (
            f"The certificate of {target.host} is not trusted: {engine.failure}; "
            f"trust it with --cacert FILE, or any with --insecure."
        )
    if engine.failure is not None:
        return f"The handshake with {where} failed: {engine.failure}."
    return f"Nobody answers on {where}."


class ClientConnection:
    """A connection that `connect` has opened; a `ConnectionInputs` for its transport."""

    def __init__(
        self, transport: EngineTransport, engine: AioquicClient, link: ClientLink, target: Target
    ) -> None:
        self._transport = transport
        self._engine = engine
        self._link = link
        self._target = target
        self._encoder = FieldSectionEncoder()
        self._decoder = FieldSectionDecoder()
        self._responses: dict[int, ClientResponse] = {}
        self._uploads: dict[int, asyncio.Task[None]] = {}
        self._end: str | None = None
        # Opened before the handshake: this makes the first flight leave.
        self._control_stream = transport.open_uni_stream()
        self.is_open = False
        """Whether the handshake was completed."""

    def request(
        self,
        method: str,
        path: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: Iterable[bytes] = (),
    ) -> ClientResponse:
        """Begin a request and return its response, all of which is still to come.

        `path` is by default the URL's. The pieces of `body` are taken as there is room for them.
        """
        stream_id = self._engine.open_request_stream()
        response = ClientResponse(
            stream_id,
            self._decoder,
            lambda count: self._transport.grant(stream_id, count),
            is_head=method == "HEAD",
        )
        if self._end is not None:
            response.failed(self._end)
            return response
        self._responses[stream_id] = response
        fields = self._fields(method, path or self._target.path, headers)
        head = encode_frame(FrameType.HEADERS, self._encoder.encode(fields))
        self._transport.send(stream_id, head)
        upload = asyncio.create_task(self._upload(stream_id, response, body))
        self._uploads[stream_id] = upload
        upload.add_done_callback(lambda _: self._uploads.pop(stream_id, None))
        return response

    async def close(self) -> None:
        """Close with H3_NO_ERROR; responses that are not whole fail."""
        uploads = list(self._uploads.values())
        for upload in uploads:
            upload.cancel()
        await asyncio.gather(*uploads, return_exceptions=True)
        self._transport.abort(ErrorCode.H3_NO_ERROR)
        self._link.close()

    # What the transport tells

    def opened(self) -> None:
        """The handshake is complete: SETTINGS first (RFC 9114 §6.2.1). No QPACK streams, since
        there is no table to speak of."""
        self.is_open = True
        settings: dict[int, int] = {
            Setting.QPACK_MAX_TABLE_CAPACITY: 0,
            Setting.QPACK_BLOCKED_STREAMS: 0,
        }
        frame = encode_frame(FrameType.SETTINGS, encode_settings(settings))
        self._transport.send(self._control_stream, encode_varint(StreamType.CONTROL) + frame)

    def handshake_completed(self) -> None:
        """It was before `opened`: early data is for servers."""

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        response = self._responses.get(stream_id)
        if response is None:
            # The server's own streams say nothing that a few requests depend on.
            self._transport.grant(stream_id, len(data))
            return
        response.data_received(data, end_stream)
        if response.is_over:
            del self._responses[stream_id]

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        if (response := self._responses.pop(stream_id, None)) is not None:
            response.failed(f"The server reset the stream: {describe_code(error_code)}.")

    def stop_sending_received(self, stream_id: int, error_code: int) -> None:
        if (upload := self._uploads.get(stream_id)) is not None:
            upload.cancel()

    def datagram_received(self, data: bytes) -> None:
        """Nothing here has a use for datagrams."""

    def tick(self, now: float) -> None:
        """A client waits as long as whoever called it does."""

    def connection_terminated(self, error_code: int, reason: str) -> None:
        why = reason.rstrip(".") or describe_code(error_code)
        self._end = f"The connection ended: {why}."
        for response in self._responses.values():
            response.failed(self._end)
        self._responses.clear()

    def announce_shutdown(self) -> None:
        """A client has nothing to announce."""

    def shutdown(self) -> None:
        """A client just closes."""

    # Inside

    def _fields(self, method: str, path: str, headers: Iterable[tuple[str, str]]) -> Fields:
        pseudo = [
            (":method", method),
            (":scheme", "https"),
            (":authority", self._target.authority),
            (":path", path),
        ]
        return [(name.lower().encode(), value.encode()) for name, value in (*pseudo, *headers)]

    async def _upload(
        self, stream_id: int, response: ClientResponse, body: Iterable[bytes]
    ) -> None:
        try:
            for piece in body:
                await self._transport.drain(stream_id)
                self._transport.send(stream_id, encode_data_header(len(piece)) + piece)
        except OSError as error:
            self._transport.reset(stream_id, ErrorCode.H3_REQUEST_CANCELLED)
            response.failed(f"The request body cannot be read: {error.strerror}.")
        else:
            self._transport.send(stream_id, b"", end_stream=True)
