"""The rules of the house: how modules open, how long they are, that class names are unique, that no path of a machine
is in the tree.

Modules in `LONG` are exempt from the limit; the list may only shrink.
"""

import ast
import re
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("harness", "workloads", "nemeses", "checkers", "targets", "results", "src/splitbrain")
LINES_MAX = 400

LONG: dict[str, str] = {}
"""Modules above the limit, each with the reason."""


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module, parsed once."""
    return ast.parse(path.read_text())


def modules() -> Iterator[tuple[str, Path]]:
    """Every Python module of the product, by its path from the root; rooms are not entered twice, through links."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path


def apart() -> Iterator[tuple[str, Path]]:
    """Every Python module beside the product."""
    for folder in ("tests", "benchmarks", "examples"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path


def compiled() -> Iterator[tuple[str, Path]]:
    """Every source of a compiled part."""
    for room in ("checkers", "harness"):
        for path in sorted((ROOT / room).rglob("*.p[yx][xid]")):
            yield path.relative_to(ROOT).as_posix(), path


def opens_with_a_question(docstring: str) -> bool:
    """Whether the first sentence of a docstring is a question."""
    sentence = re.match(r"[^.:;?!]*[.:;?!]", docstring + ".")
    return sentence is not None and sentence[0].endswith("?")


def test_every_module_names_what_it_is() -> None:
    silent, asking = [], []
    for name, path in (*modules(), *(pair for pair in apart() if pair[1].stat().st_size)):
        docstring = ast.get_docstring(parsed(path))
        if docstring is None:
            silent.append(name)
        elif opens_with_a_question(docstring):
            asking.append(name)
    assert silent == []
    assert asking == [], "the first line of a docstring names the thing: a noun phrase or an imperative"


QUESTION = "What Which Whichever Where Wherever When Whenever Why How However Who Whom Whose Whoever Whatever"
CLAUSE = "If Because Since Than That So Is Are Was Does Did Has Can May Must Shall Should Will Would"
FRAGMENT = (
    "Its Their There These Those This It Such Likewise Of As By From To Until Within Without While Nobody Somebody"
)
THIRD_PERSON = (
    "Accepts Applies Asks Builds Carries Finds Follows Gets Gives Goes Judges Keeps Lets Makes Refuses Says Stands"
    " Tells Undoes Waits"
)
NO_NOUN = re.compile(rf"({'|'.join((QUESTION + ' ' + CLAUSE + ' ' + FRAGMENT + ' ' + THIRD_PERSON).split())})\b")
"""Words that neither a noun phrase nor an imperative begins with. `Whether …` names a truth value."""
QUESTION_FIRST = re.compile(r"([^.?!`]|`[^`]*`|[.?!](?!\s|$))*\?(\s|$)")
"""A text whose first sentence is a question, on however many lines."""


SUBJECT = "A An The One Another Each Every Either All No Nothing Everything Something Nobody Somebody Much More"
CLAUSE_BEGINS = (
    "that which who whom whose where when whether what why how if as than for because since while until unless after"
    " before with by from at in on of over under per without within to and or its it they we this these a an the"
)
FINITE = (
    "is are was were has have had must cannot would does do asks came comes goes went tells knows begins stays becomes"
    " wants refuses serves arrives speaks dies makes says keeps"
)
WORDS_BETWEEN = rf"( (?!({'|'.join(CLAUSE_BEGINS.split())})\b)[\w'`-]+){{0,3}}"
SENTENCE = re.compile(rf"({'|'.join(SUBJECT.split())}){WORDS_BETWEEN} ({'|'.join(FINITE.split())})\b")
"""A text that begins with a subject and its verb, up to three words apart: "A participant has voted". A verb behind
`that` or the like is of a clause in a noun phrase."""


def docstrings(tree: ast.AST) -> Iterator[tuple[int, bool, str]]:
    """Every docstring: its line, whether it is of an attribute, and its text."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for place, statement in enumerate(body if isinstance(body, list) else ()):
            value = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.lineno, place > 0 or not isinstance(node, OWNERS), value.value


OWNERS = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def test_docstrings_begin_with_a_noun_or_an_imperative() -> None:
    found = []
    for name, path in (*modules(), *apart()):
        for line, attribute, text in docstrings(parsed(path)):
            first = NO_NOUN.match(text.strip())
            if first and not (attribute and first[0] in FRAGMENT.split()):
                found.append(f"{name}:{line}: {first[0]}")
            if QUESTION_FIRST.match(text.strip()):
                found.append(f"{name}:{line}: a question")
            if SENTENCE.match(" ".join(text.split())):
                found.append(f"{name}:{line}: a sentence")
    assert found == [], "the first line of a docstring names the thing: a noun phrase or an imperative"


def test_compiled_parts_follow_the_rule_too() -> None:
    found = []
    for name, path in compiled():
        for text in re.findall(r'"""(.*)', path.read_text()):
            if any(rule.match(text) for rule in (NO_NOUN, QUESTION_FIRST, SENTENCE)):
                found.append(f"{name}: {text}")
    assert found == []


def other_sources() -> Iterator[tuple[str, Path]]:
    """Every source in another language: those of pages, and of what is measured beside us."""
    for folder in (*ROOMS, "tests", "benchmarks", "examples"):
        for path in sorted((ROOT / folder).rglob("*.*")):
            if path.suffix in (".js", ".css", ".html", ".go", ".c", ".h") and not path.with_suffix(".pyx").exists():
                yield path.relative_to(ROOT).as_posix(), path


def test_pitfalls_are_called_so() -> None:
    sources = (*modules(), *compiled(), *other_sources())
    found = [name for name, path in sources if re.search(r"\b[Tt]he (one )?trap\b", path.read_text())]
    assert found == [], "write 'Pitfall: …'"


MANNERED = {"harm": "fault, injection", "hurt": "injected, faulty", "desk": "dispatcher", "errand": "admin command"}
"""Words that went from comments and docstrings, with those that stand for them."""


def test_words_that_went_stay_away() -> None:
    pattern = re.compile(rf"\b({'|'.join(MANNERED)})s?\b", re.IGNORECASE)
    sources = [pair for pair in (*modules(), *compiled(), *apart()) if pair[1] != Path(__file__)]
    found = {name: match[0] for name, path in sources if (match := pattern.search(path.read_text()))}
    assert found == {}, f"write instead: {MANNERED}"


def test_no_two_classes_have_one_name() -> None:
    where = defaultdict(list)
    for name, path in (*modules(), *apart()):
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef):
                where[node.name].append(name)
    for name, path in compiled():
        if path.suffix in (".pyx", ".pxi"):
            for kind in re.findall(r"(?m)^(?:cdef )?class (\w+)", path.read_text()):
                where[kind].append(name)
    twice = {name: places for name, places in where.items() if len(places) > 1}
    assert twice == {}


