"""The figures that explain how it works.

    python -m tests.docs.site

writes them into `docs/figures/`. This file knows what stands where. It refuses to know how it is
drawn (`drawing.py`). Its one rule: each figure makes one point, and its page says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.quic.mtu_search import BASE_SIZE, LIKELY_SIZE, MtuSearch
from tests.docs.site.drawing import Drawing

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FIGURES"]


def rings() -> Drawing:
    """Three rings: what may import what."""
    d = Drawing(760, 392)
    d.area(10, 10, 740, 168, "SHELL  sockets, files, libraries")
    d.area(10, 190, 740, 104, "CORE  futures and tasks")
    d.area(10, 306, 740, 76, "WIRE  bytes and values")
    d.box(30, 44, 150, 48, "cli", "words to settings")
    d.box(200, 44, 150, 48, "server", "life, processes, TLS files")
    d.box(540, 44, 190, 48, "client", "h3producer get")
    d.box(200, 114, 150, 48, "asgi", "ASGI 3 to streams")
    d.box(540, 114, 190, 48, "quic", "UDP, aioquic, the fast path")
    d.box(200, 226, 210, 52, "http3", "producer, stream, connection", kind="hot")
    d.box(30, 226, 150, 52, "pipe", "System.IO.Pipelines")
    d.box(540, 226, 190, 52, "the port", "six verbs, five inputs", kind="cool")
    d.box(200, 336, 210, 36, "frames, fields, QPACK")
    d.box(540, 336, 190, 36, "errors, settings")
    d.arrow((275, 92), (275, 114))
    d.arrow((275, 162), (275, 226))
    d.arrow((635, 162), (635, 226), kind="cool")
    d.arrow((410, 252), (540, 252), kind="cool", label="asks QUIC by")
    d.arrow((200, 252), (180, 252))
    d.arrow((305, 278), (305, 336))
    d.arrow((635, 92), (635, 114))
    d.arrow((350, 68), (445, 68), (445, 138), (540, 138))
    d.arrow((180, 68), (200, 68))
    d.text(648, 198, "implements", "small cool")
    return d


def producer() -> Drawing:
    """One response on its way out."""
    d = Drawing(760, 250)
    d.area(10, 46, 524, 116)
    d.text(88, 66, "the output producer of one response", "small title")
    d.box(28, 84, 96, 52, "send()", "of the app")
    d.box(168, 84, 106, 52, "pipe", "waits at 1 byte", kind="hot")
    d.box(312, 84, 76, 52, "pump", "takes all")
    d.box(410, 84, 112, 52, "frame writer", "HEADERS, DATA")
    d.box(562, 84, 100, 52, "stream", "64 KiB unsent", kind="cool")
    d.text(720, 104, "packets", "title", "middle")
    d.text(720, 122, "in flight", "small", "middle")
    d.arrow((124, 110), (168, 110), label="write")
    d.arrow((274, 110), (312, 110), label="read")
    d.arrow((388, 110), (410, 110))
    d.arrow((522, 110), (562, 110))
    d.arrow((662, 110), (690, 110))
    d.arrow((76, 84), (76, 26), (440, 26), (440, 84), kind="cool")
    d.text(258, 20, "while there is room: a plain call, no pipe, no task", "small cool", "middle")
    d.arrow((612, 136), (612, 206), (366, 206), (366, 136), kind="hot")
    d.text(489, 200, "drain: returns when there is room", "small hot", "middle")
    d.arrow((334, 136), (334, 228), (76, 228), (76, 136), kind="hot")
    d.text(205, 222, "flush: returns when the pump has taken it", "small hot", "middle")
    return d


def backpressure() -> Drawing:
    """Who waits for whom when a client does not read."""
    d = Drawing(760, 430)
    lanes = {"app": 80, "producer": 240, "stream": 400, "network": 540, "client": 690}
    notes = ("await send()", "pipe and pump", "at most 64 KiB unsent", "in flight", "reads, or not")
    for (name, x), note in zip(lanes.items(), notes, strict=True):
        d.text(x, 22, name, "title", "middle")
        d.text(x, 38, note, "small", "middle")
        d.line((x, 50), (x, 418), kind="faint")
    app, pump, stream, client = lanes["app"], lanes["producer"], lanes["stream"], lanes["client"]
    d.arrow((app, 70), (pump, 70), label="send 48 KiB")
    d.arrow((pump, 78), (stream, 78), label="DATA")
    d.arrow((stream, 86), (client, 100), label="packets")
    d.arrow((pump, 94), (app, 94), kind="cool", label="returns at once", above=-14)
    d.text(client, 128, "stops reading", "hot title", "middle")
    d.arrow((app, 146), (pump, 146), label="send 48 KiB")
    d.arrow((pump, 154), (stream, 154), label="DATA")
    d.arrow((pump, 170), (app, 170), kind="cool", label="returns: there is room", above=-14)
    d.arrow((app, 214), (pump, 214), label="send 48 KiB")
    d.arrow((pump, 222), (stream, 222), label="DATA")
    d.bar(stream - 7, 222, 14, 122, "hot")
    d.text(stream + 14, 240, "full: drain waits", "small hot")
    d.bar(pump - 7, 222, 14, 134, "hot")
    d.text(pump + 14, 262, "so flush waits", "small hot")
    d.bar(app - 7, 214, 14, 156, "hot")
    d.text(app + 14, 284, "so send() waits", "small hot")
    d.text(client, 320, "reads on", "cool title", "middle")
    d.arrow((client, 328), (stream + 7, 344), kind="cool", label="MAX_STREAM_DATA")
    d.arrow((stream, 348), (pump + 7, 356), kind="cool", label="room", above=-16)
    d.arrow((pump, 360), (app + 7, 370), kind="cool", label="returns", above=-16)
    d.arrow((stream, 376), (client, 392), label="packets")
    return d


def fast_path() -> Drawing:
    """Which packets are ours and which are aioquic's."""
    d = Drawing(760, 290)
    d.area(150, 12, 300, 264, "the fast path")
    d.area(466, 12, 180, 264)
    d.text(634, 32, "aioquic", "small title", "end")
    d.box(14, 60, 110, 48, "UDP socket", "many with a call")
    d.box(14, 186, 110, 48, "UDP socket", "many with a call")
    d.box(166, 52, 130, 64, "reader", "short header,", "known id, our keys")
    d.box(316, 52, 118, 64, "STREAM, ACK", "PING, PADDING", kind="cool")
    d.box(482, 52, 148, 64, "everything else", "handshakes, new paths,", "closing, errors")
    d.box(482, 130, 148, 52, "recovery", "acks, loss, congestion")
    d.box(166, 178, 130, 64, "writer", "a flush of", "everyday frames")
    d.box(316, 178, 118, 64, "turns", "whose stream", "is next")
    d.box(482, 196, 148, 60, "its own writer", "what ours declines")
    d.box(668, 118, 82, 64, "http3", "streams", kind="hot")
    d.arrow((124, 84), (166, 84))
    d.arrow((296, 84), (316, 84), kind="cool")
    d.arrow((231, 52), (231, 42), (556, 42), (556, 52), kind="faint")
    d.text(372, 36, "declined, untouched", "small", "middle")
    d.arrow((375, 116), (375, 156), (482, 156), kind="cool")
    d.arrow((434, 100), (454, 100), (454, 123), (668, 123), kind="cool")
    d.arrow((709, 182), (709, 268), (375, 268), (375, 242))
    d.arrow((316, 210), (296, 210))
    d.arrow((166, 210), (124, 210))
    d.arrow((482, 226), (434, 226), kind="faint")
    return d


