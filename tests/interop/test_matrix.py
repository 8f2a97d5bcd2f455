"""Each independent client in each case that it offers: the matrix of docs/interop.md, but for the
cases that take seconds. Clients that pip does not bring are skipped where they are not installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from tests.interop.matrix import Cell, cells
from tests.interop.roster import CONTENDERS, Pip
from tests.interop.stage import staged

if TYPE_CHECKING:
    from tests.interop.authority import Authority

SUITE = [
    contender.name
    for contender in CONTENDERS
    if isinstance(contender.installation, Pip) or contender.is_quick
]


@pytest.mark.parametrize(
    "cell",
    [cell for cell in cells(clients=SUITE) if cell.lacks is None and not cell.case.is_long],
    ids=str,
)
async def test_a_client_in_a_case(cell: Cell, authority: Authority) -> None:
    installation = cell.contender.installation
    if installation.version is None and not isinstance(installation, Pip):
        pytest.skip(f"not installed here: {installation}")
    if cell.case.needs_fast_path and not Config.fast_path:
        pytest.skip("No TLS session is kept without the fast path.")
    async with staged(cell.contender, authority, cell.case.setting) as stage:
        await cell.case.play(stage)


def test_what_a_client_lacks_is_a_case() -> None:
    names = {cell.case.name for cell in cells()}
    assert all(names.issuperset(contender.lacks) for contender in CONTENDERS)
