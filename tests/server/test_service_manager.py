"""Tests of `server/service_manager.py`: what is said, when, and that nobody has to listen.

The manager is a Unix socket that the test reads.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.server.certificates.renewal import CertificateRenewal
from h3producer.server.service_manager import ServiceManager

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.once


class Manager:
    """The other end of `NOTIFY_SOCKET`."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        """All that has been said since the last time."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return found


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.socket.close()


@pytest.fixture
def environment(tmp_path: Path, manager: Manager) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(tmp_path / "notify")}


def test_it_hears_when_we_are_ready_and_when_we_stop(
    manager: Manager, environment: dict[str, str]
) -> None:
    with ServiceManager(environment).served():
        assert manager.heard() == ["READY=1\nSTATUS=Serving."]
    assert manager.heard() == ["STOPPING=1\nSTATUS=Stopping."]


def test_it_hears_of_a_stop_by_an_exception_too(
    manager: Manager, environment: dict[str, str]
) -> None:
    with pytest.raises(RuntimeError), ServiceManager(environment).served():
        raise RuntimeError
    assert manager.heard()[-1].startswith("STOPPING=1")


def test_a_reload_is_said_with_the_time_it_began(
    manager: Manager, environment: dict[str, str]
) -> None:
    """systemd asks for it with `Type=notify-reload`, to tell this reload from one before."""
    before = time.monotonic_ns() // 1000
    with ServiceManager(environment).reloaded():
        (words,) = manager.heard()
    first, second = words.splitlines()
    assert first == "RELOADING=1"
    assert before <= int(second.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
    assert manager.heard() == ["READY=1"]


async def test_it_hears_of_a_certificate_that_is_read_again_because_somebody_asked(
    manager: Manager, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", environment["NOTIFY_SOCKET"])
    renewal = CertificateRenewal(Config(certfile="/absent"), lambda _credentials: None)
    looking = asyncio.create_task(renewal.run())
    await asyncio.sleep(0)
    renewal.ask()
    await readable(manager)
    first, last = manager.heard()
    looking.cancel()
    assert first.startswith("RELOADING=1\n")
    assert last == "READY=1", "It serves, if with the certificate from before."


async def test_a_watchdog_sees_a_sign_of_life_twice_in_its_time(
    manager: Manager, environment: dict[str, str]
) -> None:
    loop = asyncio.get_running_loop()
    watched = ServiceManager(
        {**environment, "WATCHDOG_USEC": "2000", "WATCHDOG_PID": str(os.getpid())}
    )
    signs = 0
    with watched.served():
        begun = loop.time()
        while signs < 5:
            await asyncio.wait([asyncio.ensure_future(readable(manager))])
            signs += manager.heard().count("WATCHDOG=1")
    assert loop.time() - begun >= 0.004, "The first comes at once, then one a millisecond."


async def readable(manager: Manager) -> None:
    """Wait until something was said."""
    loop = asyncio.get_running_loop()
    heard = asyncio.Event()
    loop.add_reader(manager.socket, heard.set)
    await heard.wait()
    loop.remove_reader(manager.socket)


@pytest.mark.parametrize(
    "watchdog",
    [
        {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
    ],
)
async def test_a_watchdog_of_somebody_else_is_not_fed(
    manager: Manager, environment: dict[str, str], watchdog: dict[str, str]
) -> None:
    with ServiceManager({**environment, **watchdog}).served():
        assert manager.heard() == ["READY=1\nSTATUS=Serving."]


async def test_an_abstract_address_is_written_with_an_at_sign() -> None:
    name = f"h3producer-test-{os.getpid()}"
    manager = Manager(f"\0{name}")
    with ServiceManager({"NOTIFY_SOCKET": f"@{name}"}).served():
        assert manager.heard() == ["READY=1\nSTATUS=Serving."]
    manager.socket.close()


@pytest.mark.parametrize("address", ["", "/no/such/socket", "x" * 300])
async def test_without_anybody_who_listens_nothing_fails(address: str) -> None:
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}
    manager = ServiceManager(environment)
    with manager.served(), manager.reloaded():
        pass
