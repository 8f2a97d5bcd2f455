"""What an application in any framework may rely on: one contract, the same small service in each.

Each server runs once, by command, and curl (ngtcp2 and nghttp3) is its customer; where an exchange
is to end early, our raw client is.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.e2e.websocket_client import WebSocketClient
from tests.frameworks.forms import digest_of, file_form, large_file
from tests.frameworks.frameworks import Lack, having
from tests.frameworks.memory import MIB, PeakMemory
from tests.frameworks.shop import ok

if TYPE_CHECKING:
    from pathlib import Path

    from tests.frameworks.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="module")

TROUBLE = ("Traceback", "ERROR", "WARNING", "Exception", "Error")
"""What stands in the log when something went wrong, whoever wrote it."""

OUR_TROUBLE = ("\nERROR    ", "\nWARNING  ")
"""How a line begins in which the server itself says so."""

PART = b"the first half of a file"
BOUNDARY = b"a-boundary"


def is_quiet(log: str) -> bool:
    """Whether nothing in it tells of trouble."""
    return not any(word in log for word in TROUBLE)


async def test_the_framework_knows_its_own_url(shop: Shop) -> None:
    response = ok(await shop.get("/"))
    assert response.json() == {"greeting": "Hello", "url": f"{shop.url}/"}


async def test_json_goes_in_and_out(shop: Shop) -> None:
    response = ok(await shop.post("/orders", json={"item": "Grüner Tee", "count": 2}), 201)

    assert response.headers["content-type"].startswith("application/json")
    assert response.json() == {"item": "Grüner Tee", "total": 6}


async def test_a_form_arrives(shop: Shop) -> None:
    wanted = {"name": "Zoë", "topic": "tea & coffee = 2"}
    response = ok(await shop.post("/subscriptions", data=wanted))
    assert response.json() == wanted


async def test_a_file_arrives_whole(shop: Shop, tmp_path: Path) -> None:
    file = large_file(tmp_path, 1 * MIB)

    response = ok(await shop.post("/files", multipart=file_form(file)))

    assert response.json() == {"name": file.name, "sha256": digest_of(file)}


async def test_a_large_file_is_not_held_in_memory(shop: Shop, tmp_path: Path) -> None:
    file = large_file(tmp_path, 20 * MIB)
    ok(await shop.post("/files", multipart=file_form(large_file(tmp_path, 2 * MIB))))

    with PeakMemory(shop.pid) as memory:
        response = ok(await shop.post("/files", multipart=file_form(file)))

    assert response.json()["sha256"] == digest_of(file)
    assert memory.growth < 8 * MIB


async def test_a_response_is_streamed(shop: Shop) -> None:
    response = ok(await shop.get("/count/1000"))

    assert "content-length" not in response.headers
    assert response.content == b"".join(b"%d\n" % number for number in range(1000))


@pytest.mark.parametrize("how", ["stops the response", "closes the connection"])
async def test_a_stream_ends_when_its_client_leaves(shop: Shop, how: str) -> None:
    async with shop.visitor() as client:
        ticks = client.request("/clock/0.01")
        await ticks.until_body(len("tick\n") * 3)

        if how == "stops the response":
            ticks.stop()
        else:
            client.close()

        await shop.says("The clock has stopped.")
        assert is_quiet(await shop.said())


@pytest.mark.parametrize("running", having(Lack.SILENCE), ids=str, indirect=True)
async def test_a_silent_stream_ends_when_its_client_leaves(shop: Shop) -> None:
    async with shop.visitor() as client:
        ticks = client.request("/clock/3600.0")
        await ticks.until_body(len("tick\n"))

        ticks.stop()

        await shop.says("The clock has stopped.")
        assert is_quiet(await shop.said())


async def give_up_an_upload(shop: Shop) -> None:
    """Send the beginning of a file, and reset the request while the application waits for more."""
    head = b"--" + BOUNDARY + b'\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n'
    fields = [
        (b"content-type", b"multipart/form-data; boundary=" + BOUNDARY),
        (b"content-length", b"1000000"),
    ]
    async with shop.visitor() as client:
        upload = client.request("/files", method="POST", headers=fields, end=False)
        upload.send(head + b"\r\n" + PART)
        await client.get("/")

        upload.reset()
        await upload.over()


async def test_an_upload_that_is_given_up_is_no_error_of_the_server(shop: Shop) -> None:
    await give_up_an_upload(shop)

    log = "\n" + await shop.said()
    assert not any(word in log for word in OUR_TROUBLE), log


@pytest.mark.parametrize("running", having(Lack.COMPOSURE), ids=str, indirect=True)
async def test_an_upload_that_is_given_up_is_no_error(shop: Shop) -> None:
    await give_up_an_upload(shop)
    assert is_quiet(await shop.said())


@pytest.mark.parametrize("running", having(Lack.WEBSOCKET), ids=str, indirect=True)
async def test_a_websocket_echoes_and_closes(shop: Shop) -> None:
    async with shop.visitor() as client:
        socket = await WebSocketClient.opened(client, "/echo", deflate=True)
        for message in ("tea?", "Grüner Tee! " * 10_000):
            socket.send(message)
            assert await socket.receive() == message

        assert (await socket.close(1000, "thanks")).code == 1000

    assert is_quiet(await shop.said())


@pytest.mark.parametrize("running", having(Lack.WEBSOCKET), ids=str, indirect=True)
@pytest.mark.parametrize("how", ["resets the stream", "closes the connection"])
async def test_a_websocket_whose_client_leaves_is_no_error(shop: Shop, how: str) -> None:
    async with shop.visitor() as client:
        socket = await WebSocketClient.opened(client, "/echo")
        socket.send("tea?")
        assert await socket.receive() == "tea?"

        if how == "resets the stream":
            socket.exchange.reset()
            await socket.exchange.over()
        else:
            client.close()
            await client.closed()

        assert is_quiet(await shop.said())


@pytest.mark.parametrize("running", having(Lack.BACKGROUND), ids=str, indirect=True)
async def test_a_background_task_runs(shop: Shop) -> None:
    ok(await shop.post("/mails", json={"to": "Ann"}), 202)
    await shop.says("Mailed to Ann")


async def test_an_exception_is_a_500_and_its_traceback_is_logged(shop: Shop) -> None:
    ok(await shop.get("/bug"), 500)

    await shop.says("^KeyError: 'a bug'")  # Litestar logs in a thread of its own
    assert (await shop.said()).count("Traceback (most recent call last)") == 1
    ok(await shop.get("/"))


@pytest.mark.parametrize("running", having(Lack.LIFESPAN), ids=str, indirect=True)
async def test_the_lifespan_ends_with_the_server(shop: Shop) -> None:
    """The last of these tests, since nothing is served after it."""
    await shop.curl_leaves()
    shop.server.signal(signal.SIGTERM)

    assert await shop.server.ended() == 0
    assert [line for line in shop.server.log if "The shop has closed." in line]
