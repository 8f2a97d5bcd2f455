"""h3producer serves Python applications over HTTP/3.

Serve an ASGI application or a handler, from the command line or from Python:

    h3producer hello:app

    import h3producer
    h3producer.run("hello:app", host="localhost", port=4433)

These are the public names. Each is documented where it is defined; nothing inside of the package
imports from here. The pipe has more names of its own in `h3producer.pipe`.
"""

from __future__ import annotations

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.asgi.alt_svc import AltSvc
from h3producer.config import Config, ConfigError
from h3producer.errors import (
    ErrorCode,
    Http3ConnectionError,
    Http3Error,
    Http3StreamError,
    LocalProtocolError,
    RequestAborted,
)
from h3producer.http3.connection import Http3Connection
from h3producer.http3.frame_writer import Http3FrameWriter
from h3producer.http3.output_producer import Http3OutputProducer
from h3producer.http3.response import Http3Response
from h3producer.http3.stream import Http3Stream
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.reader import PipeReader
from h3producer.pipe.results import FlushResult, ReadResult
from h3producer.pipe.writer import PipeWriter
from h3producer.server.errors import AppLoadError, StartupError
from h3producer.server.run import run, serve
from h3producer.server.server import Server

__all__ = [
    "AltSvc",
    "AppLoadError",
    "AsgiAdapter",
    "Config",
    "ConfigError",
    "ErrorCode",
    "FlushResult",
    "Http3Connection",
    "Http3ConnectionError",
    "Http3Error",
    "Http3FrameWriter",
    "Http3OutputProducer",
    "Http3Response",
    "Http3Stream",
    "Http3StreamError",
    "LocalProtocolError",
    "Pipe",
    "PipeReader",
    "PipeWriter",
    "ReadResult",
    "RequestAborted",
    "Server",
    "StartupError",
    "run",
    "serve",
]
