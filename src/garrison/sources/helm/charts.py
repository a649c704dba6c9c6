"""Charts of a tree to objects."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from garrison.estate.values import Source
from garrison.sources.helm.chance import has_chance, with_certificates
from garrison.sources.helm.engine import Engine, RenderError, is_installed
from garrison.sources.helm.objects import HelmObject, RenderedPiece, Template
from garrison.sources.helm.values import merged
from garrison.sources.interface import File, Tree
from garrison.sources.kubernetes.deployed import Deployed
from garrison.sources.kubernetes.objects import Kept
from garrison.sources.kubernetes.scan import documents
from garrison.sources.kubernetes.types import by_kind

CHART, TEMPLATES = "Chart.yaml", "templates/"
_MAX_CHART_BYTES = 20_000_000
_MAX_LEFT_OUT = 20  # templates that cannot be rendered, of one chart
_NAMED = re.compile(r"\(?([\w.-]+(?:/[\w.-]+)*/templates/[^:\s)]+)")
_TEXTS = (".yaml", ".yml", ".tpl", ".json", ".txt", ".toml", ".conf", ".cfg", ".ini", ".sh", ".py", ".md", ".lock")


def read_charts(files: Sequence[File], tree: Tree, wanted: Collection[str]) -> list[HelmObject]:
    """Every object of a wanted type, of every chart that is no part of another."""
    charts = _outermost({file.folder for file in files})
    if not is_installed():
        for folder in charts:
            count = sum(1 for path in _files_of(folder, tree) if path.startswith(TEMPLATES))
            tree.note(posixpath.join(folder, CHART), f"a Helm chart of {count} templates is not read: the extra garrison[helm] renders it")  # fmt: skip
        return []
    found: dict[str, HelmObject] = {}
    with Engine() as engine:
        for folder in charts:
            for one in _Chart(folder, tree, wanted).objects(engine):
                address = one.address
                while one.address in found:  # a chart may make two objects of one name: for two clusters, say
                    one.address = f"{address}@{one.place.source.path}#{len(found)}"
                found[one.address] = one
    return list(found.values())


class _Chart:
    """One chart, with those it consists of."""

    def __init__(self, folder: str, tree: Tree, wanted: Collection[str]) -> None:
        self.folder, self.tree = folder, tree
        self._kinds, self._kept = by_kind(wanted), Kept()
        self._shown = posixpath.join(folder, CHART)

    def objects(self, engine: Engine) -> Iterator[HelmObject]:
        """What it deploys with its values."""
        files = _files_of(self.folder, self.tree)
        try:
            data = {path: file.data for path, file in files.items()}
        except OSError as error:
            self.tree.problem(self._shown, f"a file of the chart cannot be read: {error.strerror}")
            return
        if sum(map(len, data.values())) > _MAX_CHART_BYTES:
            self.tree.problem(
                self._shown, f"the chart has more than {_MAX_CHART_BYTES // 1_000_000} MB: it is not read"
            )
            return
        for inside, texts in sorted(self._rendered(engine, data).items()):
            file = files.get(inside)
            if texts[0].strip() and inside.endswith((".yaml", ".yml", ".json")):
                shown = posixpath.join(self.folder, inside)
                source = Source(shown, texts[0].encode() if file is None else file.data)
                yield from self._declared(Template(source, *texts))

    def _rendered(self, engine: Engine, data: dict[str, bytes]) -> dict[str, tuple[str, str]]:
        """What every template becomes, twice; those that cannot be rendered are named, one after the other."""
        values = self._values()
        times = 2 if has_chance((*data.values(), json.dumps(values).encode())) else 1
        for _ in range(_MAX_LEFT_OUT):
            try:
                made = [engine.render("chart", with_certificates(data, n), values) for n in range(times)]
            except RenderError as error:
                said = " ".join(str(error).split())[:300]
                blamed = next((p for m in _NAMED.finditer(said) if (p := m[1].partition("/")[2]) in data), None)
                if blamed is None:
                    self.tree.note(self._shown, f"the chart is not read: Helm cannot render it: {said}")
                    return {}
                shown = posixpath.join(self.folder, blamed)
                self.tree.note(
                    shown, f"the template is not read: {said}; values for it can be given with --helm-values"
                )
                data = {path: text for path, text in data.items() if path != blamed}
            else:  # Helm puts the chart's name before a path
                return {path.partition("/")[2]: (text, made[-1].get(path, "")) for path, text in made[0].items()}
        self.tree.note(self._shown, "the chart is not read: too many of its templates cannot be rendered")
        return {}

    def _values(self) -> dict[str, Any]:
        """Those that are given for the chart, the later ones over the earlier."""
        found: dict[str, Any] = {}
        for given in self.tree.helm_values:
            if given.speaks_of(self.folder):
                found = merged(found, given.values)
        return found

    def _declared(self, template: Template) -> Iterator[HelmObject]:
        data = template.rendered.data
        for start, end, line in documents(data, self._kinds):
            piece = RenderedPiece(template, (start, end), line, self._kept)
            for number, one in enumerate(piece.load()):
                if one.type in self._kinds.get(one.type.partition(".")[0], ()):
                    deployed = Deployed(piece, number, one.type, one.version, one.name, one.namespace)
                    made = HelmObject(deployed, self.folder or ".")
                    made.address = f"{made.root}:{one.type}/{one.namespace}/{one.name}"
                    yield made
            for complaint in piece.complaints:
                if complaint.fatal:
                    message = f"what the template becomes is not read: {complaint.message}"
                    self.tree.problem(template.source.path, message, hint=complaint.hint)


def _outermost(folders: set[str]) -> list[str]:
    """The charts that do not lie in the `charts` folder of another."""
    parts = tuple(posixpath.join(folder, "charts", "") for folder in folders)
    return sorted(folder for folder in folders if not folder.startswith(parts))


def _files_of(folder: str, tree: Tree) -> dict[str, File]:
    """The files of a chart by their paths in it; what Helm has no use for is left out."""
    before = f"{folder}/" if folder else ""
    inside = {p.removeprefix(before): f for p, f in tree.files.items() if p.startswith(before)}
    return {p: f for p, f in inside.items() if p.endswith(_TEXTS) or p == CHART or TEMPLATES in p}
