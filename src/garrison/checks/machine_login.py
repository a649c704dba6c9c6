"""How people get onto machines, and what machines do for others."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.compute import Instance, LoginSettings


@check(
    id="login-by-metadata-keys",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-2", "NIST-800-53:AC-2", "CIS-GCP-4.0:4.4"),
)
def login_by_metadata_keys(settings: LoginSettings) -> Verdict:
    """Keys in the project's metadata open all of its machines.

    Why: whoever may change metadata logs in to every training machine, and a person who left keeps his key there.
    Fix: set enable-oslogin to TRUE.
    """
    return fail_if(~settings.by_identity, "OS Login is off")


@check(
    id="instance-serial-port",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "NIST-800-53:AC-17", "CIS-GCP-4.0:4.5"),
    native=("serial_port",),
)
def instance_serial_port(instance: Instance) -> Verdict:
    """A machine's serial console answers the internet.

    Why: no firewall rule applies to it: a key is all it takes to get onto the machine with the models.
    Fix: remove serial-port-enable from its metadata.
    """
    return fail_if(instance.native("serial_port").matches(r"(?i)^(true|1|y|yes)$"), "its serial console is on")


@check(
    id="instance-forwards-packets",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "CIS-GCP-4.0:4.6"),
    native=("forwards",),
)
def instance_forwards_packets(instance: Instance) -> Verdict:
    """A machine sends packets in the name of others.

    Why: whoever gets onto it leads traffic past the rules of the network, out of the subnet where training data are kept.
    Fix: leave can_ip_forward away, unless it is a router.
    """
    return fail_if(instance.native("forwards").one_of((True, "true")), "it forwards packets")


@check(
    id="instance-secure-boot-off",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=(
        "NIST-800-53:SI-7",
        "CIS-GCP-4.0:4.8",
    ),
    confidence=Confidence.MEDIUM,
    native=("secure_boot",),
)
def instance_secure_boot_off(instance: Instance) -> Verdict:
    """A machine starts whatever kernel is on its disk.

    Why: code that once was root stays below the system, and sees every model and data set that comes after.
    Fix: turn secure boot on; unsigned GPU drivers then need signing.
    """
    return fail_if(instance.native("secure_boot").one_of((False, "false")), "secure boot is off")
