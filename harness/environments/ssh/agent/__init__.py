"""Agent on a host: our own code, copied there. It holds the host for one run and does to its node what is asked.

- `serve`       orders in, answers and events out, one JSON object a line; ends when nobody speaks to it any more
- `member`      the host's node, and what can be done to it: the same code as on the harness's own machine
- `links`       cuts and bad links on a machine that has other things to do, too
- `host_state`  what a run leaves on a host, and how it is found

Nothing here may need more than Python's standard library. The side of the harness is in `ssh.agent_client` and
`ssh.cluster`.
"""
