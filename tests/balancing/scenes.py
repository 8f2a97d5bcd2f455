"""What is shown on a stage: clients that are moved, and a host that is drained and replaced.

This file knows the order of events. It refuses to judge what came of them. Its one rule: a host is
told to end while requests are under way, and while addresses change, always.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.balancing.stage import OUTSIDE, Form, Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from tests.interop.client_process import ClientProcess

__all__ = ["CLEAR", "CUSTOMERS", "ENCRYPTED", "HOSTS", "Drained", "drained", "moved", "rekeyed"]

HOSTS = ("alpha", "beta", "gamma")

ENCRYPTED = Form(key="8f95f09245765f80256934e50c66207f")
CLEAR = Form(config_id=1, server_id_length=8)

BETWEEN = 24
"""Answers between two events."""


CUSTOMERS = 6

NO_GOAWAY = ("quic_go",)
"""Clients that ask on where they were told that nothing more is answered (release 0.46)."""

SLOW = {"path": "/slow/2/600000"}
"""A second and a half, in pieces."""


@dataclass
class Drained:
    """What became of it."""

    seconds: float = 0.0
    """From TERM to the end of the process."""
    tally: dict[str, Any] = field(default_factory=dict)
    """What the customers have lived through; see `Sales`."""
    answers: list[list[dict[str, Any]]] = field(default_factory=list)
    """Of each independent client, to the slow request and to the one behind it."""


async def moved(
    stage: Stage, clients: int, seconds: float, *, by_id: bool, hosts: Sequence[str] = HOSTS
) -> dict[str, Any]:
    """So many clients ask, are seen at another address, and ask again; wait for so long."""
    await stage.route(hosts, hosts if by_id else ())
    await stage.crowd.say(f"move {OUTSIDE[0]}")
    result: dict[str, Any] = await stage.crowd.say(f"once {clients} {seconds} {OUTSIDE[1]}")
    return result


async def drained(
    stage: Stage, hosts: Sequence[str], replacement: str, form: Form, clients: Sequence[str] = ()
) -> Drained:
    """The first host ends, and another takes its place that has another configuration.

    A third of the customers are its own. Independent `clients` begin a slow request there before it
    is told to end, and have it whole; what they ask for next goes elsewhere.
    """
    leaver, *others = hosts
    crowd, result = stage.crowd, Drained()
    independent = [stage.client(name) for name in clients]
    await stage.route([leaver], hosts)
    for client in independent:
        await client.exchange({"path": "/"})
    await crowd.say(f"customers {CUSTOMERS // 3}")
    answered = (await crowd.say(f"answered {CUSTOMERS}"))["answered"]
    await stage.route(hosts, hosts)
    await crowd.say(f"customers {CUSTOMERS - CUSTOMERS // 3}")
    await stage.add_hosts(form, replacement)
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(_ask(client)) for client in independent]
        await crowd.say(f"answered {answered + BETWEEN}")
        # It says by its health that it wants nobody any more; whoever looks tells the balancer.
        leaving = tasks.create_task(_seconds(stage.hosts[leaver].stop()))
        await stage.route([*others, replacement], [*hosts, replacement])
        for outside in OUTSIDE[2:5]:
            await crowd.say(f"move {outside}")
            answered = (await crowd.say(f"answered {answered + BETWEEN // 3}"))["answered"]
    result.seconds = leaving.result()
    await stage.route([*others, replacement], [*others, replacement])
    result.answers = [each.result() for each in asking]
    await crowd.say(f"answered {answered + BETWEEN}")
    result.tally = await crowd.say("leave")
    return result


async def rekeyed(stage: Stage, host: str, old: Form, new: Form) -> dict[str, Any]:
    """A host with workers gets another configuration while it is asked, and addresses change.

    What its customers have lived through is returned. It makes no ID of the old one any more, and
    the balancer is told so.
    """
    crowd = stage.crowd
    path = stage.configure(host, old)
    options = ("--workers", "2", "--lb-config-file", str(path))
    await stage.add_hosts(old, host, options=options)
    await stage.route([host], [host])
    await crowd.say(f"customers {CUSTOMERS // 2}")
    answered = (await crowd.say(f"answered {BETWEEN}"))["answered"]
    stage.configure(host, new, old)
    await stage.route([host], [host])  # balancers first
    stage.hosts[host].reload()
    await crowd.say(f"move {OUTSIDE[5]}")
    await stage.hosts[host].said("Worker .* serves", 2)
    await crowd.say(f"move {OUTSIDE[6]}")
    await crowd.say(f"answered {answered + 2 * BETWEEN}")
    result: dict[str, Any] = await crowd.say("leave")
    stage.forget(host, old)
    return result


async def _ask(client: ClientProcess) -> list[dict[str, Any]]:
    """At once one behind the other: curl, when it is asked nothing, acknowledges nothing."""
    answers = await client.exchange(SLOW)
    if client.name not in NO_GOAWAY:
        answers += await client.exchange({"path": "/"})
    return answers


async def _seconds(ending: Awaitable[None]) -> float:
    begin = time.monotonic()
    await ending
    return time.monotonic() - begin
