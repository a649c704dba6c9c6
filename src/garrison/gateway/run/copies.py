"""Certificates and keys as they are now, copied under the name of what is in them.

Envoy reads a file when it is told of it: a renewed certificate gets a new name, and a half-written one is never shown.
"""

from __future__ import annotations

import hashlib

import msgspec

from garrison.gateway.envoy.plan import Plan
from garrison.gateway.file.rules import named_files
from garrison.gateway.run.publish import replace

_FOLDER = "tls"


def with_copies(plan: Plan) -> Plan:
    """A plan whose certificates, keys and revocation lists lie in the state folder."""
    copies = {}
    for steps, name in named_files(plan.loaded):
        if "tls" in steps or (steps[-1] == "ca" and "redis" not in steps and steps[0] != "batch"):
            data = plan.loaded.beside(name).read_bytes()
            path = plan.loaded.state.resolve() / _FOLDER / f"{hashlib.sha256(data).hexdigest()[:32]}.pem"
            if not path.exists():
                replace(path, data)
            copies[name] = str(path)
    return msgspec.structs.replace(plan, files=copies, lists={})
