"""The shape of the repository: rooms at the top, imported under one name."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("harness", "workloads", "nemeses", "checkers", "targets", "results")


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_a_folder_at_the_top_and_a_link_in_the_package(room):
    link = ROOT / "src" / "splitbrain" / room
    assert (ROOT / room).is_dir() and link.is_symlink()
    assert link.resolve() == ROOT / room


def test_environments_stand_above_the_rest_of_the_harness():
    found = []
    for path in (ROOT / "harness").rglob("*.py"):
        if path.relative_to(ROOT / "harness").parts[0] == "environments":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            named += [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if any("environments" in name.split(".") for name in named):
                found.append(str(path.relative_to(ROOT)))
    assert found == []
