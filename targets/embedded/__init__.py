"""Databases that are libraries, SQLite and DuckDB: a node is a process of ours that holds the file and serves sessions.

- `server`  that process: each connection is a session of the library's own, on a thread
- `client`  SQL over lines of JSON
- `target`  the two targets, with what their libraries claim
"""

from splitbrain.targets.embedded.target import DuckDB as DuckDB
from splitbrain.targets.embedded.target import SQLite as SQLite
