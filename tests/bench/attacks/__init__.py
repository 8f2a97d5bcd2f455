"""Attacks on a server, beside a client that behaves: what it feels, and what the server spends.

    python -m tests.bench.attacks [--write] [--quick] [--only NAME] [--seconds 10]

Three processes: the server, the attacker (`attacker.py` and what it runs) and the client that
behaves (`good.py`). `bench.py` starts them, looks at the clocks and makes the table.
"""
