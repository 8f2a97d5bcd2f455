"""A request as it came over HTTP/1.1 or HTTP/2 → the `Request` that HTTP/3 would have made of it.

This file knows what the versions of HTTP write differently. It refuses to know what a request may
say: `wire/request.py` judges it, as it does over HTTP/3. Its one rule: an upgrade to WebSocket
becomes the extended CONNECT that it is elsewhere (RFC 8441 §5), so that behind this nobody asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from wsproto.utilities import generate_accept_token

from h3producer.wire.request import parse_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from h3producer.wire.fields import Fields
    from h3producer.wire.request import Request

__all__ = ["Heard", "heard_in", "understood", "upgrade_of"]

# RFC 9110 §7.6.1: what belongs to the connection "MUST NOT" be handed on, and RFC 9114 §4.2 calls a
# request that has any of it malformed.
_OF_THE_CONNECTION = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade")
)


class Heard(NamedTuple):
    """The head of a request, as Hypercorn tells it."""

    http_version: str
    """"1.0", "1.1" or "2"."""
    method: str
    """Empty for a WebSocket's."""
    target: bytes
    headers: Fields
    """In lower case; `host` is among them."""
    is_websocket: bool


def heard_in(scope: Mapping[str, Any]) -> Heard:
    """What Hypercorn has put into its scope."""
    query = scope["query_string"]
    return Heard(
        scope["http_version"],
        scope.get("method", ""),
        scope["raw_path"] + (b"?" + query if query else b""),
        scope["headers"],
        scope["type"] == "websocket",
    )


def upgrade_of(heard: Heard) -> Fields | None:
    """The fields with which an upgrade is accepted; None if it is none (RFC 6455 §4.2.2)."""
    keys = [value for name, value in heard.headers if name == b"sec-websocket-key"]
    if not heard.is_websocket or heard.http_version == "2" or not keys:
        return None
    accept = generate_accept_token(keys[-1])
    return [
        (b"upgrade", b"websocket"),
        (b"connection", b"Upgrade"),
        (b"sec-websocket-accept", accept),
    ]


def understood(heard: Heard, server: tuple[str, int]) -> Request:
    """What the client asks for; `server` is the address it has reached.

    Raises Http3StreamError for a request that is malformed.
    """
    is_http_1 = heard.http_version.startswith("1")
    headers = [
        field
        for field in heard.headers
        if not (is_http_1 and (field[0] in _OF_THE_CONNECTION or field[0] == b"te"))
    ]
    hosts = [value for name, value in headers if name == b"host"]
    authority = hosts[0] if hosts and hosts[0] else _authority_of(server, heard.http_version)
    path = heard.target
    if is_http_1 and not path.startswith((b"/", b"*")):
        authority, path = _without_scheme(path, authority)
    fields = [(b":method", heard.method.encode()), (b":scheme", b"https"), (b":path", path)]
    if heard.is_websocket:
        fields = [(b":method", b"CONNECT"), (b":protocol", b"websocket"), *fields[1:]]
    elif heard.method == "CONNECT":
        # RFC 9112 §3.2.3: the authority-form "is only used for CONNECT requests".
        fields, authority = fields[:1], heard.target
    fields.append((b":authority", authority))
    request = parse_request(fields + [field for field in headers if field[0] != b"host"])
    if is_http_1:
        # `TE` names codings there, trailers need a chunked response, and Hypercorn makes none.
        request.accepts_trailers = False
    request.priority = None  # Hypercorn goes by HTTP/2's old priorities
    return request


def _authority_of(server: tuple[str, int], http_version: str) -> bytes:
    """What a request of HTTP/1.0 means that does not say it; all others must (RFC 9112 §3.2)."""
    if http_version != "1.0":
        return b""
    host, port = server
    return (f"[{host}]:{port}" if ":" in host else f"{host}:{port}").encode()


def _without_scheme(target: bytes, authority: bytes) -> tuple[bytes, bytes]:
    # RFC 9112 §3.2.2: "a server MUST accept the absolute-form in requests". §3.2: "an origin server
    # MUST ignore the received Host header field (if any) and instead replace it with the host
    # information of the request-target."
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"https", b"http"):
        return authority, target
    host, slash, path = rest.partition(b"/")
    return host, slash + path or b"/"
