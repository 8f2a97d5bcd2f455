"""Many processes that serve one address, and the one that looks after them.

| file | what it is |
|---|---|
| `supervisor.py` | the parent: starts workers, replaces them, and stops them |
| `crew.py` | who has which slot |
| `grounds.py` | what all workers stand on: sockets by slot, and who is steered where |
| `process.py` `launch.py` | a worker as the parent sees it, and how its interpreter is started |
| `worker.py` | the child: a `Server` that listens to its parent |
| `channel.py` | what the two say to each other |
| `assignment.py` | what a worker is told first |
| `pauses.py` | how long to wait for one that dies again and again |
| `reload.py` `changes.py` | one worker, started anew whenever a file changes |

Nothing is re-exported: whoever needs one of these says which.
"""
