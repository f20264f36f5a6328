"""Apache Cassandra 5, a wide-column store without a leader. Nodes are Java processes, containers, or a cluster that
exists already.

- `target`           options, software; how nodes are called, when they are ready, what their logs say when they are ill
- `configuration`    cassandra.yaml, and command lines
- `cql`              one question to one node, without the driver
- `client_settings`  what can be set of clients, and what may be claimed then; `schema` tables and requests
- `session`          the driver, and one node; `errors` what its errors mean
- `client`           dispatches to `objects`: registers and lists, sets, counters
- `audit`            do the replicas hold the same data

Operations, for authors of workloads. Every object has a key K; a key may be None for sets. `ok` values:

| f | argument | value when ok | with `lwt=on` | when it did not happen |
|---|---|---|---|---|
| read | none | register: its value; list or set: a tuple, a set's in order; counter: the sum; nothing there: None, but () if K is None; revision: a register's stamp | at SERIAL | |
| write | value (JSON) | the value | IF EXISTS, else IF NOT EXISTS | |
| cas | (old, new); old None: absent | (old, new) | only there | fail precondition: the condition was false |
| append | element (JSON) | the element | IF value = ?, else a blind write of the whole list | fail conflict: the list changed 8 times meanwhile |
| add, remove | element (JSON) | the element | conditional, too | |
| increment | delta | the delta | not there | |
"""  # noqa: E501

from splitbrain.targets.cassandra.target import Cassandra

__all__ = ["Cassandra"]
