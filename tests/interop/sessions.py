"""A page that opens sessions of WebTransport, and the application that it talks to.

This file knows both ends of each visit. It refuses to know browsers. Its one rule: the page says
what it saw and the application what it heard, and a test compares.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

__all__ = ["SessionApp"]

PAGE = """<!doctype html>
<script type="module">
const base = $BASE, options = $OPTIONS;
for (const hash of options.serverCertificateHashes ?? []) hash.value = new Uint8Array(hash.value);
const seen = {}, encode = text => new TextEncoder().encode(text);
const decode = bytes => new TextDecoder().decode(bytes);

async function bytes(readable) {
  const parts = [];
  const reader = readable.getReader();
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    parts.push(value);
  }
}
async function write(writable, data) {
  const writer = writable.getWriter();
  await writer.write(data);
  await writer.close();
}
async function first(readable) {
  const reader = readable.getReader();
  const {value} = await reader.read();
  reader.releaseLock();
  return value;
}
function failure(code) {
  return new WebTransportError({message: "given up", streamErrorCode: code});
}

async function visit(name, path, talk) {
  const told = seen[name] = {};
  try {
    const session = new WebTransport(base + path, options);
    await session.ready;
    await talk(session, told);
    const {closeCode, reason} = await session.closed;
    told.closed = [closeCode, reason];
  } catch (error) {
    Object.assign(told, {error: error.name, message: error.message});
  }
}

await visit("echo", "/echo", async (session, told) => {
  const datagrams = session.datagrams.writable.getWriter();
  await datagrams.write(encode("a datagram"));
  told.datagram = decode(await first(session.datagrams.readable));
  told.maxDatagramSize = session.datagrams.maxDatagramSize;

  const large = new Uint8Array(1_000_000).map((_, i) => i % 251);
  const both = await session.createBidirectionalStream();
  const [, back] = await Promise.all([write(both.writable, large), bytes(both.readable)]);
  told.large = back.length === large.length && back.every((each, i) => each === large[i]);

  await write(await session.createUnidirectionalStream(), encode("one way each"));
  told.oneWay = decode(await bytes(await first(session.incomingUnidirectionalStreams)));

  const many = await Promise.all([...Array(30).keys()].map(async number => {
    const stream = await session.createBidirectionalStream();
    await write(stream.writable, encode(`${number}`));
    return decode(await bytes(stream.readable)) === `${number}`;
  }));
  told.many = many.every(Boolean);
  session.close({closeCode: 7, reason: "grüß dich"});
});

await visit("asked", "/ask", async (session, told) => {
  const stream = await first(session.incomingBidirectionalStreams);
  told.question = decode(await bytes(stream.readable));
  await write(stream.writable, encode("me"));
  told.thanks = decode(await first(session.datagrams.readable));
});

await visit("codes", "/codes", async (session, told) => {
  const given = await session.createBidirectionalStream();
  const writer = given.writable.getWriter();
  await writer.write(encode("x"));
  await first(given.readable);
  await writer.abort(failure(5)).catch(() => {});
  await given.readable.cancel(failure(6)).catch(() => {});

  const taken = await session.createBidirectionalStream();
  const other = taken.writable.getWriter();
  await other.write(encode("y"));
  told.reset = await bytes(taken.readable)
    .catch(error => error.streamErrorCode ?? error.name);
  told.stopped = await other.closed.catch(error => error.streamErrorCode);
  session.close();
});

await visit("kicked", "/kick", async () => {});
await visit("refused", "/refuse", async () => {});
await fetch("/report", {method: "POST", body: JSON.stringify(seen)});
</script>
"""


class SessionApp:
    """The page, what it talks to, and what it says of that.

    Sessions go to `base`, with `options` for the constructor of the page's WebTransport.
    """

    def __init__(self) -> None:
        self.browser = ""
        self.base = ""
        self.options: dict[str, Any] = {}
        self.report: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.heard: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.origins: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "webtransport":
            name = scope["path"].strip("/")
            self.origins.add(dict(scope["headers"]).get(b"origin", b""))
            assert await receive() == {"type": "webtransport.connect"}
            if name != "refuse":
                await send({"type": "webtransport.accept"})
            ended = await getattr(self, name)(receive, send)
            self.heard[name].append(("disconnect", ended["code"], ended["reason"]))
        elif scope["type"] == "http":
            await self.answer(scope, receive, send)
        else:
            raise NotImplementedError

    async def echo(self, receive: Receive, send: Send) -> dict[str, Any]:
        """Everything goes back, what comes one way on another stream."""
        kept: list[bytes] = []
        while (message := await receive())["type"] != "webtransport.disconnect":
            kind = message["type"].removeprefix("webtransport.")
            if kind == "datagram.receive":
                await send({**message, "type": "webtransport.datagram.send"})
            elif kind == "stream.opened":
                about = {"stream": message["stream"], "data": b"".join(kept), "end_stream": True}
                await send({"type": "webtransport.stream.send", **about})
            elif not message["stream"] & 2:
                await send({**message, "type": "webtransport.stream.send"})
            else:
                kept.append(message["data"])
                if message["end_stream"]:
                    await send({"type": "webtransport.stream.open", "bidirectional": False})
        return message

    async def ask(self, receive: Receive, send: Send) -> dict[str, Any]:
        """Opens a stream with a question, and closes when it was answered."""
        await send({"type": "webtransport.stream.open"})
        question = {"stream": (await receive())["stream"], "data": b"who?", "end_stream": True}
        await send({"type": "webtransport.stream.send", **question})
        answer = b""
        while not (message := await receive())["end_stream"]:
            answer += message["data"]
        answer += message["data"]
        await send({"type": "webtransport.datagram.send", "data": b"thank you, " + answer})
        await send({"type": "webtransport.close"})
        return await receive()

    async def codes(self, receive: Receive, send: Send) -> dict[str, Any]:
        """Takes part in the ends of streams, and notes the codes of the client's."""
        while (message := await receive())["type"] != "webtransport.disconnect":
            kind = message["type"].removeprefix("webtransport.stream.")
            if kind != "receive":
                self.heard["codes"].append((kind, message["code"]))
            elif message["data"] == b"x":
                await send({**message, "type": "webtransport.stream.send"})
            elif message["data"] == b"y":
                stream = message["stream"]
                await send({"type": "webtransport.stream.reset", "stream": stream, "code": 8})
                await send({"type": "webtransport.stream.stop", "stream": stream, "code": 9})
        return message

    async def kick(self, receive: Receive, send: Send) -> dict[str, Any]:
        """Closes."""
        await send({"type": "webtransport.close", "code": 4001, "reason": "kicked"})
        return await receive()

    async def refuse(self, receive: Receive, send: Send) -> dict[str, Any]:
        """Does not even accept."""
        await send({"type": "webtransport.close"})
        return await receive()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page, and where it reports."""
        if scope["path"] == "/report":
            content = b""
            while (part := await receive())["type"] == "http.request":
                content += part["body"]
                if not part["more_body"]:
                    break
            self.report.set_result(json.loads(content))
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        page = PAGE.replace("$BASE", json.dumps(self.base))
        page = page.replace("$OPTIONS", json.dumps(self.options))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page.encode()})
