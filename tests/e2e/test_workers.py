"""Workers, by command: processes, signals, and what clients see of them.

When workers start, and why, is in `tests/server/workers`, where no process has to.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bench.rolls.roll import Plan, roll_under_load
from tests.e2e.server import CommandServer, command, command_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.server.certificates.files import CertificateFiles
    from tests.e2e.raw_client import Connect

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent.parent

APP = "tests.e2e.worker_app:app"

SERVES = r"Worker (\d+) \(process (\d+)\) serves"


@asynccontextmanager
async def serving(
    files: CertificateFiles,
    *options: str,
    app_dir: Path = ROOT,
    app: str = APP,
) -> AsyncIterator[CommandServer]:
    """An application, served by command on a free port of 127.0.0.1."""
    certificate = ("--ssl-certfile", str(files.certfile), "--ssl-keyfile", str(files.keyfile))
    where = ("--app-dir", str(app_dir), app, "--host", "127.0.0.1", "--port", "0")
    async with command_server(*where, *certificate, *options, PYTHONPATH=str(ROOT)) as server:
        yield server


async def asked(connect: Connect, server: CommandServer, path: str = "/") -> bytes:
    """What a new client is answered."""
    client = await connect(server.address)
    body = bytes((await client.get(path)).body)
    client.close()
    return body


def workers(server: CommandServer) -> list[int]:
    """The processes that have served so far."""
    return [int(line.split()[4].rstrip(")")) for line in server.log if line.endswith("serves.")]


async def test_workers_share_an_address_and_end_together(
    files: CertificateFiles, connect: Connect
) -> None:
    async with serving(files, "--workers", "2") as server:
        answers = {await asked(connect, server) for _ in range(40)}
        assert answers == {str(pid).encode() for pid in workers(server)}

        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
    assert server.log.count("app: startup") == server.log.count("app: shutdown") == 2


async def test_a_worker_that_dies_is_replaced_in_its_slot(
    files: CertificateFiles, connect: Connect
) -> None:
    async with serving(files, "--workers", "2") as server:
        client = await connect(server.address)
        client.request("/exit")
        died = await server.says(r"Worker (\d+) \(process \d+\) ended, with exit code 7")
        replaced = await server.says(SERVES)
        assert replaced[1] == died[1]
        assert len({await asked(connect, server) for _ in range(40)}) == 2
        client.vanish()


async def test_a_worker_that_hangs_says_where_and_is_replaced(
    files: CertificateFiles, connect: Connect
) -> None:
    options = ("--limit-max-requests", "1000", "--timeout-worker-healthcheck", "1")
    async with serving(files, *options) as server:
        client = await connect(server.address)
        client.request("/block")
        await server.says(r"has not answered for 1 s: it is killed")
        await server.says(r"worker_app\.py.* in block")
        await server.says(SERVES)
        client.vanish()


async def test_a_worker_that_is_sent_term_is_replaced_before_it_ends(
    files: CertificateFiles,
) -> None:
    async with serving(files, "--workers", "2") as server:
        os.kill(workers(server)[0], signal.SIGTERM)
        await server.says(SERVES)
        await server.says("app: shutdown")


async def test_signals_make_them_more_and_fewer(files: CertificateFiles, connect: Connect) -> None:
    async with serving(files, "--workers", "2") as server:
        server.signal(signal.SIGTTIN)
        await server.says(SERVES)
        assert len({await asked(connect, server) for _ in range(60)}) == 3
        server.signal(signal.SIGTTOU)
        await server.says("app: shutdown")
        assert len({await asked(connect, server) for _ in range(60)}) == 2


async def test_after_so_many_requests_another_process_serves(
    files: CertificateFiles, connect: Connect
) -> None:
    async with serving(files, "--limit-max-requests", "2") as server:
        first = [await asked(connect, server) for _ in range(2)]
        await server.says(SERVES)
        assert {*first, await asked(connect, server)} == {
            str(pid).encode() for pid in workers(server)
        }


async def test_workers_do_not_outlive_their_parent(files: CertificateFiles) -> None:
    async with serving(files, "--workers", "2") as server:
        server.signal(signal.SIGKILL)
        await server.ended()  # waits for all that have its stderr
    assert server.log.count("app: shutdown") == 2


IMPATIENT = """
import os, signal
for number in (signal.SIGINT, signal.SIGHUP):
    os.kill(os.getpid(), number)
"""


async def test_what_a_terminal_sends_to_all_is_for_the_parent(
    tmp_path: Path, files: CertificateFiles, connect: Connect
) -> None:
    (tmp_path / "page.py").write_text(IMPATIENT + ANSWER.format(b"hello"))
    options = ("--limit-max-requests", "1000")
    async with serving(files, *options, app_dir=tmp_path, app="page:app") as server:
        assert await asked(connect, server) == b"hello"


async def test_an_application_that_fails_is_shown_once_and_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    ended = await command("--app-dir", str(tmp_path), "broken:app", "--port", "0", "--workers", "4")
    assert ended.exit_code == 3
    assert ended.stderr.count("ZeroDivisionError: division by zero") == 2, "traceback and sentence"
    assert ended.stderr.splitlines()[-1] == (
        "h3producer: Importing 'broken' failed: ZeroDivisionError: division by zero."
    )


ANSWER = """
async def app(scope, receive, send):
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": {!r}}})
"""


async def test_with_reload_a_change_is_served_and_a_mistake_is_shown(
    tmp_path: Path, files: CertificateFiles, connect: Connect
) -> None:
    source = tmp_path / "page.py"
    source.write_text(ANSWER.format(b"before"))
    options = ("--reload", "--reload-delay", "0.05")
    async with serving(files, *options, app_dir=tmp_path, app="page:app") as server:
        assert await asked(connect, server) == b"before"

        source.write_text("def")
        await server.says(r"Starting anew, since 'page\.py' changed")
        await server.says(r"SyntaxError")
        await server.says(r"Waiting for a change")

        source.write_text(ANSWER.format(b"after, and longer"))
        assert await asked(connect, server) == b"after, and longer"
        server.signal(signal.SIGINT)
        assert await server.ended() == 0


async def test_all_workers_are_replaced_and_no_request_of_independent_clients_fails() -> None:
    pytest.importorskip("curl_cffi")
    pytest.importorskip("qh3")
    kinds = ("curl-new", "qh3-stay")
    plan = Plan(rolls=1, kinds=kinds, pause=0.02, between=0.3, native=False)
    outcome = await asyncio.to_thread(roll_under_load, plan)
    assert [each.complaints for each in outcome.counts.values()] == [[], []]
    assert outcome.complaints == []
