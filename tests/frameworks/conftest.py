"""What a test of a framework asks for: the example of each, served once for all of its tests.

    async def test_hello(shop: Shop) -> None:
        assert (await shop.get("/")).status_code == 200

What not every framework has is tested for those of `having(Lack.…)`, given to `running`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.deadline import deadline
from tests.frameworks.frameworks import FRAMEWORKS
from tests.frameworks.shop import Shop, open_shop
from tests.interop.authority import Authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["authority", "deadline", "open", "shop"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made_in(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=FRAMEWORKS, ids=str)
async def running(request: pytest.FixtureRequest, authority: Authority) -> AsyncIterator[Shop]:
    """The example of each framework in turn."""
    async with open_shop(request.param.name, authority) as shop:
        yield shop


@pytest_asyncio.fixture(loop_scope="module")
async def shop(running: Shop) -> Shop:
    """The same, when all that earlier tests had it log has been read."""
    await running.said()
    return running
