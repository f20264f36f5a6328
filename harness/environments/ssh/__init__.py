"""`--env ssh`: nodes on machines that exist already, reached by SSH.

- `hosts`          RemoteHost: the machines, as a file describes them
- `connection`     SshConnection: commands, files, a program to talk to
- `upload`         our code and the target's files, copied to a host's cache
- `agent_client`   AgentClient: requests to the agent on a host, and its replies; `serialization`: injections as JSON
- `agent/`         what runs there
- `node`, `cluster`   RemoteNode, HostsCluster: the base is in `real`, the work is done by the agents
- `environment`    Ssh
"""

from splitbrain.harness.environments.ssh.environment import Ssh

__all__ = ["Ssh"]
