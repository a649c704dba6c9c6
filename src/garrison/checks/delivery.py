"""What brings software into a cluster, and starts pipelines there."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.delivery import DeliveredApp, DeliveryProject, EventBus, EventSource


@check(
    id="delivery-project-open",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0010", "NIST-800-53:AC-6", "NIST-800-53:CM-5"),
)
def delivery_project_open(project: DeliveryProject) -> Verdict:
    """A project deploys from every repository to every namespace.

    Why: whoever may make an application in it, a data scientist's demo too, replaces the model servers and policies of all
    others.
    Fix: name the repositories in `sourceRepos` and the namespaces in `destinations`.
    """
    return fail_if(project.any_source & project.any_destination, "its sources and destinations are *")


@check(
    id="delivery-project-rules-cluster",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "NIST-800-53:CM-5"),
)
def delivery_project_rules_cluster(project: DeliveryProject) -> Verdict:
    """A project may deploy every kind that rules the cluster.

    Why: whoever writes to its repository makes himself administrator with a ClusterRoleBinding, and owns every model.
    Fix: name in `clusterResourceWhitelist` the few kinds that its applications need.
    """
    return fail_if(project.rules_cluster, "every kind of the cluster is allowed")


@check(
    id="delivery-default-project",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "NIST-800-53:CM-5"),
)
def delivery_default_project(app: DeliveredApp) -> Verdict:
    """An application is in the project that allows everything.

    Why: nothing says from where and to where it may deploy: a changed address in it replaces what serves in another
    namespace.
    Fix: make an AppProject for the team with its repositories and namespaces, and name it in `spec.project`.
    """
    return fail_if(app.project.one_of(("", "default")), "its project is default")


@check(
    id="delivery-plain-source",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010", "NIST-800-53:SC-8", "NIST-800-53:SI-7"),
)
def delivery_plain_source(app: DeliveredApp) -> Verdict:
    """What is deployed is fetched without encryption.

    Why: whoever is on the way puts his own manifests in: they run with the rights of the delivery system.
    Fix: use `https://` or `ssh://`.
    """
    return fail_if(app.plain_source, "its repository is fetched in plain")


@check(
    id="event-source-unauthenticated",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:IA-2", "OWASP-API:API2"),
    about_ml=True,
)
def event_source_unauthenticated(source: EventSource) -> Verdict:
    """Anybody who reaches it starts what waits for its events.

    Why: the workflows behind it train and deploy: a stranger starts them as often as he likes, with parameters of his choice.
    Fix: give each webhook an `authSecret` (`webhookSecret` for GitHub) and check signatures.
    """
    return fail_if(source.unauthenticated, "no secret proves who calls")


@check(
    id="event-bus-unauthenticated",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:IA-2", "OWASP-API:API2"),
)
def event_bus_unauthenticated(bus: EventBus) -> Verdict:
    """Every pod may put events on the bus.

    Why: a notebook starts the pipelines that only the repository or the data store should start.
    Fix: set `spec.nats.native.auth: token`, or use JetStream.
    """
    return fail_if(~bus.asks_for_token, "it asks for no token")
