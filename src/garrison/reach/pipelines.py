"""Which identities of a cloud the jobs of pipelines take on.

A workflow names a role by its ARN or a service account by its address, wherever that is declared: another root of the same
scan, or none of it.
"""

from __future__ import annotations

from collections import defaultdict

from garrison.estate.assets.identity import Role
from garrison.estate.assets.pipeline import PipelineJob
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation


def link_pipelines(estate: Estate) -> None:
    """Jobs ASSUME roles; one that is not in these files is kept as a dangling end."""
    jobs = [(job, said) for job in estate.of(PipelineJob) for said in job.roles]
    roles: dict[tuple[str, str], list[Role]] = defaultdict(list)
    for role in estate.of(Role) if jobs else ():
        if role.name.text():
            roles[role.provider, role.name.text()].append(role)
    for job, said in jobs:
        text = said.text()
        key = ("gcp", text.partition("@")[0]) if "@" in text else ("aws", text.rpartition("/")[2])
        ends = roles.get(key, [])
        for end in ends or (None,):
            estate.graph.add(job, Relation.ASSUMES, end, said)
