"""Who may do what."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.identity import (
    SAGEMAKER_FULL,
    AccessKey,
    CustomRole,
    Grant,
    PasswordPolicy,
    Policy,
    Provider,
    Role,
    User,
)
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of
from garrison.reach.trust import CI, EKS, GITHUB, is_from, names_subject

# Google's basic roles that change everything in a project, and those that hand out all others.
_BASIC_ROLE = r"^roles/(owner|editor)$"
_ADMIN_ROLE = r"^(Owner|Contributor|User Access Administrator|Role Based Access Control Administrator)$"
_OWNER_ID = (
    r"(8e3af657-a8ff-443c-a75c-2fe8c4bcb635|b24988ac-6180-42a0-ab88-20f7382dd24c|18d7d88d-d35e-4fb5-a5c3-7773c20a72d9)$"
)
_IMPERSONATES = (
    r"^roles/iam\.(serviceAccountTokenCreator|serviceAccountUser|serviceAccountKeyAdmin|workloadIdentityUser)$"
)
_ML_ADMIN = r"^roles/(aiplatform|ml|notebooks|automl|dataproc)\.(admin|editor)$"
_BROAD = r"^(group|domain):|^allUsers$|^allAuthenticatedUsers$"
_SHORTEST_PASSWORD = 14
_REMEMBERED_PASSWORDS = 24


@check(
    id="ml-role-admin",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6", "AWS-FSBP:IAM.1", "AWS-FSBP:SageMaker.4", "CIS-AWS-6.0:2.15"),
    about_ml=True,
)
def ml_role_admin(role: Role, near: Relations) -> Verdict:
    """A machine-learning service runs as an administrator of the account.

    Why: every notebook cell, every package a training job installs and every model that is loaded runs with this role:
    any of them owns the account.
    Fix: let the role read its data, write its artefacts and logs, and nothing else.
    """
    return fail_if(role.for_ml & _is_admin(role, near), "machine-learning jobs run with full administration")


@check(
    id="role-admin",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "AWS-FSBP:IAM.1", "CIS-AWS-6.0:2.15"),
)
def role_admin(role: Role) -> Verdict:
    """A role carries a managed policy that makes it an administrator.

    Why: whatever program has the role (a pipeline, a server of models, a build) can read all data, replace every model
    and switch off what would record it.
    Fix: attach policies that name the actions and resources the role needs, or bound it by a permissions boundary.
    """
    return fail_if(role.carries_admin & ~role.for_ml, "it carries AdministratorAccess or the like")


@check(
    id="user-admin",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "AWS-FSBP:IAM.1", "AWS-FSBP:IAM.2", "CIS-AWS-6.0:2.14", "CIS-AWS-6.0:2.15"),
)
def user_admin(user: User) -> Verdict:
    """A user is an administrator by a policy attached to it directly.

    Why: one leaked key or guessed password of a long-lived user then gives the account, its data and its models.
    Fix: let people take on a role for administration, with a second factor, through the identity provider.
    """
    return fail_if(user.carries_admin, "it carries AdministratorAccess or the like")


@check(
    id="policy-admin",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6", "AWS-FSBP:IAM.1", "AWS-FSBP:IAM.21", "CIS-AWS-6.0:2.15"),
)
def policy_admin(policy: Policy) -> Verdict:
    """A policy allows every action on every resource.

    Why: whoever carries it owns the account: all training data, all models, all logs of what was done.
    Fix: name the actions and the resources that are needed.
    """
    return fail_if(policy.grants_everything, "it allows every action on every resource")


@check(
    id="policy-every-bucket",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0035", "ATLAS:AML.T0036", "NIST-800-53:AC-6", "OWASP-ML:ML05"),
)
def policy_every_bucket(policy: Policy) -> Verdict:
    """A policy allows reading and writing every bucket.

    Why: a job that needs one data set can take all of them, and replace the model files of others.
    Fix: name the buckets, and the prefixes in them.
    """
    reads = policy.allows_everywhere("s3:GetObject", "s3")
    writes = policy.allows_everywhere("s3:PutObject", "s3")
    return fail_if(reads & writes & ~policy.grants_everything, "it reads and writes the objects of every bucket")


@check(
    id="policy-pass-any-role",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6", "AWS-FSBP:IAM.21"),
)
def policy_pass_any_role(policy: Policy) -> Verdict:
    """A policy allows handing any role to a service.

    Why: with iam:PassRole on every role a data scientist starts a training job or notebook as an administrator, and
    has become one.
    Fix: name the roles that may be passed, and the service by the condition iam:PassedToService.
    """
    passes = policy.allows_everywhere("iam:PassRole", "iam", "role/")
    return fail_if(passes & ~policy.grants_everything, "iam:PassRole is allowed on every role")


@check(
    id="policy-all-but",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "AWS-FSBP:IAM.21"),
)
def policy_all_but(policy: Policy) -> Verdict:
    """A policy allows every action except some, on every resource.

    Why: every service the provider adds later, machine-learning services too, is allowed unseen.
    Fix: name the actions that are needed instead of those that are not (Action, not NotAction).
    """
    named = any_of(s.allows & s.not_actions.given() & s.every_resource & ~s.conditional for s in policy.statements)
    return fail_if(named, "NotAction allows all actions that it does not name")


@check(
    id="sagemaker-full-access",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0035", "ATLAS:AML.T0018", "NIST-800-53:AC-6"),
    about_ml=True,
)
def sagemaker_full_access(role: Role) -> Verdict:
    """A role carries AmazonSageMakerFullAccess.

    Why: AWS made it for trying things out: it changes every model, endpoint and pipeline of the account, reads buckets
    and secrets whose names have sagemaker in them, pulls every image, and passes roles on.
    Fix: write a policy for what the job does (Role Manager has templates), limited to its own resources.
    """
    return fail_if(role.carries(SAGEMAKER_FULL) & ~role.carries_admin, "it carries AmazonSageMakerFullAccess")


@check(
    id="role-trusts-anyone",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-3"),
)
def role_trusts_anyone(role: Role) -> Verdict:
    """Anybody with an account at the provider can take on a role.

    Why: whoever learns its name has all its rights: the data it trains on, the models it writes.
    Fix: name the accounts, roles or services that may take it on.
    """
    return fail_if(role.open_trust, "its trust policy lets everybody in")


@check(
    id="role-trusts-account",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-3",),
    confidence=Confidence.LOW,
)
def role_trusts_account(role: Role) -> Verdict:
    """An account that is named by its number can take on a role, and nothing else is asked.

    Why: if it belongs to a vendor (labelling, monitoring, a model platform), any other customer of that vendor can make
    it use this role on their behalf: the confused deputy.
    Fix: ask for an external id (sts:ExternalId), or for the organisation (aws:PrincipalOrgID).
    """
    return fail_if(role.trusts_account & ~role.open_trust, "an account may take it on without an external id")


@check(
    id="role-trusts-any-repository",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "ATLAS:AML.T0010", "NIST-800-53:AC-3"),
)
def role_trusts_any_repository(role: Role, near: Relations) -> Verdict:
    """Any repository on GitHub can take on a role.

    Why: GitHub signs tokens for everybody; without a condition on the subject a stranger's workflow deploys models and
    reads data with this role.
    Fix: compare token.actions.githubusercontent.com:sub with your repository and branch.
    """
    open_ = any_of(
        s.allows & is_from(s, near.estate, GITHUB) & ~names_subject(s, GITHUB, r"^(repo:)?[*?]|^repo:[*?]")
        for s in role.trusted
    )
    return fail_if(open_, "no condition names the repository")


@check(
    id="role-trusts-any-pod",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-3", "NIST-800-53:AC-6"),
)
def role_trusts_any_pod(role: Role, near: Relations) -> Verdict:
    """Every pod of a cluster can take on a role.

    Why: without a condition on the service account a notebook or a stranger's training job takes the role that was
    meant for one model server.
    Fix: compare the provider's :sub with system:serviceaccount:NAMESPACE:NAME.
    """
    open_ = any_of(
        s.allows & is_from(s, near.estate, EKS) & ~names_subject(s, "", r"^[*?]+$|^system:serviceaccount:\*(:\*)?$")
        for s in role.trusted
    )
    return fail_if(open_, "no condition names the service account")


@check(
    id="long-lived-key",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "CIS-GCP-4.0:1.4", "AWS-FSBP:IAM.3", "CIS-AWS-6.0:2.13"),
)
def long_lived_key(key: AccessKey) -> Verdict:
    """A key that does not expire stands for an identity.

    Why: it ends up in notebooks, images and pipelines, works from anywhere, and lies in the state of the deployment.
    Fix: use a role or workload identity, which hand out credentials that expire.
    """
    model_key = key.native("service").equals("bedrock.amazonaws.com")  # llm-long-lived-key tells of those
    return fail_if(key.active & ~model_key, "it is a long-lived credential")


@check(
    id="grant-to-anybody",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-3"),
)
def grant_to_anybody(grant: Grant) -> Verdict:
    """Everybody is given a role.

    Why: allUsers needs no login and allAuthenticatedUsers is any Google account: what the role allows, everyone does.
    Fix: name users, groups or service accounts.
    """
    return fail_if(grant.to_anybody, "allUsers or allAuthenticatedUsers has the role")


@check(
    id="grant-basic-role",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-GCP-4.0:1.5"),
)
def grant_basic_role(grant: Grant) -> Verdict:
    """Owner or editor of everything is given.

    Why: the basic roles reach every data set, model and key of the project; a leaked token of one pipeline is enough.
    Fix: give the predefined roles that are needed, on the resources they are needed on.
    """
    return fail_if(grant.role.matches(_BASIC_ROLE) & grant.wide, "it makes its holder editor or owner of everything")


@check(
    id="grant-subscription-admin",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Azure-5.0:5.3.3", "CIS-Azure-5.0:5.3.4"),
)
def grant_subscription_admin(grant: Grant) -> Verdict:
    """Owner or contributor of a whole subscription is given.

    Why: its holder, often the identity of one workspace or pipeline, changes every model, store and network in it.
    Fix: give a narrower role, on the resource group or resource it is needed on.
    """
    admin = grant.role.matches(_ADMIN_ROLE) | grant.role_id.matches(_OWNER_ID)
    return fail_if(admin & grant.wide, "it administers a whole subscription")


@check(
    id="grant-ml-admin-broad",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "ATLAS:AML.T0018", "NIST-800-53:AC-6"),
    about_ml=True,
)
def grant_ml_admin_broad(grant: Grant) -> Verdict:
    """A whole group or domain administers the machine-learning platform.

    Why: each member can replace a model in production, read all its data and run code as its service agents.
    Fix: give administration to few, and roles/aiplatform.user to the rest.
    """
    broad = grant.principals.any(lambda p: p.matches(_BROAD))
    return fail_if(grant.role.matches(_ML_ADMIN) & broad & grant.wide, "a whole group administers the ML platform")


@check(
    id="grant-impersonates-all",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6", "CIS-GCP-4.0:1.6"),
)
def grant_impersonates_all(grant: Grant) -> Verdict:
    """The right to act as every service account of a project is given.

    Why: its holder takes on the strongest identity there is: that of the deployment, of the training pipeline, of the
    editor of everything.
    Fix: give the role on the one service account that is needed.
    """
    return fail_if(grant.role.matches(_IMPERSONATES) & grant.wide, "it acts as every service account")


@check(
    id="provider-takes-every-token",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:IA-8", "NIST-800-53:AC-3"),
    native=("condition",),
)
def provider_takes_every_token(provider: Provider) -> Verdict:
    """A pool of identities takes tokens of everybody's pipelines.

    Why: GitHub, GitLab and their like sign tokens for every customer: without a condition a stranger's workflow becomes a
    member of the pool, and is one binding away from your models and data.
    Fix: set attribute_condition to compare the owner of the repository with your organisation.
    """
    shared = provider.url.matches(CI)
    return fail_if(shared & provider.native("condition").equals(""), "no condition says whose pipelines are meant")


@check(
    id="password-policy-weak",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-5", "CIS-AWS-6.0:2.7", "CIS-AWS-6.0:2.8"),
)
def password_policy_weak(policy: PasswordPolicy) -> Verdict:
    """Users may have short passwords, or use old ones again.

    Why: the console opens notebooks, data and models to whoever guesses one password.
    Fix: ask for 14 characters at least and remember 24 passwords; better, use an identity provider.
    """
    strong = policy.minimum_length.at_least(_SHORTEST_PASSWORD) & policy.remembered.at_least(_REMEMBERED_PASSWORDS)
    return fail_if(~strong, "passwords may be shorter than 14 characters, or be used again")


def _is_admin(role: Role, near: Relations) -> Truth:
    """By a managed policy, by one written into it, or by one of these files that is attached to it."""
    attached = near.by(Relation.GRANTS, Policy)
    everything = any_of(p.grants_everything for p in (*role.policies, *attached))
    return role.carries_admin | (everything & role.boundary.is_absent())


@check(
    id="custom-role-all",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=(
        "NIST-800-53:AC-6",
        "CIS-Azure-5.0:5.23",
    ),
)
def custom_role_all(role: CustomRole) -> Verdict:
    """A role of your own allows everything.

    Why: it is an owner by another name: reviews that look for owners do not see who rules all models and data.
    Fix: list the actions that are needed.
    """
    return fail_if(role.allows_all, "it allows every action")


@check(
    id="custom-role-gives-roles",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6",),
)
def custom_role_gives_roles(role: CustomRole) -> Verdict:
    """A role of your own lets its holder give roles.

    Why: who may assign roles gives himself owner, and with it every model, key and data set.
    Fix: take roleAssignments/write out; let few assign roles, under a condition.
    """
    return fail_if(role.gives_itself_more & ~role.allows_all, "it assigns roles")
