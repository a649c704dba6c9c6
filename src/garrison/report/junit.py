"""JUnit XML, as GitLab ("Unit test reports", GitLab Docs) and the JUnit plugin of Jenkins read it.

There is no standard. GitLab shows what stands inside of an element, Jenkins its `message` too, and GitLab keeps only the
first of two cases with one name: a case is called by its check and the address of its asset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from garrison.findings.finding import Finding
from garrison.findings.result import Result
from garrison.report import View
from garrison.report.terminal.code import remark_of
from garrison.report.terminal.frame import at
from garrison.report.terminal.text import clean

_FORBIDDEN = re.compile("[\ufffe\uffff]")  # in XML 1.0 (section 2.2), beside the controls that are escaped anyway


def render(result: Result, view: View) -> Iterator[str]:
    """One suite: a case that fails for each finding, and one that passes for each check that some asset passes."""
    del view
    skipped = [
        *((f, "known by the baseline") for f in result.baselined),
        *((i.finding, f"ignored: {i.ignore.reason}") for i in result.ignored),
        *((f, f"undecided: {', '.join(f.decided_by) or f.why}") for f in result.undecided),
    ]
    failures, errors, passes = len(result.findings), len(result.errors) + len(result.problems), result.passed_by_check
    counts = {"tests": failures + errors + len(skipped) + len(passes), "failures": failures, "errors": errors}
    said = _attributes({name: str(number) for name, number in counts.items()})
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites{said}>\n<testsuite name="garrison"{said} skipped="{len(skipped)}">\n'
    yield from (_failure(finding, result) for finding in result.findings)
    yield from _errors(result)
    yield from (_case(f, result, _element("skipped", text, [text])) for f, text in skipped)
    yield from (_named(check, "assets that pass", "", "") for check in sorted(passes))
    yield "</testsuite>\n</testsuites>\n"


def _failure(finding: Finding, result: Result) -> str:
    message = f"{finding.severity}: {finding.check.title}"
    places = (f"{at(e.place, result)} {remark_of(e)}".rstrip() for e in finding.evidence)
    text = [message, " · ".join(finding.risk.reasons), finding.why, *places, f"Fix: {finding.check.fix}"]
    return _case(finding, result, _element("failure", message, text, type_=finding.severity))


def _errors(result: Result) -> Iterator[str]:
    for finding in result.errors:
        inner = _element("error", "the check failed itself", [finding.why], type_="check")
        yield _named(finding.check.id, f"{finding.asset.address} (the check itself)", "", inner)
    for problem in result.problems:
        path = result.shown(problem.path)
        where = f"{path}:{problem.line}" if problem.line else path
        inner = _element("error", problem.message, [where, problem.message, problem.hint], type_="not read")
        yield _named("not read", f"{where} {problem.message}", path, inner)


def _case(finding: Finding, result: Result, inner: str) -> str:
    return _named(finding.check.id, finding.asset.address, result.shown(finding.place.source.path), inner)


def _named(class_: str, name: str, path: str, inner: str) -> str:
    said = _attributes({"classname": class_, "name": name, "file": path})
    return f"<testcase{said}>{inner}</testcase>\n" if inner else f"<testcase{said}/>\n"


def _element(name: str, message: str, lines: Iterable[str], type_: str = "") -> str:
    text = escape("\n".join(_allowed(line) for line in lines if line))
    return f"<{name}{_attributes({'type': type_, 'message': message})}>{text}</{name}>"


def _attributes(said: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(_allowed(value))}" for name, value in said.items() if value)


def _allowed(text: str) -> str:
    """Text of which every character may stand in XML 1.0."""
    return _FORBIDDEN.sub(lambda m: f"\\u{ord(m[0]):04x}", clean(text))
