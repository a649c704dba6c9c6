"""Formats that Garrison does not read, told by a file's name, so that nobody takes them for clean."""

from __future__ import annotations

import re
from collections import defaultdict

from garrison.sources.interface import File, Tree

_ARM = b"deploymentTemplate.json#"
_ARM_HEAD = 4096
_NAMES = {
    "cdk.json": "AWS CDK: synthesise it (cdk synth) and scan cdk.out",
    "Pulumi.yaml": "Pulumi",
    "Pulumi.yml": "Pulumi",
    "ansible.cfg": "Ansible",
    "playbook.yml": "Ansible",
    "playbook.yaml": "Ansible",
    "serverless.yml": "Serverless Framework",
    "serverless.yaml": "Serverless Framework",
}
_ENDINGS = {".bicep": "Bicep", ".bicepparam": "Bicep", ".hcl.jinja": "templated HCL"}
_ROLE = re.compile(r"(?:^|/)roles/[^/]+/(tasks|handlers)/main\.ya?ml$")


def format_of(file: File) -> str:
    """What it is written in; "" for a file that declares nothing of an infrastructure. May raise OSError."""
    name = file.name
    if name in _NAMES:
        return _NAMES[name]
    ending = name[name.rfind(".") :] if "." in name else ""
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if ending in (".yml", ".yaml"):
        return "Ansible" if name.startswith("main.") and _ROLE.search(file.path) else ""
    return "Azure Resource Manager template" if ending == ".json" and _ARM in file.data[:_ARM_HEAD] else ""


def note_unsupported(tree: Tree, unclaimed: list[File]) -> None:
    """One note for each format, at its first file."""
    found: dict[str, list[File]] = defaultdict(list)
    for file in unclaimed:
        try:
            format_ = format_of(file)
        except OSError as error:
            tree.problem(file.path, f"cannot be read: {error.strerror}", hint="check its permissions")
            continue
        if format_:
            found[format_].append(file)
    for format_, files in found.items():
        what, _, hint = format_.partition(": ")
        more = f" ({len(files)} files, this is the first)" if len(files) > 1 else ""
        tree.note(files[0].path, f"{what} is not read{more}{f'; {hint}' if hint else ''}")
