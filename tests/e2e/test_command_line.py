"""Tests of `h3producer APP` as a process: exit codes, sentences and signals."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from h3producer.client.connection import connect
from h3producer.client.target import Target
from tests.e2e.observed import PATIENCE
from tests.e2e.server import command_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.server import CommandServer

APP = """
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shut down", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/hold":
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await receive()
        await receive()  # the end of the request; then a disconnect, or nothing
    await send({"type": "http.response.body", "body": b"hello"})

async def refusing(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})

def make():
    return app

async def handler(stream):
    stream.response.start(200)
    await stream.response.complete(b"from a handler")
"""


@pytest.fixture(autouse=True)
def app_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with applications in it; certificates and all else stay in there, too."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "apps.py").write_text(APP)
    (tmp_path / "broken.py").write_text("def fail():\n    1 / 0\nfail()\n")
    return tmp_path


async def refused(*words: str) -> tuple[int, list[str]]:
    """Exit code and stderr of a process that does not serve."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "h3producer",
        *words,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        _, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, err.decode().splitlines()


def target_of(server: CommandServer, path: str = "/") -> Target:
    host, port = server.address
    return Target.from_url(f"https://{host}:{port}{path}")


def certfile(app_dir: Path) -> Path:
    """The certificate that a server here has made for itself."""
    return app_dir / "state" / "h3producer" / "localhost.pem"


async def fetch(server: CommandServer, app_dir: Path, path: str = "/") -> bytes:
    async with connect(target_of(server, path), cafile=certfile(app_dir)) as connection:
        response = connection.request("GET")
        await response.head()
        return b"".join([piece async for piece in response])


async def stdout_of(server: CommandServer) -> str:
    assert server.process.stdout is not None
    return (await server.process.stdout.read()).decode()


# Serving


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["apps:app"], b"hello"),
        (["apps:make", "--factory"], b"hello"),
        (["apps:handler"], b"from a handler"),
    ],
)
async def test_both_kinds_of_application_are_served(
    app_dir: Path, words: list[str], body: bytes
) -> None:
    async with command_server(*words, "--port", "0") as server:
        assert await fetch(server, app_dir) == body


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_and_ends_on_uvloop_as_on_asyncio(
    app_dir: Path, number: signal.Signals
) -> None:
    pytest.importorskip("uvloop")
    async with command_server("apps:app", "--port", "0", "--loop", "uvloop") as server:
        assert await fetch(server, app_dir) == b"hello"
        server.signal(number)
        assert await server.ended() == 0
        assert "shut down" in await stdout_of(server)


async def test_every_request_is_a_line_on_stdout(app_dir: Path) -> None:
    async with command_server("apps:handler", "--port", "0") as server:
        await fetch(server, app_dir, "/a?b")
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
        assert '- "GET /a?b HTTP/3" 200' in await stdout_of(server)


async def test_a_line_can_be_an_object(app_dir: Path) -> None:
    options = ("--port", "0", "--access-log-format", "json")
    async with command_server("apps:handler", *options) as server:
        await fetch(server, app_dir, "/a?b")
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
        facts = json.loads(await stdout_of(server))
    assert (facts["target"], facts["status"], facts["ended"]) == ("/a?b", 200, "complete")


async def test_the_access_log_can_be_off(app_dir: Path) -> None:
    async with command_server("apps:handler", "--port", "0", "--no-access-log") as server:
        await fetch(server, app_dir)
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
        assert await stdout_of(server) == ""


async def test_a_self_made_certificate_is_announced_with_the_ways_to_look(app_dir: Path) -> None:
    async with command_server("apps:handler", "--port", "0") as server:
        said = "\n".join(server.log)
    assert f"No certificate was given: made '{app_dir}/state/h3producer/localhost.pem'" in said
    assert "Look: h3producer get https://localhost:" in said
    assert "Look: curl --http3-only --cacert" in said
    assert "--ignore-certificate-errors-spki-list=" in said


