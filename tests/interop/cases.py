"""What clients and server are to do together, each case with the evidence that it was done.

This file knows cases. It refuses to know clients: which of them can do what stands in
`roster.py`. Its one rule: a case believes nobody; what the client says came back is held against
what the server saw, and a failure is an AssertionError that says what was missing.

A case returns a remark if it was passed with a reservation, which the report shows.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aioquic.tls import CipherSuite

from h3producer.quic.packets import VERSION_2
from tests.interop.clients.program import PAUSE, PIECES, Wishes, pattern
from tests.interop.stage import Setting, Stage, has_pattern

__all__ = ["CASES", "Case", "case_named"]

Play: TypeAlias = Callable[[Stage], Awaitable[str | None]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One column of the matrix."""

    name: str
    heading: str
    words: str
    """What is asked, and what counts as evidence; one sentence."""
    play: Play
    setting: Setting = field(default_factory=Setting)
    is_long: bool = False
    """It takes seconds, and is left to the matrix."""
    needs_fast_path: bool = False
    """aioquic's own TLS keeps no session."""


CASES: list[Case] = []


def case(
    name: str,
    heading: str,
    words: str,
    setting: Setting | None = None,
    *,
    is_long: bool = False,
    needs_fast_path: bool = False,
) -> Callable[[Play], Play]:
    """A decorator that enters a case."""

    def enter(play: Play) -> Play:
        CASES.append(
            Case(
                name=name,
                heading=heading,
                words=words,
                play=play,
                setting=setting or Setting(),
                is_long=is_long,
                needs_fast_path=needs_fast_path,
            )
        )
        return play

    return enter


def case_named(name: str) -> Case:
    """The case of that name."""
    [found] = [each for each in CASES if each.name == name]
    return found


def sha256(size: int) -> str:
    """Of so much of the pattern, in hexadecimal digits."""
    return hashlib.sha256(pattern(size)).hexdigest()


def one_connection(stage: Stage) -> None:
    """Whatever was asked went over a single connection."""
    connections = stage.witness.connections
    assert len(connections) == 1, f"The server saw {len(connections)} connections: {connections}"


@case("get", "GET", "A small response arrives whole.")
async def get(stage: Stage) -> None:
    answer = await stage.get("/bytes/1000")
    assert has_pattern(answer, 1000)


@case("head", "HEAD", "The length is there and no content.")
async def head(stage: Stage) -> None:
    answer = await stage.get("/bytes/1234", method="HEAD")
    assert answer["size"] == 0
    assert answer["fields"]["content-length"] == "1234"


@case("echo", "POST 3 MB", "Three megabytes go up and come back the same.")
async def echo(stage: Stage) -> None:
    assert has_pattern(await stage.get("/echo", method="POST", size=3_000_000), 3_000_000)


@case(
    "parallel",
    "50 in parallel",
    "The server answers only once all fifty requests have come, and on a single connection.",
)
async def parallel(stage: Stage) -> None:
    answers = await stage.exchange(*({"path": f"/together/50/{n}"} for n in range(50)))
    sizes = [answer["size"] for answer in answers]
    assert sizes == [len(str(n)) for n in range(50)]
    one_connection(stage)


@case("download", "100 MB", "A hundred megabytes come down with the right SHA-256.", is_long=True)
async def download(stage: Stage) -> None:
    assert has_pattern(await stage.get("/bytes/100000000"), 100_000_000)


@case(
    "upload",
    "streaming upload",
    "A request without a length goes up in pieces with pauses, and the pieces reach the application"
    " with those pauses.",
)
async def upload(stage: Stage) -> str | None:
    answer = await stage.get("/swallow", method="POST", size=800_000, streams=True)
    assert answer["fields"].get("x-seen-length", "") == "", "It told its length beforehand."
    assert answer["size"] == 64
    assert stage.app.digests == [sha256(800_000)]
    assert stage.app.upload_took > PAUSE * (PIECES - 1) / 2, f"It took {stage.app.upload_took} s."
    return None


@case(
    "trailers",
    "trailers",
    "Trailers behind the content are no content, and the client shows them if it shows any.",
)
async def trailers(stage: Stage) -> str | None:
    answer = await stage.get("/trailed", fields={"te": "trailers"})
    assert has_pattern(answer, 1000)
    assert stage.app.notes.count("sends trailers") == 1
    if answer["trailers"] is None:
        return "reads past them: its interface shows none"
    assert answer["trailers"].get("x-digest") == sha256(1000)
    return None


@case(
    "interim",
    "1xx",
    "A 103 in front of the response is no response, and the client shows it if it shows any.",
)
async def interim(stage: Stage) -> str | None:
    answer = await stage.get("/hinted")
    assert answer["size"] == len(b"after the hint")
    if answer["interim"] is None:
        return "reads past them: its interface shows none"
    assert answer["interim"] == [103]
    return None


