"""The recipe of docs/deploy/systemd.md: its units are right, tight, and carry a real server."""

from __future__ import annotations

import asyncio
import configparser
import os
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.deploy.recipes import (
    RECIPES,
    ROOT,
    command_in,
    config_of_command,
    needs,
    seconds_to_stop,
)
from tests.e2e.observed import PATIENCE
from tests.e2e.raw_client import RawClient

if TYPE_CHECKING:
    from pathlib import Path

    from h3producer.server.certificates.files import CertificateFiles

pytestmark = pytest.mark.once

UNITS = RECIPES / "systemd"
SERVICE = (UNITS / "h3producer.service").read_text()
SOCKET = (UNITS / "h3producer.socket").read_text()


def setting(name: str) -> str:
    """The value of a setting of the service that is there once."""
    (value,) = re.findall(rf"^{name}=(.*)$", SERVICE, re.MULTILINE)
    return str(value)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with programs and accounts that every machine has."""
    here = SERVICE.replace("/srv/app/venv/bin/h3producer", sys.executable)
    here = here.replace("/bin/kill", sys.executable).replace("/srv/app", str(tmp_path))
    (tmp_path / "h3producer.service").write_text(here)
    (tmp_path / "h3producer.socket").write_text(SOCKET)
    return tmp_path


@needs("systemd-analyze")
@pytest.mark.parametrize("unit", ["h3producer.service", "h3producer.socket"])
def test_systemd_finds_nothing_wrong_with_a_unit(units: Path, unit: str) -> None:
    found = subprocess.run(
        ["systemd-analyze", "verify", units / unit], capture_output=True, text=True, check=False
    )
    ours = [line for line in found.stderr.splitlines() if "h3producer" in line]
    assert (found.returncode, ours) == (0, []), found.stderr


@needs("systemd-analyze")
def test_the_service_is_exposed_as_little_as_the_page_says(units: Path) -> None:
    unit = str(units / "h3producer.service")
    words = ["systemd-analyze", "security", "--offline=true", unit]
    found = subprocess.run(words, capture_output=True, text=True, check=True)
    level = re.search(r"exposure level for h3producer.service: ([\d.]+)", found.stdout)
    assert level is not None
    assert float(level[1]) <= 1.1, found.stdout
    assert f"exposure level {level[1]}" in (RECIPES / "systemd.md").read_text()


def test_the_command_line_is_one_that_we_take() -> None:
    config = config_of_command(command_in(SERVICE))
    assert config.bind == ("systemd://http3",)
    assert "FileDescriptorName=http3" in SOCKET


def test_systemd_waits_until_the_server_has_stopped_by_itself() -> None:
    config = config_of_command(command_in(SERVICE))
    assert float(setting("TimeoutStopSec")) > seconds_to_stop(config)


def test_the_units_are_in_the_format_of_units() -> None:
    for text in (SERVICE, SOCKET):
        parser = configparser.RawConfigParser(strict=False)
        parser.read_string(text)
        assert "Unit" in parser.sections()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@needs("systemd-socket-activate")
async def test_the_first_packet_starts_a_server_that_answers_it(
    files: CertificateFiles, tmp_path: Path
) -> None:
    """Both protocols of systemd, end to end: the socket is handed over, and READY is said."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.setblocking(False)
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        "systemd-socket-activate",
        *("--datagram", "--fdname=http3", f"--listen=127.0.0.1:{port}"),
        *("--setenv=NOTIFY_SOCKET", "--setenv=PYTHONPATH"),
        *(sys.executable, "-m", "h3producer", "--bind", "systemd://http3"),
        *("--certfile", str(files.certfile), "--keyfile", str(files.keyfile)),
        *("--app-dir", str(ROOT / "examples"), "hello:app"),
        env={**os.environ, "PYTHONPATH": str(ROOT), "NOTIFY_SOCKET": str(tmp_path / "notify")},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        line = ""
        async with asyncio.timeout(PATIENCE):
            while "Listening on" not in line:
                line = (await process.stderr.readline()).decode()
                assert line, "systemd-socket-activate ended."
        async with RawClient.connected(("127.0.0.1", port), cafile=files.certfile) as client:
            answer = await client.get("/")
        assert (answer.status, bytes(answer.body)) == (200, b"Hello over HTTP/3!\n")
        assert manager.recv(4096) == b"READY=1\nSTATUS=Serving."
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
        assert manager.recv(4096) == b"STOPPING=1\nSTATUS=Stopping."
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        manager.close()
