"""What a client offers in the head of its CONNECT: version, subprotocols, compression.

This file knows the `sec-websocket-` fields of RFC 6455 §4 as RFC 8441 §5 leaves them: the key and
what it is answered with are HTTP/1's. It refuses to know frames and applications. Its one rule: of
what is offered, whatever is not understood is not taken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields
    from h3producer.wire.request import Request

__all__ = ["VERSION", "deflate_offers", "objection", "offered_subprotocols"]

VERSION: Final = b"13"
"""RFC 6455 §4.1: "The value of this header field MUST be 13." """

SCHEMES: Final = {"https": "wss", "http": "ws"}
"""RFC 8441 §5: "The scheme of the target URI MUST be "https" for "wss"-schemed WebSockets and
"http" for "ws"-schemed WebSockets." """

# RFC 7692 §7.1: the parameters of an offer, and what each may say. A window of 8 bits is one that
# zlib does not have.
_WINDOW = r"(?:9|1[0-5])"
_PARAMETERS = {
    "server_no_context_takeover": re.compile(""),
    "client_no_context_takeover": re.compile(""),
    "server_max_window_bits": re.compile(f"={_WINDOW}"),
    "client_max_window_bits": re.compile(f"(?:={_WINDOW}|=8)?"),
}


def objection(request: Request) -> str | None:
    """Why this is no WebSocket's opening handshake, as a sentence; None if it is one."""
    if request.scheme not in SCHEMES:
        return f"A WebSocket has no scheme {request.scheme!r}."
    versions = _values(request.headers, b"sec-websocket-version")
    if versions != [VERSION]:
        # RFC 6455 §4.4: the answer says which versions there are. Not with 426, whose `upgrade`
        # field HTTP/3 does not have.
        return "Only version 13 of WebSocket is spoken here."
    return None


def offered_subprotocols(headers: Fields) -> list[str]:
    """The subprotocols that the client speaks, in its order of preference."""
    tokens = b",".join(_values(headers, b"sec-websocket-protocol")).decode("latin-1").split(",")
    return [token.strip() for token in tokens if token.strip()]


def deflate_offers(headers: Fields) -> list[str]:
    """The offers of permessage-deflate that can be taken, the preferred first (RFC 7692 §7.1)."""
    value = b",".join(_values(headers, b"sec-websocket-extensions")).decode("latin-1")
    offers = [_without_spaces(offer) for offer in value.split(",")]
    return [offer for offer in offers if _is_deflate(offer)]


def _is_deflate(offer: str) -> bool:
    # RFC 7692 §7.1: "A server MUST decline an extension negotiation offer for this extension if …
    # the negotiation offer contains an extension parameter not defined for use in an offer", one
    # "with an invalid value", or "multiple extension parameters with the same name".
    name, *parameters = offer.split(";")
    names = [parameter.partition("=")[0] for parameter in parameters]
    return (
        name == "permessage-deflate"
        and len(set(names)) == len(names)
        and all(
            each in _PARAMETERS and _PARAMETERS[each].fullmatch(parameter[len(each) :])
            for each, parameter in zip(names, parameters, strict=True)
        )
    )


def _without_spaces(offer: str) -> str:
    """The values of its parameters may be quoted (RFC 6455 §9.1); none has a space in it."""
    return offer.replace(" ", "").replace("\t", "").replace('"', "")


def _values(headers: Fields, name: bytes) -> list[bytes]:
    return [value for each, value in headers if each == name]
