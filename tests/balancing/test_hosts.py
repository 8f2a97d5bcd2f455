"""Several hosts behind a balancer, each a machine: no client is lost, whatever changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.balancing.scenes import CLEAR, ENCRYPTED, HOSTS, drained, moved, rekeyed
from tests.balancing.stage import OUTSIDE, Form, Stage
from tests.interop.roster import contender_named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [
    pytest.mark.usefixtures("machines"),
    pytest.mark.once,
    pytest.mark.asyncio(loop_scope="module"),
]

CLIENTS = 30
ANSWER = 20.0
"""Seconds for an answer that has to come: a fuse."""

NO_ANSWER = 2.0
"""Seconds after which an answer comes no more. That one is late makes this test only stricter."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(machines: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Three hosts with encrypted IDs."""
    async with Stage.set_up(tmp_path_factory.mktemp("stage")) as stage:
        await stage.add_hosts(ENCRYPTED, *HOSTS)
        yield stage


async def test_no_client_is_lost_when_its_address_changes(stage: Stage) -> None:
    result = await moved(stage, CLIENTS, ANSWER, by_id=True)
    assert result == {"clients": CLIENTS, "kept": CLIENTS, "elsewhere": 0, "lost": 0}


async def test_a_balancer_that_looks_at_addresses_only_loses_most_of_them(stage: Stage) -> None:
    result = await moved(stage, CLIENTS, NO_ANSWER, by_id=False)
    # Two of three, on average; less than a third in one of a million runs.
    assert result["lost"] > CLIENTS // 3


def is_installed(name: str) -> bool:
    return contender_named(name).installation.version is not None


@pytest.mark.parametrize("name", ["curl_cffi", "qh3", "quic_go"])
async def test_an_independent_client_stays_with_its_host(stage: Stage, name: str) -> None:
    if not is_installed(name):
        pytest.skip(f"{name} is not installed: {contender_named(name).installation}")
    await stage.route(HOSTS, HOSTS)
    client = stage.client(name)
    before = await stage.crowd.say("count")
    answers = []
    for outside in OUTSIDE[:4]:
        await stage.crowd.say(f"move {outside}")
        answers += await client.exchange({"path": "/bytes/2/30000"})
    await client.close()  # one that is idle, and so deaf, would hold up its host's end
    assert [(each["status"], each["size"]) for each in answers] == [(200, 30000)] * 4
    assert len({each["fields"]["x-host"] for each in answers}) == 1
    assert await stage.crowd.say("count") >= before + 4


async def test_a_host_gets_another_key_and_no_request_is_lost(stage: Stage) -> None:
    """By HUP, with workers: the IDs of the old ones are routed until the last of them has gone."""
    new = Form(config_id=2, key="0a1b2c3d4e5f60718293a4b5c6d7e8f9", nonce_length=12)

    tally = await rekeyed(stage, "epsilon", ENCRYPTED, new)

    assert tally["failures"] == []
    assert tally["answered"] == tally["asked"] > 0
    result = await moved(stage, 5, ANSWER, by_id=True, hosts=["epsilon"])
    assert result["kept"] == 5
    by_id, by_address = await stage.route(["epsilon"], ["epsilon"])
    assert by_id > by_address > 0
    host = stage.hosts["epsilon"]
    await host.stop()
    assert (host.exit_code, host.unexpected) == (0, []), host.log


async def test_a_host_is_drained_and_replaced_and_no_request_is_lost(stage: Stage) -> None:
    """Last of all, since the stage has another host then, and of another configuration."""
    clients = [name for name in ("curl_cffi", "quic_go") if is_installed(name)]

    result = await drained(stage, HOSTS, "delta", CLEAR, clients)

    leaver = stage.hosts["alpha"]
    assert result.tally["failures"] == []
    assert result.tally["answered"] == result.tally["asked"] > 0
    assert any("under way" in line and " 0 " not in line for line in leaver.log), leaver.log
    for slow, *others in result.answers:
        assert (slow["status"], slow["size"], slow["fields"]["x-host"]) == (200, 600_000, "alpha")
        for each in others:
            assert each["status"] == 200
            assert each["fields"]["x-host"] != "alpha"
    assert (leaver.exit_code, leaver.unexpected) == (0, []), leaver.log
