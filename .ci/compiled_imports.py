"""Check that no folder of compiled parts is in an import circle, for import-linter does not read `.pyx` files.

What they include is read too. Imports inside one folder are not looked at.
"""

import re
import sys
from pathlib import Path

import grimp

IMPORT = re.compile(r"^\s*(?:from\s+(splitbrain[\w.]*)\s+c?import|c?import\s+(splitbrain[\w.]*))", re.MULTILINE)

graph = grimp.build_graph("splitbrain")
sources = [path for room in ("harness", "checkers") for path in sorted(Path(room).rglob("*.pyx"))]
compiled = {".".join(("splitbrain", *path.with_suffix("").parts)): path for path in sources}
for module, path in compiled.items():
    graph.add_module(module)
    text = path.read_text()
    text += "".join((path.parent / name).read_text() for name in re.findall(r'^include "(.+)"', text, re.MULTILINE))
    for imported in ("".join(names) for names in IMPORT.findall(text)):
        graph.add_import(importer=module, imported=imported)
found = False
for module, path in compiled.items():
    folder = module.rpartition(".")[0]
    for imported in sorted(graph.find_modules_directly_imported_by(module)):
        if imported == folder or imported.startswith(f"{folder}."):
            continue
        for chain in sorted(graph.find_shortest_chains(imported, folder, as_packages=True)):
            found = True
            print(f"{path}: import circle: {' → '.join((module, *chain))}; move down what both need", file=sys.stderr)
sys.exit(found or not compiled)
