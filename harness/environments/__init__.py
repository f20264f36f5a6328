"""Places where nodes live: one package per environment, each an implementation of `splitbrain.harness.environment`.

Environments are `sim`, `local`, `docker`, `ssh`, `stdio` and `external`. What they are built from is no environment:
`real` (the one cluster and node that `local`, `docker` and `ssh` share, and the table of injections), `linux` (what the
kernel can do to processes, links, clocks and disks) and `real_time` (how a run goes on where nothing is simulated).

An environment is made for one run. Nothing outside its package knows more of it than the protocol, and nothing else in
`harness` imports any of this.
"""

from collections.abc import Mapping

ENVIRONMENTS: Mapping[str, tuple[str, str]] = {
    "sim": (
        "splitbrain.harness.environments.sim:Sim",
        "nodes, network, clocks and disks in one process under virtual time; the seed fixes every byte",
    ),
    "local": (
        "splitbrain.harness.environments.local:Local",
        "nodes are processes of this machine on a private network of their own; Linux, no root, no Docker",
    ),
    "docker": (
        "splitbrain.harness.environments.docker:Docker",
        "nodes are containers of this machine's Docker Engine, on a network of their own",
    ),
    "ssh": (
        "splitbrain.harness.environments.ssh:Ssh",
        "nodes are processes on machines of yours, reached by ssh: --hosts FILE.toml",
    ),
    "stdio": (
        "splitbrain.harness.environments.stdio:Stdio",
        "nodes are processes that speak JSON on standard input and output, on a simulated network in real time; Linux",
    ),
    "external": (
        "splitbrain.harness.environments.external:Existing",
        "a cluster that exists already, at its target's endpoints: no faults are injected",
    ),
}
"""Every environment of ours by name: its class as `module:attribute`, and one line for `splitbrain list`, which imports
no environment for it."""
