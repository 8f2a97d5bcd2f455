"""curl: libcurl on ngtcp2 and nghttp3 with GnuTLS, through pycurl. Many requests run in parallel.

It runs under the Python that Debian's package is for, and so imports nothing that pip brings.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pycurl

from tests.interop.clients.program import PAUSE, Answer, GivenUp, Request, Wishes, main

if TYPE_CHECKING:
    from collections.abc import Sequence

HTTP_3_ONLY = 31
"""libcurl's CURL_HTTP_VERSION_3ONLY, and what it says of a connection that has HTTP/3."""
HTTP_3 = 30

EARLY_DATA = 1 << 6
"""libcurl's CURLSSLOPT_EARLYDATA."""


class Transfer:
    """One request and what comes of it."""

    def __init__(self, handle: pycurl.Curl, request: Request) -> None:
        self.handle = handle
        self.body = bytearray()
        self._blocks: list[list[str]] = [[]]
        self._request = request
        self._pieces = request.pieces()
        self._rest = b""

    def header(self, line: bytes) -> None:
        """An empty line ends each head; what comes behind the last one are trailers."""
        text = line.decode().rstrip()
        if text:
            self._blocks[-1].append(text)
        else:
            self._blocks.append([])

    def write(self, data: bytes) -> int | None:
        """Content; a wrong count ends the transfer."""
        self.body += data
        enough = self._request.gives_up_after
        return 0 if enough is not None and len(self.body) >= enough else None

    def read(self, size: int) -> bytes | int:
        """The next bytes of a streaming upload."""
        if not self._rest:
            try:
                self._rest = next(self._pieces, b"")
            except GivenUp:
                abort: int = pycurl.READFUNC_ABORT
                return abort
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def answer(self) -> Answer:
        blocks = [block for block in self._blocks if block]
        heads = [block for block in blocks if block[0].startswith("HTTP/")]
        trailers = [block for block in blocks if not block[0].startswith("HTTP/")]
        statuses = [int(head[0].split()[1]) for head in heads]
        return Answer.of(
            self.handle.getinfo(pycurl.RESPONSE_CODE),
            self.handle.getinfo(pycurl.INFO_HTTP_VERSION) == HTTP_3,
            _fields(heads[-1][1:]) if heads else {},
            bytes(self.body),
            trailers=_fields(trailers[-1]) if trailers else {},
            interim=statuses[:-1],
        )


class Curl:
    def __init__(self, origin: str, cafile: str, wishes: Wishes) -> None:
        self._origin = origin
        self._cafile = cafile
        self._wishes = wishes
        self._multi = pycurl.CurlMulti()
        self._share = pycurl.CurlShare()
        # self._share.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_SSL_SESSION)

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        transfers = [self._begun(each) for each in requests]
        left = len(transfers)
        while left:
            self._multi.select(PAUSE)
            self._multi.perform()
            _, _, failed = self._multi.info_read()
            given_up = all(each.gives_up_after is not None for each in requests)
            if failed and not given_up:
                raise RuntimeError(str([words for _, _, words in failed]))
            _, left = self._multi.perform()
        for each in transfers:
            self._multi.remove_handle(each.handle)
        return [each.answer() for each in transfers]

    def _begun(self, request: Request) -> Transfer:
        handle = pycurl.Curl()
        transfer = Transfer(handle, request)
        handle.setopt(pycurl.URL, self._origin + request.path)
        handle.setopt(pycurl.HTTP_VERSION, HTTP_3_ONLY)
        handle.setopt(pycurl.CAINFO, self._cafile)
        # handle.setopt(pycurl.SHARE, self._share)
        handle.setopt(pycurl.PIPEWAIT, 1)
        fields = {**request.fields, "expect": ""}
        handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in fields.items()])
        handle.setopt(pycurl.HEADERFUNCTION, transfer.header)
        handle.setopt(pycurl.WRITEFUNCTION, transfer.write)
        if request.streams:
            handle.setopt(pycurl.UPLOAD, 1)
            handle.setopt(pycurl.READFUNCTION, transfer.read)
        elif request.size is not None:
            handle.setopt(pycurl.UPLOAD, 1)
            handle.setopt(pycurl.INFILESIZE, request.size)
            handle.setopt(pycurl.READFUNCTION, io.BytesIO(request.body or b"").read)
        if request.method == "HEAD":
            handle.setopt(pycurl.NOBODY, 1)
        elif request.method != "GET":
            handle.setopt(pycurl.CUSTOMREQUEST, request.method)
        if self._wishes.early:
            handle.setopt(pycurl.SSL_OPTIONS, EARLY_DATA)
        self._multi.add_handle(handle)
        return transfer


def _fields(lines: list[str]) -> dict[str, str]:
    parted = (each.partition(":") for each in lines)
    return {name.lower(): value.strip() for name, _, value in parted}


if __name__ == "__main__":
    main(Curl)
