"""JUnit XML: test cases as continuous integration reads them, one suite a file.

The elements are those that Jenkins, GitLab and GitHub's actions agree on: `failure`, `error` and `skipped` in a
`testcase`. Pitfall: XML 1.0 has no way to write most control characters, so they are written as a reader sees them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from splitbrain.results import format

Outcome = Literal["passed", "failure", "error", "skipped"]


@dataclass(frozen=True)
class Case:
    """One test case. suite: what it belongs to, a class in the words of JUnit. message: one sentence, of one that did
    not pass. text: lines of evidence."""

    name: str
    suite: str
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    text: str = ""


def junit(suite: str, cases: Sequence[Case]) -> str:
    """The XML of one suite of cases."""
    counts = {outcome: sum(case.outcome == outcome for case in cases) for outcome in ("failure", "error", "skipped")}
    figures = {
        "name": format.plain(suite),
        "tests": str(len(cases)),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "skipped": str(counts["skipped"]),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }
    root = ElementTree.Element("testsuites")
    element = ElementTree.SubElement(root, "testsuite", figures)
    for case in cases:
        about = {"name": format.plain(case.name), "classname": format.plain(case.suite), "time": f"{case.seconds:.3f}"}
        one = ElementTree.SubElement(element, "testcase", about)
        if case.outcome != "passed":
            ending = ElementTree.SubElement(one, case.outcome, {"message": format.plain(case.message)})
            if case.outcome != "skipped":
                ending.set("type", case.outcome)
            ending.text = format.plain_lines(case.text)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
