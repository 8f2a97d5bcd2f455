"""The pseudo-headers of a request: what it is addressed to.

This file knows method, scheme, authority, path and protocol (RFC 9114 §4.3.1, §4.4; RFC 8441 §4).
It refuses to know regular fields but `host`, the other place of the authority. Its one rule:
nothing is decoded, normalised or completed; a target is taken as it is or refused.
"""

from __future__ import annotations

import re

from h3producer.wire.received import excerpt, malformed

__all__ = ["Target", "parse_target"]

Target = tuple[str, str, bytes, bytes, str | None]
"""Method, scheme, authority, path and protocol, each empty (or None) where a request has none."""

# Methods and schemes of nearly all requests, ready decoded.
_METHODS = {
    method.encode(): method
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")
}
_SCHEMES = {b"https": "https", b"http": "http"}
_NEEDS_AUTHORITY = frozenset(_SCHEMES.values())
_MAX_PORT = 65535

_is_token = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_is_scheme = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]*").fullmatch
# RFC 3986 §3.3, §3.4 and what browsers leave unencoded beside them: every visible ASCII
# character but "#", which would begin a fragment.
_is_path = re.compile(rb"/[!-\"$-~]*").fullmatch
# RFC 3986 §3.2 without userinfo and with a host: reg-name, IPv4 or an IP literal, then a port.
_match_authority = re.compile(
    rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=%]+"
    rb"|\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\])"
    rb"(?::([0-9]{0,5}))?"
).fullmatch
_has_bad_escape = re.compile(rb"%(?![0-9A-Fa-f]{2})").search


def parse_target(pseudo: dict[bytes, bytes], host: bytes | None) -> Target:
    """What the pseudo-headers and the `host` field of a request say together.

    `pseudo` holds no other names than `REQUEST_PSEUDO_FIELDS`. Raises
    Http3StreamError(H3_MESSAGE_ERROR).
    """
    method = pseudo.get(b":method", b"")
    if method == b"CONNECT":
        return _connect_target(pseudo, host)
    # RFC 8441 §4: the protocol is that "to be spoken on the tunnel created by CONNECT".
    if b":protocol" in pseudo:
        raise malformed(":protocol is only for CONNECT.")
    name = _METHODS.get(method) or _method(method)
    scheme = _scheme(pseudo.get(b":scheme"))
    authority = _authority(pseudo.get(b":authority"), host, scheme)
    return name, scheme, authority, _path(pseudo.get(b":path"), method), None


def _connect_target(pseudo: dict[bytes, bytes], host: bytes | None) -> Target:
    if b":authority" not in pseudo:
        raise malformed("CONNECT has no :authority.")
    authority = _authority(pseudo[b":authority"], host, "")
    protocol = pseudo.get(b":protocol")
    if protocol is not None:
        if not _is_token(protocol):
            raise malformed(f":protocol {excerpt(protocol)} is no token.")
        # RFC 8441 §4: "On requests that contain the :protocol pseudo-header field, the :scheme
        # and :path pseudo-header fields of the target URI … MUST also be included."
        scheme, path = _scheme(pseudo.get(b":scheme")), _path(pseudo.get(b":path"), b"CONNECT")
        return "CONNECT", scheme, authority, path, protocol.decode()
    # RFC 9114 §4.4: "The :scheme and :path pseudo-header fields are omitted".
    if b":scheme" in pseudo or b":path" in pseudo:
        raise malformed("CONNECT has a :scheme or a :path.")
    # RFC 9110 §9.3.6: "A server MUST reject a CONNECT request that targets an empty or invalid
    # port number".
    if not _names_port(authority):
        raise malformed(f"CONNECT to {excerpt(authority)}, which names no port.")
    return "CONNECT", "", authority, b"", None


def _method(method: bytes) -> str:
    # RFC 9114 §4.3.1: "All HTTP/3 requests MUST include exactly one value for the :method,
    # :scheme, and :path pseudo-header fields, unless the request is a CONNECT request".
    if not _is_token(method):
        raise malformed(f":method {excerpt(method)} is no token." if method else "No :method.")
    return method.decode()


def _scheme(scheme: bytes | None) -> str:
    if scheme is None:
        raise malformed("There is no :scheme.")
    known = _SCHEMES.get(scheme)
    if known is None:
        if not _is_scheme(scheme):
            raise malformed(f":scheme {excerpt(scheme)} is no scheme.")
        # RFC 3986 §3.1: "schemes are case-insensitive".
        known = scheme.decode().lower()
    return known


def _authority(authority: bytes | None, host: bytes | None, scheme: str) -> bytes:
    if authority is None:
        authority = host
    elif host is not None and host != authority:
        # RFC 9114 §4.3.1: "If both fields are present, they MUST contain the same value."
        raise malformed("host and :authority differ.")
    if authority is None:
        # RFC 9114 §4.3.1: "If the :scheme pseudo-header field identifies a scheme that has a
        # mandatory authority component (including "http" and "https"), the request MUST contain
        # either an :authority pseudo-header field or a Host header field."
        if scheme in _NEEDS_AUTHORITY:
            raise malformed("There is neither :authority nor host.")
        return b""
    # RFC 9114 §4.3.1: "If these fields are present, they MUST NOT be empty." And: "The authority
    # MUST NOT include the deprecated userinfo subcomponent".
    match = _match_authority(authority)
    if match is None or int(match[1] or 0) > _MAX_PORT or _has_bad_escape(authority):
        raise malformed(f"The authority {excerpt(authority)} is not host or host:port.")
    return authority


def _names_port(authority: bytes) -> bool:
    match = _match_authority(authority)
    return match is not None and int(match[1] or 0) > 0


def _path(path: bytes | None, method: bytes) -> bytes:
    if path is None:
        raise malformed("There is no :path.")
    # RFC 9114 §4.3.1: "An OPTIONS request that does not include a path component includes the
    # value * (ASCII 0x2a) for the :path pseudo-header field".
    if not _is_path(path) and not (path == b"*" and method == b"OPTIONS"):
        raise malformed(f":path {excerpt(path)} is no absolute path.")
    return path
