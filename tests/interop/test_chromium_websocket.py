"""WebSockets of a real browser over HTTP/3: what its page saw, by its own account.

Chromium has them behind a feature flag. Nothing listens on TCP, so there is no other way that they
could have taken.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from h3producer.config import Config
from h3producer.server.certificates.development import make_development_certificate, spki_pin
from h3producer.server.certificates.files import CertificateFiles
from h3producer.server.server import Server
from tests.interop.chromium import CHROMIUM, QUIET, WEBSOCKET_OVER_HTTP_3

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from h3producer.asgi.types import Receive, Scope, Send

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here"),
    pytest.mark.asyncio(loop_scope="module"),
]

PAGE = """<!doctype html>
<script>
const url = path => `wss://${location.host}${path}`;
const seen = {};

function visit(name, path, protocols, talk) {
  return new Promise(done => {
    const told = seen[name] = {messages: []};
    const socket = new WebSocket(url(path), protocols);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      told.protocol = socket.protocol;
      told.extensions = socket.extensions;
      talk(socket);
    };
    socket.onmessage = ({data}) => {
      told.messages.push(typeof data === "string" ? data : data.byteLength);
      if (told.messages.length === told.expected) socket.close(4000, "bye");
    };
    socket.onerror = () => { told.error = true; };
    socket.onclose = ({code, reason, wasClean}) => {
      Object.assign(told, {code, reason, wasClean});
      done();
    };
  });
}

(async () => {
  await visit("echo", "/echo", ["chat", "superchat"], socket => {
    seen.echo.expected = 3;
    socket.send("grüß dich");
    socket.send(new Uint8Array(1_000_000));
    socket.send("");
  });
  await visit("kicked", "/kick", [], () => {});
  await visit("refused", "/refuse", [], () => {});
  await Promise.all([1, 2, 3, 4, 5].map(n => visit("many" + n, "/echo", [], socket => {
    seen["many" + n].expected = 100;
    for (let i = 0; i < 100; i++) socket.send(`${n}.${i}`);
  })));
  await fetch("/report", {method: "POST", body: JSON.stringify(seen)});
})();
</script>
"""


class App:
    """The page, what it talks to, and what it says of that."""

    def __init__(self) -> None:
        self.report: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.heard: list[tuple[str, int, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.talk(scope, receive, send)
        elif scope["type"] == "http":
            await self.answer(scope, receive, send)
        else:
            raise NotImplementedError

    async def talk(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if scope["path"] == "/refuse":
            await send({"type": "websocket.close"})
            return
        chosen = "superchat" if "superchat" in scope["subprotocols"] else None
        await send({"type": "websocket.accept", "subprotocol": chosen})
        if scope["path"] == "/kick":
            await send({"type": "websocket.close", "code": 4001, "reason": "kicked"})
            return
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})
        self.heard.append((scope["path"], message["code"], message["reason"]))

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/report":
            content = b""
            while (part := await receive())["type"] == "http.request":
                content += part["body"]
                if not part["more_body"]:
                    break
            self.report.set_result(json.loads(content))
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/html; charset=utf-8")],
            }
        )
        await send({"type": "http.response.body", "body": PAGE.encode()})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def visited(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    """The application, once the browser has been through the page."""
    assert CHROMIUM is not None
    directory: Path = tmp_path_factory.mktemp("chromium")
    app = App()
    certificate = make_development_certificate()
    files = CertificateFiles.in_directory(directory)
    files.write(certificate)
    config = Config(app=app, port=0, certfile=str(files.certfile), keyfile=str(files.keyfile))
    async with Server(config) as server:
        origin = f"localhost:{server.addresses[0][1]}"
        browser = await asyncio.create_subprocess_exec(
            CHROMIUM,
            *QUIET,
            f"--user-data-dir={directory / 'profile'}",
            "--no-first-run",
            WEBSOCKET_OVER_HTTP_3,
            f"--origin-to-force-quic-on={origin}",
            f"--ignore-certificate-errors-spki-list={spki_pin(certificate.certificate)}",
            "--remote-debugging-port=0",  # or it would leave at once
            f"https://{origin}/",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await asyncio.wait_for(app.report, 50)
            yield app
        finally:
            browser.kill()
            await browser.wait()
            server.force_exit = True


async def test_messages_of_all_kinds_come_back_and_the_close_is_clean(visited: App) -> None:
    told = visited.report.result()["echo"]
    assert told["messages"] == ["grüß dich", 1_000_000, ""]
    assert told["protocol"] == "superchat"
    assert told["extensions"].startswith("permessage-deflate")
    assert (told["code"], told["reason"], told["wasClean"]) == (4000, "bye", True)


async def test_the_application_hears_code_and_reason(visited: App) -> None:
    assert visited.heard == [("/echo", 4000, "bye")] * 6


async def test_the_page_hears_the_applications_close(visited: App) -> None:
    told = visited.report.result()["kicked"]
    assert (told["code"], told["reason"], told["wasClean"]) == (4001, "kicked", True)


async def test_the_page_hears_of_a_refusal(visited: App) -> None:
    told = visited.report.result()["refused"]
    assert (told["code"], told["error"], told["wasClean"]) == (1006, True, False)


async def test_five_sockets_at_once_share_the_connection(visited: App) -> None:
    for number in range(1, 6):
        told = visited.report.result()[f"many{number}"]
        assert told["messages"] == [f"{number}.{i}" for i in range(100)]
        assert told["wasClean"]
