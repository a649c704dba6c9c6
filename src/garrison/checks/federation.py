"""Which pipelines may take a role on, by the subject of the tokens their provider signs."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.identity import Role
from garrison.estate.truth import Truth, any_of

# "Configuring OpenID Connect in cloud providers", GitHub Docs; "Connect to cloud services", GitLab Docs.
_SUBJECT = r"(?i)(token\.actions\.githubusercontent\.com|gitlab[\w.-]*)(/[\w/-]+)?:sub$"
_OTHERS = r"^(repo:[^/*?]+/[*?]|project_path:[^/*?]+/[*?])"
_ANY_BRANCH = r"^repo:[^/*?]+/[^/:*?]+:[*?]|^repo:[^/*?]+/[^/:*?]+:ref:refs/heads/\*$|^project_path:[^*?:]*[^/*?:]:[*?]|^project_path:[^*?]+:ref_type:branch:ref:\*$"


@check(
    id="role-trusts-every-project",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-3", "NIST-800-53:AC-6"),
)
def role_trusts_every_project(role: Role) -> Verdict:
    """Every repository of an organisation can take on a role.

    Why: whoever may write to any of them, a forgotten experiment too, deploys models and reads data with this role.
    Fix: name the repository and the branch or environment: `repo:org/models:environment:production`.
    """
    return fail_if(_trusts(role, _OTHERS), "the subject ends in a wildcard after the organisation")


@check(
    id="role-trusts-any-branch",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6", "NIST-800-53:CM-5"),
    confidence=Confidence.MEDIUM,
)
def role_trusts_any_branch(role: Role) -> Verdict:
    """Every branch of a repository can take on a role.

    Why: what nobody has reviewed then runs with it: one pushed branch reads the training data or replaces a model.
    Fix: name the branch or the environment in the subject: `repo:org/models:ref:refs/heads/main`.
    """
    return fail_if(_trusts(role, _ANY_BRANCH), "the subject ends in a wildcard after the repository")


def _trusts(role: Role, subjects: str) -> Truth:
    """Whether a statement that allows compares the subject of a pipeline's token with one of these."""
    return any_of(
        s.allows
        & c.key.matches(_SUBJECT)
        & c.values.any(lambda v: v.matches(subjects))
        & ~c.operator.matches("(?i)not|null")
        for s in role.trusted
        for c in s.clauses
    )
