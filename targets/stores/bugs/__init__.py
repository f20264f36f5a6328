"""Bugs of the own stores, each a small class that stands in for one part of a correct store.

`shared` has those of the parts that all stores share, `raft_elections`, `raft_log`, `raft_snapshots` and `raft_clients`
those of raft, and `catalogue` names them all, with what was got wrong and by whom. A bug changes as little as it can:
one method, so that reading it shows the mistake.
"""
