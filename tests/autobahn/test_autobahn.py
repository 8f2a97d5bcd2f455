"""Autobahn's own verdict on a part of its cases, where `wstest` is installed; and the bridge.

The whole suite takes too long for every run; `python -m tests.autobahn` is for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.server.server import Server
from tests.autobahn.bridge import bridge
from tests.autobahn.echo import app
from tests.autobahn.suite import GOOD, WSTEST, run_cases

if TYPE_CHECKING:
    from pathlib import Path

PART = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.1.*", "6.2.*", "6.4.*", "7.*", "10.*"]
"""Frames, pings, reserved bits, opcodes, fragments, UTF-8 as it comes, closes: seconds."""


@pytest.mark.skipif(WSTEST is None, reason="wstest, of Python 2, is not installed here")
async def test_autobahn_finds_nothing_wrong(tmp_path: Path) -> None:
    config = Config(app=app, host="127.0.0.1", port=0, access_log=False)
    async with Server(config) as server, bridge(server.addresses[0]) as port:
        results = await run_cases(PART, port, tmp_path)
        server.force_exit = True
    assert len(results) > 90
    assert {n: each for n, each in results.items() if not set(each) <= set(GOOD)} == {}
