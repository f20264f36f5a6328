"""Folder of the benchmarks for imports: they are scripts beside each other, and find each other there."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
