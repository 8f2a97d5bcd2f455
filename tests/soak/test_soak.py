"""A short soak, so that the long one cannot rot; and that a soak sees what is wrong."""

from __future__ import annotations

import pytest

from h3producer.config import Config
from tests.deadline import deadline
from tests.e2e.exchange import Exchange
from tests.e2e.raw_client import RawClient
from tests.soak.content import content, digest, pieces
from tests.soak.host import LogRecord
from tests.soak.ledger import Ledger
from tests.soak.soak import CLIENTS, Plan, soak

__all__ = ["deadline"]


async def test_a_short_soak_is_without_fault() -> None:
    clients = dict.fromkeys(CLIENTS, 1)
    if not Config.fast_path:
        del clients["returning"]  # aioquic's TLS takes no early data
    plan = Plan(seconds=4.0, warm_up=2.0, seed=1, clients=clients, idle_timeout=5.0)

    verdict = await soak(plan)

    assert verdict.faults == []
    assert all(verdict.ledger.outcomes[kind] for kind in clients), "Everybody has been there."
    assert verdict.network["lost"] > 0
    assert verdict.log
    assert "seed 1" in "".join(table.markdown() for table in verdict.tables())


# What a soak relies on


@pytest.mark.parametrize("size", [0, 1, 40_000, 40_001, 100_000])
def test_pieces_are_the_content(size: int) -> None:
    assert b"".join(pieces(7, size)) == content(7, size)
    assert len(content(7, size)) == size


def test_contents_differ_by_seed_and_by_place() -> None:
    assert digest(content(1, 100)) != digest(content(2, 100))
    assert content(1, 80_000)[:40_000] != content(1, 80_000)[40_000:]


def exchange(*log: str, body: bytes = b"", reset_code: int | None = None) -> Exchange:
    """One that ended like this, with status 200."""
    client = RawClient.silent(("127.0.0.1", 9))
    fields = [(b":status", b"200")]
    return Exchange(
        client, 0, fields=fields, body=bytearray(body), log=list(log), reset_code=reset_code
    )


@pytest.mark.parametrize(
    ("log", "body", "is_whole"),
    [
        (["fin"], b"due", True),
        (["fin", "stop"], b"due", True),
        (["fin"], b"dud", False),
        ([], b"due", False),
        (["fin", "fin"], b"due", False),
        (["fin", "reset"], b"due", False),
        (["reset"], b"due", False),
    ],
)
async def test_a_response_is_whole_with_one_fin_and_the_due_content(
    log: list[str], body: bytes, is_whole: bool
) -> None:
    ledger = Ledger()

    assert ledger.account("good", "me").whole("GET", exchange(*log, body=body), b"due") is is_whole
    assert (ledger.faults == []) is is_whole


@pytest.mark.parametrize(
    ("log", "code", "is_well"),
    [
        (["reset"], 0x10C, True),
        (["stop", "reset"], 0x10C, True),
        (["reset"], 0x102, False),
        (["reset", "reset"], 0x10C, False),
        (["fin"], None, False),
        ([], None, False),
    ],
)
async def test_a_stream_is_cut_with_one_reset_and_an_allowed_code(
    log: list[str], code: int | None, is_well: bool
) -> None:
    ledger = Ledger()

    assert ledger.account("good", "me").cut("GET", exchange(*log, reset_code=code), [0x10C]) is (
        is_well
    )
    assert (ledger.faults == []) is is_well


EXPECTED_TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "tests/soak/app.py", line 1, in fail',
    "    raise MeantToFail",
    "tests.soak.tunnels.MeantToFail",
]
FAILED = "Stream 0: exception in the application"


@pytest.mark.parametrize(
    ("record", "is_expected"),
    [
        (LogRecord("INFO", "Serving"), True),
        (LogRecord("ERROR", FAILED, EXPECTED_TRACEBACK), True),
        (LogRecord("INFO", "Serving", ["Task was destroyed but it is pending!"]), False),
        (LogRecord("WARNING", "something"), False),
        (LogRecord("ERROR", FAILED, [*EXPECTED_TRACEBACK[:-1], "KeyError: 0"]), False),
        (LogRecord("ERROR", FAILED, [*EXPECTED_TRACEBACK, "Exception ignored in: x"]), False),
        (LogRecord("ERROR", "<EngineTransport> failed", EXPECTED_TRACEBACK), False),
        (LogRecord("NONE", "Segmentation fault"), False),
    ],
)
def test_a_log_record_is_expected_for_a_reason(record: LogRecord, is_expected: bool) -> None:
    assert record.is_expected is is_expected
