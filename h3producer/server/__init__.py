"""The life of a server: from a `Config` to sockets that answer, and back again in good order.

| file | what it is |
|---|---|
| `server.py` | the order in which a server starts and stops |
| `run.py` | how many processes there are |
| `workers/` | many processes that serve one address |
| `exits.py` | that the end was asked for |
| `app_loader.py` | from `module:attribute` to something that can be served |
| `certificates/` | what TLS needs |
| `requests.py` | the requests that are in the application: limit, access log |
| `request_limit.py` | after how many a process is due for another |
| `signals.py` | INT and TERM |
| `logging.py` | the default logging and its replacement |
| `errors.py` | why a server does not start |
| `causes.py` | what of an application's exception is shown |

Nothing is re-exported: whoever needs one of these says which.
"""
