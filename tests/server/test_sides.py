"""Tests of `server/sides.py`: with what a server listens."""

from __future__ import annotations

import subprocess
import sys

import pytest

from h3producer.config import Config
from h3producer.server.listeners import UdpListeners
from h3producer.server.sides import listeners_of
from h3producer.server.tcp.both import UdpAndTcp


def test_udp_alone_is_the_default() -> None:
    assert isinstance(listeners_of(Config()), UdpListeners)


def test_with_tcp_there_are_both() -> None:
    assert isinstance(listeners_of(Config(with_tcp=True)), UdpAndTcp)


@pytest.mark.once
def test_without_hypercorn_the_command_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['hypercorn'] = None; from h3producer.cli import main; "
        "main(['--app-dir', 'examples', 'hello:app', '--port', '0', '--with-tcp'])"
    )
    words = [sys.executable, "-c", script]
    ended = subprocess.run(words, check=False, capture_output=True, text=True)

    assert ended.returncode == 3
    assert ended.stderr == (
        "h3producer: HTTP/1.1 and HTTP/2 need hypercorn: pip install 'h3producer[tcp]'.\n"
    )
