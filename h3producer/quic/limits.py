"""The limits of the QUIC layer that are not settings.

This file knows numbers, their units and their reasons. A limit that a user may have a reason to
change stands in `h3producer/config/` instead.
"""

from __future__ import annotations

__all__ = [
    "ALARM_PAUSE",
    "CONNECTION_ID_LENGTH",
    "CROWD_MEMORY",
    "FLOOD",
    "FLOOD_PENALTY",
    "FLOOD_PERIOD",
    "HANDSHAKE",
    "HEARTBEAT",
    "LINGER",
    "MAX_CONNECTION_IDS",
    "MAX_CRYPTO_DATA",
    "MAX_CRYPTO_GAPS",
    "MAX_DATAGRAM_FRAME",
    "MAX_FLOODERS",
    "MAX_HANDED_OVER",
    "MAX_HOPS",
    "MAX_INBOX",
    "MAX_NEWCOMERS",
    "MAX_PASS",
    "MAX_PEER_CONNECTION_IDS",
    "MAX_READS",
    "MAX_REASON",
    "MAX_RESETS",
    "MAX_SEGMENTED",
    "MAX_SEGMENTS",
    "MAX_TICKING",
    "MAX_TICKS_PER_PASS",
    "MAX_UDP_PAYLOAD",
    "MAX_UNI_STREAMS",
    "MAX_WAITING",
    "MIN_FIRST_CONNECTION_ID",
    "MIN_INBOX",
    "MIXED_PASS",
    "PATIENCE",
    "REFUSAL_PAUSE",
    "SIEVE_MESH",
    "TURN",
    "WORTH_GIVING_BACK",
]

CONNECTION_ID_LENGTH = 8
"""Bytes of our connection ids: 8 random ones cannot be guessed, more would cost every packet."""

MAX_UNI_STREAMS = 16
"""Unidirectional streams a client may have open: HTTP/3 needs 3 (RFC 9114 §6.2), the others are
for reserved and unknown types, which are stopped at once."""

MAX_DATAGRAM_FRAME = 65535
"""Bytes of a DATAGRAM frame that we accept: any that fits a packet (RFC 9221 §3)."""

MAX_REASON = 128
"""Characters of a CONNECTION_CLOSE reason: 512 bytes at most, so that the frame fits a packet that
shares its datagram with others (RFC 9000 §19.19)."""

MIN_FIRST_CONNECTION_ID = 8
"""Bytes of the id that a client makes up for its first packet, at least (RFC 9000 §7.2)."""

REFUSAL_PAUSE = 0.01
"""Seconds between two packets that refuse a connection. A refusal costs more than the first packet
that it answers; what is not answered in a flood looks to its sender like a loss."""

HEARTBEAT = 1.0
"""Seconds between two looks at what takes too long, as in Kestrel. Every such limit is several
seconds, so one timer for all connections is enough, where a timer each would be set and cancelled
with every request."""

LINGER = 0.5
"""Seconds from the last acknowledgement until a connection that ends gracefully is closed, unless
its client closes it first. An acknowledgement says that the client's QUIC has the bytes, not that
the client has read them: on quic-go, what is unread when CONNECTION_CLOSE comes is lost."""

MAX_UDP_PAYLOAD = 2048
"""Bytes of a datagram that are read; what is longer is cut off, and so fails to decrypt. An
Ethernet frame has less. A datagram of 64 KiB may hold 1,500 packets, which is 15 ms of work."""

MAX_RESETS = 1000
"""Stateless resets that a socket sends in a second. Each takes 10 µs, so that strays cost a core a
hundredth at most; and who lost 10,000 connections has told all clients that speak in 10 s."""

MAX_SEGMENTS = 64
"""Datagrams that one system call sends: Linux takes no more (newer ones take 128)."""

MAX_SEGMENTED = 65_000
"""Bytes of them together: what a UDP datagram can hold (65,487 over IPv6), with room for
extension headers."""

