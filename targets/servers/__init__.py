"""A kit for real servers: a new one is one file and a table of errors; `targets/consul` is the example.

- `server`    one description of a server, and its deployments derived from it; options that every server has
- `software`  the program in the version asked for; `sources` where it comes from; `image`, `jvm`
- `access`    endpoints, TLS, users and passwords
- `client`    dispatches operations to methods
- `http`, `tcp`, `driver`   the wire: JSON over HTTP; lines and RESP; drivers on threads of their own
- `errors`    rows of an error table
- `agreement` roles, settling and the audit of all nodes
"""
