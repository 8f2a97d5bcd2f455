"""Processes that serve one port together: each one's place, and how a datagram finds its own."""
