"""Every check says fail on its failing examples and pass on its passing ones, in each format it applies to."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import garrison.checks
from garrison.checks.check import Check, Outcome, all_checks
from garrison.checks.example import parse_name
from garrison.estate.assets.asset import lineage
from garrison.findings.finding import Finding
from garrison.scan.scan import Result, Settings, scan
from garrison.sources.interface import is_beside, table_formats
from garrison.sources.mapping.table import Table, all_tables

EXAMPLES = Path(garrison.checks.__path__[0], "examples")
TODAY = dt.date(2026, 11, 1)  # what is supported then is not for ever
# What a format cannot express, and why: no example is owed there.
INAPPLICABLE: dict[tuple[str, str], str] = {
    ("endpoint-plain-http", "cloudformation"): "SageMaker answers over TLS only",
    ("endpoint-shared-address", "cloudformation"): "every call of SageMaker is signed",
    ("llm-calls-unlogged", "cloudformation"): "CloudFormation cannot declare invocation logging",
    ("notebook-default-account", "cloudformation"): "SageMaker has no default service account",
    ("notebook-default-account", "kubernetes"): "its service account is judged as that of a pod",
    ("notebook-direct-internet", "kubernetes"): "network policies decide, and are judged themselves",
    ("notebook-metadata-v1", "kubernetes"): "the nodes of the cluster decide",
    ("notebook-outside-network", "kubernetes"): "its network is the cluster's",
    ("notebook-own-key", "kubernetes"): "its disk is a volume of the cluster",
    ("notebook-platform-retired", "kubernetes"): "its system is its image",
    ("notebook-public-address", "kubernetes"): "a pod has no public address; services are judged themselves",
    ("notebook-secure-boot-off", "kubernetes"): "the nodes of the cluster decide",
    ("notebook-ssh-login", "kubernetes"): "a Kubeflow Notebook answers no SSH",
    ("notebook-public-address", "cloudformation"): "a SageMaker notebook instance has no public address",
    ("notebook-secure-boot-off", "cloudformation"): "SageMaker starts its own images",
    ("notebook-ssh-login", "cloudformation"): "a SageMaker notebook instance answers no SSH",
    ("workspace-public-network", "cloudformation"): "a SageMaker domain has no such switch",
    ("workspace-public-nodes", "cloudformation"): "Studio's machines have no public addresses",
    ("workspace-telemetry", "cloudformation"): "a SageMaker domain has no such switch",
    ("cluster-legacy-authorization", "cloudformation"): "EKS knows no ABAC",
    ("cluster-local-accounts", "cloudformation"): "EKS has no accounts beside IAM and RBAC",
    ("cluster-workload-identity-off", "cloudformation"): "every EKS cluster has an OIDC issuer",
    ("instance-default-account", "cloudformation"): "EC2 has no default service account",
    ("instance-default-network", "cloudformation"): "a template cannot say that it is the default VPC",
    ("instance-password-login", "cloudformation"): "EC2 puts key pairs into its machines",
    ("firewall-default-in-use", "cloudformation"): "a template cannot declare the group that a network is made with",
    ("network-default", "cloudformation"): "a template declares no default VPC",
    ("nodes-default-account", "cloudformation"): "EKS has no default service account",
    ("database-plain-connections", "cloudformation"): "a parameter group decides, which is not judged",
    ("dataset-open", "cloudformation"): "AWS has no databases that bindings open to everybody",
    ("registry-shared-login", "cloudformation"): "ECR knows no shared login",
    ("search-shared-keys", "cloudformation"): "OpenSearch knows no shared keys",
    ("pipeline-runs-strangers-code", "gitlab"): "pipelines of forks run in the fork",
    ("pipeline-injection", "gitlab"): "GitLab hands texts over in variables",
    ("pipeline-injection-from-fork", "gitlab"): "GitLab hands texts over in variables",
    ("pipeline-token-default", "gitlab"): "a job's token has the rights of whoever started it",
    ("pipeline-token-writes-all", "gitlab"): "a job's token has the rights of whoever started it",
    ("pipeline-identity-for-strangers", "gitlab"): "pipelines of forks run in the fork",
    ("pipeline-own-machine-for-strangers", "gitlab"): "pipelines of forks run in the fork",
    ("action-unpinned", "gitlab"): "GitLab knows no actions; includes are judged themselves",
    ("action-unpinned-first-party", "gitlab"): "GitLab knows no actions",
    ("pipeline-unsecure-commands", "gitlab"): "GitLab takes no commands from the log",
    ("pipeline-every-secret", "gitlab"): "every job is given every variable",
    ("pipeline-secrets-inherited", "gitlab"): "every job is given every variable",
    ("pipeline-include-unpinned", "github"): "GitHub knows no includes; workflows of others are judged as actions",
    ("argo-server-no-login", "compose"): "it makes pods, and so runs in a cluster",
    ("kubeflow-app-auth-off", "compose"): "Kubeflow runs in a cluster",
    ("argo-server-no-login", "dockerfile"): "it is deployed as it is released",
    ("langflow-auto-login", "dockerfile"): "whoever runs the image may turn it off",
    ("llm-server-no-key", "dockerfile"): "whoever runs the image gives the key; one in the image would be a finding",
    ("container-unconfined", "terraform"): "a task definition names no seccomp profile",
    ("container-unconfined", "cloudformation"): "a task definition names no seccomp profile",
    ("model-volume-writable", "compose"): "a volume belongs to its project, which fills it too",
    ("training-egress-open", "compose"): "Compose has no kind of its own for training jobs",
    ("workload-default-token", "compose"): "there is no cluster whose token it could carry",
    ("ml-server-cluster-token", "compose"): "there is no cluster whose token it could carry",
    ("ml-server-open-in-cluster", "compose"): "it meets its own project's services only",
    ("training-host-network", "compose"): "Compose has no kind of its own for training jobs",
    ("training-cluster-public-address", "cloudformation"): "HyperPod's machines have no public addresses",
    ("argo-server-no-login", "cloudformation"): "it makes pods, and so runs in a cluster",
    ("argo-server-no-login", "terraform"): "it makes pods, and so runs in a cluster",
    ("kubeflow-app-auth-off", "cloudformation"): "Kubeflow runs in a cluster",
    ("kubeflow-app-auth-off", "terraform"): "Kubeflow runs in a cluster",
    ("ml-server-cluster-token", "cloudformation"): "there is no cluster whose token it could carry",
    ("ml-server-cluster-token", "terraform"): "there is no cluster whose token it could carry",
    ("ml-server-open-in-cluster", "cloudformation"): "networks and groups of its own stand before it",
    ("ml-server-open-in-cluster", "terraform"): "networks and groups of its own stand before it",
    ("training-host-network", "cloudformation"): "ECS has no kind of its own for training jobs",
    ("training-host-network", "terraform"): "ECS has no kind of its own for training jobs",
    ("ml-server-exposed", "cloudformation"): "what leads to a task of ECS from outside is not followed",
    ("ml-server-exposed", "terraform"): "what leads to a task of ECS from outside is not followed",
    ("ml-code-server-exposed", "cloudformation"): "what leads to a task of ECS from outside is not followed",
    ("ml-code-server-exposed", "terraform"): "what leads to a task of ECS from outside is not followed",
    ("training-egress-open", "cloudformation"): "no kind of its own tells that a task trains",
    ("training-egress-open", "terraform"): "no kind of its own tells that a task trains",
    ("workload-default-token", "cloudformation"): "there is no cluster whose token it could carry",
    ("workload-default-token", "terraform"): "there is no cluster whose token it could carry",
    ("model-volume-writable", "cloudformation"): "tasks of ECS mount no claims",
    ("model-volume-writable", "terraform"): "tasks of ECS mount no claims",
    ("training-cluster-default-account", "cloudformation"): "SageMaker has no default service account",
    ("training-cluster-ssh-open", "cloudformation"): "HyperPod's machines have no public addresses",
}


def examples() -> list[tuple[str, Path]]:
    return [(folder.name, file) for folder in sorted(EXAMPLES.iterdir()) for file in sorted(folder.iterdir())]


@pytest.mark.parametrize(("check_id", "file"), examples(), ids=lambda p: p.name if isinstance(p, Path) else p)
def test_example(check_id: str, file: Path) -> None:
    name = parse_name(file.name)
    assert name, f"{file}: call it fail.tf, pass.gcp.tf, fail.cloudformation.yaml, ..."
    result = scan([file], Settings(today=TODAY))
    assert not result.problems
    assert not result.errors
    said = {o: [f for f in found if f.check.id == check_id] for o, found in _outcomes(result).items()}
    if name.outcome == "fail":
        assert said[Outcome.FAIL], f"{check_id} finds nothing in {file.name}"
    else:
        assert not said[Outcome.FAIL]
        assert not said[Outcome.UNKNOWN], [f.evidence for f in said[Outcome.UNKNOWN]]
        # Where there is no secret, nothing is there to be judged.
        assert is_beside(name.format) or result.passed_by_check[check_id], f"{check_id} judged nothing in {file.name}"


@pytest.mark.parametrize("check", all_checks(), ids=lambda c: c.id)
def test_check_has_examples(check: Check) -> None:
    formats = {f for f in table_formats() for table in all_tables(f) if _judges(check, table)}
    shown = {
        (n.outcome, n.format.NAME) for c, f in examples() if c == check.id and (n := parse_name(f.name)) is not None
    }
    for format_ in formats:
        if (check.id, format_) not in INAPPLICABLE:
            assert {("fail", format_), ("pass", format_)} <= shown, f"{check.id} owes a pair for {format_}"


def _judges(check: Check, table: Table) -> bool:
    """Whether a table makes assets of the check's kind, with one of the provider's own fields it asks for."""
    fields = {f.name for f in table.fields if f.mapped}
    native = not check.native or any(f"native_{name}" in fields for name in check.native)
    return native and any(check.kind in lineage(kind) for kind in (table.kind, *(p.kind for p in table.parts)))


def test_every_example_belongs_to_a_check() -> None:
    assert {c for c, _ in examples()} <= {c.id for c in all_checks()}


def _outcomes(result: Result) -> dict[Outcome, list[Finding]]:
    return {Outcome.FAIL: result.findings, Outcome.UNKNOWN: result.undecided}
