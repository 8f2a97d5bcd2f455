"""WebTransport for ASGI applications: a scope and messages of our own. Experimental.

    scope.py   what an application is told before it runs
    cycle.py   the messages, and which may come when

ASGI has no specification of this. The shape is that of django/asgiref issue 280, as far as it goes,
and `docs/webtransport.md` says the rest. Both may change with any release.
"""
