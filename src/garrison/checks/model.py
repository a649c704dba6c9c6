"""Models as a managed service keeps and serves them."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if, unsafe
from garrison.estate.assets.model import Endpoint, LiveEndpoint, Model, ModelContainer, ModelRegistry


@check(
    id="model-registry-open",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0044", "NIST-800-53:AC-3", "OWASP-ML:ML05"),
    about_ml=True,
)
def model_registry_open(registry: ModelRegistry) -> Verdict:
    """Any AWS account may use the model registry.

    Why: strangers take model files, and where they may register or approve versions they decide what is served.
    Fix: name the accounts that share it, or ask for your organisation in a condition.
    """
    return fail_if(registry.open_to_anyone, "its policy lets every account in")


@check(
    id="model-environment-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
    about_ml=True,
)
def model_environment_secret(container: ModelContainer) -> Verdict:
    """A credential is written into a model container's environment.

    Why: whoever may describe the model reads it: usually the token of a model hub, which opens private models too.
    Fix: have the container fetch it from a secret store with its role; replace the one that was written here.
    """
    return fail_if(container.has_credential, "a credential is written into its environment")


@check(
    id="model-remote-code",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0011.000", "NIST-800-53:SI-7", "OWASP-ML:ML06", "OWASP-LLM:LLM03"),
    about_ml=True,
)
def model_remote_code(container: ModelContainer) -> Verdict:
    """A model container runs the Python code that comes with the weights.

    Why: whoever can change the model's repository runs code on the endpoint, with its role and every request in reach.
    Fix: serve models whose architecture the library has; else keep a copy that somebody read, and load that.
    """
    return fail_if(container.trusts_remote_code, "remote code is trusted")


@check(
    id="model-image-floating",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0010.004", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
    about_ml=True,
)
def model_image_floating(container: ModelContainer) -> Verdict:
    """A model is served by whatever image is the latest.

    Why: whoever can push to the registry changes what answers, at the next scaling step, and nobody can say later which
    code gave a prediction.
    Fix: name the image by its digest.
    """
    return fail_if(container.image_floats, "its image has no version")


@check(
    id="model-not-isolated",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7", "AWS-FSBP:SageMaker.5"),
    about_ml=True,
    mend=unsafe(network_isolation=True),
)
def model_not_isolated(model: Model) -> Verdict:
    """A model's containers can make calls to the network.

    Why: a model file that runs code as it is loaded, or a library with a hole, sends requests and weights away.
    Fix: turn network isolation on; the weights are brought to the container from outside.
    """
    return fail_if(~model.network_isolation, "network isolation is off")


@check(
    id="model-outside-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7"),
    about_ml=True,
)
def model_outside_network(model: Model) -> Verdict:
    """A model's containers reach the internet past the customer's network.

    Why: no firewall, endpoint policy or flow log of yours stands between serving code and the world.
    Fix: isolate it from the network, or name your subnets and security groups.
    """
    return fail_if(model.reaches_internet, "its containers are neither isolated nor in your network")


@check(
    id="endpoint-plain-http",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "NIST-800-53:SC-8", "OWASP-API:API8"),
    about_ml=True,
)
def endpoint_plain_http(endpoint: Endpoint) -> Verdict:
    """Predictions are served without TLS.

    Why: keys, inputs and answers can be read and changed by whoever is on the way.
    Fix: give the cluster a certificate.
    """
    return fail_if(~endpoint.tls, "it answers over plain HTTP")


@check(
    id="endpoint-shell-access",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0044", "NIST-800-53:AC-6"),
    about_ml=True,
)
def endpoint_shell_access(endpoint: Endpoint) -> Verdict:
    """People can open a shell in the containers that serve a model.

    Why: whoever has that right reads weights and the requests of others, and changes what is answered, past every
    release process.
    Fix: turn SSM access off where the endpoint is not being debugged.
    """
    return fail_if(endpoint.shell_access, "SSM access to its containers is on")


@check(
    id="endpoint-unrecorded",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("ATLAS:AML.M0024", "NIST-800-53:AU-12", "NIST-800-53:SI-4"),
    about_ml=True,
)
def endpoint_unrecorded(endpoint: Endpoint) -> Verdict:
    """What a model is asked and what it answers is not kept.

    Why: queries that rebuild the model, probe for training data or drift away from it leave no trace, so nothing can
    notice them, and no incident can be looked into.
    Fix: capture a share of requests and responses to a bucket or table with its own key and a short life.
    """
    return fail_if(~endpoint.records, "requests and responses are not captured")


@check(
    id="endpoint-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def endpoint_own_key(endpoint: Endpoint) -> Verdict:
    """An endpoint's storage is encrypted with the provider's key only.

    Why: weights on its disks cannot be made unreadable by taking a key away, and no log says who had them decrypted.
    Fix: name a key of your own.
    """
    return fail_if(endpoint.keyless, "it names no key")


@check(
    id="endpoint-shared-address",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "NIST-800-53:SC-7"),
    about_ml=True,
)
def endpoint_shared_address(endpoint: Endpoint) -> Verdict:
    """An endpoint is called over the provider's public address.

    Why: a stolen token is enough to query the model from anywhere, as often as it takes to copy it.
    Fix: peer it with a network, or offer it by Private Service Connect.
    """
    return fail_if(endpoint.off_network, "it is called past your network")


@check(
    id="endpoint-single-machine",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0029", "NIST-800-53:CP-10", "AWS-FSBP:SageMaker.4"),
    about_ml=True,
)
def endpoint_single_machine(endpoint: Endpoint) -> Verdict:
    """A model is served by one machine.

    Why: one expensive request, one failed zone, and whatever waits for predictions stands still or falls back to a rule
    that is easier to cheat.
    Fix: start with two machines or more; they are spread over zones.
    """
    return fail_if(endpoint.single, "a variant has one machine")


@check(
    id="endpoint-no-rollback",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("ATLAS:AML.T0031", "NIST-800-53:CP-10"),
    about_ml=True,
)
def endpoint_no_rollback(endpoint: LiveEndpoint) -> Verdict:
    """A bad update of an endpoint is not taken back by itself.

    Why: a model that was poisoned or broken keeps answering until somebody notices.
    Fix: name alarms, on errors, latency and drift, that roll an update back.
    """
    return fail_if(~endpoint.rolls_back, "no alarm rolls an update back")
