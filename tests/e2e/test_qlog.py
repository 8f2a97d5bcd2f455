"""The files that real connections leave are what the drafts of qlog say they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.apps import Streaming, echo, hello, routed
from tests.e2e.server import stop
from tests.qlog_shape import check_file, files_in, read_records

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve

KIB = 1024
WINDOW = 64 * KIB


async def test_all_that_happens_has_its_shape(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    server = await serve(
        routed(hello=hello, echo=echo, stream=Streaming(512 * KIB)), qlog_dir=str(tmp_path)
    )
    client = await connect(server, max_stream_data=WINDOW)
    await client.get("/hello")
    await client.get("/stream")
    upload = client.request("/echo", method="POST", end=False)
    upload.send(bytes(100 * KIB), end=True)
    await upload.over()
    client.request("/stream").stop()
    await client.round_trip()
    await stop(server)

    names = set.union(*map(check_file, files_in(tmp_path)))

    assert names >= {
        "connectivity:connection_started",
        "connectivity:connection_closed",
        "transport:parameters_set",
        "transport:packet_received",
        "transport:packet_sent",
        "recovery:metrics_updated",
        "http:parameters_set",
        "http:stream_type_set",
        "http:frame_created",
        "http:frame_parsed",
        "h3producer:write_began",
        "h3producer:drain_began",
    }


async def test_a_client_that_does_not_read_is_seen_in_the_log(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    server = await serve(routed(stream=Streaming(512 * KIB)), qlog_dir=str(tmp_path))
    client = await connect(server, gives_credit=False, max_stream_data=WINDOW)
    stuck = client.request("/stream")
    await client.until(lambda: client.quic.downloaded(stuck.stream_id) == WINDOW)
    await client.settle()
    server.force_exit = True
    await stop(server)

    (path,) = files_in(tmp_path)
    waits = [each for each in read_records(path) if each.get("name") == "h3producer:drain_began"]
    # What waits is what the application wrote beyond the client's window, up to a write.
    assert waits[-1]["data"]["unsent"] >= 64 * KIB
    assert "h3producer:drain_ended" in check_file(path)
