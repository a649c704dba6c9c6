"""Secrets in pipelines: written down, printed, handed on, kept too long."""

from __future__ import annotations

import re

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.pipeline import PipelineJob, PipelineStep
from garrison.estate.credentials import credential_named, is_made_up, key_in
from garrison.estate.expressions import flows
from garrison.estate.pipelines import action_of
from garrison.estate.truth import NO, Truth, any_of
from garrison.estate.values import Body, State, Value

_RANDOM = re.compile(r"^(?=.*\d)(?=.*[A-Za-z])[^\s$]{16,}$")
_PRINTS = r"^(echo|printf|print)\b(?!.*(>|<|\|(?!\s*(base64|rev|xxd|od|sed|tr)\b))).*(\$\{\{\s*secrets\.(?!GITHUB_TOKEN\b)|\$\{?CI_JOB_TOKEN\b)"
_ARGUMENT = (
    r"--build-arg[ =]\S*(\$\{\{\s*secrets\.|\$\{?(CI_JOB_TOKEN|\w*(PASSWORD|SECRET|API_?KEY|ACCESS_?KEY|TOKEN))\b)"
)
_ARGUMENT_INPUT = r"\$\{\{\s*secrets\."
_WORKSPACE = r"^\s*(\.|\./|\*\*|\*\*/\*|\$\{\{\s*github\.workspace\s*\}\}/?|\$GITHUB_WORKSPACE/?)\s*$"
_OLD_UPLOAD = r"@v[123](\.|$)"
_CREDENTIALS = (
    r"(?m)(^|/)(\.env(\.(?!example|sample|template)\w+)?|\.netrc|\.pypirc|\.npmrc|id_(rsa|ed25519|ecdsa)|kubeconfig|gha-creds-.*\.json|credentials(\.json)?"
    r"|service[-_]account(-key)?\.json|[\w-]+\.(pem|p12|pfx|key))\s*$|(^|/)\.(aws|ssh|kube|docker|azure)(/|\s*$)"
)


@check(
    id="pipeline-secret-in-code",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
    confidence=Confidence.MEDIUM,
)
def pipeline_secret_in_code(job: PipelineJob) -> Verdict:
    """A secret is written into a pipeline.

    Why: everybody who can read the repository has the key: of the model hub, the registry, the cloud the models run in.
    Fix: keep it in the store for secrets and name it from there (`${{ secrets.NAME }}`); then change it.
    """
    named = [_written(name, value) for said in _mappings(job) for name, value in _entries(said)]
    return fail_if(any_of((*named, *(key_in(text) for s in job.steps for text in s.code))), "a key is written here")


@check(
    id="pipeline-every-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:AC-6"),
)
def pipeline_every_secret(job: PipelineJob) -> Verdict:
    """A job is given every secret of the project.

    Why: a job that needs one token holds all of them, those of production and of the model registry too; one bad
    dependency takes them at once.
    Fix: name the secrets it needs, one by one.
    """
    given = [*(text for s in job.steps for text in s.code), *(v for said in _mappings(job) for _, v in _entries(said))]
    return fail_if(any_of(_is_everything(v) for v in given), "toJSON(secrets) is all of them")


@check(
    id="pipeline-secrets-inherited",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "ATLAS:AML.T0010.001", "NIST-800-53:AC-6"),
)
def pipeline_secrets_inherited(job: PipelineJob) -> Verdict:
    """Every secret is handed to somebody else's workflow.

    Why: what was meant for a lint of notebooks then holds the keys of training data and of the model registry, today
    and whatever is added tomorrow.
    Fix: name the secrets the workflow needs instead of `secrets: inherit`.
    """
    elsewhere = Truth(action_of(job.uses.text()) != "", (job.uses,))
    return fail_if(job.secrets.equals("inherit") & elsewhere, "it inherits all secrets")


@check(
    id="pipeline-secret-printed",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    confidence=Confidence.MEDIUM,
)
def pipeline_secret_printed(step: PipelineStep) -> Verdict:
    """A secret is printed into the log.

    Why: what is masked is the secret as it was stored; a piece of it, or the same in base64, is not, and logs of
    training runs are read by many and kept for months.
    Fix: hand it to the program that needs it, in a variable or through standard input.
    """
    return fail_if(step.runs(_PRINTS), "it is written to the log")


