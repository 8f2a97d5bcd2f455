"""niquests: qh3, a Rust core for aioquic's interface. Many requests are multiplexed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import niquests

from tests.interop.clients.program import Answer, Request, main

if TYPE_CHECKING:
    from collections.abc import Sequence

HTTP_3 = 30
"""urllib3-future's HttpVersion.h3, after http.client's 11."""


class Niquests:
    def __init__(self, origin: str, cafile: str) -> None:
        self._origin = origin
        url = urlsplit(origin)
        self._session = niquests.Session(disable_http1=True, disable_http2=True, multiplexed=True)
        self._session.verify = cafile
        self._session.trust_env = False
        # What an Alt-Svc field of an earlier response would have said.
        self._session.quic_cache_layer[(url.hostname, url.port)] = (url.hostname, url.port)

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        responses = [
            self._session.request(
                each.method, self._origin + each.path, headers=each.fields, data=each.body
            )
            for each in requests
        ]
        self._session.gather()
        return [
            Answer.of(
                each.status_code, each.http_version == HTTP_3, dict(each.headers), each.content
            )
            for each in responses
        ]


if __name__ == "__main__":
    main(Niquests)
