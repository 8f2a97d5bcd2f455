"""One warning for each field that HTTP/3 has no use for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from h3producer.http3.dropped_fields import DroppedFieldLog

if TYPE_CHECKING:
    import pytest


def test_a_name_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    log = DroppedFieldLog()
    with caplog.at_level(logging.WARNING, "h3producer.http3"):
        for name in (b"connection", b"upgrade", b"connection"):
            log.warn(name)
    assert [record.args for record in caplog.records] == [("connection",), ("upgrade",)]
