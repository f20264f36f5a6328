"""Names of the assumptions on keys, with their meaning for people."""

from collections.abc import Mapping
from typing import Final

NOTHING: Final = "nothing"
SEQUENTIAL: Final = "sequential-keys"
LINEARIZABLE: Final = "linearizable-keys"
ASSUMPTIONS: Mapping[str, str] = {
    SEQUENTIAL: "along a session, no key goes back to an older version",
    LINEARIZABLE: "in real time, no key goes back to an older version",
}
