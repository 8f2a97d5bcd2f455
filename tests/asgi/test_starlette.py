"""A framework over the adapter and the real core: what most users will run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.asgi.errors import LifespanFailed
from tests.asgi.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from starlette.requests import Request

    from h3producer.asgi.types import Message, Receive, Scope, Send

    Endpoint = Callable[[Request], Awaitable[Response]]


def app(endpoint: Endpoint, *middleware: Middleware) -> AsgiAdapter:
    route = Route("/{rest:path}", endpoint, methods=["GET", "POST", "HEAD"])
    return AsgiAdapter(Starlette(routes=[route], middleware=list(middleware)))


async def passes_through(request: Request, call_next: Endpoint) -> Response:
    return await call_next(request)


PASSES_THROUGH = Middleware(BaseHTTPMiddleware, dispatch=passes_through)


async def test_a_request_and_a_json_response() -> None:
    async def endpoint(request: Request) -> Response:
        return JSONResponse(
            {
                "url": str(request.url),
                "q": request.query_params["q"],
                "host": request.headers["host"],
                "client": request.client and request.client.host,
                "cookie": request.cookies,
            }
        )

    exchange = Exchange(app(endpoint), path="/%C3%A9?q=a%20b", headers=[(b"cookie", b"a=1; b=2")])
    await exchange.finished()
    assert (b"content-type", b"application/json") in exchange.headers
    assert json.loads(exchange.body) == {
        "url": "https://h3.example/é?q=a%20b",
        "q": "a b",
        "host": "h3.example",
        "client": "127.0.0.1",
        "cookie": {"a": "1", "b": "2"},
    }


@pytest.mark.parametrize("middleware", [[], [PASSES_THROUGH]])
async def test_a_form_that_arrives_in_parts(middleware: list[Middleware]) -> None:
    async def endpoint(request: Request) -> Response:
        form = await request.form()
        return JSONResponse(dict(form.items()))

    exchange = Exchange(
        app(endpoint, *middleware),
        method="POST",
        headers=[(b"content-type", b"application/x-www-form-urlencoded")],
        end=False,
    )
    for part in (b"name=h", b"3&to", b"tal=1"):
        exchange.upload(part)
        await exchange.until_idle()
    exchange.upload(b"", end=True)
    await exchange.finished()
    assert json.loads(exchange.body) == {"name": "h3", "total": "1"}


@pytest.mark.parametrize("middleware", [[], [PASSES_THROUGH], [Middleware(GZipMiddleware)]])
async def test_a_streaming_response(middleware: list[Middleware]) -> None:
    async def endpoint(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for part in (b"one ", b"two ", b"three"):
                yield part

        return StreamingResponse(parts())

    exchange = await Exchange(app(endpoint, *middleware)).finished()
    assert (exchange.outcome, exchange.body) == ("200", b"one two three")


@pytest.mark.parametrize("middleware", [[], [PASSES_THROUGH]])
async def test_a_streaming_response_ends_when_the_client_goes(
    middleware: list[Middleware], caplog: pytest.LogCaptureFixture
) -> None:
    async def endpoint(request: Request) -> Response:
        async def for_ever() -> AsyncIterator[bytes]:
            while True:
                yield b"tick"
                await asyncio.sleep(0)

        return StreamingResponse(for_ever())

    exchange = Exchange(app(endpoint, *middleware))
    await exchange.until_idle()
    exchange.stop()
    await exchange.finished()
    assert exchange.outcome == "reset 0x10c"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("middleware", [[], [PASSES_THROUGH]])
async def test_an_upload_that_is_aborted_is_no_error(
    middleware: list[Middleware], caplog: pytest.LogCaptureFixture
) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    exchange = Exchange(app(endpoint, *middleware), method="POST", end=False)
    exchange.upload(b"half")
    await exchange.until_idle()
    exchange.reset()
    await exchange.finished()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_is_disconnected_sees_the_client_go() -> None:
    seen: list[bool] = []

    async def endpoint(request: Request) -> Response:
        await request.body()
        while not await request.is_disconnected():
            seen.append(False)
            await asyncio.sleep(0)
        seen.append(True)
        return Response()

    exchange = Exchange(app(endpoint))
    await exchange.until_idle()
    exchange.stop()
    await exchange.finished()
    assert seen[0] is False
    assert seen[-1] is True


async def test_a_background_task_runs_after_the_response_has_ended() -> None:
    ended: list[bool] = []

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("done", background=BackgroundTask(task))

    async def task() -> None:
        ended.append(exchange.ended)

    exchange = Exchange(app(endpoint))
    await exchange.finished()
    assert (exchange.body, ended) == (b"done", [True])


async def test_a_background_task_that_fails_is_logged_and_the_response_stays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("done", background=BackgroundTask(task))

    async def task() -> None:
        raise KeyError("later")

    exchange = await Exchange(app(endpoint)).finished()
    assert exchange.outcome == "200"
    assert [record.name for record in caplog.records] == ["h3producer.error"]


async def test_an_exception_is_a_500_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def endpoint(request: Request) -> Response:
        raise KeyError("bug")

    exchange = await Exchange(app(endpoint)).finished()
    assert (exchange.outcome, exchange.body) == ("500", b"Internal Server Error")
    assert [record.name for record in caplog.records] == ["h3producer.error"]
    assert "KeyError: 'bug'" in caplog.text


async def test_an_exception_in_mid_response_is_a_reset() -> None:
    async def endpoint(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"one"
            raise KeyError("bug")

        return StreamingResponse(parts())

    exchange = await Exchange(app(endpoint)).finished()
    assert exchange.outcome == "reset 0x102"


@pytest.mark.parametrize(("status", "body"), [(404, b"gone"), (204, b""), (304, b"")])
async def test_an_http_exception_is_its_status(status: int, body: bytes) -> None:
    async def endpoint(request: Request) -> Response:
        raise HTTPException(status, body.decode())

    exchange = await Exchange(app(endpoint)).finished()
    assert (exchange.outcome, exchange.body) == (str(status), body)


@pytest.mark.parametrize("middleware", [[], [PASSES_THROUGH], [Middleware(GZipMiddleware)]])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_file_response_is_sent_by_its_path(
    middleware: list[Middleware], method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"0123456789" * 20_000
    (tmp_path / "file.bin").write_bytes(content)
    monkeypatch.chdir(tmp_path)

    async def endpoint(request: Request) -> Response:
        return FileResponse("file.bin")

    exchange = await Exchange(app(endpoint, *middleware), method=method).finished()
    assert (b"content-length", b"200000") in exchange.headers
    assert exchange.body == (content if method == "GET" else b"")


@pytest.mark.parametrize(("part", "way"), [(None, "pathsend"), (b"bytes=0-9", "body")])
async def test_a_file_goes_by_its_path_and_a_part_of_it_does_not(
    part: bytes | None, way: str, tmp_path: Path
) -> None:
    (tmp_path / "file.bin").write_bytes(bytes(1000))
    sent: list[str] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            sent.append(message["type"].removeprefix("http.response."))
            await send(message)

        await FileResponse(tmp_path / "file.bin")(scope, receive, note)

    exchange = Exchange(noting, headers=[] if part is None else [(b"range", part)])
    await exchange.finished()

    assert len(exchange.body) == (1000 if part is None else 10)
    assert sent == ["start", way]


async def test_early_hints_reach_the_client() -> None:
    async def endpoint(request: Request) -> Response:
        await request.send_early_hints("</a.css>; rel=preload")
        return PlainTextResponse("page")

    exchange = await Exchange(app(endpoint)).finished()
    assert exchange.sections[0] == [(b":status", b"103"), (b"link", b"</a.css>; rel=preload")]
    assert exchange.body == b"page"


async def test_a_mounted_application_under_a_root_path() -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(f"{request.url.path} {request.url_for('item')}")

    inner = Starlette(routes=[Route("/item", endpoint, name="item")])
    outer = Starlette(routes=[Mount("/inner", inner)])
    adapter = AsgiAdapter(outer, root_path="/api")
    exchange = await Exchange(adapter, path="/inner/item").finished()
    assert exchange.body == b"/api/inner/item https://h3.example/api/inner/item"


async def test_the_lifespan_state_reaches_the_requests() -> None:
    steps: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
        yield {"word": "hello"}
        steps.append("closed")

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(request.state.word)

    adapter = AsgiAdapter(Starlette(routes=[Route("/", endpoint)], lifespan=lifespan))
    async with adapter.lifespan():
        exchange = await Exchange(adapter).finished()
    assert (exchange.body, steps) == (b"hello", ["closed"])


async def test_a_lifespan_that_raises_stops_the_start_with_its_traceback() -> None:
    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        raise ConnectionError("no database")
        yield

    with pytest.raises(LifespanFailed, match="ConnectionError: no database"):
        async with AsgiAdapter(Starlette(lifespan=lifespan)).lifespan():
            pytest.fail("it was served")


async def test_requests_at_the_same_time_do_not_mix() -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(request.path_params["rest"].encode() + await request.body())

    adapter = app(endpoint)
    exchanges = [Exchange(adapter, method="POST", path=f"/{n}", end=False) for n in range(20)]
    for n, exchange in enumerate(exchanges):
        exchange.upload(b"-%d" % n, end=True)
    await asyncio.gather(*(exchange.finished() for exchange in exchanges))
    assert [exchange.body for exchange in exchanges] == [b"%d-%d" % (n, n) for n in range(20)]
