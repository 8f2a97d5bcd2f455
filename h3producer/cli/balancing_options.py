"""The options of `h3producer APP` that a load balancer in front of it has to know, too.

This file knows their names and help texts. It refuses to know how any option works (`option.py`)
and what it leads to. Its one rule: no key stands on a command line, which everybody can read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.cli.option import option

if TYPE_CHECKING:
    import click

__all__ = ["BALANCING_OPTIONS"]

BALANCING_OPTIONS: tuple[click.Option, ...] = (
    option(
        "--lb-server-id",
        "lb_server_id",
        help="QUIC-LB: this host's server ID, which connection IDs carry.",
        metavar="HEX",
    ),
    option(
        "--lb-key-file",
        "lb_key_file",
        help="QUIC-LB: the key that hides it, 32 hex digits.",
        metavar="FILE",
    ),
    option(
        "--lb-config-id",
        "lb_config_id",
        help="QUIC-LB: config rotation bits, 0 to 6.",
        type=int,
    ),
    option(
        "--lb-nonce-length",
        "lb_nonce_length",
        help="QUIC-LB: bytes of the nonce.",
        type=int,
    ),
    option(
        "--lb-encode-length",
        "lb_encode_length",
        help="QUIC-LB: the first octet of a connection ID encodes its length.",
        is_flag=True,
    ),
    option(
        "--lb-config-file",
        "lb_config_file",
        help="QUIC-LB: one or more configurations in JSON, instead of the four above.",
        metavar="FILE",
    ),
    option(
        "--lb-nonce-file",
        "lb_nonce_file",
        help="QUIC-LB: where to remember which nonces were used; for short ones.",
        metavar="FILE",
    ),
)
"""In the order in which `--help` shows them."""
