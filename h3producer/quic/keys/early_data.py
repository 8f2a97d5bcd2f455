"""Early data (0-RTT): what a client sends along with its ClientHello, under the keys of an earlier
session.

This file knows whether it is taken. It refuses to know TLS messages (`aioquic/server_tls.py`) and
what is asked for in it: the core lets safe requests through (`http3/early_requests.py`).

Whoever saw it can send it again, word for word (RFC 8446 §8, RFC 9001 §9.2). What is done about it:

- A ClientHello is good for the moment in which it was made: it says how old its ticket is, under
  the seal of its binder, and that has to fit what we know (RFC 8446 §8.3).
- Within the time in which it would fit, a ticket opens early data once (§8.1), with all processes
  of a server together.
- It opens early data with the server that made it only, so nothing can be sent again to another
  host, or to the same one after a restart.

What is left: a client that does not hear from us may itself ask for the same again on another
connection, and whoever delays packets can make it. So early data is off unless it is asked for.

What a client may rely on, our transport parameters and SETTINGS of then (RFC 9000 §7.4.1, RFC 9114
§7.2.4.2), cannot have become smaller for the same reason: all of them come from one `Config`.

Its one rule: early data that is not taken costs the client a round trip, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.quic.keys.strike_register import CLOCK_JITTER, StrikeRegister

if TYPE_CHECKING:
    from h3producer.quic.keys.session_tickets import OpenedTicket

__all__ = ["AGE_TOLERANCE", "EarlyDataGate"]

AGE_TOLERANCE: Final = 10.0
"""Seconds by which a ticket may be older or younger than its client says. RFC 8446 §8.3 takes 10
for clients on the Internet, whose clocks are off and whose packets travel."""

_AGES = 1 << 32
"""Ages are milliseconds modulo this, to which the ticket's own number was added (§4.2.11)."""


class EarlyDataGate:
    """Decides about the early data of all connections of a server.

    `shared` is the file descriptor of memory of `REGISTER_SIZE` bytes that all its processes have;
    None: there is only one.
    """

    def __init__(self, shared: int | None = None) -> None:
        # It has come when its age fits exactly, give or take the tolerance: so long it would fit.
        self._used = StrikeRegister(2 * AGE_TOLERANCE + CLOCK_JITTER, shared=shared)

    def admits(self, ticket: OpenedTicket, obfuscated_age: int) -> bool:
        """Whether early data under this ticket is taken; uses the ticket up if so.

        To be asked when the binder was found right, since that is what proves the age.
        """
        session = ticket.session
        if not session.invites_early_data:
            return False
        claimed = (obfuscated_age - session.age_add) % _AGES / 1000
        if abs(ticket.age - claimed) > AGE_TOLERANCE:
            return False
        return self._used.strike(ticket.id, ticket.opened_at)
