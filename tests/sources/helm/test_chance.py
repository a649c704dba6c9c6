"""What is another each time is known before a chart is rendered, and certificates are not made."""

from __future__ import annotations

import pytest

from garrison.sources.helm.chance import has_chance, with_certificates
from garrison.sources.helm.engine import Engine

CHART = b"apiVersion: v2\nname: scorer\nversion: 1.0.0\n"
WEBHOOK = b"""{{- $ca := genCA "scorer-ca" 365 }}
{{- $cert := genSignedCert "scorer" nil (list "scorer.svc") 365 $ca }}
{{- $own := genSelfSignedCert "own" (list "10.0.0.1") nil (int .Values.days) }}
{{- $key := genPrivateKey "ecdsa" }}
{{- $again := genCAWithKey "again" 365 $key }}
ca: {{ $ca.Cert | b64enc }}
key: {{ $cert.Key | b64enc }}
own: {{ $own.Cert | quote }}
again: {{ (genSignedCertWithKey "x" nil nil 365 $again $key).Cert | quote }}
said: {{ "genCA }} is said" | quote }}{{/* genCA */}} genCA is said
"""


@pytest.mark.parametrize(
    "text",
    [
        b"{{ randAlphaNum 24 }}",
        b"{{- uuidv4 | quote -}}",
        b"{{ range keys .Values.hosts }}",
        b"{{ .Values.x | values | first }}",
        b"{{ now | unixEpoch }}",
        b'{{ "}}" | cat (randInt 1 9) }}',
        b"{{ /* over\ntwo lines */ htpasswd .Values.user .Values.password }}",
    ],
)
def test_chance_is_seen(text: bytes) -> None:
    assert has_chance([b"a: 1\n", text])


@pytest.mark.parametrize(
    "text",
    [
        b"values: [{{ .Values.values }}]",
        b"{{ $keys }} now",
        b"# randAlpha\n{{ .Values.now }}",
        b"{{ include (.date) . }}",
    ],
)
def test_what_is_only_called_so_is_none(text: bytes) -> None:
    assert not has_chance([text])


def test_helm_takes_the_certificates_that_are_written_out() -> None:
    files = {"Chart.yaml": CHART, "values.yaml": b"days: 365\n", "templates/webhook.yaml": WEBHOOK}
    with Engine() as engine:
        one, other = (
            engine.render("chart", with_certificates(files, n), {})["scorer/templates/webhook.yaml"].splitlines()
            for n in (0, 1)
        )
    assert [a == b for a, b in zip(one[-5:], other[-5:], strict=True)] == [False, False, False, False, True]
    assert one[-1] == 'said: "genCA }} is said" genCA is said'


def test_a_chart_without_certificates_stays_as_it_is() -> None:
    files = {"templates/a.yaml": b"{{ .Values.genCA }} {{ $genCA }} {{ `genCA` }} genCA", "b.txt": b"genCA"}
    assert with_certificates(files, 1) == files
