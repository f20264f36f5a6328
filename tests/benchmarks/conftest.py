"""The benchmarks are scripts beside each other, so their folder is where they find each other."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
