"""Rolls under load: every worker is replaced again and again while independent clients ask.

| file | what it is |
|---|---|
| `__main__.py` | the command line |
| `roll.py` | the order: clients ask, HUP, until all workers are others |
| `service.py` | a server with workers, and what its parent says of them |
| `asker.py` | a client in a process of its own: asks until its input ends |
| `curl_asker.py` `qh3_asker.py` `go_asker.py` | the clients |
"""
