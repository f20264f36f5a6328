"""`binary:FILE.toml`: a server of your own as a target, described by a TOML file and no code.

- `description` the file: command, port, readiness, operations, errors; checked as it is read
- `template`    `{address}`, `{key}`, `{value}` … in words of the file
- `client`      operations as HTTP requests or RESP commands
- `target`      the target, and its nodes as processes

See `docs/your-own-target.md`.
"""

from splitbrain.targets.binary.target import Binary

__all__ = ["Binary"]
