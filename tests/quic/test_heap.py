"""Free memory between used one goes back to the system."""

from __future__ import annotations

import os
import sys

import pytest

from h3producer.quic.heap import give_back
from tests.soak.census import resident


@pytest.mark.skipif(sys.platform != "linux", reason="a call of glibc's, and /proc")
def test_holes_between_used_blocks_are_given_back() -> None:
    blocks = [bytearray(b"x" * 60_000) for _ in range(1000)]
    del blocks[::2]
    before = resident(os.getpid())
    give_back()
    assert resident(os.getpid()) < before - 20_000_000
    assert len(blocks) == 500
