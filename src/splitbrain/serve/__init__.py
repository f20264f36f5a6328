"""Kept runs, campaigns and cards in the browser: read-only, for `splitbrain serve`."""
