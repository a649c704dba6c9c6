"""What stands between the internet and what serves: load balancers, content delivery networks, doors to stores."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if, safe, unsafe
from garrison.estate.assets.edge import AccessPoint, Distribution, SharedCopy
from garrison.estate.assets.network import Listener, LoadBalancer

# Security policies of Elastic Load Balancing that still offer TLS 1.0 or 1.1.
_OLD_POLICY = (
    r"^ELBSecurityPolicy-(2015-05|2016-08|TLS-1-[01]-201[57]-0[14]|FS-2018-06|FS-1-1-2019-08|TLS13-1-[01]-.*)$"
)
_OLD_TLS = r"^(SSLv3|TLSv1(_2016)?|TLSv1\.1_2016)$"


@check(
    id="distribution-plain-http",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "AWS-FSBP:CloudFront.3", "OWASP-API:API8"),
)
def distribution_plain_http(distribution: Distribution) -> Verdict:
    """A content delivery network answers requests without TLS.

    Why: prompts, features, predictions and the tokens of callers can be read and changed on the way.
    Fix: set the viewer protocol policy to redirect-to-https, or https-only for an interface.
    """
    return fail_if(distribution.takes_plain, "a viewer protocol policy allows plain HTTP")


@check(
    id="distribution-plain-to-origin",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "AWS-FSBP:CloudFront.9"),
)
def distribution_plain_to_origin(distribution: Distribution) -> Verdict:
    """A content delivery network asks its origin without TLS.

    Why: callers see a lock, while what a model is asked and answers crosses the rest of the way readable.
    Fix: set the origin protocol policy to https-only.
    """
    return fail_if(distribution.plain_to_origin, "an origin protocol policy allows plain HTTP")


@check(
    id="distribution-old-tls",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "AWS-FSBP:CloudFront.10", "OWASP-API:API8"),
    mend=unsafe(tls_floor="TLSv1.2_2021"),
)
def distribution_old_tls(distribution: Distribution) -> Verdict:
    """A content delivery network takes TLS 1.0 or 1.1.

    Why: prompts, features and tokens are sent over protocols that were given up in 2021 (RFC 8996).
    Fix: set the minimum protocol version to TLSv1.2_2021 or later.
    """
    return fail_if(distribution.tls_floor.matches(_OLD_TLS), "its minimum protocol version is older than TLS 1.2")


@check(
    id="distribution-unlogged",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12", "AWS-FSBP:CloudFront.5"),
)
def distribution_unlogged(distribution: Distribution) -> Verdict:
    """Nobody records who calls a content delivery network.

    Why: copying or probing a model shows only in the pattern of its queries, and those are not kept.
    Fix: write access logs into a bucket.
    """
    return fail_if(~distribution.logged, "no access log is written")


@check(
    id="distribution-without-firewall",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-7", "AWS-FSBP:CloudFront.6", "OWASP-API:API8"),
)
def distribution_without_firewall(distribution: Distribution) -> Verdict:
    """No web application firewall stands before a content delivery network.

    Why: floods and known attacks reach the model behind it; a rule by address or rate could stop them.
    Fix: associate a web ACL with it.
    """
    return fail_if(~distribution.firewalled, "no web ACL is associated with it")


@check(
    id="access-point-open",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0035", "NIST-800-53:AC-3", "AWS-FSBP:S3.19"),
    mend=safe(blocks_public_policy=True),
)
def access_point_open(point: AccessPoint) -> Verdict:
    """Everybody is let in by a door to a bucket.

    Why: one line in the bucket's own policy (most delegate to access points) and the data set or the models behind it
    are the internet's.
    Fix: block public policies for the access point, name roles in its policy, or bind it to a VPC.
    """
    return fail_if(point.open_to_anyone, "its policy lets everybody in, and nothing blocks that")


@check(
    id="copy-shared-with-everybody",
    severity=Severity.CRITICAL,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0035", "NIST-800-53:AC-3", "AWS-FSBP:RDS.1", "AWS-FSBP:EC2.1"),
)
def copy_shared_with_everybody(copy: SharedCopy) -> Verdict:
    """Every account may copy a snapshot or machine image.

    Why: it holds what was on the disk: features, weights, keys. Public ones are copied by machines within minutes.
    Fix: name the accounts it is for.
    """
    return fail_if(copy.with_everybody, "it is shared with all")


@check(
    id="load-balancer-old-tls",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "OWASP-API:API8"),
    mend=unsafe(tls_policy="ELBSecurityPolicy-TLS13-1-2-2021-06"),
)
def load_balancer_old_tls(listener: Listener) -> Verdict:
    """A load balancer takes TLS 1.0 or 1.1.

    Why: prompts, features and tokens are sent over protocols that were given up in 2021 (RFC 8996).
    Fix: set the security policy to ELBSecurityPolicy-TLS13-1-2-2021-06 or later.
    """
    encrypts = listener.protocol.one_of(("HTTPS", "TLS"))
    return fail_if(encrypts & listener.tls_policy.matches(_OLD_POLICY), "its security policy has TLS 1.0 or 1.1 in it")


@check(
    id="load-balancer-request-smuggling",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7", "AWS-FSBP:ELB.4", "AWS-FSBP:ELB.12"),
    native=("desync", "drops_headers"),
)
def load_balancer_request_smuggling(balancer: LoadBalancer) -> Verdict:
    """A load balancer passes requests on that servers read in two ways.

    Why: model servers written in Python read doubtful headers as proxies do not: a request hidden in another one gets
    past the check of who calls, or is answered to somebody else.
    Fix: set the desync mitigation mode to defensive or strictest, and drop invalid header fields.
    """
    passes = balancer.native("desync").equals("monitor") | balancer.native("drops_headers").one_of((False, "false"))
    return fail_if(balancer.native("type").equals("application") & passes, "doubtful requests are passed on")


@check(
    id="load-balancer-unlogged",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12", "AWS-FSBP:ELB.5"),
    native=("access_log",),
)
def load_balancer_unlogged(balancer: LoadBalancer) -> Verdict:
    """Nobody records who calls a load balancer.

    Why: copying or probing a model shows only in the pattern of its queries, and those are not kept.
    Fix: write access logs into a bucket.
    """
    return fail_if(balancer.native("access_log").one_of((False, "false")), "no access log is written")
