"""Apache Cassandra 5, a wide-column store without a leader. Nodes are processes or containers, each a Java program.

- `target`       options, claims, deployments
- `jars`         where the server comes from; `containers` the image that holds it
- `members`      configuration, command line, when a node is ready, what its log says when it is ill
- `cql`          one question to one node, without the driver; `maintenance` what an administrator asks of a node
"""

from splitbrain.targets.cassandra.target import Cassandra

__all__ = ["Cassandra"]
