"""What the page says once and points at: assets and files by their numbers, checks by their ids."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from garrison.checks.check import Check
from garrison.checks.example import Pair, difference, examples_of
from garrison.checks.frameworks import control
from garrison.checks.layers import layer_of
from garrison.estate.assets import Asset
from garrison.estate.values import Place, Source
from garrison.findings.finding import Evidence, Finding
from garrison.findings.result import Result
from garrison.report.terminal.code import decider_of, deciding, shown_lines, texts
from garrison.report.terminal.text import clean, cut
from garrison.report.terminal.words import kind_of

_LONGEST, _LONGEST_LINE = 500, 300  # characters of a text, of a line of code
_MAX_FILES, _MAX_LINES = 4, 16  # files of which lines are shown for one finding, lines of each


def say(text: str) -> str:
    """A text of others: what would reorder or hide it is made visible, what is endless is cut."""
    return cut(clean(text), _LONGEST)


class Book:
    """What is said once and pointed at: assets and files by their numbers, checks by their ids."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self.assets: list[dict[str, Any]] = []
        self._numbers: dict[str, int] = {}
        self._checks: dict[str, Check] = {}
        self._settings: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)  # formats and providers of a check
        self._files: dict[str, int] = {}
        self._sources: list[Source] = []
        self._lines: list[set[int]] = []  # those shown, of each file
        self._secret: list[set[int]] = []  # those that hold a secret whatever they look like

    def asset(self, asset: Asset) -> int:
        """The number of an asset."""
        number = self._numbers.setdefault(asset.address, len(self.assets))
        if number == len(self.assets):
            self.assets.append(
                {
                    "address": say(asset.address),
                    "label": say(asset.label),
                    "kind": say(kind_of(asset)),
                    "provider": asset.provider,
                    "format": asset.format,
                    "at": self.at(asset.place),
                }
            )
        return number

    def at(self, place: Place) -> list[int]:
        """A place as the number of its file and its line."""
        return [self._file(place.source), place.line]

    def line(self, place: Place) -> list[int]:
        """The same, of which the line itself is shown."""
        file, number = self.at(place)
        self._lines[file].add(number)
        return [file, number]

    def _file(self, source: Source) -> int:
        number = self._files.setdefault(source.path, len(self._sources))
        if number == len(self._sources):
            self._sources.append(source)
            self._lines.append(set())
            self._secret.append(set())
        return number

    def finding(self, finding: Finding, outcome: str) -> dict[str, Any]:
        """One finding; what is empty is left out, that it is open, and reasons that its asset has from the first."""
        self._checks[finding.check.id] = finding.check
        self._settings[finding.check.id].add((finding.asset.format, finding.asset.provider))
        asset = self.asset(finding.asset)
        reasons = [say(r) for r in finding.risk.reasons]
        common = self.assets[asset].setdefault("reasons", reasons)
        said = {
            "id": finding.fingerprint,
            "check": finding.check.id,
            "outcome": "" if outcome == "open" else outcome,
            "asset": asset,
            "owner": self.asset(finding.owner),
            "at": self.at(finding.place),
            "why": say(finding.why),
            "score": finding.risk.score,
            "frames": self._frames(finding),
            "condition": say(finding.condition),
            "decider": say(decider_of(finding)) if outcome == "undecided" else "",
        }
        told = {key: value for key, value in said.items() if value not in ("", [])}
        return told if reasons == common else {**told, "reasons": reasons}

    def _frames(self, finding: Finding) -> list[dict[str, Any]]:
        """Its lines of each file: a number is one that stands around, a list one that decided, with a remark if any."""
        by_file: dict[int, list[Evidence]] = defaultdict(list)
        for evidence in finding.evidence:
            by_file[self._file(evidence.place.source)].append(evidence)
        found = []
        for file, here in list(by_file.items())[:_MAX_FILES]:
            decided = deciding(here, finding)
            numbers = shown_lines(finding, self._sources[file], decided, _MAX_LINES)
            self._lines[file].update(numbers)
            if finding.check.tells_secret:
                self._secret[file].update(decided)
            marked = {n: [n, say(remark)] if remark else [n] for n, remark in decided.items()}
            found.append({"file": file, "lines": [marked.get(n, n) for n in numbers]})
        return found

    def file_data(self) -> list[dict[str, Any]]:
        """Each file with the lines that are shown, secrets masked."""
        found = []
        for source, numbers, secret in zip(self._sources, self._lines, self._secret, strict=True):
            shown = texts(source, sorted(numbers), secret)
            lines = {str(n): cut(clean(text), _LONGEST_LINE) for n, text in shown.items()}
            found.append({"path": say(self._result.shown(source.path)), "lines": lines})
        return found

    def check_data(self) -> dict[str, dict[str, Any]]:
        """The checks of the findings."""
        return {
            id_: {
                "title": say(check.title),
                "severity": check.severity,
                "confidence": check.confidence,
                "pillar": check.pillar,
                "layer": layer_of(check),
                "ml": check.about_ml,
                "why": clean(check.rationale),
                "fix": clean(check.fix),
                "maps": [[c.framework, c.id, c.name] for c in map(control, check.maps)],
                "examples": self._examples(check),
            }
            for id_, check in sorted(self._checks.items())
        }

    def _examples(self, check: Check) -> dict[str, dict[str, str]]:
        """The fix in the format, and if there is one for it the cloud, of each asset that needs it."""
        pairs = examples_of(check)
        found = {}
        for format_, provider in sorted(self._settings[check.id]):
            fitting = [p for p in pairs if p.format == format_]
            if fitting:
                best = min(fitting, key=lambda p: _distance(p, provider))
                found[f"{format_}/{provider}"] = {
                    "label": best.label,
                    "difference": "\n".join(map(clean, difference(best).split("\n"))),
                }
        return found


def _distance(pair: Pair, provider: str) -> int:
    return 0 if pair.variant == provider else 1 if not pair.variant else 2
