"""How do nodes live on machines that exist already, reached by SSH? `--env ssh`.

- `hosts`        the machines, as a file describes them
- `connection`         one SSH connection: commands, files, a program to talk to
- `kit`          our code and the target's files, copied to a host's cache
- `link`         orders to the agent on a host, and its answers; `wire`: injections as JSON
- `agent/`       what runs there
- `cluster`      HostsCluster: a node on each host
- `environment`  Ssh
"""

from splitbrain.harness.environments.ssh.environment import Ssh

__all__ = ["Ssh"]