PATIENT = Setting(server={"min_request_data_rate": None, "min_response_data_rate": None})
"""Only the client can end a request before its time."""


@case(
    "abort_download",
    "abort of a download",
    "The client leaves in the middle of an endless response: `send` tells the application so, and"
    " the next request is answered.",
    PATIENT,
)
async def abort_download(stage: Stage) -> str | None:
    answer = await stage.get("/endless", gives_up_after=200_000)
    assert answer["size"] < 10_000_000
    remark = await another(stage)
    await stage.app.notes.until("leaves /endless")
    return remark


@case(
    "abort_upload",
    "abort of an upload",
    "The client leaves in the middle of its upload: `receive` tells the application so, and the"
    " next request is answered.",
    PATIENT,
)
async def abort_upload(stage: Stage) -> str | None:
    await stage.get("/swallow", method="POST", size=800_000, streams=True, gives_up_after=200_000)
    remark = await another(stage)
    await stage.app.notes.until("leaves /swallow")
    return remark


async def another(stage: Stage) -> str | None:
    """After a request was given up: the next is answered; on the same connection?"""
    await stage.get("/hello")
    if len(stage.witness.connections) > 1:
        return "ends the connection, where it could reset the stream"
    return None


@case(
    "key_update",
    "key update",
    "The client changes the keys, the server follows, and a download goes on under them.",
)
async def key_update(stage: Stage) -> None:
    await stage.get("/hello")
    await stage.do("update_keys")
    assert has_pattern(await stage.get("/bytes/5000000"), 5_000_000)
    assert stage.witness.last.key_updates > 0, "The server saw no other key phase."


@case(
    "key_update_server",
    "key update by the server",
    "The server changes the keys in the middle of a response, and hears the client under the new"
    " ones.",
)
async def key_update_server(stage: Stage) -> None:
    async def update() -> None:
        stage.witness.update_keys()

    stage.app.intermission = update
    assert has_pattern(await stage.get("/halves/2000000"), 2_000_000)
    assert stage.witness.last.key_updates > 0
    one_connection(stage)


@case(
    "migration",
    "migration",
    "The client goes on from another local address: the server sees one connection and a second"
    " validated path.",
)
async def migration(stage: Stage) -> None:
    await stage.get("/hello")
    await stage.do("move")
    assert has_pattern(await stage.get("/bytes/5000000"), 5_000_000)
    await stage.until(lambda: len(stage.witness.last.addresses) > 1)


@case(
    "rebinding",
    "NAT rebinding",
    "A relay sends on from another port in the middle of a response: it comes whole, on one"
    " connection with a second validated path.",
    Setting(evils={}),
)
async def rebinding(stage: Stage) -> None:
    async def rebind() -> None:
        assert stage.relay is not None
        stage.relay.rebind_with_next()

    stage.app.intermission = rebind
    assert has_pattern(await stage.get("/halves/2000000"), 2_000_000)
    await stage.until(lambda: len(stage.witness.last.addresses) > 1)
    one_connection(stage)


@case(
    "version_2",
    "QUIC v2",
    "The connection has QUIC version 2 (RFC 9369) when the handshake is over.",
    Setting(wishes=Wishes(version=2)),
)
async def version_2(stage: Stage) -> None:
    assert has_pattern(await stage.get("/bytes/100000"), 100_000)
    assert stage.witness.last.version == VERSION_2


@case(
    "chacha20",
    "ChaCha20",
    "The server takes TLS_CHACHA20_POLY1305_SHA256 alone, and it is negotiated.",
    Setting(only_cipher=CipherSuite.CHACHA20_POLY1305_SHA256, wishes=Wishes(cipher="chacha20")),
)
async def chacha20(stage: Stage) -> None:
    assert has_pattern(await stage.get("/bytes/1000000"), 1_000_000)
    assert stage.witness.last.cipher_suite == CipherSuite.CHACHA20_POLY1305_SHA256


@case(
    "retry",
    "Retry",
    "The server sends a Retry packet, and the connection begins with its token.",
    Setting(server={"retry": "always"}),
)
async def retry(stage: Stage) -> None:
    await stage.get("/hello")
    assert stage.witness.last.was_retried


CHANCES = 5
"""Connections on which a client may resume a session: Firefox offers one on every second."""


@case(
    "resumption",
    "resumption",
    "The server ends the connection, up to five times; one of the next resumes the TLS session,"
    " without a certificate.",
    needs_fast_path=True,
)
async def resumption(stage: Stage) -> str | None:
    await stage.get("/hello")
    assert not stage.witness.last.was_resumed
    for _ in range(CHANCES):
        _, remark = await reconnected(stage)
        if stage.witness.last.was_resumed:
            return remark
    raise AssertionError("The other handshakes were full ones, too.")


