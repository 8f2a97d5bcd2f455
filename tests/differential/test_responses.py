"""What we send, as other clients read it: they find no fault with it, and read what we meant.

Hypothesis makes responses of every form that an application may ask for; the core makes frames of
them. What we meant is what our own reader finds in them; `tests/http3` says that this is right.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.differential.readers import AioquicClient, Nghttp3Client, Qh3Client, Reading
from tests.http3.harness import Client, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.stream import Http3Stream
    from tests.differential.readers import Reader

READERS: dict[str, Callable[[], Reader]] = {
    "aioquic": AioquicClient,
    "qh3": Qh3Client,
    "nghttp3": Nghttp3Client,
}

FIELDS = st.sampled_from(
    [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"Set-Cookie", b"a=1; HttpOnly"),
        (b"set-cookie", b"b=2"),
        (b"connection", b"close"),
        (b"x-custom", b" spaced "),
        (b"x-empty", b""),
        (b"x-long", b"y" * 3000),
        (b"x-text", "é".encode()),
    ]
)


@dataclass(frozen=True)
class Answer:
    """What an application asks for."""

    method: bytes
    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    states_length: bool
    parts: tuple[bytes, ...]
    trailers: tuple[tuple[bytes, bytes], ...]
    hints: int

    async def give(self, stream: Http3Stream) -> None:
        parts = () if self.status in (204, 205, 304) else self.parts
        length = sum(map(len, parts))
        stated = [(b"content-length", b"%d" % length)] if self.states_length else []
        for _ in range(self.hints):
            await stream.response.send_informational(103, [(b"link", b"</a>; rel=preload")])
        stream.response.start(self.status, [*self.fields, *stated])
        stream.response.set_trailers(self.trailers)
        for part in parts:
            await stream.response.write(part)
        await stream.response.complete()


ANSWERS = st.builds(
    Answer,
    method=st.sampled_from([b"GET", b"POST", b"HEAD"]),
    status=st.sampled_from([200, 200, 404, 500, 204, 205, 304, 999]),
    fields=st.lists(FIELDS, max_size=3).map(tuple),
    states_length=st.booleans(),
    parts=st.lists(st.sampled_from([b"abc", b"", bytes(20_000)]), max_size=3).map(tuple),
    trailers=st.lists(st.sampled_from([(b"checksum", b"1"), (b"x", b"")]), max_size=2).map(tuple),
    hints=st.integers(0, 2),
)


async def sent(answer: Answer) -> tuple[bytes, Reading]:
    """The bytes of the response, and what we mean by them."""
    client = Client(answer.give)
    client.send(request(answer.method), end=True)
    await client.idle()
    received = client.received()
    assert received.ended
    sections = [*received.interim, received.fields]
    sections += [received.trailers] if received.trailers is not None else []
    octets = client.transport.sent(0)
    await client.check()
    return octets, Reading(sections, received.body)


@pytest.mark.parametrize("name", READERS)
def test_a_client_reads_what_we_meant(name: str) -> None:
    try:
        reader = READERS[name]()
    except ImportError:
        pytest.skip(f"{name} is not installed: webtransport-py needs Python 3.12 or later")

    @given(ANSWERS)
    def read(answer: Answer) -> None:
        octets, meant = asyncio.run(sent(answer))
        if name == "aioquic" and answer.method == b"HEAD":
            # It holds the response to HEAD to its content-length, which RFC 9114 §4.1.2 excepts.
            return
        assert reader.read(answer.method, octets) == meant

    read()
