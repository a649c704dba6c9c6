"""A comment that is short at first sight, fits, and in which nothing that was scanned means anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from markdown_it import MarkdownIt
from markdown_it.token import Token

from garrison.checks.frameworks import framework
from garrison.findings.result import Result
from garrison.reach.path import Paths
from garrison.report import View, form
from garrison.report.markdown import LIMIT
from garrison.report.markdown.text import block, code, prose, row, sentence
from garrison.scan.config import Settings
from garrison.scan.scan import scan

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HTML = re.compile(
    r"(<!-- garrison -->|</?details>|</details>|<summary>(<b>\d+\. [^<>]*<code>[^<>]*</code></b> \w+|[\w ,:]+)</summary>|\n)*"
)
MEANING = {"link_open", "image", "s_open", "hr", "html_inline", "html_block", "heading_open", "blockquote_open"}


def rendered(result: Result) -> str:
    return "".join(form("markdown").render(result, View()))


def tokens(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def said(text: str) -> str:
    """What a reader sees of it."""
    return "".join(t.content for t in tokens(text) if t.type in ("text", "code_inline", "fence", "text_special"))


def test_the_whole_comment(few: Result, paths: Paths) -> None:
    few.paths = paths
    assert rendered(few) == snapshot("""\
<!-- garrison -->
### Garrison: 1 critical, 1 high

3 files, 6 assets · 0 checks passed · 1 unknown · 1 ignored

|  | asset | what to mend | where |
| --- | --- | --- | --- |
| **critical** | Bucket `fraud-training-data` | Anybody on the internet can read the bucket | `infra/main.tf:11` |
| **high** | Deployment `scorer` | Container is privileged | `k8s/scorer.yaml:20` |

**Incomplete:** not all could be read.

<details>
<summary>1 not read</summary>

- `k8s/broken.yaml:3` not valid YAML: did not find expected node content (while parsing a flow node)

</details>

#### Paths to what matters

1. the internet → `Deployment scorer` → `Bucket fraud-training-data` (training data)
1. the internet → `Bucket fraud-training-data` (training data, if what is unknown allows it)

and 7 more

**Cut 7 of 9 paths:** `infra/main.tf:5` Deployment scorer reads Bucket fraud-training-data

<details>
<summary>1 note</summary>

- `main.bicep` Bicep is not read

</details>

<details>
<summary><b>1. Bucket <code>fraud-training-data</code></b> critical</summary>

`infra:aws_s3_bucket.training`

reachable from the internet · holds training data (its name says "fraud-training-data")

**critical** Anybody on the internet can read the bucket · `bucket-public`

```
  ┌ infra/main.tf:11
  │  5 ┃ resource "aws_s3_bucket" "training" {
  │    ╵ ↑ no public access block is said; only buckets made since April 2023 have one by
  │        themselves
  │  … │
  │ 11 ┃   acl    = "public-read"
  └ anybody can read its objects
```

**Fix:** grant access to named roles only, and block public access.

</details>

<details>
<summary><b>2. Deployment <code>scorer</code></b> high</summary>

`k8s:Deployment/serving/scorer`

**high** Container is privileged · `container-privileged`

```
  ┌ k8s/scorer.yaml:20
  │ 20 ┃ privileged: true
  └ it runs privileged
```

**Fix:** remove `privileged: true`; ask for single capabilities or a device plug-in instead.

</details>

""")


def test_nothing_found(few: Result) -> None:
    few.findings, few.problems, few.notes, few.since = [], [], [], "main"
    assert rendered(few) == snapshot("""\
<!-- garrison -->
### Garrison: nothing new since `main`

3 files, 6 assets · 0 checks passed · 1 unknown · 1 ignored

#### Paths to what matters

1. the internet → `Bucket fraud-training-data` (training data)

**Cut 1 of 1 path:** `infra/main.tf:11` an attacker reads, as anybody can, Bucket fraud-training-data

""")


def test_controls_of_a_framework(project: Path, few: Result) -> None:
    asked = Settings(checks=frozenset(c.id for c in few.checks), framework=framework("owasp-ml"))
    assert rendered(scan([Path()], asked)).partition("####")[2] == snapshot("""\
 Paths to what matters

