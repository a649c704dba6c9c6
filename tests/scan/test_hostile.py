"""Bad input: always an answer within limits, a message that names file and line, and all else still reported."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Scan = Callable[..., Any]
DEEP = 100_000
POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"
CFN = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n"
BUCKET = 'resource "aws_s3_bucket" "b" {\n  bucket = "b"\n  acl    = "public-read"\n}\n'
JSON_POD = '{"apiVersion": "v1", "kind": "Pod",\n "spec": '
JSON_CFN = '{"Resources": {"B": {"Type": "AWS::S3::Bucket"}},\n "X": '
JSON_TF = '{"resource": {"aws_s3_bucket": {"b":\n {"bucket": '
PLAN = '{"format_version": "1.2", "planned_values":\n '


@pytest.mark.parametrize(
    ("name", "content", "line", "words"),
    [
        ("m.tf", 'resource "aws_s3_bucket" "b" {\n  acl = = "x"\n}\n', 2, "syntax error"),
        ("m.tf", 'resource "aws_s3_bucket" "b" {\n  bucket = "a"\n  bucket = "b"\n}\n', 3, "'bucket' is said twice"),
        ("m.tf", "locals {\n  a = 1\n}\nlocals {\n  a = 2\n}\n", 5, "local.a is declared twice"),
        ("terraform.tfvars", 'x = "a"\ny = [\n', 2, "syntax error"),
        ("m.tf.json", '{"resource": {\n"aws_s3_bucket": ]', 2, "not valid JSON"),
        ("m.tf.json", JSON_TF + '1,\n "bucket": 2}}}}', 3, "'bucket' is said twice"),
        ("terraform.tfvars.json", '{"x": \n}', 2, "not valid JSON"),
        ("plan.json", PLAN + '{"root_module": ]', 2, "no JSON"),
        ("plan.json", PLAN + '{"root_module": {}', 2, "no JSON"),
        ("m.yaml", POD + "spec: [\n", 5, "not valid YAML"),
        ("m.yaml", POD + "spec: {}\nspec: {}\n", 6, "'spec' is said twice"),
        ("m.json", JSON_POD + "]", 2, "not valid JSON"),
        ("m.yaml", CFN + "    Properties: {\n", 4, "not valid YAML"),
        ("m.json", '{"Resources": {"B": {"Type": "AWS::S3::Bucket",\n}', 2, "not valid JSON"),
        ("m.json", JSON_CFN + '1,\n "X": 2}', 3, "'X' is said twice"),
        ("m.tf", BUCKET.encode() + b"# \xff\n", 5, "not UTF-8"),
        ("m.tf.json", JSON_TF.encode() + b'"\xff"}}}}', 2, "not UTF-8"),
        ("m.yaml", POD.encode() + b"# \xff\n", 5, "not UTF-8"),
        ("m.json", JSON_POD.encode() + b'"\xff"}', 2, "not UTF-8"),
        ("m.yaml", CFN.encode() + b"# \xff\n", 4, "not UTF-8"),
        ("m.json", JSON_CFN.encode() + b'"\xff"}', 2, "not UTF-8"),
        ("plan.json", PLAN.encode() + b'"\xff"}', 2, "not UTF-8"),
        ("m.tf", bytes(range(256)) * 10, 0, "binary"),
        ("m.yaml", POD.encode() + bytes(range(256)), 5, "binary"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_problem_with_its_line(
    name: str, content: str | bytes, line: int, words: str, scan_with: Scan
) -> None:
    answer = scan_with({f"a/{name}": content})
    problem = answer.problem(f"a/{name}")
    assert answer.code == 3
    assert (problem["line"], words in problem["message"]) == (line, True), problem


def test_what_says_nothing_is_no_problem(scan_with: Scan) -> None:
    endings = (".tf", ".tofu", ".tf.json", ".tfvars", ".tfvars.json", ".yaml", ".yml", ".json", ".template")
    files = {
        f"{folder}/m{e}": text
        for e in endings
        for folder, text in (("a", b""), ("b", b"\n \n"), ("c", b"\xef\xbb\xbf"))
    }
    files |= {"d/m.json": bytes(range(256)), "d/m.yaml": bytes(range(256)), "d/weights.bin": b"\0" * 100}
    answer = scan_with(files)
    assert answer.code == 1
    assert answer.report["scanned"]["skipped"] == {"binary": 1}


# Deep, large, and what expands.

YAML_DEEP: dict[str, Callable[[], str]] = {
    "flow": lambda: "[" * DEEP,
    "flow closed": lambda: "[" * DEEP + "]" * DEEP,
    "flow mapping": lambda: "{a: " * DEEP,
    "block": lambda: "\n  " + "- " * DEEP + "x",
    "block keys": lambda: "\n  " + "? " * DEEP + "x",
    "block mapping": lambda: "\n" + "".join(" " * n + "a:\n" for n in range(1, 2000)),
}
JSON_DEEP = {"open": lambda: "[" * DEEP, "closed": lambda: "[" * DEEP + "]" * DEEP, "keys": lambda: '{"a":' * DEEP}


@pytest.mark.parametrize("head", [POD, CFN], ids=["kubernetes", "cloudformation"])
@pytest.mark.parametrize("kind", YAML_DEEP)
def test_deep_yaml(kind: str, head: str, scan_with: Scan) -> None:
    answer = scan_with({"a/m.yaml": f"{head}X: {YAML_DEEP[kind]()}\n"})
    assert answer.problem("a/m.yaml")["message"] == "it is nested deeper than 200 levels"


@pytest.mark.parametrize("kind", JSON_DEEP)
def test_deep_json(kind: str, scan_with: Scan) -> None:
    deep = JSON_DEEP[kind]()
    answer = scan_with({"a/m.json": JSON_POD + deep, "b/m.json": JSON_CFN + deep, "c/m.tf.json": JSON_TF + deep, "d/m.json": PLAN + deep})  # fmt: skip
    for path in ("a/m.json", "b/m.json", "c/m.tf.json"):
        problem = answer.problem(path)
        assert (problem["line"], problem["message"]) == (2, "it is nested deeper than 200 levels")
    assert answer.problem("d/m.json")["message"] == "the plan is no JSON: it is nested too deeply"


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
MERGES = "m0: &m0 {a: 1}\n" + "".join(f"m{n}: &m{n}\n  <<: [{', '.join([f'*m{n - 1}'] * 9)}]\n" for n in range(1, 30))


@pytest.mark.parametrize("head", [POD, CFN], ids=["kubernetes", "cloudformation"])
@pytest.mark.parametrize(
    ("bomb", "words"),
    [
        (BOMB, "aliases expand to more than"),
        (MERGES, "aliases expand to more than"),
        ("spec: &a\n  <<: *a\n", "*a stands inside &a itself"),
        ("spec: &a [*a]\n", "*a stands inside &a itself"),
    ],
    ids=["aliases", "merges", "merge cycle", "cycle"],
)
def test_aliases_that_expand(bomb: str, words: str, head: str, scan_with: Scan) -> None:
    assert words in scan_with({"a/m.yaml": head + bomb}).problem("a/m.yaml")["message"]


def test_merge_keys_in_a_long_chain(scan_with: Scan) -> None:
    chain = "".join(f"m{n}: &m{n}\n  <<: *m{n - 1}\n  k{n}: 1\n" for n in range(1, 190))
    answer = scan_with({"a/m.yaml": f"{POD}m0: &m0 {{a: 1}}\n{chain}spec: {{<<: *m189, hostNetwork: true}}\n"})
    assert (answer.code, any(a == "a:Pod//a" for _, a in answer.failed())) == (1, True)


@pytest.mark.slow
def test_a_hundred_megabytes_in_one_document_are_refused(scan_with: Scan) -> None:
    line = "    " + "x" * 995 + "\n"
    answer = scan_with(
        {"a/m.yaml": f"{POD}spec:\n  x: |\n{line * 100_000}", "b/m.yaml": f"{CFN}X: |\n{line * 11_000}", "c/m.json": f'{JSON_POD}"{"x" * 11_000_000}"}}'}
    )  # fmt: skip
    for path in ("a/m.yaml", "b/m.yaml", "c/m.json"):
        problem = answer.problem(path)
        assert (problem["line"], "too large: the limit is 10 MB" in problem["message"]) == (1, True)


@pytest.mark.slow
def test_a_hundred_megabytes_of_small_documents_are_read(scan_with: Scan) -> None:
    one = POD + "spec: {hostNetwork: true}\n# " + "x" * 100_000 + "\n---\n"
    answer = scan_with({"a/m.yaml": one * 1_000})
    assert (answer.code, answer.report["scanned"]["assets"]) == (1, 1_003 + 1)


@pytest.mark.slow
def test_a_list_of_a_hundred_thousand_objects(scan_with: Scan) -> None:
    answer = scan_with({"a/m.yaml": "apiVersion: v1\nkind: List\nitems:\n" + "- {apiVersion: v1, kind: Pod, metadata: {name: p}}\n" * DEEP})  # fmt: skip
    assert (answer.code, answer.report["scanned"]["assets"]) == (1, DEEP + 4)


def test_lists_in_lists(scan_with: Scan) -> None:
    deep = "{apiVersion: v1, kind: List, items: [" * 90 + "{apiVersion: v1, kind: Pod, metadata: {name: p}}" + "]}" * 90
    assert scan_with({"a/m.yaml": deep}).report["scanned"]["assets"] == 5


def test_values_of_the_wrong_shape(scan_with: Scan) -> None:
    """A manifest or template may say anything anywhere: what a check cannot use is as if it were not said."""
    odd = ["5", "x", "[1]", "[[x]]", "{a: b}", "[{a: b}]", "null", "true", "99999999999999999999999999", "''"]
    objects = []
    for kind in ("v1/Pod", "v1/Service", "v1/Secret", "apps/v1/Deployment", "networking.k8s.io/v1/NetworkPolicy",
                 "networking.k8s.io/v1/Ingress", "rbac.authorization.k8s.io/v1/RoleBinding", "ray.io/v1/RayCluster",
                 "rbac.authorization.k8s.io/v1/ClusterRole", "serving.kserve.io/v1beta1/InferenceService"):  # fmt: skip
        version, _, name = kind.rpartition("/")
        for value in odd:
            for text in ("metadata: {v}\nspec: {v}\nrules: {v}\nsubjects: {v}\ndata: {v}",
                         "metadata: {{name: {v}, labels: {v}}}\nspec: {{containers: {v}, ports: {v}, rules: {v}, template: {v}, podSelector: {v}, selector: {v}, predictor: {v}, headGroupSpec: {v}}}\nroleRef: {v}",
                         "metadata: {{name: x, annotations: {v}, namespace: {v}}}\nspec: {{containers: [{{name: {v}, ports: [{v}], env: [{v}], image: {v}, command: {v}, securityContext: {v}, resources: {v}}}], hostNetwork: {v}, volumes: [{v}]}}"):  # fmt: skip
                objects.append(f"apiVersion: {version}\nkind: {name}\n{text.format(v=value)}\n")
    resources = "".join(
        f"  B{n}{part}:\n    Type: {type_}\n    {part}: {value}\n"
        for n, value in enumerate(odd)
        for part in ("Properties", "Condition", "Metadata")
        for type_ in ("AWS::S3::Bucket",)
    )
    answer = scan_with({"a/m.yaml": "---\n".join(objects), "b/m.yaml": f"Conditions: [1]\nParameters: x\nMappings: {{M: 5}}\nResources:\n{resources}"})  # fmt: skip
    assert answer.code == 1


# Files that are not what they seem.


def test_links_and_pipes(tree: Path, tmp_path: Path, scan_with: Scan) -> None:
    (tmp_path / "outside.tf").write_text(BUCKET.replace('"b"', '"outside"'))
    (tree / "a").mkdir()
    (tree / "a/loop").symlink_to(tree / "a", target_is_directory=True)
    (tree / "a/loop.yaml").symlink_to("loop.yaml")
    (tree / "a/one.tf").symlink_to("two.tf")
    (tree / "a/two.tf").symlink_to("one.tf")
    (tree / "a/out.tf").symlink_to(tmp_path / "outside.tf")
    (tree / "a/passwd.yaml").symlink_to("/etc/passwd")
    (tree / "a/up").symlink_to("../..", target_is_directory=True)
    (tree / "a/zero.tf").symlink_to("/dev/zero")
    for name in ("pipe.tf", "pipe.yaml", ".gitignore", "terraform.tfvars"):
        os.mkfifo(tree / "a" / name)
    (tree / "a/linked.yaml").symlink_to("pipe.yaml")
    answer = scan_with()
    notes = [n["path"] for n in answer.report["notes"]]
    assert answer.code == 1
    assert notes == [f"tree/a/{n}" for n in ("out.tf", "passwd.yaml", "up", "zero.tf")]
    assert "outside" not in {a for _, a in answer.failed()}
    assert answer.report["scanned"]["skipped"]["pipe, socket or device"] >= 2


def test_files_and_folders_that_may_not_be_read(tree: Path, scan_with: Scan) -> None:
    for name in ("a/m.tf", "a/m.yaml", "b/m.json", "c/inner/m.tf", "d/m.tf"):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(BUCKET)
        path.chmod(0)
    (tree / "c").chmod(0)
    (tree / "d/m.tf").chmod(0o644)
    try:
        answer = scan_with(as_anyone=True)
    finally:
        (tree / "c").chmod(0o755)
    for shown in ("a/m.tf", "a/m.yaml", "b/m.json", "c"):
        assert "Permission denied" in answer.problem(shown)["message"]
    assert ("bucket-public", "d:aws_s3_bucket.b") in answer.failed()


@pytest.mark.slow
def test_a_hundred_thousand_files(tree: Path, scan_with: Scan) -> None:
    for folder in range(100):
        (tree / f"a/{folder}").mkdir(parents=True)
        for number in range(1_000):
            os.close(os.open(tree / f"a/{folder}/{number}.yaml", os.O_CREAT | os.O_WRONLY))
    assert scan_with().code == 1


def test_hostile_patterns_of_what_to_ignore(scan_with: Scan) -> None:
    files = {
        "a/.gitignore": "*a" * 400 + "b\n" + "**/" * 300 + "b\n" + "[" * 900 + "\n" + "(a+)+$\n" + "\\\n!\n/\n",
        "a/" + "a" * 200 + ".tf": BUCKET,
        "b/.gitignore": "\n".join(f"{n}*x*y*z" for n in range(2_000)),
        "d/.gitignore": "a\n" * 1_000_000,
        "d/m.tf": BUCKET,
        "b/m.tf": BUCKET,
        "c/.gitignore": bytes(range(256)) * 1_000,
        "c/m.tf": BUCKET,
    }
    found = scan_with(files).failed()
    assert {("bucket-public", f"{f}:aws_s3_bucket.b") for f in "abcd"} <= found


# Text that a terminal or a workflow would obey.

EVIL = "\x1b[31mred\x07\x9b2J\u202e\r\n::error::x"


@pytest.mark.parametrize("format_", ["terminal", "json", "sarif", "github"])
def test_control_characters_reach_no_output(format_: str, tree: Path, command: Callable[..., Any]) -> None:
    for name in (f"{EVIL}.tf".replace("/", ""), "evil\x1b]0;x\x07.yaml"):
        (tree / name).write_text("= =\n" if name.endswith(".tf") else POD + "spec: [\n")
    os.close(os.open(os.fsencode(tree) + b"/bytes\xff\xfe.tf", os.O_CREAT | os.O_WRONLY))
    (tree / "m.tf").write_text(
        BUCKET.replace('"b"', '"\x1b[2J\\u001b]0;x\\u0007\\u009b"', 1).replace('bucket = "b"', 'bucket = "\\u001b[31m\\u009b${var.x}"')
        + f'variable "x{EVIL[:9]}" {{}}\nmodule "m" {{\n  source = "./\x1b[31m"\n}}\n'
    )  # fmt: skip
    name = '"\\e[31m\\x9b\\u202e\\r\\n::error::x"'
    (tree / "pod.yaml").write_text(
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {name}, {name}: 1, {name}: 2}}\n"
        f"spec: {{hostNetwork: true, containers: [{{name: {name}, image: {name}, securityContext: {{privileged: true}}}}]}}\n"
    )
    (tree / "stack.json").write_text(
        '{"Resources": {"\\u001b[31mB\\u009b": {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead", '
        '"BucketName": {"Fn::Sub": "\\u001b${\\u009bX}"}}}}}'
    )
    done = command("scan", "tree", "--format", format_, *(["--all", "--unknown"] if format_ == "terminal" else []))
    assert done.code == 3
    assert not [line for line in done.out.splitlines() if line.startswith("::error::x")]
    assert "pod.yaml" in done.out


# What is written for Garrison itself.


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("", 1, "not JSON"),
        ("{", 1, "not JSON"),
        ('{"version": 1,\n"findings": [}', 2, "not JSON"),
        (b"\xff\xfe\x00", 1, "not"),
        ("[" * DEEP, 1, "not"),
        ('{"version": 1, "findings":' + "[" * DEEP, 1, "not"),
        ('{"version": 1,\n"findings": [\n{"fingerprint": 5, "check": "a", "asset": "b"}]}', 3, "Expected `str`"),
        ('{"version": 99,\n"findings": []}', 1, "version"),
        ('{"version": 1,\n"findings": [], "x": 1}', 1, "unknown field"),
        ("[]", 1, "Expected `object`"),
    ],
)
def test_malformed_baselines(
    content: str | bytes, line: int, words: str, tree: Path, command: Callable[..., Any]
) -> None:
    (tree / "known.json").write_bytes(content.encode() if isinstance(content, str) else content)
    done = command("scan", "tree", "--baseline", "tree/known.json")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"tree/known.json:{line}"), done.err
    assert words in done.err
    assert "--write-baseline" in done.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff", ":1"),
        (b"[scan]\nfail-on = [", ":2"),
        (b'[scan]\nfail-on = "hihg"', ":2"),
        (b"a = " + b"[" * DEEP, ":1"),
        (b"a = " + b"{a=" * DEEP, ":1"),
        (b"a" + b".a" * DEEP + b" = 1", ":1"),
        (b"scan = 5", ":1"),
        (b'[[ignore]]\ncheck = "a"\npath = "\x1b[31m"\nreason = "x"', ":3"),
        (b'[[ignore]]\ncheck = "a"\npath = "b"\nreason = "x"\nuntil = 5', ":5"),
        (b'[scan]\n"\\u001b[31m\\u009b\\u0007" = 1', ":1"),
        (b'[scan]\nbaseline = "nowhere.json"', "nowhere.json"),
        (b'[scan]\nbaseline = "pipe"', "pipe"),
        (b'[scan]\nbaseline = "/dev/zero"', "/dev/zero"),
        (b'[scan]\nbaseline = "a\\u0000b"', "null byte"),
    ],
)  # fmt: skip
def test_malformed_configuration(content: bytes, words: str, tree: Path, command: Callable[..., Any]) -> None:
    (tree / "garrison.toml").write_bytes(content)
    os.mkfifo(tree / "pipe")
    done = command("scan", "tree")
    assert (done.code, done.out) == (2, ""), done.err
    assert words in done.err.splitlines()[0]


def test_hostile_globs_of_a_configuration(scan_with: Scan) -> None:
    glob = "*a" * 500
    text = f'[scan]\nexclude = ["{glob}b", "[", "!", "{"(" * 100}"]\n[[ignore]]\ncheck = "bucket-public"\npath = "{glob}b"\naddress = "{glob}"\nreason = "x"\n'
    answer = scan_with({"garrison.toml": text, "a/" + "a" * 200 + ".tf": BUCKET})
    assert ("bucket-public", "a:aws_s3_bucket.b") in answer.failed()


def test_what_is_neither_file_nor_folder(tree: Path, command: Callable[..., Any]) -> None:
    os.mkfifo(tree / "pipe")
    for path in ("tree/pipe", "/dev/zero", "tree/nowhere", "tree/a\nb"):
        done = command("scan", path)
        assert (done.code, done.out) == (2, "")
