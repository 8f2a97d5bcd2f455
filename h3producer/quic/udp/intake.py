"""What comes in on a socket: read at once, kept apart by connection, and served in passes.

This file knows the socket's reading end, who has which inbox, and how a pass goes. It refuses to
know which datagram is for whom (`sorting.py`), what a connection does with it, and who deserves to
go first (`schedule.py`).

How a pass of the event loop goes:

1. The socket is readable: all that it has is read and sorted into inboxes.
2. Connections have their turns, those who used least of the processor first, until the pass is
   over (`pass_end.py`). Applications' tasks are created here. For who is alone the socket is looked
   at after each `TURN`.
3. Those tasks run their first step, in the order of their creation.
4. Each connection that got a datagram flushes once, with all that came together by then; whoever
   kept the pass for the shortest time first.

Its one rule: whatever comes, nobody waits longer than for one turn of somebody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.limits import (
    FLOOD_PERIOD,
    TURN,
)
from h3producer.quic.packets import destination_of
from h3producer.quic.udp.flood import FloodWatch
from h3producer.quic.udp.pass_end import PassEnd
from h3producer.quic.udp.receiving import receiving
from h3producer.quic.udp.schedule import Inbox, Schedule
from h3producer.quic.udp.sieve import Sieve
from h3producer.quic.udp.sorting import Sorter

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import TypeAlias

    from h3producer.quic.engine import Address, Datagram
    from h3producer.quic.link import Tenant
    from h3producer.quic.loop import DatagramSocket, Loop
    from h3producer.quic.udp.sorting import StrayRules

    Judge: TypeAlias = Callable[[bytes, Address, float], Tenant | None]

__all__ = ["Intake"]

_TIMER: Datagram = (b"", ("", 0))
"""Stands in an inbox for a timer that has fired: no datagram that is kept is empty."""


class Intake:
    """Reads a socket from its creation until `stop`, and has its tenants receive and flush.

    `judge` hears of each long-header datagram that belongs to nobody, and of the time; it returns
    the tenant that it made of it, if it did. For `strays` see `Sorter`, for `flooded` `FloodWatch`,
    for `gro` `receiving.py`.
    """

    def __init__(
        self,
        sock: DatagramSocket,
        loop: Loop,
        judge: Judge,
        strays: StrayRules,
        flooded: Callable[[bool], bool] = lambda is_flood: False,
        *,
        gro: bool = True,
    ) -> None:
        self._socket = sock
        self._loop = loop
        self._judge = judge
        self._floods = FloodWatch(Sieve(sock), flooded, strays.id_length)
        self._is_looking = False
        self._schedule: Schedule[Tenant | None] = Schedule()
        receive = receiving(sock, gro=gro)
        self._sorter = Sorter(self._schedule, receive, strays)
        self._read = self._sorter.read
        self.routes = self._sorter.routes
        """The inboxes by the connection ids that lead to them."""
        self._inboxes: dict[Tenant, Inbox[Tenant | None]] = {}
        self._pass_is_due = False
        self._is_stopped = False
        self._busy_until = 0.0
        self._over = PassEnd(self._schedule)
        self.dropped = 0
        """Datagrams for which an inbox had no room; it only grows."""
        loop.add_reader(sock, self._readable)

    # Tenants

    def add(self, tenant: Tenant, source: Hashable = None) -> None:
        """A tenant begins, reached under its connection ids; `source` if its address is proven."""
        inbox = self._inboxes[tenant] = self._schedule.add(tenant, source)
        for connection_id in tenant.connection_ids:
            self.routes[connection_id] = inbox

    def prove(self, tenant: Tenant, source: Hashable) -> None:
        """The address of a tenant is proven now: it has a share of its own."""
        self._schedule.move(self._inboxes[tenant], source)

    def remove(self, tenant: Tenant) -> None:
        """A tenant is gone; comes once and last."""
        inbox = self._inboxes.pop(tenant)
        self._schedule.remove(inbox)
        for connection_id in tenant.connection_ids:
            if self.routes.get(connection_id) is inbox:
                del self.routes[connection_id]

    def add_route(self, connection_id: bytes, tenant: Tenant) -> None:
        """Datagrams for this id belong to the tenant."""
        self.routes[connection_id] = self._inboxes[tenant]

    def remove_route(self, connection_id: bytes) -> None:
        """They no longer do."""
        self.routes.pop(connection_id, None)

    def wait_for_turn(self, tenant: Tenant) -> None:
        """Have it `take_turn` and flush: now if nobody else is busy, or in turn.

        If its inbox is full, it has a turn soon, anyway.
        """
        now = self._loop.time()
        if self._schedule.waiting or now < self._busy_until:
            self._schedule.put(self._inboxes[tenant], _TIMER)
            self._go_on()
        else:
            self._take_turn(tenant, now)

    def _take_turn(self, tenant: Tenant, now: float) -> None:
        tenant.take_turn(now)
        tenant.flush()
        # Of timers that fire together, only the first one is not in turn.
        self._busy_until = self._loop.time() + TURN

    def stop(self) -> None:
        """Read no more."""
        self._is_stopped = True
        self._loop.remove_reader(self._socket)

    # Reading

    def _readable(self) -> None:
        self._read()
        if not self._pass_is_due:
            self._pass()

    def take(self, datagrams: list[Datagram], hops: int) -> None:
        """Take in what another process has read, and passed on so often."""
        self._sorter.take(datagrams, hops)
        self._go_on()

    # Passes

    def _continue(self) -> None:
        self._pass_is_due = False
        if not self._is_stopped:
            self._read()
            self._pass()

    def _pass(self) -> None:
        schedule = self._schedule
        spent: dict[Tenant, float] = {}
        started = now = self._loop.time()
        if not self._is_looking and (self._sorter.first_packets or schedule.dropped):
            self._look(started)
        over = self._over
        over.begin(started)
        try:
            while (inbox := schedule.next()) is not None:
                now = self._turn(inbox, now, spent)
                if over.has_come(inbox, now):
                    break
                if now - started >= TURN and over.is_alone(inbox):
                    self._read()
        finally:
            if spent:
                in_order = sorted(spent, key=spent.__getitem__) if len(spent) > 1 else list(spent)
                # Behind the first steps of the tasks that were created just now.
                self._loop.call_soon(self._flush, in_order)
            if schedule.waiting:
                self._go_on()

    def _look(self, now: float) -> None:
        """See whether there is a flood; while it lasts, again and again."""
        self._is_looking = False
        if self._is_stopped:
            return
        for inbox in self._schedule.overflown():
            if inbox.owner is not None:
                self._floods.overflowed(inbox.owner, inbox.dropped)
            self.dropped += inbox.dropped
            inbox.dropped = 0
        self._floods.look(self._sorter.first_packets, now)
        self._sorter.first_packets = 0
        if self._floods.is_on:
            self._is_looking = True
            self._loop.call_at(now + 2 * FLOOD_PERIOD, lambda: self._look(self._loop.time()))

    def _go_on(self) -> None:
        if not self._pass_is_due:
            self._pass_is_due = True
            self._loop.call_soon(self._continue)

    def _turn(self, inbox: Inbox[Tenant | None], now: float, spent: dict[Tenant, float]) -> float:
        """Let the owner receive what waits for it, for `TURN` at most; return the time then."""
        began, until = now, now + TURN
        time, datagrams, tenant = self._loop.time, inbox.datagrams, inbox.owner
        try:
            while datagrams and now < until:
                if tenant is None:
                    now = self._welcome(inbox, now, spent)
                    continue
                datagram, address = datagrams.popleft()
                if datagram:
                    tenant.receive(datagram, address, now)
                    spent[tenant] = 0.0
                else:
                    tenant.turn_over()
                    self._take_turn(tenant, now)
                now = time()
            if tenant is not None and tenant in spent:
                tenant.turn_over()
                now = time()
        finally:
            self._schedule.turn_over(inbox, now - began)
        if tenant in spent:
            spent[tenant] = now - began
        return now

    def _welcome(
        self, inbox: Inbox[Tenant | None], now: float, spent: dict[Tenant, float]
    ) -> float:
        """Judge a first packet, and have whoever it made receive it; return the time then.

        A ClientHello may need two datagrams: what came right behind it is received with it.
        """
        datagrams = inbox.datagrams
        datagram, address = datagrams.popleft()
        connection_id = destination_of(datagram)
        known = self.routes.get(connection_id)
        tenant = self._judge(datagram, address, now) if known is None else known.owner
        if tenant is not None:
            tenant.receive(datagram, address, now)
            while datagrams and destination_of(datagrams[0][0]) == connection_id:
                datagram, address = datagrams.popleft()
                tenant.receive(datagram, address, now)
            tenant.turn_over()
        before, now = now, self._loop.time()
        if tenant is not None:
            spent[tenant] = spent.get(tenant, 0.0) + now - before
        return now

    def _flush(self, tenants: list[Tenant]) -> None:
        started = now = self._loop.time()
        for index, tenant in enumerate(tenants, 1):
            tenant.flush()
            before, now = now, self._loop.time()
            inbox = self._inboxes.get(tenant)
            if inbox is None:
                continue
            self._schedule.charge(inbox, now - before)
            if now - started >= TURN and index < len(tenants):
                self._read()
                if not self._schedule.is_alone(inbox.share):
                    self._go_on()
                    self._loop.call_soon(self._flush, tenants[index:])
                    return
        if self._schedule.waiting:
            self._go_on()
