"""Notebooks are read for what their code calls and runs, at the line where it stands in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.assets.code import Code
from garrison.estate.truth import Truth
from garrison.sources import notebooks
from garrison.sources.discover import discover
from garrison.sources.interface import Tree
from garrison.sources.mapping.assemble import assets_of


def read(top: Path, text: str, name: str = "a.ipynb") -> tuple[list[Code], Tree]:
    (top / name).write_text(text)
    tree = discover(top)
    found = assets_of("notebooks", notebooks.read([f for f in tree.files.values() if notebooks.claims(f)], tree))
    return [a for a in found if isinstance(a, Code)], tree


def document(*cells: str, language: str = "python", **more: Any) -> str:
    made = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": c.splitlines(keepends=True)} for c in cells]
    return json.dumps(
        {"cells": made, "metadata": {"kernelspec": {"language": language}}, "nbformat": 4, **more}, indent=1
    )


def code(top: Path, *cells: str) -> Code:
    (found,), tree = read(top, document(*cells))
    assert not tree.problems
    return found


def lines(found: Code, truth: Truth) -> list[str]:
    """The lines that decided it, as they stand in the file."""
    assert truth.yes
    return [json.loads(v.place.text.strip().rstrip(",")) for v in truth.because if v.place is not None]


REMOTE = "from huggingface_hub import hf_hub_download\np = hf_hub_download('a/b', 'm.pt')\n"


@pytest.mark.parametrize(
    "cell",
    [
        REMOTE + "torch.load(p, weights_only=False)",
        REMOTE + "with open(p, 'rb') as f:\n    m = pickle.load(f)",
        REMOTE + "q = p\njoblib.load(q)",
        "def f():\n    r = requests.get(u)\n    return pickle.loads(r.content)",
        "pd.read_pickle('https://example.com/x.pkl')",
        "cloudpickle.load(urlopen(u))",
        "np.load(io.BytesIO(requests.get(u).content), allow_pickle=True)",
    ],
)
def test_downloaded_pickles(tmp_path: Path, cell: str) -> None:
    assert code(tmp_path, cell).unpickles_download.yes


@pytest.mark.parametrize(
    "cell",
    [
        REMOTE + "torch.load(p)",
        REMOTE + "torch.load(p, weights_only=True)",
        "torch.load('model.pt', weights_only=False)",
        "pickle.load(open('x.pkl', 'rb'))",
        REMOTE + "json.load(open(p))",
        "client = Client('http://tracking:5000')\nx = client.info()\npickle.load(open(x.path, 'rb'))",
        "# pickle.loads(requests.get(u).content)",
        "'pickle.loads(requests.get(u).content)'",
    ],
)
def test_other_loads(tmp_path: Path, cell: str) -> None:
    assert code(tmp_path, cell).unpickles_download.no


def test_what_one_cell_fetches_another_loads(tmp_path: Path) -> None:
    found = code(tmp_path, REMOTE, "import torch\n\nm = torch.load(p, weights_only=False)\n")
    assert lines(found, found.unpickles_download) == ["m = torch.load(p, weights_only=False)\n"]


@pytest.mark.parametrize(
    ("cell", "trusts"),
    [
        ("AutoModel.from_pretrained('a/b', trust_remote_code=True)", True),
        ("pipeline('x', trust_remote_code=True)", True),
        ("torch.hub.load('a/b', 'm', trust_repo=True)", True),
        (f"AutoModel.from_pretrained('a/b', trust_remote_code=True, revision='{'a' * 40}')", False),
        ("AutoModel.from_pretrained('a/b', trust_remote_code=True, revision='main')", True),
        ("AutoModel.from_pretrained('a/b', trust_remote_code=False)", False),
        ("AutoModel.from_pretrained('a/b', trust_remote_code=flag)", None),
        ("trust_remote_code = True", False),
    ],
)
def test_trusted_code(tmp_path: Path, cell: str, trusts: bool | None) -> None:
    assert code(tmp_path, cell).trusts_code.answer is trusts


@pytest.mark.parametrize(
    ("cell", "skips"),
    [
        ("requests.get(u, verify=False)", True),
        ("s = requests.Session()\ns.post(u, verify=False)", True),
        ("httpx.Client(verify=False)", True),
        ("boto3.client('s3', verify=False)", True),
        ("ssl._create_default_https_context = ssl._create_unverified_context", True),
        ("!curl -sk https://example.com/data.csv -o data.csv", True),
        ("!wget --no-check-certificate https://example.com/x", True),
        ("jwt.decode(token, verify=False)", False),
        ("requests.get(u)", False),
        ("requests.get(u, verify='/ca.pem')", False),
        ("!curl -sSL https://example.com/kit -o x", False),
    ],
)
def test_verification(tmp_path: Path, cell: str, skips: bool) -> None:
    assert code(tmp_path, cell).skips_verification.answer is skips


@pytest.mark.parametrize(
    ("cell", "unverified"),
    [
        ("%pip install --trusted-host example.com x", True),
        ("!pip3 install -i http://example.com/simple x", True),
        ("!pip install git+http://example.com/x.git", True),
        ("!pip install http://example.com/x.whl", True),
        ("%%bash\npip install \\\n  --extra-index-url http://example.com x", True),
        ("!pip install --index-url https://example.com/simple x", False),
        ("!pip install git+https://github.com/a/b", False),
        ("# !pip install --trusted-host example.com x", False),
    ],
)
def test_packages(tmp_path: Path, cell: str, unverified: bool) -> None:
    assert code(tmp_path, cell).installs_unverified.answer is unverified


@pytest.mark.parametrize(
    ("cell", "runs"),
    [
        ("!curl -s https://example.com/i.sh | bash", True),
        ("%%sh\nset -e\nwget -qO- https://example.com/i.sh | sudo sh", True),
        ("out = !curl -s https://example.com/i.sh | sh", True),
        ("!curl -s https://example.com/x.json | jq .", False),
    ],
)
def test_scripts_from_the_internet(tmp_path: Path, cell: str, runs: bool) -> None:
    assert code(tmp_path, cell).runs_download.answer is runs


def test_magic_does_not_hide_the_rest(tmp_path: Path) -> None:
    cell = "%%time\n%matplotlib inline\nfiles = !ls\nif x:\n    !ls\n    df?\n    demo.launch(share=True)"
    found = code(tmp_path, cell)
    assert lines(found, found.shares) == ["    demo.launch(share=True)"]


def test_only_notebooks_of_python_are_parsed(tmp_path: Path) -> None:
    (found,), tree = read(tmp_path, document("demo.launch(share=True)", language="R"))
    assert found.shares.no
    assert not tree.notes


def test_what_is_no_python_is_noted(tmp_path: Path) -> None:
    (found,), tree = read(tmp_path, document("print 'old'", "demo.launch(share=True)"))
    assert found.shares.yes
    assert [n.message for n in tree.notes] == ["cell 1 is no Python 3: what it calls is not read"]


def test_older_forms(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "input": "import gradio\ndemo.launch(share=True)"}
    (found,), _ = read(tmp_path, json.dumps({"worksheets": [{"cells": [cell]}], "nbformat": 3}))
    assert found.shares.yes


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("import gradio as gr\ngr.Interface(f).launch(share=True)\n", [True]),
        ("import gradio\nx(share=True)\n", [False]),
        ("x(share=True)\n", []),
    ],
)
def test_programs_that_share_themselves(tmp_path: Path, text: str, shares: list[bool]) -> None:
    found, _ = read(tmp_path, text, "app.py")
    assert [f.shares.answer for f in found] == shares


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": ', "\0", "a: b"])
def test_what_is_no_notebook_is_named(tmp_path: Path, text: str) -> None:
    found, tree = read(tmp_path, text)
    assert not found
    assert all(p.message and p.hint for p in tree.problems)
    assert len(tree.problems) == 1


KEYS = st.sampled_from(["cells", "cell_type", "source", "metadata", "kernelspec", "language", "worksheets", "input"])
JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda c: st.lists(c, max_size=3) | st.dictionaries(KEYS, c, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, JSON))
def test_any_document_is_read(said: dict[str, Any]) -> None:
    from garrison.estate.values import Source
    from garrison.sources.notebooks.documents import _composed, _notebook

    source, tree = Source("a.ipynb", json.dumps(said).encode()), Tree(Path())
    root = _composed(source, tree)
    assert root is not None
    assert _notebook(source, root, tree).at(("calls",)).items() == ()
