"""HTTP/3 as qlog tells it: the events of our own layer, noted beside it.

What happens on a connection is read off the two ways across the port (`http3/transport.py`): what
the core sends, and what comes in. So no line of the core knows that somebody takes notes, and a
connection of which none are taken has nothing to pay.
"""
