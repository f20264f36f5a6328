"""Reconfiguration: members leave and join; nodes get another version, one by one.

- `member`      what has to be possible with a node; how long to go on trying
- `membership`  ActiveMembershipChange: nodes are removed, and join again as newcomers
- `upgrade`     ActiveUpgrade: a rolling upgrade that stands still half-way

The same for every environment whose nodes are real: it implements `Member`, and hands over the target's deployment,
which knows how the nodes are asked.
"""
