"""A client in a few lines, to try the other examples from Python.

    python examples/client.py https://localhost:4433/

The package's own client knows one request per connection and is meant for the first minute;
for real work there are niquests, curl-cffi or httpx with an HTTP/3 transport.
"""

from __future__ import annotations
