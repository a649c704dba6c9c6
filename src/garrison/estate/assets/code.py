"""Code that people run next to data and models: notebooks as documents, programs."""

from __future__ import annotations

from functools import cached_property

from garrison.estate.assets.asset import UNMAPPED, Asset
from garrison.estate.assets.compute import runs_download
from garrison.estate.truth import Truth
from garrison.estate.values import Value

_COMMIT = r"^[0-9a-f]{40}$"
_LOADERS = r"(^|\.)(pickle|cloudpickle|dill|joblib|cPickle|pd|pandas|jsonpickle)\.(loads?|read_pickle|Unpickler)$"
_TENSORS = r"(^|\.)torch\.(load|hub\.load_state_dict_from_url)$"
_CLIENTS = r"(^|\.)(requests|httpx|session|sess|s|client|boto3|aiohttp|urllib3|hvac|Elasticsearch|OpenAI|Client|Session)(\.\w+)*$"
_UNVERIFIED = r"_create_unverified_context$"
_PLAIN_INDEX = (
    r"\bpip3?\s+(install|download)\b.*(--trusted-host|(-i|--index-url|--extra-index-url|-f|--find-links)[=\s]+http://"
    r"|\bgit\+http://|\s['\"]?http://\S+\.(whl|tar\.gz|zip))"
)
_NO_CHECK = (
    r"\bcurl\b.*\s(-[a-zA-Z]*k[a-zA-Z]*|--insecure)(\s|$)|\bwget\b.*\s--no-check-certificate\b|\bGIT_SSL_NO_VERIFY=(1|true)"
    r"|\bhttp\.sslVerify[=\s]+false|\bconda\s+config\b.*\bssl_verify\s+(false|no)\b"
)


class Code(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A notebook, or a program, by what it calls and what it gives to a shell."""

    calls: Value = UNMAPPED  # items of function, arguments by keyword, and whether it is given a download
    commands: Value = UNMAPPED  # texts for a shell

    @cached_property
    def runs_download(self) -> Truth:
        """Whether it pipes a download into a shell."""
        return self.commands.any(runs_download)

    @cached_property
    def installs_unverified(self) -> Truth:
        """Whether it installs packages over a connection that anybody on the way may change."""
        return self.commands.any(lambda c: c.matches(_PLAIN_INDEX))

    @cached_property
    def skips_verification(self) -> Truth:
        """Whether it talks over TLS without looking who is at the other end."""
        return self.calls.any(_is_unverified) | self.commands.any(lambda c: c.matches(_NO_CHECK))

    @cached_property
    def trusts_code(self) -> Truth:
        """Whether it runs code that comes with a model, and no commit says which."""
        return self.calls.any(_trusts)

    @cached_property
    def unpickles_download(self) -> Truth:
        """Whether it loads a pickle that comes from the internet."""
        return self.calls.any(_unpickles)

    @cached_property
    def shares(self) -> Truth:
        """Whether it opens its application to the internet through a tunnel."""
        return self.calls.any(_shares)


def _said(call: Value, name: str) -> Value:
    return call.child("arguments").child(name)


def _at(call: Value, truth: Truth) -> Truth:
    """A truth with the call as its evidence, which has the place of the whole."""
    return Truth(truth.answer, (call,))


def _shares(call: Value) -> Truth:
    return _at(call, call.child("function").matches(r"(^|\.)launch$") & _said(call, "share").equals(True))


def _trusts(call: Value) -> Truth:
    flag = _said(call, "trust_remote_code").equals(True) | _said(call, "trust_repo").equals(True)
    pinned = _said(call, "revision").matches(_COMMIT) | _said(call, "code_revision").matches(_COMMIT)
    return _at(call, flag & ~pinned)


def _unpickles(call: Value) -> Truth:
    function = call.child("function")
    tensors = function.matches(_TENSORS) & _said(call, "weights_only").equals(False)
    arrays = function.matches(r"(^|\.)(np|numpy)\.load$") & _said(call, "allow_pickle").equals(True)
    return _at(call, call.child("fetched").equals(True) & (function.matches(_LOADERS) | tensors | arrays))


def _is_unverified(call: Value) -> Truth:
    function = call.child("function")
    asked = (
        _said(call, "verify").equals(False) | _said(call, "verify_ssl").equals(False) | _said(call, "ssl").equals(False)
    )
    return _at(call, function.matches(_UNVERIFIED) | (asked & function.matches(_CLIENTS)))
