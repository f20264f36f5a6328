"""Where do nodes live? One package per environment, each an implementation of `splitbrain.harness.environment`.

- `sim`    virtual time, one process, deterministic: the seed fixes every byte of the history
- `local`  ordinary processes of this machine on a private network, without root
- `docker` containers on a network of this machine
- `ssh`    processes on machines that exist already
- `external` a cluster that exists already, at its target's endpoints
- `hosted` no environment: what nodes on this machine have in common, and how each harm is done to them
- `linux`  no environment: what the Linux kernel can do to processes, links, clocks and disks, for those that need it
- `real_time` no environment: how a run goes on where nothing is simulated

An environment is made for one run. Nothing outside its package knows more of it than the protocol.
"""
