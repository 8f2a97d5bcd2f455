"""The quic-interop-runner's contract: its endpoint, and its quick test cases with aioquic's client.

All of them, with every client that is installed, are `make interop-runner`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.interop.authority import Authority
from tests.interop_runner.cases import CASES, Case
from tests.interop_runner.play import ENDPOINT, ROOT, play
from tests.interop_runner.roster import CLIENTS
from tests.interop_runner.trace import Trace

if TYPE_CHECKING:
    from pathlib import Path

QUICK = [case for case in CASES if case.is_quick]


@pytest.mark.parametrize("case", QUICK, ids=[case.name for case in QUICK])
async def test_a_case_passes(case: Case, tmp_path: Path) -> None:
    await play(case, CLIENTS[0], Authority.made_in(tmp_path), tmp_path)


@pytest.mark.parametrize(
    "environment", [{}, {"TESTCASE": "ecn"}, {"TESTCASE": "transfer", "ROLE": "client"}]
)
def test_what_is_not_supported_ends_with_127(environment: dict[str, str]) -> None:
    """So the runner can have new test cases (its README)."""
    ran = subprocess.run(
        [sys.executable, str(ENDPOINT)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
    )
    assert ran.returncode == 127


def test_a_trace_counts_what_is_in_the_headers() -> None:
    trace = Trace()
    token = b"t" * 8
    retry = b"\xf0\0\0\0\1\1a\1b" + token + bytes(16)
    initial = b"\xc0\0\0\0\1\1b\1a\x08" + token + b"\2xx"
    handshake = b"\xe0\0\0\0\1\1a\1c\3xxx"
    trace.add(False, retry)
    trace.add(True, initial)
    trace.add(False, handshake + handshake + b"\x40" + bytes(40))
    assert trace.retries == trace.tokens == {token}
    assert trace.handshakes == 1
    assert trace.handshake_sizes == [6]
    assert [each.kind for each in trace.packets] == [
        "Retry",
        "Initial",
        "Handshake",
        "Handshake",
        "1-RTT",
    ]
