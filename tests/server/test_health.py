"""Tests of `server/health.py`: what is answered in which state, and who else hears of a probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.server.health import Health, HealthAnswers, HealthState
from h3producer.server.requests import Requests
from tests.server.streams import FakeRequest, FakeResponse, FakeStream, as_stream

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream


async def app(stream: Http3Stream) -> None:
    stream.response.start(200, [])
    await stream.response.complete(b"app")


async def asked(health: Health, request: FakeRequest) -> FakeResponse:
    """What is answered where `/healthz` is the health path and `app` the application."""
    stream = FakeStream(request)
    await HealthAnswers(app, health, "/healthz")(as_stream(stream))
    assert stream.response.completed
    return stream.response


def probe(method: str = "GET", path: bytes = b"/healthz") -> FakeRequest:
    return FakeRequest(method, path)


@pytest.fixture
def serving() -> Health:
    health = Health()
    health.advance(HealthState.SERVING)
    return health


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        (HealthState.STARTING, (503, b"starting\n")),
        (HealthState.SERVING, (200, b"serving\n")),
        (HealthState.DRAINING, (503, b"draining\n")),
    ],
)
async def test_only_who_wants_new_clients_says_200(
    state: HealthState, answer: tuple[int, bytes]
) -> None:
    health = Health()
    health.advance(state)
    response = await asked(health, probe())
    assert (response.status, response.body) == answer == health.answer()


def test_a_state_never_comes_back(serving: Health) -> None:
    serving.advance(HealthState.DRAINING)
    serving.advance(HealthState.SERVING)
    assert serving.state is HealthState.DRAINING


async def test_an_answer_is_text_that_no_cache_keeps(serving: Health) -> None:
    headers = dict((await asked(serving, probe())).headers)
    assert headers[b"content-type"] == b"text/plain; charset=utf-8"
    assert headers[b"content-length"] == b"8"
    assert headers[b"cache-control"] == b"no-store"


async def test_head_is_answered_without_content(serving: Health) -> None:
    response = await asked(serving, probe("HEAD"))
    assert (response.status, response.body) == (200, b"")
    assert (b"content-length", b"8") in response.headers


@pytest.mark.parametrize("method", ["POST", "CONNECT"])
async def test_other_methods_hear_which_are_allowed(serving: Health, method: str) -> None:
    response = await asked(serving, probe(method))
    assert response.status == 405
    assert (b"allow", b"GET, HEAD") in response.headers


async def test_a_query_changes_nothing(serving: Health) -> None:
    assert (await asked(serving, probe(path=b"/healthz?from=lb1"))).body == b"serving\n"


@pytest.mark.parametrize("path", [b"/", b"/healthzz", b"/healthz/", b"/a/healthz", b""])
async def test_every_other_path_is_the_applications(serving: Health, path: bytes) -> None:
    assert (await asked(serving, probe(path=path))).body == b"app"


async def test_a_probe_is_alive_where_the_application_is_full(serving: Health) -> None:
    """It stands before the limit on requests, and does not fill it either."""
    seen: list[int] = []

    async def full(_stream: Http3Stream) -> None:
        inner = FakeStream(probe())
        await answers(as_stream(inner))
        seen.append(inner.response.status or 0)
        seen.append(len(requests))

    requests = Requests(full, Config(limit_concurrency=1))
    answers = HealthAnswers(requests, serving, "/healthz")
    await answers(as_stream(FakeStream()))
    assert seen == [200, 1]


async def test_a_probe_is_no_news(serving: Health) -> None:
    stream, other = FakeStream(probe()), FakeStream(probe(path=b"/"))
    for each in (stream, other):
        await HealthAnswers(app, serving, "/healthz")(as_stream(each))
    assert (stream.is_probe, other.is_probe) == (True, False)
