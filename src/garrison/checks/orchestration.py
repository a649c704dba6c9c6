"""What runs the steps of a model's life one after the other."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.orchestration import Airflow, Orchestration


@check(
    id="orchestration-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    about_ml=True,
)
def orchestration_secret(orchestration: Orchestration) -> Verdict:
    """A credential is written into a step of a pipeline or state machine.

    Why: the definition is shown to everybody who may look at it, and kept with every execution: whoever reads it opens
    the stores and services that training depends on.
    Fix: let the step read it from a secret store, and replace the one written here.
    """
    return fail_if(orchestration.has_credential, "a step holds a credential")


@check(
    id="orchestration-unlogged",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12", "AWS-FSBP:StepFunctions.1"),
)
def orchestration_unlogged(orchestration: Orchestration) -> Verdict:
    """What a state machine did is not kept.

    Why: which data a model was trained on, who approved it and what was deployed cannot be told after some weeks.
    Fix: set a log level and a log group; leave execution data out where it holds personal data.
    """
    return fail_if(~orchestration.logged, "its log level is OFF")


@check(
    id="airflow-on-internet",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7"),
    about_ml=True,
)
def airflow_on_internet(airflow: Airflow) -> Verdict:
    """The web page of Airflow is on the internet.

    Why: it starts any workflow and shows connections and variables: a stolen session (FlowFixation stole them across
    accounts) runs code with the role that moves all training data.
    Fix: set the access mode to PRIVATE_ONLY and enter through your network.
    """
    return fail_if(airflow.public_page, "its access mode is public")


@check(
    id="airflow-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    about_ml=True,
)
def airflow_secret(airflow: Airflow) -> Verdict:
    """A credential is written into the options of Airflow.

    Why: every workflow, and everybody who may look at the environment, reads it.
    Fix: use a secrets backend (Secrets Manager), and replace the one written here.
    """
    return fail_if(airflow.has_credential, "an option holds a credential")


@check(
    id="airflow-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def airflow_own_key(airflow: Airflow) -> Verdict:
    """What Airflow stores is encrypted with the provider's key only.

    Why: connections, variables and samples of data in its database and logs cannot be made unreadable by taking a key
    away.
    Fix: name a key of your own when you create it.
    """
    return fail_if(airflow.encryption_key.is_absent(), "it names no key")
