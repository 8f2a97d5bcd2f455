"""Certificates: how a development certificate is made and kept, how any is read and checked.

| file | what it is |
|---|---|
| `development.py` | a self-signed certificate that browsers accept, in memory |
| `files.py` | its two files on disk, and the key that nobody else can read |
| `credentials.py` | what a server presents, read from files |
| `hints.py` | command lines that trust a given certificate |

Nothing is re-exported: whoever needs one of these says which.
"""
