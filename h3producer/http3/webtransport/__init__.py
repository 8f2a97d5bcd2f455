"""WebTransport over HTTP/3: sessions, their streams and datagrams. Experimental.

    connection.py   which streams of a connection are sessions' at all
    heads.py        streams that have not said yet
    sessions.py     which stream belongs to which session
    exchange.py     the CONNECT request that is a session
    session.py      one session: what its application does, and what it hears
    words.py        what both ends say of it on its CONNECT stream
    inbox.py        what waits for the application, and in which order it hears of it
    stream.py       one stream of a session
    events.py       what an application hears

The rules are those of draft-ietf-webtrans-http3, which the files call "the draft"; its sections are
those of its revision 16. `wire/webtransport.py` says which revisions are spoken.
"""
