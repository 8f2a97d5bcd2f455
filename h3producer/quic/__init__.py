"""QUIC behind the port: from UDP datagrams to `http3/transport.py` and back.

| file | what it is |
|---|---|
| `engine.py` | what we ask of a QUIC library, without sockets or a clock |
| `aioquic/` | the engine on aioquic; nothing else imports that library |
| `credit.py` `tokens.py` `packets.py` | values: flow control, Retry, packet headers |
| `limits.py` | numbers that are not settings |
| `acceptor.py` | which first packets become connections |
| `transport.py` | the port, on one engine connection |
| `drains.py` `timer.py` | who waits for room; one timer per connection |
| `heartbeat.py` | once a second, for all connections of an endpoint |
| `link.py` | the border between a connection and the socket it lives on |
| `endpoint.py` | one UDP socket and all connections that live on it |
| `sockets.py` | how sockets are bound |

Nothing is re-exported: whoever needs one of these says which.
"""
