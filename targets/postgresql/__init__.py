"""PostgreSQL, a relational database: isolation levels, streaming replication, promotion."""

from splitbrain.targets.postgresql.target import PostgreSQL as PostgreSQL
