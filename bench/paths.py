"""Attack paths on generated estates: `make bench-paths`.

    python bench/paths.py [--assets 100000] [--relations 500000]

Two parts. The search alone, on a graph of that size, with rustworkx beside it where that is installed. And the whole of
it, on an estate of files made of things as people write them: roles, policies, buckets, pods, accounts, services.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.util
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from garrison.reach.attack.search import Graph, Ways
from garrison.reach.path import Paths

_SEED = 7
_TEAM = """
apiVersion: v1
kind: Service
metadata: {{name: svc-{n}, namespace: team-{team}}}
spec: {{type: {kind}, selector: {{app: app-{n}}}, ports: [{{port: 8265}}]}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: sa-{n}, namespace: team-{team}, annotations: {{eks.amazonaws.com/role-arn: "arn:aws:iam::111122223333:role/role-{n}"}}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: secret-{n}, namespace: team-{team}}}
stringData: {{token: x}}
---
apiVersion: v1
kind: Pod
metadata: {{name: pod-{n}, namespace: team-{team}, labels: {{app: app-{n}}}}}
spec:
  serviceAccountName: sa-{n}
  containers: [{{name: c, image: "{image}", envFrom: [{{secretRef: {{name: secret-{n}}}}}]}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: binding-{n}, namespace: team-{team}}}
roleRef: {{kind: ClusterRole, name: {role}}}
subjects: [{{kind: ServiceAccount, name: sa-{n}, namespace: team-{team}}}]
---
"""
_CLOUD = """
resource "aws_s3_bucket" "b{n}" {{ bucket = "training-data-{n}" }}
resource "aws_iam_role" "r{n}" {{
  name               = "role-{n}"
  assume_role_policy = "{{}}"
}}
resource "aws_iam_role_policy" "p{n}" {{
  role   = aws_iam_role.r{n}.id
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "s3:*", Resource = [{resources}] }}] }})
}}
"""
_PER_TEAM = 8  # assets that one team makes, its container included


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--relations", type=int, default=500_000)
    said = parser.parse_args()
    gc.disable()
    _search_alone(said.assets, said.relations)
    _whole(said.assets // (_PER_TEAM + 2))


def _timed(what: str, run: Callable[[], object]) -> object:
    started = time.process_time()
    found = run()
    print(f"  {what:<58} {time.process_time() - started:6.2f} CPU-s")
    return found


def _search_alone(nodes: int, edges: int) -> None:
    """Random edges, nine in ten by mistake; 40 ways in, 4 kinds of entries, 1,000 goals."""
    print(f"search alone: {nodes:,} nodes, {edges:,} edges")
    random.seed(_SEED)
    starts = [random.randrange(nodes) for _ in range(edges)]
    ends = [random.randrange(nodes) for _ in range(edges)]
    flawed = bytearray(random.randrange(10) > 0 for _ in range(edges))
    goals = random.sample(range(nodes), 1000)
    graph = _timed("build", lambda: Graph(nodes, starts, ends, flawed))
    assert isinstance(graph, Graph)
    useful = _timed("backwards from all goals", lambda: graph.useful(goals))
    assert isinstance(useful, bytearray)
    ways = _timed("forwards from one kind of entry, with counts", lambda: Ways(graph, range(10), goals, useful))
    assert isinstance(ways, Ways)
    through = _timed(f"edges on any of {ways.total:,} shortest ways", ways.through)
    assert isinstance(through, dict)
    _timed("one change counted anew", lambda: ways.cut({max(through, key=through.__getitem__)}))
    if importlib.util.find_spec("rustworkx") is not None:
        _rustworkx(nodes, list(zip(starts, ends, strict=True)))


def _rustworkx(nodes: int, edges: list[tuple[int, int]]) -> None:
    rustworkx = importlib.import_module("rustworkx")

    def built() -> object:
        graph = rustworkx.PyDiGraph()
        graph.add_nodes_from(range(nodes))
        graph.add_edges_from_no_data(edges)
        return graph

    graph = _timed("rustworkx: build", built)
    _timed("rustworkx: levels from ten sources", lambda: rustworkx.bfs_layers(graph, list(range(10))))


def _whole(teams: int) -> None:
    from garrison.scan.scan import Settings, estate_of, paths_of

    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), teams)
        print("whole estate:")
        read = _timed("read and relate", lambda: estate_of([Path(folder)], Settings()))
        assert isinstance(read, tuple)
        estate, book, _ = read
        relations = sum(1 for _ in estate.graph.edges())
        print(f"  {len(estate.assets):,} assets, {relations:,} relations")
        found = _timed("attack paths", lambda: paths_of(estate, book))
        assert isinstance(found, Paths)
    print(
        f"  {found.total:,} paths, {len(found.found)} told, best change cuts {found.cuts[0].cuts if found.cuts else 0:,}"
    )


def _write(folder: Path, teams: int) -> None:
    """Namespaces of a hundred teams; one team in fifty has an open Ray head, one in a hundred a role over much."""
    random.seed(_SEED)
    (folder / "cloud").mkdir()
    for start in range(0, teams, 500):
        numbers = range(start, min(start + 500, teams))
        pods, cloud = [], []
        for n in numbers:
            opened = n % 50 == 0
            pods.append(
                _TEAM.format(
                    n=n,
                    team=n // 100,
                    kind="LoadBalancer" if opened else "ClusterIP",
                    image="rayproject/ray:2.9" if opened else "example/app:1",
                    role="admin" if n % 10 == 0 else "view",
                )
            )
            near = [n, *(random.randrange(teams) for _ in range(9))]
            cloud.append(
                _CLOUD.format(
                    n=n,
                    resources=", ".join(f'aws_s3_bucket.b{m}.arn, "arn:aws:s3:::training-data-{m}/*"' for m in near),
                )
            )
        (folder / f"pods-{start}.yaml").write_text("".join(pods))
        (folder / "cloud" / f"cloud-{start}.tf").write_text("".join(cloud))


if __name__ == "__main__":
    main()
