"""Apache Cassandra 5, a wide-column store without a leader. Nodes are processes or containers, each a Java program.

- `target`       options, claims, deployments
- `jars`         where the server comes from; `containers` the image that holds it
- `members`      configuration, command line, when a node is ready, what its log says when it is ill
- `cql`          one question to one node, without the driver; `maintenance` what an administrator asks of a node
- `manners`      what can be set of clients, and what may be claimed then; `statements` tables and requests at those levels
- `session`      the driver, and one node; `sessions` which clients share it; `errors` what its errors mean
- `client`       dispatches operations to `plain` or `lwt` (registers, lists), `sets`, `counters`
- `audit`        have the nodes recovered, do the replicas hold the same data

The operations, for whoever writes a workload. Every object has a key K; a key may be None for sets. `ok` values:

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
