"""Sockets: what comes in, who of the connections on them has a turn, and what goes out."""
