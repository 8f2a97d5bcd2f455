"""Whom an independent client believes: a stranger's certificate is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.interop.authority import Authority
from tests.interop.roster import contender_named
from tests.interop.stage import Setting, staged

if TYPE_CHECKING:
    from pathlib import Path

VERIFYING = ["curl_cffi", "qh3", "niquests", "soyokaze"]
"""httpcloak knows the system's authorities or none, so here it trusts everybody."""


@pytest.mark.parametrize("name", VERIFYING)
async def test_a_strangers_certificate_is_refused(
    authority: Authority, tmp_path: Path, name: str
) -> None:
    stranger = Setting(cafile=Authority.made_in(tmp_path).cafile)
    async with staged(contender_named(name), authority, stranger) as stage:
        with pytest.raises(AssertionError, match="raised"):
            await stage.get("/hello")
