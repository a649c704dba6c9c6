"""What Helm makes anew each time it renders a chart: keys, passwords, times, and the order of a mapping's keys.

The functions are those of https://github.com/Masterminds/sprig/blob/master/functions.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# From `{{` to the `}}` that is in no string.
_ACTION = re.compile(rb"""\{\{(?>"(?:[^"\\\n]|\\.)*+"|`[^`]*+`|(?!\}\}).)*+""", re.DOTALL)
_ANEW = re.compile(
    rb"(?<![\w.$])(?:rand[A-Z]\w+|gen[A-Z]\w+|shuffle|uuidv4|bcrypt|htpasswd|encryptAES|now|ago|date\w*|htmlDate\w*|keys|values)\b"
)
_TEXT_OR_CERTIFICATE = re.compile(
    rb'"(?:[^"\\\n]|\\.)*+"|`[^`]*+`|(?<![\w.$])gen(?:CA|SelfSignedCert|SignedCert)(?:WithKey)?\b'
)
# In place of the function, with what it is given as further pairs: what comes out has the two fields that are asked for.
_WRITTEN = (
    rb'dict "Cert" "-----BEGIN CERTIFICATE-----\\n%d\\n-----END CERTIFICATE-----\\n"'
    rb' "Key" "-----BEGIN RSA PRIVATE KEY-----\\n%d\\n-----END RSA PRIVATE KEY-----\\n"'
)


def has_chance(texts: Iterable[bytes]) -> bool:
    """Whether a template, or a value that is one, may become something else the next time."""
    return any(_ANEW.search(action[0]) for text in texts for action in _ACTION.finditer(text))


def with_certificates(files: Mapping[str, bytes], number: int) -> dict[str, bytes]:
    """The files of a chart with a certificate of this number written out wherever it makes one.

    Making one takes Helm a tenth of a second, and what comes out says nothing: it is another each time.
    """
    said = _WRITTEN.replace(b"%d", b"%d" % number)

    def written(action: re.Match[bytes]) -> bytes:
        return _TEXT_OR_CERTIFICATE.sub(lambda m: said if m[0].startswith(b"gen") else m[0], action[0])

    return {
        path: _ACTION.sub(written, text) if b"genCA" in text or b"SignedCert" in text else text
        for path, text in files.items()
    }
