"""Tests of `client/errors.py`."""

from __future__ import annotations

import pytest

from h3producer.client.errors import describe_code


@pytest.mark.parametrize(
    ("code", "text"), [(0x100, "H3_NO_ERROR"), (0x10B, "H3_REQUEST_REJECTED"), (0x1234, "0x1234")]
)
def test_a_code_is_said_by_name_if_it_has_one(code: int, text: str) -> None:
    assert describe_code(code) == text
