"""etcd, a key-value store on Raft. Members are processes, containers, or a cluster that exists already.

- `target`      options, claims, software; a member's command line, when it is ready, what its log says when it is ill
- `gateway`     JSON over HTTP to one member; `errors` what its errors mean
- `client`      its parts: `store` (registers, sets, lists), `lock`, `watch`
- `membership`  members that leave and join
- `audit`       do the members hold the same data; who leads

Operations, for authors of workloads. Every object has a key K; a key may be None for sets. `ok` values:

| f | argument | value when ok | also recorded | when it did not happen |
|---|---|---|---|---|
| read | none | register: its value; set: its elements as a sorted tuple; list: a tuple; nothing there: None, but () if K is None | revision: highest mod_revision seen, 0 if absent | |
| write | value (JSON) | the value | revision | |
| cas | (old, new); old None: absent | (old, new) | revision | fail precondition: the comparison was false |
| add | element (JSON) | the element | revision | |
| append | element (JSON) | the element | revision | fail conflict: the list changed 8 times meanwhile |
| acquire | anything | the argument | token: create_revision, or None | fail conflict: not within `lock_wait_seconds`; fail precondition: this client holds a lock already |
| hold | seconds, below the operation's timeout | the argument | token | fail conflict: the loss was learned just now; fail precondition: not held |
| use | anything | the argument | token, revision of the guarded resource | fail precondition: not held, loss learned before, or fenced off |
| release | anything | the argument | token | fail precondition: not held, or loss learned before |
| watch | watcher's name | tuple of (object, revision, value or None if deleted), in order of delivery | revision: the last one handed out | fail conflict "compacted: …": events are lost, and the watcher goes on after them |
| drain | watcher's name | as watch, waiting until everything that stands under K is delivered | as watch | as watch |

For `watch` and `drain` K is a prefix: the watcher sees all objects whose key begins with it. A watcher's name is any
value, unique per thread; its position outlives the client and moves only when events are handed out with `ok`. An
`ok` watch may be empty. Watchers begin at the first revision after set-up.

A client holds from `ok` of acquire to the invocation of release, or until it learns that it does not. After an
operation for which the client is replaced (`info`, or `fail` of kind refused, timeout, connection or other) it holds
nothing: the lease runs out by itself, and the next release fails.
"""  # noqa: E501

from splitbrain.targets.etcd.target import Etcd

__all__ = ["Etcd"]
