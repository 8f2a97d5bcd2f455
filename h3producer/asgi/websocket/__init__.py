"""ASGI `websocket`: WebSocket over HTTP/3 (RFC 9220, which is RFC 8441 over HTTP/3).

A CONNECT with `:protocol` websocket is a tunnel (`Http3Stream.is_tunnel`), and this room makes
messages of its bytes. From the bottom up:

    offer        what a client offers in its head, and what it is answered
    extensions   permessage-deflate, and how large a message may get
    frames       bytes ◀─▶ frames: wsproto, and nobody else knows it
    inbox        messages that the application has not received yet
    outbox       one frame after another into the tunnel
    keepalive    pings, and who does not answer them
    socket       one open WebSocket: what comes, what leaves, and how it ends
    cycle        what an application may say, and what it is told
    scope        what an application is told beforehand

Its one rule: frames are wsproto's business. It is an optional extra, so nothing above `frames` is
imported before a client asks for a WebSocket.
"""
