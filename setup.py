"""The compiled search kernel, each part optional: without a C compiler splitbrain installs and works, more slowly."""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

KERNEL = "splitbrain.checkers.porcupine.kernel"
PARTS = ("problem", "steps", "narrow", "wide", "vast", "verify", "zones", "texts", "text_steps")


def extensions() -> list[Extension]:
    """One extension a `.pyx`, named by its path under src/."""
    folder = Path("src", *KERNEL.split("."))
    flags = [] if os.name == "nt" else ["-O3", "-g0"]
    parts = [Extension(f"{KERNEL}.{part}", [str(folder / f"{part}.pyx")], extra_compile_args=flags) for part in PARTS]
    found: list[Extension] = cythonize(parts, include_path=["src"], quiet=True)
    for extension in found:
        extension.optional = True  # here, for cythonize makes new ones and forgets it
    return found


setup(ext_modules=extensions(), options={"build_ext": {"parallel": 2}})
