"""Connection ids that a load balancer can route: QUIC-LB, draft-ietf-quic-load-balancers.

This room knows the bytes of such an id, from both ends: a server makes them, and a balancer reads
in them which server to send a packet to, through every change of the client's address. Text and
section names are those of the draft's working copy behind -21 (May 2026), which changed no byte.
It refuses to know sockets, connections and where settings stand.

Its one rule: what is worth keeping secret is the server, not the id; an id is never made twice.
"""