MAX_READS = 1024
"""Datagrams that a socket is read for at once, if none is for somebody who did not wait before:
3 ms of reading what a flood has left there."""

PATIENCE = 64
"""Datagrams that are read once there is somebody to be served: a fifth of a millisecond."""

MAX_INBOX = 1024
"""Datagrams of one connection that wait for their turn: a whole window of `connection_buffer`."""

MAX_NEWCOMERS = 64
"""Datagrams that wait to be judged. Those that open a connection take 1.5 ms each, so the last of
them waits a tenth of a second; a client whose first packet was dropped sends another by then."""

FLOOD = 10_000
"""First packets a second, on one socket, that are a flood whatever they are: one core can open a
thirtieth of as many connections."""

FLOOD_PENALTY = 10.0
"""Seconds for which the kernel drops most packets of a connection whose inbox overflowed by `FLOOD`
datagrams a second: congestion control would have halved its rate a hundred times by then."""

MAX_HANDED_OVER = 64
"""Datagrams that other processes handed over which are read at once: as many as `PATIENCE`."""

MAX_HOPS = 2
"""How often a datagram is passed on between processes: to where its connection would be, and from
there to who takes newcomers."""

MAX_FLOODERS = 16
"""Connections that are sieved at once; each makes the filter longer for all packets."""

SIEVE_MESH = 8
"""One in so many of the first packets gets through in a flood; a power of two. What is left of
200,000 a second, which is what one machine sends, takes half a core, while nobody else wants it."""

ALARM_PAUSE = 60.0
"""Seconds between two lines in the log that a flood has begun: one may come and go."""

FLOOD_PERIOD = 0.05
"""Seconds between two looks at how many first packets come."""

MAX_WAITING = 8192
"""Datagrams of all connections of a socket that wait: 10 MB. Beyond that, each connection has room
for only `MIN_INBOX`."""

MIN_INBOX = 8
"""Datagrams of one connection that wait even if others have filled `MAX_WAITING`."""

TURN = 0.00025
"""Seconds of a connection's turn, if others are there: what a small request waits at most for
one that keeps the server busy. About as long as a small request takes by itself."""

HANDSHAKE = 0.002
"""Seconds that a handshake takes, about; it cannot be cut into turns."""

MIXED_PASS = 0.001
"""Seconds until the event loop goes on if several addresses have their turns: what is done for
them together is cheaper, and none of them waits long for its answer."""

CROWD_MEMORY = 0.1
"""Seconds for which the turn of another address is remembered: whoever asks ten times a second is
there all the time, and what an address alone would do in a long pass keeps it waiting."""

MAX_PASS = 0.005
"""Seconds of the turns of one address until the event loop goes on, so that timers and applications
run under any load."""

MAX_TICKS_PER_PASS = 256
"""Connections that are looked at in one pass of the event loop: about half a millisecond."""

MAX_TICKING = 0.0005
"""Seconds of that in one pass, if they have more to be looked at: to end a hundred uploads that do
not go on takes a millisecond and a half."""

MAX_CRYPTO_DATA = 32 * 1024
"""Bytes of TLS messages that a client may send in one packet type. A ClientHello has 300 to 2000;
we ask for no certificates. RFC 9000 §7.5 asks for room for 4096 at least."""

MAX_CRYPTO_GAPS = 64
"""Gaps in them. Browsers cut a ClientHello into a dozen pieces and shuffle those; each piece makes
all further ones dearer."""

MAX_CONNECTION_IDS = 4
"""Connection ids that either end has at once: one in use, and others for the next migrations, which
are followed by new ones. As in quic-go; each costs both ends a frame and an entry for the length of
the connection, so that aioquic's 8 are a tenth of a handshake."""

MAX_PEER_CONNECTION_IDS = 256
"""Connection ids that a client may issue without saying which are retired: one for each of its
migrations."""

WORTH_GIVING_BACK = 1024 * 1024
"""Bytes that responses which do not go on have freed, before the system gets them: that takes about
a millisecond."""
