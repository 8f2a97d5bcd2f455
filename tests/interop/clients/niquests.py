"""niquests: qh3, a Rust core for aioquic's interface. Many requests are multiplexed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import niquests

from tests.interop.clients.program import Answer, GivenUp, Request, Wishes, main

if TYPE_CHECKING:
    from collections.abc import Sequence

HTTP_3 = 30
"""urllib3-future's HttpVersion.h3, after http.client's 11."""


class Niquests:
    def __init__(self, origin: str, cafile: str, wishes: Wishes) -> None:
        """It has no wish for us to fulfil."""
        self._origin = origin
        url = urlsplit(origin)
        self._session = niquests.Session(
            disable_http1=True, disable_http2=True, multiplexed=True, pool_maxsize=64
        )
        self._session.verify = cafile
        self._session.trust_env = False
        # What an Alt-Svc field of an earlier response would have said.
        self._session.quic_cache_layer[(url.hostname, url.port)] = (url.hostname, url.port)

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        first = requests[0]
        if first.gives_up_after is not None:
            return [self._given_up(first, first.gives_up_after)]
        interim: list[int] = []
        responses = [
            self._session.request(
                each.method,
                self._origin + each.path,
                headers=each.fields,
                data=each.pieces() if each.streams else each.body,
                hooks={"early_response": [lambda early: interim.append(early.status_code)]},
            )
            for each in requests
        ]
        self._session.gather()
        return [
            Answer.of(
                each.status_code,
                each.http_version == HTTP_3,
                dict(each.headers),
                each.content,
                trailers=dict(each.trailers or {}),
                interim=interim,
            )
            for each in responses
        ]

    def _given_up(self, request: Request, after: int) -> Answer:
        body = b""
        try:
            response = self._session.request(
                request.method,
                self._origin + request.path,
                headers=request.fields,
                data=request.pieces() if request.streams else None,
                stream=True,
            )
            self._session.gather()
        except GivenUp:
            return Answer.of(0, True, {}, body)
        for piece in response.iter_content(16_384):
            body += piece
            if len(body) >= after:
                break
        response.close()
        return Answer.of(
            response.status_code, response.http_version == HTTP_3, dict(response.headers), body
        )


if __name__ == "__main__":
    main(Niquests)
