"""HTTP/3: what the requests, responses and streams of a connection do. The middle ring.

Nothing here knows sockets, signals or ASGI; time comes from the loop's clock, and QUIC is the port.

| file | what it is |
|---|---|
| `transport.py` | the port: all that is asked of QUIC |
| `connection.py` | one connection: what the world may do to it |
| `control_stream.py` `own_streams.py` | the unidirectional streams, theirs and ours |
| `exchange.py` | one request stream, from its first byte to its end |
| `request_reader.py` `request_body.py` | what comes on it |
| `stream.py` `response.py` | what a handler has of it |
| `output_producer.py` `data_pump.py` | one response: its states, its pipe, and who empties it |
| `frame_writer.py` | values to frames on one stream |
| `state.py` | what may follow what, as tables |
| `priorities.py` `turnstile.py` `pace.py` | whose turn it is |
| `load.py` `patience.py` `data_rate.py` | what is too much, too long, too slow |
| `webtransport/` | sessions |

Nothing is re-exported: whoever needs one of these says which.
"""
