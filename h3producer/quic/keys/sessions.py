"""How a server resumes sessions: its tickets, and what guards their early data.

This file knows what both are made of. It refuses to know how they work (`session_tickets.py`,
`early_data.py`). Its one rule: who serves alone and who serves with others have the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from h3producer.quic.keys.early_data import EarlyDataGate
from h3producer.quic.keys.session_tickets import SessionTickets
from h3producer.quic.keys.shared_keys import SharedKeys

if TYPE_CHECKING:
    from h3producer.config import Config

__all__ = ["Sessions"]


class Sessions(NamedTuple):
    """What a handshake needs for it. None: there is none of it."""

    tickets: SessionTickets | None
    early_data: EarlyDataGate | None

    @classmethod
    def of(
        cls, config: Config, keys: SharedKeys | None = None, strikes: int | None = None
    ) -> Sessions:
        """Those of a server, by its settings.

        `keys` are by default random; `strikes` is the file descriptor of the memory by which its
        processes know which tickets were used, None for one alone.
        """
        lifetime = config.session_ticket_lifetime
        if lifetime is None:
            return cls(None, None)
        keys = keys or SharedKeys.derive()
        return cls(
            SessionTickets(lifetime, keys=keys.tickets, issuer=keys.group),
            EarlyDataGate(strikes) if config.early_data else None,
        )
