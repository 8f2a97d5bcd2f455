"""Clients that share no code with us: the programs of the interop tests, asked to behave well.

This file knows what each of them can do. It refuses to know how it does it. Its one rule: a
client's own account, a status and a digest, is held against what was due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.interop.client_process import ClientProcess
from tests.interop.clients.program import pattern
from tests.interop.roster import contender_named
from tests.soak.content import digest

if TYPE_CHECKING:
    from tests.soak.visitors import Visit

__all__ = ["STRANGERS", "stranger"]

STRANGERS = {"curl": "curl_cffi", "niquests": "niquests"}
"""Kinds of clients, and the program of each: ngtcp2 and nghttp3, and qh3."""

STOPS_ITS_UPLOADS = ("niquests",)
"""niquests 3.21 stops an upload without a word when the head of a response comes (see the interop
tests), be it that of another request. So its uploads have the connection for themselves."""

BATCHES = 6
"""Lines of requests on one connection."""


async def stranger(visit: Visit) -> None:
    """One run of a program: a connection with some requests, many of them at once."""
    contender = contender_named(STRANGERS[visit.account.kind])
    client = ClientProcess(contender, visit.address, visit.authority.cafile)
    try:
        for _ in range(BATCHES):
            wanted = wishes(visit)
            answers = await client.exchange(*(request for request, _ in wanted))
            for (request, due), answer in zip(wanted, answers, strict=True):
                judge(visit, request, due, answer)
    finally:
        await client.close()


def wishes(visit: Visit) -> list[tuple[dict[str, Any], bytes]]:
    """What is asked for at once."""
    wanted = [wish(visit) for _ in range(visit.random.randint(1, 6))]
    if visit.account.kind in STOPS_ITS_UPLOADS:
        return [each for each in wanted if "size" not in each[0]] or wanted[:1]
    return wanted


def wish(visit: Visit) -> tuple[dict[str, Any], bytes]:
    """A request, and the content of its answer."""
    kind = visit.random.choice(("bytes", "bytes", "head", "hinted", "upload"))
    if kind == "upload":
        size = visit.random.randint(1, 100_000)
        return {"path": "/upload", "method": "POST", "size": size}, digest(pattern(size)).encode()
    path, body = visit.made()
    if kind == "head":
        return {"path": f"/bytes/{path}", "method": "HEAD"}, b""
    return {"path": f"/{kind}/{path}"}, body


def judge(visit: Visit, request: dict[str, Any], due: bytes, answer: dict[str, Any]) -> None:
    got = (answer["version"], answer["status"], answer["size"], answer["sha256"])
    if got != (3, 200, len(due), digest(due)):
        visit.account.fault(f"{request}: {answer}, but {len(due)} bytes were due")
        return
    visit.account.count("whole")
    visit.account.received(len(due))
    visit.account.sent(request.get("size", 0))
