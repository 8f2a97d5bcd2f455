"""What docs/tcp.md shows of a server of one's own: its file and its two commands, as they stand."""

from __future__ import annotations

import asyncio
import os
import shlex
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from h3producer.server.certificates.development import make_development_certificate
from h3producer.server.certificates.files import CertificateFiles
from tests.docs.blocks import ROOT, blocks_of, commands_of
from tests.e2e.observed import PATIENCE
from tests.e2e.raw_client import RawClient
from tests.server.tcp.clients import Http1Client

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once


def free_port() -> int:
    """A port that is free on both sides."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        return int(tcp.getsockname()[1])


async def test_uvicorn_says_where_h3producer_is(tmp_path: Path) -> None:
    ours = [block for block in blocks_of("docs/tcp.md") if "tested by" in block.remarks]
    code, console = ours
    port = str(free_port())
    (tmp_path / "beside.py").write_text(code.text.replace("4433", port))
    CertificateFiles(tmp_path / "cert.pem", tmp_path / "cert.key").write(
        make_development_certificate()
    )
    processes = []
    for command in commands_of(console):
        program, *arguments = shlex.split(command.text.replace("4433", port))
        processes.append(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", program, *arguments),
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stderr=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
            )
        )
    try:
        for process, word in zip(processes, (b"running on", b"Serving"), strict=True):
            assert process.stderr is not None
            async with asyncio.timeout(PATIENCE):
                while word not in await process.stderr.readline():
                    pass
        async with await Http1Client.connected(("127.0.0.1", int(port))) as client:
            answer = await client.get("/")
        assert answer.headers[b"alt-svc"] == f'h3=":{port}"; ma=86400'.encode()
        async with RawClient.connected(("127.0.0.1", int(port))) as http3:
            assert bytes((await http3.get("/")).body) == b"Hello!\n"
    finally:
        for process in processes:
            process.kill()
            await process.communicate()
