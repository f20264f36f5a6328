"""Transactions: list-append and rw-register histories against every isolation level that can be judged black box.

history.py        a history as flat columns: transactions, micro-operations, versions
parts.py          transactions in two operations, begin and commit, made whole
reading.py        operations into these columns; flat.py: their micro-operations as numbers
suspects.py       where a direct anomaly may be
direct.py         anomalies that values alone show
versions.py       what reads say of the order of versions
graph.py          dependency graphs: edges by kind, cycles, topological orders
order_edges.py    edges of sessions and of real time
dependencies.py   ww, wr and rw edges, once the order of versions is known, as far as it is known
blocks.py         writers of one key with nothing between them
guessing.py       their order, as the times of readers suggest it
scheduling.py     one transaction after the other, in real time, from the front
choices.py        pairs of versions that reads leave unordered: pruning, a guess that is verified, a bounded search
visibility.py     read atomic, causal consistency and read committed as an axiom; sight.py: by vector clocks
conditions.py     which cycles there are, under every order of versions that reads permit
judgement.py      anomalies and models, consistent with the lattice
evidence.py       shortest cycles, and the words for them
certificate.py    an order of transactions, replayed on a toy store
version_replay.py the same for levels below snapshot isolation, on a store of all versions
key_replay.py     an order of transactions against an assumption on keys
assumptions.py    an order of versions that only an assumption on keys tells; assumption_names.py: their names
check.py          the checkers, and their entries for `--model`

predicates.py        reads by predicates in a closed universe, as edges; predicate_replay.py: an order, replayed
predicate_levels.py  the levels of a graph with predicates, and their evidence
closed_predicate.py  the checker of closed-predicate, and its entry

Compiled parts, each with a twin in Python: reading_native with flat_native, suspects_native, graph_native,
certificate_native, order_native, visibility_native (twin: visibility).
"""
