"""The compiled parts, each optional: without a C compiler splitbrain installs and works, more slowly. With them comes
`harness/build_stamp`, the checksums of their sources, by which `harness/compiled.py` tells parts that are out of date.

What is made on the way lies below build/, or, where this checkout may not be written to, in a folder that goes away.
"""

import atexit
import os
import shutil
import sys
import tempfile
import zlib
from pathlib import Path

from setuptools import Extension, setup

SUFFIXES = (".pyx", ".pxi", ".pxd")
ROOMS = ("checkers", "harness", "nemeses", "results", "targets", "workloads")

Options = dict[str, dict[str, object]]


def extensions(made: Path) -> list[Extension]:
    """One extension a `.pyx`, named by its path under src/. made: where the C goes."""
    from Cython.Build import cythonize  # here, so that what is wrong with a clone is said first

    flags = [] if os.name == "nt" else ["-O3", "-g0"]
    found_parts = sorted(part for room in ROOMS for part in Path(room).rglob("*.pyx"))
    parts = [
        Extension(
            ".".join(("splitbrain", *part.with_suffix("").parts)),
            [str(Path("src", "splitbrain", part))],
            extra_compile_args=flags,
        )
        for part in found_parts
    ]
    parts.append(Extension("splitbrain.harness.build_stamp", [str(stamp(made))], extra_compile_args=flags))
    found: list[Extension] = cythonize(parts, include_path=["src"], build_dir=str(made), quiet=True)
    for extension in found:
        extension.optional = True  # here, for cythonize makes new ones and forgets it
    return found


def stamp(made: Path) -> Path:
    """The source of `harness/build_stamp`, written anew if any other source has changed."""
    sources = sorted(part for room in ROOMS for part in Path(room).rglob("*") if part.suffix in SUFFIXES)
    sums = {part.as_posix(): zlib.crc32(part.read_bytes()) for part in sources}
    text = f"# cython: language_level=3\nSOURCES = {sums!r}\n"
    path = made / "build_stamp.pyx"
    made.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    return path


def require_links() -> None:
    """End with one sentence where git wrote the links to the rooms as small files, the default on Windows."""
    broken = [path for path in (Path("src", "splitbrain", room) for room in ROOMS) if path.is_file()]
    if broken:
        sys.exit(
            f"{broken[0].as_posix()} is a file and not a link, for this clone was made without symbolic links: run "
            "'git config core.symlinks true' and 'git checkout -- src' in it (on Windows, turn on Developer Mode "
            "first), then install again."
        )


def elsewhere() -> tuple[Path, Options]:
    """Folder in which files are made, and what setuptools is to be told of it."""
    if os.access(".", os.W_OK) and os.access("src", os.W_OK):
        return Path("build"), {}
    made = tempfile.mkdtemp(prefix="splitbrain-build-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made), {"build": {"build_base": made}, "egg_info": {"egg_base": made}}


require_links()
base, options = elsewhere()
options["build_ext"] = {"parallel": 2}
setup(ext_modules=extensions(base / "cython"), options=options)
