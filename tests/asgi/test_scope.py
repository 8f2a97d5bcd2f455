"""What the application is told about its request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.asgi.scope import decode_path
from h3producer.http3.transport import TlsFacts
from tests.asgi.exchange import END, START, Exchange
from tests.fakes import FakeTransport

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send


class Listener:
    """An application that keeps the scope it was given."""

    scope: Scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        await send(START)
        await send(END)


async def scope_of(*, adapter: dict[str, Any] | None = None, **request: Any) -> Scope:
    listener = Listener()
    exchange = Exchange(AsgiAdapter(listener, **(adapter or {})), **request)
    await exchange.finished()
    return listener.scope


async def test_the_whole_scope_of_a_request() -> None:
    transport = FakeTransport()
    transport.peer_address = ("192.0.2.1", 50000)
    transport.local_address = ("192.0.2.2", 443)
    transport.tls = TlsFacts(version=0x304, cipher_suite=0x1301, server_certificate="PEM")
    scope = await scope_of(
        method="POST",
        path="/caf%C3%A9/x%2Fy?q=%20a&b",
        headers=[(b"accept", b"*/*"), (b"accept", b"text/html")],
        transport=transport,
    )
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "3",
        "method": "POST",
        "scheme": "https",
        "path": "/café/x/y",
        "raw_path": b"/caf%C3%A9/x%2Fy",
        "query_string": b"q=%20a&b",
        "root_path": "",
        "headers": [
            (b"host", b"h3.example"),
            (b"accept", b"*/*"),
            (b"accept", b"text/html"),
        ],
        "client": ("192.0.2.1", 50000),
        "server": ("192.0.2.2", 443),
        "state": {},
        "extensions": {
            "http.response.early_hint": {},
            "http.response.pathsend": {},
            "tls": {
                "server_cert": "PEM",
                "client_cert_chain": (),
                "client_cert_name": None,
                "client_cert_error": None,
                "tls_version": 0x304,
                "cipher_suite": 0x1301,
            },
        },
    }


async def test_a_method_keeps_its_case() -> None:
    assert (await scope_of(method="get"))["method"] == "get"


async def test_only_the_first_question_mark_begins_the_query() -> None:
    scope = await scope_of(path="/a?b?c")
    assert (scope["path"], scope["query_string"]) == ("/a", b"b?c")


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/plain", "/plain"),
        (b"/a+b", "/a+b"),
        (b"/%e2%82%ac", "/€"),
        (b"/%zz%4", "/%zz%4"),
        (b"/%ff%C3", "/��"),
        (b"/%C3/%28", "/�/("),
        (b"/%00", "/\0"),
        (b"", ""),
    ],
)
def test_a_path_is_decoded_as_uvicorn_does(raw: bytes, path: str) -> None:
    assert decode_path(raw) == path == unquote(raw.decode("ascii"))


@given(st.text())
def test_any_path_that_was_quoted_comes_back(text: str) -> None:
    assert decode_path(quote(text, errors="surrogatepass").encode()) == text.encode(
        errors="surrogatepass"
    ).decode(errors="replace")


@given(st.text("".join(map(chr, range(0x21, 0x7F)))))
def test_any_path_is_decoded_as_unquote_does(path: str) -> None:
    assert decode_path(path.encode("ascii")) == unquote(path)


@pytest.mark.parametrize("root_path", ["/api", "/api/"])
async def test_the_root_path_stands_in_front_of_the_path_alone(root_path: str) -> None:
    scope = await scope_of(path="/items", adapter={"root_path": root_path})
    assert (scope["root_path"], scope["path"], scope["raw_path"]) == (
        "/api",
        "/api/items",
        b"/items",
    )


async def test_a_server_wide_options_request_has_no_root_path() -> None:
    scope = await scope_of(method="OPTIONS", path="*", adapter={"root_path": "/api"})
    assert (scope["path"], scope["raw_path"]) == ("*", b"*")


async def test_trailers_are_offered_to_a_client_that_takes_them() -> None:
    scope = await scope_of(headers=[(b"te", b"trailers")])
    assert scope["extensions"]["http.response.trailers"] == {}


async def test_tls_facts_that_are_not_known_yet_are_not_offered() -> None:
    transport = FakeTransport()
    transport.tls = None
    assert "tls" not in (await scope_of(transport=transport))["extensions"]


async def test_a_request_in_early_data_is_marked_in_the_scope_and_in_its_headers() -> None:
    transport = FakeTransport()
    transport.is_early = True
    scope = await scope_of(transport=transport)
    assert scope["extensions"]["h3producer.early_data"] == {}
    assert (b"early-data", b"1") in scope["headers"]


async def test_any_other_request_is_not_marked_as_early() -> None:
    scope = await scope_of()
    assert "h3producer.early_data" not in scope["extensions"]
    assert b"early-data" not in dict(scope["headers"])


async def test_each_request_gets_a_shallow_copy_of_the_state() -> None:
    pool: list[str] = []
    state: dict[str, Any] = {"pool": pool}
    scope = await scope_of(adapter={"state": state})
    scope["state"]["mine"] = 1
    assert state == {"pool": pool}
    assert scope["state"]["pool"] is pool


async def test_what_an_application_writes_into_its_scope_stays_there() -> None:
    first, second = await scope_of(), await scope_of()
    first["extensions"]["mine"] = {}
    first["asgi"]["mine"] = "1"
    assert "mine" not in second["extensions"]
    assert "mine" not in second["asgi"]


async def test_headers_are_the_requests_own_even_if_the_same_request_came_before() -> None:
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["headers"].copy())
        scope["headers"].append((b"x-middleware", b"was here"))
        await send(START)
        await send(END)

    exchange = Exchange(app)
    await exchange.finished()
    exchange.connection.stream_data_received(4, exchange.request, True)
    await exchange.until_idle()
    assert seen == [[(b"host", b"h3.example")]] * 2
