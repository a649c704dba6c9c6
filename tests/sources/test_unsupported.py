"""What is not read is named, once for each format."""

from __future__ import annotations

from pathlib import Path

from garrison.scan.scan import scan


def test_each_format_is_named(tmp_path: Path) -> None:
    files = {
        "a/main.bicep": "", "b/main.bicep": "", "Dockerfile.j2": "FROM {{ x }}", "cdk.json": "{}", "Pulumi.yaml": "name: x", "ansible.cfg": "",
        "arm.json": '{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"}',
        "serverless.yml": "service: x", "roles/web/tasks/main.yml": "- debug:", "notes.yaml": "a: b", "Cargo.toml": "",
    }  # fmt: skip
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    result = scan([tmp_path])
    said = {n.path: n.message for n in result.notes}
    assert said["a/main.bicep"] == "Bicep is not read (2 files, this is the first)"
    assert said["arm.json"] == "Azure Resource Manager template is not read"
    assert said["cdk.json"].startswith("AWS CDK is not read; synthesise it")
    assert {"Pulumi.yaml", "ansible.cfg", "serverless.yml"} <= said.keys()
    assert not {"notes.yaml", "Dockerfile.j2"} & said.keys()
    assert result.exit_code == 0
