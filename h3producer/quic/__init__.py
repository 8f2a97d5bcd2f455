"""QUIC behind the port: from UDP datagrams to `http3/transport.py` and back.

| file or room | what it is |
|---|---|
| `engine.py` | what we ask of a QUIC library, without sockets or a clock |
| `aioquic/` | the engine on aioquic; nothing else imports that library |
| `acceptor.py` `admission.py` | which first packets become connections |
| `transport.py` | the port, on one engine connection |
| `drains.py` `timer.py` `credit.py` | who waits for room; one timer per connection; flow control |
| `link.py` | the border between a connection and the socket it lives on |
| `udp/` | sockets, what comes in, whose turn it is, and what goes out |
| `keys/` | tickets, tokens, stateless resets, and the secrets behind them |
| `siblings/` | processes that serve one port together |
| `balancing/` | connection ids that load balancers read (QUIC-LB) |
| `packets.py` `limits.py` | packet headers; numbers that are not settings |

Nothing is re-exported: whoever needs one of these says which.
"""