def scheduling() -> Drawing:
    """One pass of the event loop."""
    d = Drawing(760, 268)
    d.text(20, 24, "one pass of the event loop", "title")
    d.area(10, 40, 172, 218, "1  read the socket")
    d.area(196, 40, 212, 218, "2  turns")
    d.area(422, 40, 150, 218, "3  handlers")
    d.area(586, 40, 164, 218, "4  flush")
    for number, (name, count) in enumerate((("A", 1), ("B", 1), ("flood", 7))):
        y = 76 + 58 * number
        d.text(26, y + 18, name, "title")
        for each in range(count):
            d.bar(72 + 14 * each, y + 6, 10, 16, "hot" if name == "flood" else "cool")
    d.text(26, 248, "inboxes, with a bound each", "small")
    d.text(210, 82, "used least goes first", "small")
    d.box(210, 94, 184, 30, "A: 0.1 ms", kind="cool")
    d.box(210, 132, 184, 30, "B: 0.1 ms", kind="cool")
    d.box(210, 170, 184, 30, "flood: one of its seven", kind="hot")
    d.text(210, 224, "nobody waits longer than for", "small")
    d.text(210, 240, "one turn of somebody else", "small")
    d.box(436, 94, 122, 30, "A: GET /")
    d.box(436, 132, 122, 30, "B: GET /")
    d.text(436, 224, "a few begin; the rest", "small")
    d.text(436, 240, "of a crowd, a pass later", "small")
    d.box(600, 94, 136, 30, "A: one packet", kind="cool")
    d.box(600, 132, 136, 30, "B: one packet", kind="cool")
    d.text(600, 224, "each connection once,", "small")
    d.text(600, 240, "all that came together", "small")
    for x in (182, 408, 572):
        d.arrow((x - 2, 150), (x + 16, 150))
    return d