def test_no_module_is_too_long() -> None:
    lengths = {name: path.read_text().count("\n") for name, path in (*modules(), *compiled())}
    long = {name: lines for name, lines in lengths.items() if lines > LINES_MAX}
    assert {name: lines for name, lines in long.items() if name not in LONG} == {}


def test_no_path_of_a_machine_is_in_the_tree() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    pattern = re.compile(r"/(?:work|root|home/\w+)/(?!\.\w)")
    suffixes = (".py", ".md", ".toml", ".html", ".js", ".css", ".pyx", ".pxi", ".yml", ".yaml")
    found = set()
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in suffixes and path != Path(__file__) and path.is_file():
            found.update(name for line in path.read_text(errors="replace").splitlines() if pattern.search(line))
    assert found == set()


def test_every_module_of_the_roof_is_in_a_layer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["name"] == "Imports run downwards")
    named = {name.strip() for layer in layers for name in layer.split("|")}
    roof = ROOT / "src" / "splitbrain"
    modules = {
        f"splitbrain.{path.stem}"
        for path in (*roof.glob("*.py"), *(path.parent for path in roof.glob("*/__init__.py")))
    }
    modules |= {f"splitbrain.runner.{path.stem}" for path in (roof / "runner").glob("*.py")}
    assert modules - named - {"splitbrain.__init__", "splitbrain.runner", "splitbrain.runner.__init__"} == set()


def test_no_source_names_a_character() -> None:
    """Python compiles such a name by an import of its own, and an interrupt in there becomes a SyntaxError."""
    found = [name for name, path in modules() if "\\N{" in path.read_text(encoding="utf-8")]
    assert found == [], "write the character itself, or its number as \\u…"
