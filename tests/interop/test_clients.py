"""Four HTTP/3 clients that share no code with us, nor with each other, against our server.

| client | QUIC and HTTP/3 | TLS |
|---|---|---|
| curl-cffi | ngtcp2 and nghttp3 | BoringSSL |
| niquests | qh3 (Rust) | rustls |
| httpcloak | quic-go | uTLS (Go) |
| soyokaze | quiche | BoringSSL |

Every test runs for each of them. That it was HTTP/3 is said by both sides: by the client in its
own words, and by the server in a field of the response.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.interop.clients.program import pattern

if TYPE_CHECKING:
    from tests.interop.browser import Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

READS_WHILE_UPLOADING = ["curl_cffi", "httpcloak", "soyokaze"]
"""niquests 3.21 stops its upload without a word when the head of a response comes, so that both
sides wait for good. Hypercorn 0.18 fares no better with it."""

READS_INTERIM_RESPONSES = ["curl_cffi", "niquests", "httpcloak"]
"""soyokaze 0.6 takes what follows a 103 for trailers, whichever server sends it."""


async def one(browser: Browser, path: str, **request: Any) -> dict[str, Any]:
    """The answer to one request, once both sides have said that it was HTTP/3."""
    [answer] = await browser.exchange({"path": path, **request})
    assert answer["version"] == 3
    assert answer["fields"]["x-seen-version"] == "3"
    assert answer["fields"]["x-seen-method"] == request.get("method", "GET")
    return answer


def is_pattern(answer: dict[str, Any], size: int) -> bool:
    """Whether the content is `size` bytes of the pattern."""
    expected = hashlib.sha256(pattern(size)).hexdigest()
    return bool(answer["size"] == size and answer["sha256"] == expected)


async def test_get(browser: Browser) -> None:
    answer = await one(browser, "/hello")

    assert answer["status"] == 200
    assert answer["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert answer["fields"]["server"] == "h3producer"


async def test_head(browser: Browser) -> None:
    answer = await one(browser, "/bytes/1234", method="HEAD")

    assert (answer["status"], answer["size"]) == (200, 0)
    assert answer["fields"]["content-length"] == "1234"


@pytest.mark.parametrize("size", [0, 1, 200_000, 3_000_000])
async def test_post_comes_back(browser: Browser, size: int) -> None:
    answer = await one(browser, "/echo", method="POST", size=size)

    assert answer["status"] == 200
    assert is_pattern(answer, size)


@pytest.mark.parametrize("browser", READS_WHILE_UPLOADING, indirect=True)
async def test_post_comes_back_while_it_goes(browser: Browser) -> None:
    answer = await one(browser, "/relay", method="POST", size=3_000_000)
    assert is_pattern(answer, 3_000_000)


async def test_ten_megabytes_come_down(browser: Browser) -> None:
    assert is_pattern(await one(browser, "/bytes/10000000"), 10_000_000)


async def test_twenty_requests_share_a_connection(browser: Browser) -> None:
    answers = await browser.exchange(*({"path": f"/bytes/{n}"} for n in range(1000, 1020)))

    assert all(is_pattern(answer, 1000 + n) for n, answer in enumerate(answers))
    assert {answer["version"] for answer in answers} == {3}
    assert len({answer["fields"]["x-seen-client"] for answer in answers}) == 1


async def test_requests_in_a_row_share_a_connection(browser: Browser) -> None:
    seen = {(await one(browser, "/hello"))["fields"]["x-seen-client"] for _ in range(20)}
    assert len(seen) == 1


@pytest.mark.parametrize("status", [204, 304, 404, 500, 503])
async def test_status(browser: Browser, status: int) -> None:
    answer = await one(browser, f"/status/{status}")

    assert answer["status"] == status
    assert answer["size"] == (0 if status in (204, 304) else 3)


async def test_many_fields_both_ways(browser: Browser) -> None:
    fields = {f"x-field-{n}": f"value {n}" for n in range(50)}

    answer = await one(browser, "/fields/50", fields=fields)

    assert answer["sha256"] == hashlib.sha256(b"50").hexdigest(), "The server saw 50 of them."
    assert {n: v for n, v in answer["fields"].items() if n in fields} == fields


@pytest.mark.parametrize("size", [0, 5, 5000, 60_000, 300_000])
async def test_an_early_answer_to_an_upload(browser: Browser, size: int) -> None:
    answer = await one(browser, f"/early/{size}", method="POST", size=3_000_000)

    assert answer["status"] == 200
    assert is_pattern(answer, size)
    assert (await one(browser, "/hello"))["status"] == 200


@pytest.mark.parametrize("browser", READS_INTERIM_RESPONSES, indirect=True)
async def test_early_hints_are_no_response(browser: Browser) -> None:
    answer = await one(browser, "/hinted")
    assert answer["sha256"] == hashlib.sha256(b"after the hint").hexdigest()


async def test_trailers_are_no_content(browser: Browser) -> None:
    answer = await one(browser, "/trailed", fields={"te": "trailers"})
    assert is_pattern(answer, 1000)