def path_mtu() -> Drawing:
    """How a download finds out what its path takes: what `MtuSearch` does on a path of 1400."""
    d = Drawing(760, 250)
    path, bottom = 1400, 212

    def height(size: int) -> float:
        return bottom - 40 - (size - BASE_SIZE) * 0.52

    names = {BASE_SIZE: "passes every path", path: "what this path takes", LIKELY_SIZE: "Ethernet"}
    for size, name in names.items():
        d.line((60, height(size)), (628, height(size)), kind="faint dashed")
        d.text(52, height(size) + 4, f"{size}", "small", "end")
        d.text(636, height(size) + 4, name, "small")
    search = MtuSearch(LIKELY_SIZE)
    x = 76.0
    while (probe := search.next_probe(0.0)) is not None:
        for _ in range(2):
            d.bar(x, height(search.size), 8, bottom - height(search.size), "cool")
            x += 10
        arrives = probe <= path
        kind = "cool" if arrives else "hot dashed"
        d.bar(x + 2, height(probe), 8, bottom - height(probe), kind)
        d.text(
            x + 8, height(probe) - 6, "arrives" if arrives else "lost", f"small {kind}", "middle"
        )
        (search.probe_passed if arrives else search.probe_lost)(probe)
        x += 25
    words = "a download\u2019s packets, and behind them a probe, for which nobody waits"
    d.text(344, 238, words, "small", "middle")
    return d


def early_data() -> Drawing:
    """The first answer after two round trips, or after one."""
    d = Drawing(760, 300)
    for left, title in ((20, "without early data"), (400, "with --early-data")):
        d.text(left + 170, 22, title, "title", "middle")
        d.text(left + 30, 44, "client", "small", "middle")
        d.text(left + 310, 44, "server", "small", "middle")
        for x in (left + 30, left + 310):
            d.line((x, 52), (x, 290), kind="faint")
    d.arrow((50, 66), (330, 96), label="ClientHello")
    d.arrow((330, 104), (50, 134), label="ServerHello … Finished")
    d.arrow((50, 142), (330, 172), label="Finished")
    d.arrow((50, 152), (330, 182), kind="cool", label="GET /", above=-16)
    d.arrow((330, 200), (50, 230), kind="cool", label="200")
    d.arrow((430, 66), (710, 96), label="ClientHello, with a ticket")
    d.arrow((430, 76), (710, 106), kind="hot", label="GET /  (anybody may repeat it)", above=-18)
    d.arrow((710, 130), (430, 160), label="ServerHello … Finished")
    d.arrow((710, 140), (430, 170), kind="cool", label="200", above=-16)
    d.arrow((430, 186), (710, 216), label="Finished")
    d.arrow((430, 196), (710, 226), label="POST /, which waited for this", above=-18)
    d.text(190, 268, "two round trips", "title", "middle")
    d.text(570, 268, "one round trip, for requests that are safe", "title", "middle")
    return d


def workers() -> Drawing:
    """How a packet gets to the worker that has its connection."""
    d = Drawing(760, 288)
    d.box(14, 112, 118, 56, "a packet", "of a connection", kind="cool")
    d.area(168, 14, 236, 260, "the kernel: a socket a slot")
    d.box(184, 112, 92, 56, "CBPF", "first octet of", "the id: a slot")
    d.area(440, 14, 306, 260, "processes")
    for slot, y in enumerate((50, 118, 186)):
        d.box(316, y, 72, 44, f"slot {slot}", "socket")
        drains = slot == 2
        name = "worker, draining" if drains else "worker"
        says = "its connections only" if drains else "the app, its own loop"
        d.box(470, y, 150, 44, name, says, kind="hot" if drains else "cool")
        d.arrow((276, 140), (296, 140), (296, y + 22), (316, y + 22))
        d.arrow((388, y + 22), (470, y + 22))
        d.arrow((660, 160), (640, 160), (640, y + 22), (620, y + 22), kind="faint dashed")
    d.box(660, 124, 76, 72, "parent", "starts,", "replaces")
    d.arrow((132, 140), (184, 140))
    d.arrow((530, 186), (530, 162), kind="hot")
    d.text(538, 178, "newcomers", "small hot")
    d.text(545, 258, "handed over by a Unix socket", "small", "middle")
    d.text(286, 258, "sockets outlive workers", "small", "middle")
    return d


FIGURES: Final[dict[str, Callable[[], Drawing]]] = {
    "rings": rings,
    "producer": producer,
    "back-pressure": backpressure,
    "fast-path": fast_path,
    "scheduling": scheduling,
    "path-mtu": path_mtu,
    "early-data": early_data,
    "workers": workers,
}
