"""Check the import rules of `pyproject.toml`, as `lint-imports` does, with the compiled parts read too: import-linter
by itself does not see what a `.pyx`, its `.pxd` and what it includes import.
"""

import re
import sys
from pathlib import Path

from grimp import ImportGraph
from importlinter import configuration
from importlinter.adapters.building import GraphBuilder
from importlinter.application import use_cases
from importlinter.application.app_config import settings

FROM = re.compile(r"^\s*from\s+(splitbrain[\w.]*)\s+c?import\s+(\([^)]*\)|.*)", re.MULTILINE)
PLAIN = re.compile(r"^\s*c?import\s+(splitbrain[\w.]*)", re.MULTILINE)
RELATIVE = re.compile(r"^\s*from\s+(\.[\w.]*)\s+c?import", re.MULTILINE)


def sources() -> dict[str, str]:
    """Module → the text of a compiled part, with what belongs to it."""
    found = {}
    for room in ("harness", "checkers"):
        for path in sorted(Path(room).rglob("*.pyx")):
            text = path.read_text()
            included = [path.parent / name for name in re.findall(r'^include "(.+)"', text, re.MULTILINE)]
            parts = [*included, *filter(Path.exists, [path.with_suffix(".pxd")])]
            found[".".join(("splitbrain", *path.with_suffix("").parts))] = "\n".join(
                [text, *(part.read_text() for part in parts)]
            )
    return found


class CompiledToo(GraphBuilder):
    """The graph of imports with those of compiled parts."""

    def build(self, *args: object, **options: object) -> ImportGraph:
        """See import-linter."""
        graph = super().build(*args, **options)
        texts = sources()
        if not any(map(FROM.search, texts.values())):
            sys.exit("no compiled part that imports anything was found: run this from the root of the repository")
        for module in texts:
            graph.add_module(module)
            package, _, name = module.rpartition(".")
            for importer in graph.find_modules_that_directly_import(package):  # what was read of it is the package
                lines = [
                    found["line_contents"] for found in graph.get_import_details(importer=importer, imported=package)
                ]
                if any(re.search(rf"\b{name}\b", line) for line in lines):
                    graph.add_import(importer=importer, imported=module)
        for module, text in texts.items():
            if RELATIVE.search(text):
                sys.exit(f"{module}: write imports in full, from splitbrain on: relative ones are not looked at")
            for package, names in FROM.findall(text):
                for name in re.findall(r"\w+", names) or [""]:
                    inner = f"{package}.{name}"
                    graph.add_import(importer=module, imported=inner if inner in graph.modules else package)
            for imported in PLAIN.findall(text):
                graph.add_import(importer=module, imported=imported)
        return graph


configuration.configure()
settings.configure(GRAPH_BUILDER=CompiledToo())
sys.exit(not use_cases.lint_imports())
