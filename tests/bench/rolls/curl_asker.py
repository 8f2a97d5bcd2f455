"""curl: libcurl on ngtcp2 and nghttp3. What it does about GOAWAY and rejected requests is its own
affair; what it reports as an error has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curl_cffi import CurlOpt
from curl_cffi.requests import AsyncSession

from tests.bench.rolls.asker import AT_ONCE, PATIENCE, ask_until

if TYPE_CHECKING:
    from tests.bench.rolls.asker import Count

__all__ = ["ask_by_curl"]


async def ask_by_curl(origin: str, cafile: str, pause: float, *, stays: bool) -> None:
    """Ask until standard input ends; `stays`: over connections that are kept."""
    new = {CurlOpt.FRESH_CONNECT: 1, CurlOpt.FORBID_REUSE: 1}
    options = {CurlOpt.PIPEWAIT: 1} if stays else new
    async with AsyncSession(
        http_version="v3only",
        verify=cafile,
        curl_options=options,
        max_clients=AT_ONCE,
        timeout=PATIENCE,
    ) as session:

        async def ask(count: Count) -> None:
            response = await session.get(f"{origin}/bytes/2000")
            if response.status_code != 200 or len(response.content) != 2000:
                raise ValueError(f"status {response.status_code}, {len(response.content)} bytes")

        await ask_until(ask, pause)
