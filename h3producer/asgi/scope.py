"""The `http` scope: what an ASGI application is told about a request before it runs.

This file knows the keys of the scope (ASGI HTTP spec 2.5) and the extensions we offer. It refuses
to know messages. Its one rule: one pass, and every dictionary is the request's own, so that
an application may write into its scope.

How each key is made, where the specification leaves a choice:

* `method` keeps its case: methods are case-sensitive (RFC 9110 §9.1), so `get` is not `GET`.
* `path` is decoded as uvicorn does: percent escapes, then UTF-8, with U+FFFD for what is not
  UTF-8; `root_path` stands in front of it. `raw_path` is what the client sent, without either.
* `headers` has `host` first, made of `:authority`.
* `client` and `server` are the addresses of the moment when the request came: a client that
  migrates later does not change them.
* `extensions`:

  ========================== ==============================================================
  `http.response.early_hint`  always, but over HTTP/1.1, whose clients may not expect it
  `http.response.pathsend`    always: a plain read in a thread, then DATA frames
  `http.response.trailers`    when the request says `te: trailers`; the specification wants
                              trailers sent only then, and so an application (gRPC) can tell
                              beforehand and choose another way. Announced without the offer
                              they are taken and dropped.
  `tls`                       always
  `h3producer.early_data`     when the request came as early data, which somebody may have sent
                              again (RFC 8470); `headers` have `early-data: 1` then. Answered with
                              425, it is asked again by the client when the handshake is complete.
  ========================== ==============================================================

  Not offered: `http.response.push`, which browsers have dropped; `zerocopysend`, since each
  byte is encrypted in this process; `debug`, which the specification keeps from servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from h3producer.asgi.types import ASGI_VERSION, HTTP_SPEC_VERSION

if TYPE_CHECKING:
    from h3producer.asgi.types import Scope
    from h3producer.http3.stream import Http3Stream
    from h3producer.http3.transport import TlsFacts

__all__ = ["decode_path", "http_scope"]


def http_scope(stream: Http3Stream, root_path: str, state: dict[str, Any]) -> Scope:
    """The scope of one request; `state` is copied one level deep, as lifespan asks."""
    request = stream.request
    transport = stream.transport
    raw_path, _, query_string = request.path.partition(b"?")
    path = decode_path(raw_path)
    if root_path and raw_path[:1] == b"/":
        # `OPTIONS *` and CONNECT have no path, so nothing to stand in front of.
        path = root_path + path
    extensions: dict[str, dict[str, Any]] = {"http.response.pathsend": {}}
    if stream.http_version[0] != "1":
        extensions["http.response.early_hint"] = {}
    if request.accepts_trailers:
        extensions["http.response.trailers"] = {}
    if stream.is_early:
        extensions["h3producer.early_data"] = {}
    tls = transport.tls
    if tls is not None:
        extensions["tls"] = _tls(tls)
    return {
        "type": "http",
        "asgi": {"version": ASGI_VERSION, "spec_version": HTTP_SPEC_VERSION},
        "http_version": stream.http_version,
        "method": request.method,
        "scheme": request.scheme,
        "path": path,
        "raw_path": raw_path,
        "query_string": query_string,
        "root_path": root_path,
        "headers": request.headers.copy(),
        "client": transport.peer_address,
        "server": transport.local_address,
        "state": state.copy(),
        "extensions": extensions,
    }


def decode_path(raw_path: bytes) -> str:
    """Percent escapes to bytes, bytes to text; what is not UTF-8 becomes U+FFFD."""
    if b"%" in raw_path:
        raw_path = unquote_to_bytes(raw_path)
    return raw_path.decode("utf-8", "replace")


def _tls(facts: TlsFacts) -> dict[str, Any]:
    """The `tls` extension (ASGI TLS 0.2). We ask no client for a certificate."""
    return {
        "server_cert": facts.server_certificate,
        "client_cert_chain": (),
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": facts.version,
        "cipher_suite": facts.cipher_suite,
    }
