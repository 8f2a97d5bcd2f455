"""What people serve beside JSON, by Starlette: files by range and ETag, server-sent events, and
uploads that are larger than what fits in memory.

Bounds on memory are of the server's process, whatever in it needs the memory.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.frameworks.forms import digest_of, file_form, large_file
from tests.frameworks.memory import MIB, PeakMemory
from tests.frameworks.shop import ok, open_shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.frameworks.shop import Shop
    from tests.interop.authority import Authority

pytestmark = pytest.mark.asyncio(loop_scope="module")

LETTERS = b"abcdefghijklmnopqrstuvwxyz"
BOUND = 8 * MIB
"""Bytes by which a server may grow while something large goes through it."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("content")
    (directory / "letters.txt").write_bytes(LETTERS)
    return directory


@pytest.fixture(scope="module")
def film(directory: Path) -> Path:
    return large_file(directory, 200 * MIB)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(directory: Path, authority: Authority) -> AsyncIterator[Shop]:
    async with open_shop("content", authority, content=directory) as shop:
        yield shop


# Files


@pytest.mark.parametrize("path", ["/files/letters.txt", "/download/letters.txt"])
async def test_a_file_comes_whole(shop: Shop, path: str) -> None:
    response = ok(await shop.get(path))

    assert response.content == LETTERS
    assert response.headers["content-length"] == "26"
    assert response.headers["accept-ranges"] == "bytes"


async def test_head_tells_of_a_file(shop: Shop) -> None:
    whole = ok(await shop.get("/files/letters.txt"))
    head = ok(await shop.head("/files/letters.txt"))

    assert head.content == b""
    for name in ("content-length", "content-type", "etag", "last-modified"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("wanted", "part", "place"),
    [
        ("bytes=0-0", b"a", "bytes 0-0/26"),
        ("bytes=3-6", b"defg", "bytes 3-6/26"),
        ("bytes=24-", b"yz", "bytes 24-25/26"),
        ("bytes=-3", b"xyz", "bytes 23-25/26"),
        ("bytes=20-99", b"uvwxyz", "bytes 20-25/26"),
    ],
)
@pytest.mark.parametrize("path", ["/files/letters.txt", "/download/letters.txt"])
async def test_a_range_is_a_206(
    shop: Shop, path: str, wanted: str, part: bytes, place: str
) -> None:
    response = ok(await shop.get(path, headers={"range": wanted}), 206)

    assert response.content == part
    assert response.headers["content-range"] == place
    assert response.headers["content-length"] == str(len(part))


async def test_several_ranges_come_in_parts(shop: Shop) -> None:
    wanted = {"range": "bytes=0-1, 10-11"}

    response = ok(await shop.get("/files/letters.txt", headers=wanted), 206)

    kind, boundary = response.headers["content-type"].split("; boundary=")
    assert kind == "multipart/byteranges"
    parts = response.content.split(b"--" + boundary.encode())
    assert [re.findall(rb"(?i)content-range: (.*)\r\n", part) for part in parts] == [
        [],
        [b"bytes 0-1/26"],
        [b"bytes 10-11/26"],
        [],
    ]
    assert [part.split(b"\r\n\r\n")[-1].strip() for part in parts[1:3]] == [b"ab", b"kl"]


async def test_a_range_behind_the_end_is_a_416(shop: Shop) -> None:
    response = ok(await shop.get("/files/letters.txt", headers={"range": "bytes=26-"}), 416)
    assert response.headers["content-range"] == "bytes */26"


async def test_head_tells_of_a_range(shop: Shop) -> None:
    response = ok(await shop.head("/files/letters.txt", headers={"range": "bytes=3-6"}), 206)

    assert response.content == b""
    assert response.headers["content-range"] == "bytes 3-6/26"


async def test_a_range_of_another_version_is_the_whole_file(shop: Shop) -> None:
    etag = ok(await shop.get("/files/letters.txt")).headers["etag"]

    for validator, status, content in ((etag, 206, b"abc"), ('"other"', 200, LETTERS)):
        wanted = {"range": "bytes=0-2", "if-range": validator}
        response = ok(await shop.get("/files/letters.txt", headers=wanted), status)
        assert response.content == content


@pytest.mark.parametrize(
    ("validator", "field"), [("etag", "if-none-match"), ("last-modified", "if-modified-since")]
)
async def test_what_the_client_has_already_is_a_304(shop: Shop, validator: str, field: str) -> None:
    known = ok(await shop.get("/files/letters.txt")).headers[validator]

    response = ok(await shop.get("/files/letters.txt", headers={field: known}), 304)

    assert response.content == b""


async def test_a_path_that_leaves_the_directory_is_a_404(shop: Shop) -> None:
    async with shop.visitor() as client:
        assert (await client.get("/files/../content.py")).status == 404
        assert (await client.get("/files/%2e%2e/content.py")).status == 404


async def test_a_film_goes_through_little_memory(shop: Shop, film: Path) -> None:
    with PeakMemory(shop.pid) as memory:
        digest = await shop.digest_of(f"/files/{film.name}")

    assert digest == digest_of(film)
    assert memory.growth < BOUND


@pytest.mark.parametrize("fields", [[], [(b"range", b"bytes=0-")]])
async def test_a_film_waits_for_a_client_that_does_not_read(
    shop: Shop, film: Path, fields: list[tuple[bytes, bytes]]
) -> None:
    window = 64 * 1024
    async with shop.visitor(gives_credit=False, window=window) as client:
        with PeakMemory(shop.pid) as memory:
            response = client.request(f"/files/{film.name}", headers=fields)
            await client.until(lambda: client.quic.downloaded(response.stream_id) == window)
            await client.round_trip()
        assert memory.growth < 1 * MIB

        client.give_credit()

        await response.until_body(2 * MIB)
        with film.open("rb") as stream:
            assert bytes(response.body) == stream.read(len(response.body))


# Server-sent events


async def test_events_come_as_they_happen_and_pings_in_between(shop: Shop) -> None:
    async with shop.visitor() as client:
        response = client.request("/events")

        await client.until(lambda: b": ping" in response.body)

        assert response.header(b"content-type") == b"text/event-stream; charset=utf-8"
        lines = bytes(response.body).splitlines()
        assert lines[:4] == [b"id: 1", b"event: news", b"data: Tea is here.", b""]
        assert not response.is_over


@pytest.mark.parametrize("how", ["stops the response", "closes the connection"])
async def test_a_reader_of_events_is_missed_at_once(shop: Shop, how: str) -> None:
    await shop.said()
    async with shop.visitor() as client:
        response = client.request("/events")
        await client.until(lambda: b"Tea is here." in response.body)

        if how == "stops the response":
            response.stop()
        else:
            client.close()

        await shop.says("A reader of the news has left.")
        assert await shop.said() == "INFO     A reader of the news has left."


# Uploads


async def test_a_form_of_100_mb_goes_to_disk(authority: Authority, tmp_path: Path) -> None:
    file = large_file(tmp_path, 100 * MIB)
    async with open_shop("starlette", authority, "--max-request-body-size", "none") as shop:
        ok(await shop.post("/files", multipart=file_form(large_file(tmp_path, 2 * MIB))))

        with PeakMemory(shop.pid) as memory:
            response = ok(await shop.post("/files", multipart=file_form(file)))

        assert response.json()["sha256"] == digest_of(file)
        assert memory.growth < BOUND
