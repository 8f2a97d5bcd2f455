"""The `webtransport` scope: what an ASGI application is told of a session before it runs.

This file knows in what it differs from an `http` scope, which is where all else is explained
(`asgi/scope.py`). Its one rule: what is true of a request is true of the one that opens a session.

* `asgi["spec_version"]` is that of `docs/webtransport.md`.
* `subprotocols` are the application protocols that the client offers, best first; `accept` may
  choose one of them (draft-ietf-webtrans-http3 §3.3).
* `headers` has the `origin` of a page in a browser. Whoever serves pages of others compares it: a
  browser lets any page open a session to anybody, with that page's origin on it.
* `extensions["webtransport"]["max_datagram_size"]` is how many bytes a datagram may have now.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from h3producer.asgi.scope import http_scope

if TYPE_CHECKING:
    from h3producer.asgi.types import Scope
    from h3producer.http3.stream import Http3Stream
    from h3producer.http3.webtransport.session import WebTransportSession
    from h3producer.wire.fields import Fields

__all__ = ["SPEC_VERSION", "offered_subprotocols", "webtransport_scope"]

SPEC_VERSION: Final = "0.1"

# A structured field: a list of strings, whose parameters mean nothing (RFC 9651 §3.1, §3.3.3).
_STRING: Final = rb'"((?:[ !#-\[\]-~]|\\["\\])*)"'
_ITEM: Final = re.compile(_STRING + rb'(?:;[^,"]*)?')
_LIST: Final = re.compile(rb"[ ]*%b(?:[ \t]*,[ \t]*%b)*[ ]*" % (_ITEM.pattern, _ITEM.pattern))


def webtransport_scope(
    stream: Http3Stream, session: WebTransportSession, root_path: str, state: dict[str, Any]
) -> Scope:
    """The scope of one session; `state` is copied one level deep."""
    scope = http_scope(stream, root_path, state)
    del scope["method"]
    extensions: dict[str, dict[str, Any]] = {
        "webtransport": {"max_datagram_size": session.max_datagram_size}
    }
    if "tls" in scope["extensions"]:
        extensions["tls"] = scope["extensions"]["tls"]
    return scope | {
        "type": "webtransport",
        "asgi": {"version": scope["asgi"]["version"], "spec_version": SPEC_VERSION},
        "subprotocols": offered_subprotocols(stream.request.headers),
        "extensions": extensions,
    }


def offered_subprotocols(headers: Fields) -> list[str]:
    """Those of `wt-available-protocols`, best first; none if the field is not well-formed."""
    # The draft, §3.3: "Any value type other than String MUST be treated as an error that causes the
    # entire field to be ignored".
    value = b", ".join(value for name, value in headers if name == b"wt-available-protocols")
    if not _LIST.fullmatch(value):
        return []
    return [re.sub(r"\\(.)", r"\1", each.decode()) for each in _ITEM.findall(value)]
