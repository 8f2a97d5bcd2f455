"""The life of a server: from a `Config` to sockets that answer, and back again in good order.

| file | what it is |
|---|---|
| `server.py` | the order in which a server starts and stops |
| `app_loader.py` | from `module:attribute` to something that can be served |
| `certificates/` | what TLS needs |
| `requests.py` | the requests that are in the application: limit, access log |
| `signals.py` | INT and TERM |
| `logging.py` | the default logging and its replacement |
| `errors.py` | why a server does not start |

Nothing is re-exported: whoever needs one of these says which.
"""
