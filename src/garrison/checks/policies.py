"""What policies allow, beyond what a job needs."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.identity import PasswordPolicy, Policy, Role, User
from garrison.estate.escalations import escalations, open_ways
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation, refs
from garrison.estate.truth import NO, Truth, any_of

_ML_WILDCARD = r"(?i)^(sagemaker|bedrock|bedrock-agentcore|glue|elasticmapreduce|comprehend|kendra):\*+$"
_STRONG_WILDCARD = (
    r"(?i)^(iam|kms|secretsmanager|cloudtrail|guardduty|organizations|ecr|lambda|dynamodb|ec2|ssm|logs):\*+$"
)


@check(
    id="policy-escalates-by-ml",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6"),
    about_ml=True,
)
def policy_escalates_by_ml(policy: Policy, near: Relations) -> Verdict:
    """A policy leads to the rights of a stronger role by way of a machine-learning service.

    Why: whoever starts a notebook, a training job, a data job or a build runs code as the role that the service has:
    with these permissions that can be any role, or any notebook of somebody else.
    Fix: name the roles that may be passed and the notebooks, projects and jobs that may be used, instead of all.
    """
    truth, named = open_ways(policy.statements, [way for way in escalations() if way.ml])
    return _given(policy, near, truth & ~policy.grants_everything, f"it allows {named}")


@check(
    id="policy-escalates",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6", "AWS-FSBP:IAM.21"),
)
def policy_escalates(policy: Policy, near: Relations) -> Verdict:
    """A policy leads to the rights of a stronger identity.

    Why: whoever carries it, a notebook that was taken over or a leaked key, makes himself administrator in one or two
    calls and has all data and models.
    Fix: name the users, roles, functions and machines that it is about, instead of all; or bound it by a permissions
    boundary.
    """
    ways = [way for way in escalations() if not way.ml and not way.passes_role]  # policy-pass-any-role tells of those
    truth, named = open_ways(policy.statements, ways)
    return _given(policy, near, truth & ~policy.grants_everything, f"it allows {named}")


@check(
    id="policy-ml-wildcard",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0018", "ATLAS:AML.T0035", "NIST-800-53:AC-6"),
    about_ml=True,
)
def policy_ml_wildcard(policy: Policy, near: Relations) -> Verdict:
    """A policy allows everything a machine-learning service can do, to everything in it.

    Why: who is meant to train also replaces models in production, opens others' notebooks, deletes guardrails and reads
    what models were asked.
    Fix: name the actions of the job, and its own resources.
    """
    return _given(
        policy, near, _whole_service(policy, _ML_WILDCARD), "it allows every action of a machine-learning service"
    )


@check(
    id="policy-service-wildcard",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "AWS-FSBP:IAM.21"),
)
def policy_service_wildcard(policy: Policy, near: Relations) -> Verdict:
    """A policy allows everything that a service for keys, secrets, records or machines can do.

    Why: it deletes keys, reads all secrets, stops the record of what happened, or changes the code of every function:
    none of which a job around models needs.
    Fix: name the actions and the resources that are needed.
    """
    whole = _whole_service(policy, _STRONG_WILDCARD)
    return _given(policy, near, whole, "it allows every action of a service on all of its resources")


@check(
    id="policy-every-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:AC-6"),
)
def policy_every_secret(policy: Policy, near: Relations) -> Verdict:
    """A policy allows reading every secret.

    Why: one notebook or function that is taken over then has the passwords of all databases and the keys of all model
    providers.
    Fix: name the secrets that are needed.
    """
    reads = policy.allows_everywhere("secretsmanager:GetSecretValue", "secretsmanager", "secret:")
    whole = _whole_service(policy, r"(?i)^secretsmanager:\*+$")
    return _given(policy, near, reads & ~policy.grants_everything & ~whole, "it reads every secret")


@check(
    id="policy-every-key",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.M0012", "NIST-800-53:AC-6", "AWS-FSBP:KMS.1", "AWS-FSBP:KMS.2"),
)
def policy_every_key(policy: Policy, near: Relations) -> Verdict:
    """A policy allows decrypting with every key.

    Why: keys of their own are to keep one team's data and models from another's; this undoes it.
    Fix: name the keys, or ask for the service that is to use them (kms:ViaService).
    """
    decrypts = policy.allows_everywhere("kms:Decrypt", "kms", "key/")
    whole = _whole_service(policy, r"(?i)^kms:\*+$")
    return _given(policy, near, decrypts & ~policy.grants_everything & ~whole, "it decrypts with every key")


@check(
    id="policy-every-endpoint",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0040", "ATLAS:AML.T0024", "NIST-800-53:AC-6"),
    about_ml=True,
)
def policy_every_endpoint(policy: Policy, near: Relations) -> Verdict:
    """A policy allows asking every model that is served.

    Why: an application that needs one model can copy, probe and wear out all of them, those with personal data too.
    Fix: name the endpoints.
    """
    asks = policy.allows_everywhere("sagemaker:InvokeEndpoint", "sagemaker", "endpoint/")
    return _given(
        policy, near, asks & ~policy.grants_everything & ~_whole_service(policy, _ML_WILDCARD), "it asks every endpoint"
    )


@check(
    id="user-policies-direct",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-2", "CIS-AWS-6.0:2.14", "AWS-FSBP:IAM.2"),
)
def user_policies_direct(user: User, near: Relations) -> Verdict:
    """Permissions are given to a user directly.

    Why: nobody reviews them with the team's: who moves on keeps access to data and models.
    Fix: give them to a group, or better to a role that people take on through the identity provider.
    """
    written = Truth(bool(user.policies or near.by(Relation.GRANTS, Policy)))
    return fail_if((written | ~user.managed.is_empty()) & ~user.carries_admin, "policies are attached to it")


@check(
    id="user-console-password",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-2", "CIS-AWS-6.0:2.9", "AWS-FSBP:IAM.5"),
    confidence=Confidence.MEDIUM,
    native=("console",),
)
def user_console_password(user: User) -> Verdict:
    """A user has a password for the console.

    Why: notebooks, data and models are then one phished password away; that a second factor is asked for stands in no
    template.
    Fix: let people sign in by the identity centre with a second factor, and give users no passwords.
    """
    return fail_if(user.native("console").given(), "it has a login profile")


@check(
    id="password-policy-simple",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-5", "AWS-FSBP:IAM.7"),
    native=("symbols",),
)
def password_policy_simple(policy: PasswordPolicy) -> Verdict:
    """Users may have passwords of one kind of characters.

    Why: the console opens notebooks, data and models to whoever guesses one password.
    Fix: ask for upper and lower case letters, numbers and symbols; better, use an identity provider.
    """
    kinds = ("symbols", "numbers", "uppercase", "lowercase")
    missing = any_of(~policy.native(kind).one_of((True, "true")) for kind in kinds)
    return fail_if(missing, "a kind of characters is not asked for")


def _whole_service(policy: Policy, pattern: str) -> Truth:
    """Whether every action of a service that matches a pattern is allowed on every resource."""
    return any_of(
        s.allows & s.actions.any(lambda a: a.matches(pattern)) & s.every_resource & ~s.conditional
        for s in policy.statements
    )


def _given(policy: Policy, near: Relations, truth: Truth, why: str) -> Verdict:
    """A policy that only bounds what others can give gives nothing itself."""
    if truth.no or near.to(Relation.GRANTS):
        return fail_if(truth, why)
    bounded = [
        a for role in near.estate.of(Role) for ref, _ in refs(role.boundary) for a in near.estate.at(ref.address)
    ]
    return fail_if(NO if policy in bounded else truth, why)
