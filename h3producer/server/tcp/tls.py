"""TLS for TCP, with the certificate that QUIC shows.

This file knows Python's `ssl`. It refuses to know where the certificate came from. Its one rule:
the private key is nowhere on disk but where the user put it. `ssl` reads keys from files only, so
it gets one that is encrypted with a password which nobody else ever sees, and that is gone at once.
"""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from h3producer.server.errors import StartupError
from h3producer.server.tcp.protocols import ALPN

if TYPE_CHECKING:
    from h3producer.quic.engine import Credentials

__all__ = ["certificate_pem", "tls_context"]

# RFC 9113 §9.2.2: "HTTP/2 over TLS 1.2 SHOULD NOT use any of the prohibited cipher suites", which
# are those without forward secrecy or without authenticated encryption.
_TLS_1_2_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def tls_context(credentials: Credentials, keylog_file: str | None) -> ssl.SSLContext:
    """What a server needs for a handshake. Raises `StartupError` if OpenSSL takes no such key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # RFC 9113 §9.2: "Implementations of HTTP/2 MUST use TLS version 1.2 or higher".
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # RFC 9113 §9.2.1: compression and renegotiation MUST be disabled.
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(_TLS_1_2_CIPHERS)
    context.set_alpn_protocols(ALPN)
    if keylog_file is not None:
        context.keylog_filename = keylog_file
    _load(context, credentials)
    return context


def certificate_pem(credentials: Credentials) -> str:
    """The certificate alone, as the ASGI `tls` extension wants it."""
    return credentials.certificate.public_bytes(Encoding.PEM).decode("ascii")


def _load(context: ssl.SSLContext, credentials: Credentials) -> None:
    password = secrets.token_bytes(32).hex()
    key = credentials.private_key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode())
    )
    certificates = (credentials.certificate, *credentials.chain)
    chain = b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
    descriptor, path = tempfile.mkstemp(prefix="h3producer-", suffix=".pem")  # its mode is 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(chain + key)
        context.load_cert_chain(path, password=password)
    except ssl.SSLError as error:
        raise StartupError(f"The certificate cannot be used for TLS over TCP: {error}.") from error
    except OSError as error:
        raise StartupError(
            f"The certificate cannot be handed to OpenSSL through '{path}': {error.strerror}."
        ) from error
    finally:
        os.unlink(path)
