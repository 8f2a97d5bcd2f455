"""OpenTelemetry's own instrumentation of ASGI applications, over HTTP/3: spans and what they say.

Each request and each WebSocket is a span with the attributes of the conventions, and nothing is
complained about: warnings are errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.observed import Notes
from tests.e2e.websocket_client import Closed, WebSocketClient

pytest.importorskip("opentelemetry.instrumentation.asgi", reason="it is not installed")

from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Route, WebSocketRoute

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from starlette.requests import Request
    from starlette.websockets import WebSocket

    from h3producer.asgi.types import Scope
    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve


class Traced:
    """An application that is instrumented, and its spans."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
        self.notes = Notes()
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._routes: list[Route | WebSocketRoute] = [
            Route("/items/{number:int}", self._item),
            Route("/broken", self._broken),
            WebSocketRoute("/echo", self._echo),
        ]
        self.app = OpenTelemetryMiddleware(
            Starlette(routes=self._routes),
            default_span_details=self._details,
            tracer_provider=provider,
        )

    def spans(self, kind: SpanKind = SpanKind.SERVER) -> list[ReadableSpan]:
        """Those that have ended."""
        return [each for each in self._exporter.get_finished_spans() if each.kind is kind]

    def _details(self, scope: Scope) -> tuple[str, dict[str, str]]:
        """What an instrumentation that knows the framework adds."""
        for route in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                name = f"{scope.get('method', 'WebSocket')} {route.path}"
                return name, {"http.route": route.path}
        return "unknown", {}

    async def _item(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(request.path_params["number"]))

    async def _broken(self, request: Request) -> PlainTextResponse:
        raise RuntimeError("it is broken")

    async def _echo(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()
        self.notes.add("left")


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Traced:
    return Traced(monkeypatch)


async def test_a_request_is_a_span(traced: Traced, serve: Serve, connect: Connect) -> None:
    server = await serve(traced.app)
    client = await connect(server)
    assert (await client.get("/items/7?a=b")).status == 200
    (span,) = traced.spans()
    assert span.name == "GET /items/{number:int}"
    assert span.status.status_code is StatusCode.UNSET
    expected = {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/items/{number:int}",
        "network.protocol.version": "3",
        "url.scheme": "https",
        "url.path": "/items/7",
        "url.query": "a=b",
        "client.address": "127.0.0.1",
        "server.port": server.addresses[0][1],
    }
    attributes = dict(span.attributes or {})
    assert attributes | expected == attributes
    assert attributes["client.port"] != attributes["server.port"]


async def test_an_application_that_fails_is_a_span_that_did(
    traced: Traced, serve: Serve, connect: Connect
) -> None:
    client = await connect(await serve(traced.app))
    assert (await client.get("/broken")).status == 500
    (span,) = traced.spans()
    assert span.status.status_code is StatusCode.ERROR
    assert dict(span.attributes or {})["http.response.status_code"] == 500


async def test_the_clients_trace_goes_on(traced: Traced, serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(traced.app))
    trace = "0af7651916cd43dd8448eb211c80319c"
    parent = f"00-{trace}-b7ad6b7169203331-01".encode()
    exchange = client.request("/items/7", headers=[(b"traceparent", parent)])
    await exchange.over()
    (span,) = traced.spans()
    assert f"{span.context.trace_id:032x}" == trace


async def test_a_websocket_is_a_span(traced: Traced, serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(traced.app))
    socket = await WebSocketClient.opened(client, "/echo")
    socket.send("hello")
    assert await socket.receive() == "hello"
    assert await socket.close() == Closed(1000)
    await traced.notes.until("left")
    await client.until(lambda: bool(traced.spans()))
    (span,) = traced.spans()
    attributes = dict(span.attributes or {})
    assert attributes["http.route"] == "/echo"
    assert attributes["network.protocol.version"] == "3"
    assert attributes["client.address"] == "127.0.0.1"
    assert span.status.status_code is StatusCode.UNSET
