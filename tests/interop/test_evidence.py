"""The cases are hard to please: each fails where what it asks for has not happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.interop.cases import case_named
from tests.interop.roster import contender_named
from tests.interop.stage import Setting, staged

if TYPE_CHECKING:
    from tests.interop.authority import Authority

PLAIN = Setting()
NO_TICKETS = Setting(server={"session_ticket_lifetime": None})


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("version_2", PLAIN),
        ("chacha20", PLAIN),
        ("retry", PLAIN),
        ("tiny_download", PLAIN),
        ("ipv6", PLAIN),
        ("resumption", NO_TICKETS),
        ("early_data", NO_TICKETS),
    ],
)
async def test_a_case_fails_without_its_setting(
    authority: Authority, name: str, setting: Setting
) -> None:
    async with staged(contender_named("qh3"), authority, setting) as stage:
        with pytest.raises(AssertionError):
            await case_named(name).play(stage)
