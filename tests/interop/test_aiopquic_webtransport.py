"""A session of a client that is no browser: aiopquic, whose QUIC and HTTP/3 are picoquic's.

It wants Python 3.12: under an older one `AIOPQUIC_PYTHON` may name an interpreter that has it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.server.server import Server
from tests.interop.sessions import SessionApp

if TYPE_CHECKING:
    from tests.interop.authority import Authority

INTERPRETER = os.environ.get("AIOPQUIC_PYTHON") or (
    sys.executable if importlib.util.find_spec("aiopquic") else None
)
PROGRAM = Path(__file__).with_name("aiopquic_session.py")

pytestmark = pytest.mark.skipif(INTERPRETER is None, reason="aiopquic is not installed here")


async def test_a_session_of_picoquic_goes_all_the_ways_there_are(authority: Authority) -> None:
    assert INTERPRETER is not None
    app = SessionApp()
    config = Config(
        app=app,
        port=0,
        certfile=str(authority.certfile),
        keyfile=str(authority.keyfile),
        webtransport=True,
    )
    async with Server(config) as server:
        program = await asyncio.create_subprocess_exec(
            INTERPRETER,
            str(PROGRAM),
            str(server.addresses[0][1]),
            str(authority.cafile),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, errors = await program.communicate()
        server.force_exit = True

    assert program.returncode == 0, errors.decode(errors="replace")
    assert json.loads(said) == {
        "large": True,
        "datagram": "a datagram",
        "oneWay": "one way each",
    }
    assert app.heard["echo"] == [("disconnect", 7, "bye")]