@case(
    "early_data",
    "0-RTT",
    "The server ends the connection, up to five times; the first request of one of the next comes"
    " as early data, which the application is told.",
    Setting(server={"early_data": True}, wishes=Wishes(early=True)),
    needs_fast_path=True,
)
async def early_data(stage: Stage) -> str | None:
    await stage.get("/hello")
    for _ in range(CHANCES):
        answer, remark = await reconnected(stage)
        if stage.witness.last.had_early_data:
            break
    assert stage.witness.last.had_early_data, "The server took no early data."
    if answer["fields"]["x-seen-early"] != "1":
        return "its control stream comes as early data, and the request waits for the handshake"
    return remark


async def reconnected(stage: Stage) -> tuple[dict[str, Any], str | None]:
    """The server ends the connection, and the next request is answered on another."""
    stage.witness.close_connections()
    await stage.until(lambda: stage.witness.last.end != "")
    try:
        return await stage.get("/hello"), None
    except AssertionError:
        return await stage.get("/hello"), FAILS_ONCE


@case(
    "loss",
    "10 % loss",
    "A relay loses every tenth datagram of both directions; a megabyte comes down and 300 kB go up"
    " and come back, all of it right.",
    Setting(evils={"loss": 0.1}),
    is_long=True,
)
async def loss(stage: Stage) -> None:
    assert has_pattern(await stage.get("/bytes/1000000"), 1_000_000)
    assert has_pattern(await stage.get("/echo", method="POST", size=300_000), 300_000)
    assert stage.relay is not None
    assert min(stage.relay.up.lost, stage.relay.down.lost) > 5


TINY = 4096
"""Bytes of a window: the least that lsquic connects with."""


@case(
    "tiny_download",
    "tiny windows, down",
    "The client announces a stream window of 4 KiB, and 200 kB come through it.",
    Setting(wishes=Wishes(window=TINY)),
)
async def tiny_download(stage: Stage) -> None:
    assert has_pattern(await stage.get("/bytes/200000"), 200_000)
    assert stage.witness.last.window <= TINY, f"The window has {stage.witness.last.window} bytes."


@case(
    "tiny_upload",
    "tiny windows, up",
    "The server announces windows of 4 KiB, and 200 kB come through them.",
    Setting(server={"request_buffer": TINY, "connection_buffer": TINY}),
)
async def tiny_upload(stage: Stage) -> None:
    assert has_pattern(await stage.get("/echo", method="POST", size=200_000), 200_000)


@case(
    "idle",
    "idle timeout",
    "Both are silent for longer than the server's idle timeout: the connection is gone, and the"
    " next request is answered on another.",
    # quic-go takes no timeout of a server's for less than 5 seconds.
    Setting(server={"idle_timeout": 5.0}, wishes=Wishes(lingers=True)),
    is_long=True,
)
async def idle(stage: Stage) -> str | None:
    await stage.get("/hello")
    await stage.until(lambda: stage.witness.last.end != "")
    end = stage.witness.last.end
    assert end == "Idle timeout", f"It ended with {end!r}."
    remark = await elsewhere(stage)
    assert len(stage.witness.connections) > 1
    return remark


@case(
    "ipv6",
    "IPv6",
    "The server listens on ::1 alone.",
    Setting(server={"host": "::1"}),
)
async def ipv6(stage: Stage) -> None:
    assert has_pattern(await stage.get("/bytes/100000"), 100_000)
    assert stage.witness.last.addresses[0].startswith("::1:")


@case(
    "goaway",
    "GOAWAY under load",
    "The server stops in the middle of ten responses: all ten come whole, the connection ends"
    " without an error, and the next request is answered by the server's successor.",
    Setting(evils={}),
)
async def goaway(stage: Stage) -> str | None:
    all_ten = asyncio.Barrier(10)

    async def leave() -> None:
        if await all_ten.wait() == 0:
            stage.retire()

    stage.app.intermission = leave
    answers = await stage.exchange(*({"path": f"/halves/{n}"} for n in range(500_000, 500_010)))
    assert all(has_pattern(answer, 500_000 + n) for n, answer in enumerate(answers))
    await stage.replaced()
    first = stage.witness.last
    assert first.end in ("code 0x100", "code 0x0"), f"It ended with {first.end}."
    remark = await elsewhere(stage)
    assert stage.witness.last is not first
    return remark


async def elsewhere(stage: Stage) -> str | None:
    """A request is answered although its connection has ended; at once?"""
    try:
        await stage.get("/hello")
    except AssertionError:
        await stage.get("/hello")
        return FAILS_ONCE
    return None


FAILS_ONCE = "fails once on the connection that the server has closed, and opens another then"