async def test_a_socket_that_is_bound_already_is_used(app_dir: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "h3producer",
            "apps:handler",
            "--bind",
            f"fd://{sock.fileno()}",
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(sock.fileno(),),
        )
        assert process.stderr is not None
        port = sock.getsockname()[1]
        async with asyncio.timeout(PATIENCE):
            while f"on https://127.0.0.1:{port}/" not in (await process.stderr.readline()).decode():
                pass
            process.terminate()
            await process.communicate()
    assert process.returncode == 0


# Ending


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_gracefully_with_code_0(
    app_dir: Path, number: signal.Signals
) -> None:
    async with command_server("apps:app", "--port", "0") as server:
        assert await fetch(server, app_dir) == b"hello"
        server.signal(number)
        assert await server.ended() == 0
        assert "shut down" in await stdout_of(server)
        assert server.log[-1].endswith("Stopped.")


async def test_a_request_under_way_holds_up_the_end_until_a_second_int(app_dir: Path) -> None:
    async with command_server("apps:app", "--port", "0") as server:
        async with connect(target_of(server), cafile=certfile(app_dir)) as connection:
            response = connection.request("GET", "/hold")
            assert await response.read_chunk() == b"begun"
            server.signal(signal.SIGINT)
            await server.says("Stopping; 1 requests are under way")
            server.signal(signal.SIGINT)
            assert await server.ended() == 0
        assert "shut down" in await stdout_of(server)


# Refusing


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["absent:app"], "There is no module 'absent' in '.*' or on the Python path;"),
        (["apps:absent"], "Module 'apps' has no attribute 'absent'."),
        (["apps:refusing"], "The application's lifespan startup failed: no database."),
        (["apps:app", "--certfile", "absent.pem"], "Cannot read the certificate 'absent.pem': "),
        (["apps:app", "--log-config", "absent.json"], "Cannot read the logging configuration"),
        (["apps:app", "--host", "nowhere.invalid"], "Cannot bind 'nowhere.invalid': "),
        (["apps:app", "--port", "0", "--keylog-file", "absent/x"], "Cannot write the key log"),
        (
            ["apps:app", "--port", "0", "--lb-server-id", "01", "--lb-key-file", "absent"],
            "Cannot read the QUIC-LB key 'absent': ",
        ),
    ],
)
async def test_what_cannot_start_ends_with_a_sentence_and_code_3(
    words: list[str], sentence: str
) -> None:
    code, lines = await refused(*words)
    assert code == 3
    assert re.match(f"h3producer: {sentence}", lines[-1])


async def test_a_port_in_use_is_code_3() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        code, lines = await refused("apps:app", "--port", str(port))
    assert code == 3
    assert lines[-1] == f"h3producer: Cannot bind localhost:{port}: Address already in use."


async def test_an_error_inside_of_the_application_is_shown_above_the_sentence() -> None:
    code, lines = await refused("broken:app")
    assert code == 3
    assert lines[0] == "Traceback (most recent call last):"
    assert "broken.py" in lines[1]
    sentence = "Importing 'broken' failed: ZeroDivisionError: division by zero."
    assert lines[-1] == f"h3producer: {sentence}"


async def test_an_address_that_others_reach_needs_a_certificate() -> None:
    code, lines = await refused("apps:app", "--host", "0.0.0.0", "--port", "0")
    assert code == 2
    [line] = lines
    assert line.startswith("h3producer: A certificate is needed to serve on 0.0.0.0;")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["apps"],
        ["apps.py:app"],
        ["apps:app", "--prot", "1"],
        ["apps:app", "--port", "x"],
        ["apps:app", "--port", "70000"],
        ["apps:app", "extra"],
    ],
)
async def test_wrong_input_is_one_line_and_code_2(words: list[str]) -> None:
    code, lines = await refused(*words)
    assert code == 2
    [line] = lines
    assert line.startswith("h3producer: ")
