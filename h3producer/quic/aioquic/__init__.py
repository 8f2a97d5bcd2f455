"""The engine on aioquic. Only this folder imports the library.

| file | what it is |
|---|---|
| `internals.py` | every private name of aioquic that we touch |
| `connection.py` | one connection: what we change in aioquic, and why |
| `connection_model.py` | what each connection of a server begins with |
| `handshaking.py` | what a peer may say in its handshake, and how much |
| `numbers.py` | packet numbers: skipped, acknowledged, and enough for one set of keys |
| `migration.py` | what is forgotten when the peer is elsewhere |
| `connection_ids.py` | ids that the peer issues and retires |
| `resetting.py` | a peer that has lost the connection |
| `endings.py` | how a connection ended, in words |
| `gaps.py` | how shredded a stream may be |
| `handshake_reader.py` | packets of an ordinary handshake, the short way |
| `fast_reader.py` | everyday packets that arrive, the short way |
| `fast_acks.py` | what their ACK frames do |
| `gathering.py` | what arrives of an upload in one turn, told in one piece |
| `request_streams.py` | streams of a client, with as little as they need |
| `fast_timer.py` | the next timer of an open connection |
| `packing.py` | what goes into a packet, where aioquic decides otherwise |
| `announcing.py` | the fast path: which streams have something to send |
| `turns.py` | the fast path: whose turn it is (RFC 9218) |
| `stream_frames.py` | the fast path: STREAM frames |
| `framing.py` | the fast path: other frames of an open connection |
| `flight.py` | the fast path: the packets of a flush, while they fill up |
| `sealing.py` | the fast path: protection, for a whole flush together |
| `greeting.py` | the fast path: what a client is told when its handshake is complete |
| `first_flight.py` | the fast path: the answer to a ClientHello |
| `fast_writer.py` | the fast path: when it is taken, and what recovery learns |
| `pacing.py` | how many packets leave at once |
| `congestion.py` | New Reno or CUBIC with a ceiling |
| `client.py` | a client's end, for `h3producer get` and tests |
| `engine.py` | settings, new connections, refusals |
"""

from __future__ import annotations

from h3producer.quic.aioquic.engine import AioquicEngine

__all__ = ["AioquicEngine"]
