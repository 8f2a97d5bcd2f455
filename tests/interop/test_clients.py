"""Four HTTP/3 clients that share no code with us, nor with each other, in what the cases of
`cases.py` do not ask: many sizes, statuses, fields and answers that come early.

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

from tests.interop.stage import has_pattern

if TYPE_CHECKING:
    from tests.interop.client_process import ClientProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

READS_WHILE_UPLOADING = ["curl_cffi", "httpcloak", "soyokaze"]
"""niquests 3.21 stops its upload without a word when the head of a response comes, so that both
sides wait for good. Hypercorn 0.18 fares no better with it."""


async def one(client: ClientProcess, path: str, **request: Any) -> dict[str, Any]:
    """The answer to one request, once both sides have said that it was HTTP/3."""
    [answer] = await client.exchange({"path": path, **request})
    assert answer["version"] == 3
    assert answer["fields"]["x-seen-version"] == "3"
    assert answer["fields"]["x-seen-method"] == request.get("method", "GET")
    return answer


@pytest.mark.parametrize("size", [0, 1, 200_000, 3_000_000])
async def test_post_comes_back(client: ClientProcess, size: int) -> None:
    answer = await one(client, "/echo", method="POST", size=size)

    assert answer["status"] == 200
    assert has_pattern(answer, size)


@pytest.mark.parametrize("client", READS_WHILE_UPLOADING, indirect=True)
async def test_post_comes_back_while_it_goes(client: ClientProcess) -> None:
    answer = await one(client, "/relay", method="POST", size=3_000_000)
    assert has_pattern(answer, 3_000_000)


async def test_ten_megabytes_come_down(client: ClientProcess) -> None:
    assert has_pattern(await one(client, "/bytes/10000000"), 10_000_000)


async def test_twenty_requests_share_a_connection(client: ClientProcess) -> None:
    answers = await client.exchange(*({"path": f"/bytes/{n}"} for n in range(1000, 1020)))

    assert all(has_pattern(answer, 1000 + n) for n, answer in enumerate(answers))
    assert {answer["version"] for answer in answers} == {3}
    assert len({answer["fields"]["x-seen-client"] for answer in answers}) == 1


async def test_requests_in_a_row_share_a_connection(client: ClientProcess) -> None:
    seen = {(await one(client, "/hello"))["fields"]["x-seen-client"] for _ in range(20)}
    assert len(seen) == 1


@pytest.mark.parametrize("status", [204, 304, 404, 500, 503])
async def test_status(client: ClientProcess, status: int) -> None:
    answer = await one(client, f"/status/{status}")

    assert answer["status"] == status
    assert answer["size"] == (0 if status in (204, 304) else 3)


async def test_many_fields_both_ways(client: ClientProcess) -> None:
    fields = {f"x-field-{n}": f"value {n}" for n in range(50)}

    answer = await one(client, "/fields/50", fields=fields)

    assert answer["sha256"] == hashlib.sha256(b"50").hexdigest(), "The server saw 50 of them."
    assert {n: v for n, v in answer["fields"].items() if n in fields} == fields


@pytest.mark.parametrize("size", [0, 5, 5000, 60_000, 300_000])
async def test_an_early_answer_to_an_upload(client: ClientProcess, size: int) -> None:
    answer = await one(client, f"/early/{size}", method="POST", size=3_000_000)

    assert answer["status"] == 200
    assert has_pattern(answer, size)
    assert (await one(client, "/hello"))["status"] == 200
