"""The same application over HTTP/1.1 and HTTP/2, on TCP, by Hypercorn.

    TCP ─▶ connection ─▶ Hypercorn's protocol ─▶ stream ─▶ exchange ─▶ Requests ─▶ app
                                                    ▲          │
    TCP ◀─ connection ◀─ Hypercorn's protocol ◀─────┴─ writer ◀┘

Hypercorn makes requests of bytes and bytes of responses. What a request is from there on is what
it is over HTTP/3, an `Http3Stream` with another frame writer: so limits, endings, back-pressure,
WebSocket, handlers without ASGI, the access log and the shutdown are the same by being the same.

| file | knows |
|---|---|
| `both` | UDP and TCP as one |
| `listeners`, `service` | the sockets, who may connect, who is there |
| `sockets`, `tls`, `field_lines` | where it listens, with which certificate, what responses say |
| `connection`, `conversation` | one TCP connection: its bytes, its exchanges, its end |
| `protocols`, `stream` | Hypercorn |
| `request`, `response_writer`, `exchange`, `transport` | one request, as HTTP/3's core wants it |
"""