1. the internet → `Bucket fraud-training-data` (training data)

**Cut 1 of 1 path:** `infra/main.tf:11` an attacker reads, as anybody can, Bucket fraud-training-data

#### OWASP Machine Learning Security Top 10 (2023)

<details>
<summary>1 control that checks map to: 1 failed</summary>

|  | control | failed | undecided | ignored | passed | not judged | failing checks |
| --- | --- | --- | --- | --- | --- | --- | --- |
| failed | `ML05` Model Theft | 1 |  | 1 |  |  | `bucket-public` |

</details>

Only what Garrison's checks see in these files: a control that passes here is not thereby fulfilled.

<details>
<summary>1 note</summary>

- `main.bicep` Bicep is not read

</details>

<details>
<summary><b>1. Bucket <code>fraud-training-data</code></b> critical</summary>

`infra:aws_s3_bucket.training`

reachable from the internet · holds training data (its name says "fraud-training-data")

**critical** Anybody on the internet can read the bucket · `bucket-public`

```
  ┌ infra/main.tf:11
  │  5 ┃ resource "aws_s3_bucket" "training" {
  │    ╵ ↑ no public access block is said; only buckets made since April 2023 have one by
  │        themselves
  │  … │
  │ 11 ┃   acl    = "public-read"
  └ anybody can read its objects
```

**Fix:** grant access to named roles only, and block public access.

</details>

""")


def test_names_mean_nothing(hostile: Result, paths: Paths) -> None:
    hostile.paths = paths
    found = list(tokens(rendered(hostile)))
    told = {t.type for t in found} & MEANING
    assert told == {"html_inline", "html_block", "heading_open"}
    assert [t.tag for t in found if t.type == "heading_open"] == ["h3", "h4"]
    assert {t.content for t in found if t.type == "html_inline"} <= {"<span>", "</span>"}
    for token in found:
        if token.type == "html_block":
            assert HTML.fullmatch(token.content), token.content
    opened = [t for t in found if t.type == "html_block"]
    assert sum(t.content.count("<details>") for t in opened) == sum(t.content.count("</details>") for t in opened)


def test_rows_have_the_cells_of_their_head(hostile: Result) -> None:
    cells, rows = 0, []
    for token in tokens(rendered(hostile)):
        cells = 0 if token.type == "tr_open" else cells + (token.type in ("td_open", "th_open"))
        rows += [cells] if token.type == "tr_close" else []
    assert len(rows) == 11
    assert set(rows) == {4}


def test_secrets_are_masked(result: Result) -> None:
    assert "container-credential-in-environment" in rendered(result)
    assert "hunter2" not in rendered(result)


@pytest.mark.parametrize("label", ["b", "`" * 60, "模型" * 30])
def test_it_fits_and_says_what_is_left_out(tmp_path: Path, label: str) -> None:
    bucket = 'resource "aws_s3_bucket" "b{0}" {{\n  bucket = "{1}-{0}"\n  acl = "public-read"\n}}\n'
    (tmp_path / "a.tf").write_text("".join(bucket.format(n, label) for n in range(400)))
    result = scan([tmp_path])
    text = rendered(result)
    assert LIMIT * 3 // 4 < len(text) <= LIMIT
    assert text.count("<details>") == text.count("</details>")
    left = re.search(r"\*\*(\d+,?\d*) findings left out:\*\*", text)
    assert left
    folds = text.count("<summary><b>")
    on_one = len(result.findings) // 400
    assert int(left[1].replace(",", "")) == len(result.findings) - folds * on_one


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_only_text(text: str) -> None:
    for written in (sentence(text), f"- {sentence(text)}", prose(text), row(code(text), sentence(text)), code(text)):
        assert not {t.type for t in tokens(written)} & (MEANING - {"html_inline"})
    if text.strip() and text.isprintable() and len(text) < 100:
        assert said(f"x {code(text)}") == f"x {text}"
        assert said(f"x {sentence(text)}").split() == ["x", *text.split()]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"))))
def test_a_block_ends_where_it_ends(lines: list[str]) -> None:
    text = block([f"│ {line}" for line in lines])
    assert [t.type for t in PARSER.parse(f"{text}\n\nend")] == ["fence", "paragraph_open", "inline", "paragraph_close"]
