"""A small HTTP/3 client, for the first minute with a server and for its tests.

| file | what it is |
|---|---|
| `connection.py` | one connection to one server, on a UDP socket |
| `response.py` | from the bytes of a stream to a response |
| `target.py` | URLs, and whose certificates are trusted for them |
| `errors.py` | why there is no answer |

It is not a library for other programs: no pool, no redirects, no cookies, no content codings.
Nothing is re-exported: whoever needs one of these says which.
"""
