"""MariaDB with InnoDB."""

from splitbrain.targets.mariadb.target import MariaDB as MariaDB
