"""The textbook: claims about distributed systems, and what measuring them came to.

- `systems`       systems and configurations with the class that the usual tables give them (`systems.toml`)
- `known_bugs`    commands with the verdict that each is known to have (`known_bugs.toml`)
- `claim`         claims, their sources and the finding that is on record (`claims.toml`); what a measurement is
- `simulated`     runs in the simulator, whose histories are measured
- `quorums` `replication` `agreement` `locks` `clocks` `caches` `delivery` `partitioning` `arithmetic` `fallacies`
  `detectors`     the measurements, by topic
- `happened_before`  what happened before what in a run, by its messages
- `consensus` `lost_log` `stamps` `moving` `repair` `availability`     more of them: problems equivalent to consensus,
  coordinators without a log, logical clocks, keys that move, read repair, stores whose nodes fail
- `scripts`       clients that go by a script
- `failures` `consumers` `indexes`     machines that fail, consumers that crash and secondary indexes, simulated
- `overload`      the measurements about overload, and the simulated service that they measure
- `designs` `costs`     round trips, messages and bytes of an operation: by the design of each own store, and measured
- `catalogue`     the measurement of each claim, by name
- `measure`       claims over seeds, by several processes: figures with intervals, and the finding
- `picture` `pictures`     curves through measured figures, and those that there are
- `page`          the table of `docs/claims.md`
"""
