"""Databases that are libraries, SQLite, DuckDB, Delta Lake and Iceberg: a node is a process of ours.

- `server`  that process: each connection is a session of the library's own, on a thread
- `client`  SQL over lines of JSON
- `target`  SQLite and DuckDB, with what they claim
- `lakes`, `lake_target`  Delta Lake and Iceberg: nodes that share a folder, each on its own
"""

from splitbrain.targets.embedded.target import DuckDB as DuckDB
from splitbrain.targets.embedded.target import SQLite as SQLite
