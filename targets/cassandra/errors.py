"""What does each error of Cassandra mean? Placeholder of the first commit, replaced by the client side."""

from splitbrain.harness.client import ErrorTable

ERRORS = ErrorTable()