@check(
    id="pipeline-secret-in-build-argument",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
)
def pipeline_secret_in_build_argument(step: PipelineStep) -> Verdict:
    """A secret is an argument of an image's build.

    Why: build arguments stay in the history of the image: whoever pulls the model server reads the token of the hub it
    was built with.
    Fix: hand it over as a build secret (`--secret`, `secrets:`), which leaves no trace.
    """
    given = step.input("build-args")
    by_action = given.matches(_ARGUMENT_INPUT) if given.state is State.KNOWN else NO
    return fail_if(step.runs(_ARGUMENT) | by_action, "it is a build argument")


@check(
    id="model-pipeline-long-lived-key",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "ATLAS:AML.T0012", "NIST-800-53:IA-5", "OWASP-ML:ML06"),
    about_ml=True,
)
def model_pipeline_long_lived_key(job: PipelineJob) -> Verdict:
    """A job that trains or deploys models holds a cloud key that does not expire.

    Why: the key reads the training data and replaces models from anywhere, for as long as nobody changes it; every
    package the job installs can take it.
    Fix: let the job take on a role with its own identity (OIDC: `id-token: write`), for its branch only.
    """
    return fail_if(
        job.long_lived_key & (job.deploys_model | job.trains_model), "it is given a key that does not expire"
    )


@check(
    id="pipeline-long-lived-key",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
)
def pipeline_long_lived_key(job: PipelineJob) -> Verdict:
    """A job holds a cloud key that does not expire.

    Why: what the job installs and runs can take the key, which then works from anywhere until somebody changes it.
    Fix: let the job take on a role with its own identity (OIDC: `id-token: write`), for its branch only.
    """
    about_models = job.deploys_model.yes or job.trains_model.yes
    return fail_if(NO if about_models else job.long_lived_key, "it is given a key that does not expire")


@check(
    id="pipeline-credentials-kept",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
)
def pipeline_credentials_kept(job: PipelineJob) -> Verdict:
    """Credentials are kept among the results of a job.

    Why: results can be downloaded by everybody who reads the project; the token in `.git/config` or the key file beside
    it pushes code and models while it lives.
    Fix: keep the folder of results only, and check out with `persist-credentials: false`.
    """
    kept = job.artifacts.any(lambda path: path.matches(_CREDENTIALS))
    uploads = [s for s in job.steps if action_of(s.uses.text()) == "actions/upload-artifact"]
    named = any_of(s.input("path").matches(_CREDENTIALS) for s in uploads)
    return fail_if(kept | named | any_of(_uploads_token(s, job) for s in uploads), "they are uploaded with the results")


def _is_everything(text: Value) -> Truth:
    """Whether all secrets flow into a text."""
    return Truth(any(flow.name == "secrets" for flow in flows(text.text())), (text,))


def _uploads_token(step: PipelineStep, job: PipelineJob) -> Truth:
    """Whether the whole working directory is uploaded, hidden files too, with the token that a checkout left there.

    Hidden files are left out since version 4.4 of the action, and the token lies elsewhere since version 6 of checkout.
    """
    checkouts = [s for s in job.steps if action_of(s.uses.text()) == "actions/checkout"]
    left = any_of(
        ~s.input("persist-credentials").one_of((False, "false")) & ~s.uses.matches(r"@v([6-9]|\d\d)") for s in checkouts
    )
    hidden = step.input("include-hidden-files").one_of((True, "true")) | step.uses.matches(_OLD_UPLOAD)
    return step.input("path").matches(_WORKSPACE) & hidden & left


def _written(name: str, value: Value) -> Truth:
    """Whether a variable holds a secret: of a known form, or one that looks random under a name that says so."""
    random = _RANDOM.match(value.text()) is not None and "${{" not in value.text() and not is_made_up(value.text())
    return credential_named(name, value) if random else key_in(value)


def _mappings(job: PipelineJob) -> list[Value]:
    return [job.variables, *(said for s in job.steps for said in (s.inputs, s.variables))]


def _entries(said: Value) -> list[tuple[str, Value]]:
    return list(said.content.items()) if said.state is State.KNOWN and isinstance(said.content, Body) else []
