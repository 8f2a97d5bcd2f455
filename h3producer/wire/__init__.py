"""The wire: bytes in, values out, and back again. The lowest ring of the house.

Nothing here waits, keeps time or talks to anyone: no asyncio, no sockets, no clock, no logging.
What a peer got wrong raises an error of `h3producer.errors` that carries the code to answer
with; what an application may not send raises `LocalProtocolError`.

    varint       QUIC's variable-length integers (RFC 9000 §16)
    frames       frames, and the reader that cuts a stream into them (RFC 9114 §7)
    settings     the payload of SETTINGS (RFC 9114 §7.2.4)
    prefixed     QPACK's integers and strings (RFC 9204 §4.1)
    field_lines  where the lines of an encoded section lie (RFC 9204 §4.5)
    qpack        field section ↔ bytes, static table only (RFC 9204)
    fields       what a field may be, whoever sends it (RFC 9110 §5, RFC 9114 §4.2)
    received     what makes a peer's section malformed; trailers (RFC 9114 §4.1.2)
    target       the pseudo-headers of a request (RFC 9114 §4.3.1, §4.4)
    request      field section → `Request`
    response     status and headers → field section (RFC 9114 §4.3.2)
"""
