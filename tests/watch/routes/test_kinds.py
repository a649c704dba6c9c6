"""Each kind of route against a real receiver of its kind: that is down, refuses, hangs, leads elsewhere, or takes it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.watch.alerts.signals import signal
from tests.watch.routes.conftest import PASSWORD, Hook, Post, Rsyslog, free_port, needs_rsyslog

from garrison.errors import BusyError, ConfigError
from garrison.events.event import Severity
from garrison.watch.alerts.alert import What
from garrison.watch.alerts.findings import Findings
from garrison.watch.alerts.store import Alerts, now_us
from garrison.watch.routes.kinds import mail, slack, syslog, webhook
from garrison.watch.routes.message import Message, told
from garrison.watch.routes.route import any_route, routes

Beside = Callable[[str], Path]
SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()
HOSTILE = "Name\r\nBcc: eve@example.com <!channel> & <https://evil.example|click> \x1b[31m=|\\"


def message(alerts: Alerts) -> Message:
    pairs = [(change, alerts.alert(change.alert)) for change in alerts.news(0)]
    return Message("k" * 32, alerts.id, now_us(), tuple(told(alerts, *pair, Findings(None)) for pair in pairs))


def secret_file(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(text + "\n")
    return name


@pytest.fixture
def hostile(alerts: Alerts) -> Alerts:
    alerts.record([signal("hostile", HOSTILE, HOSTILE, title=HOSTILE, text=HOSTILE * 99, at=now_us())], {})
    return alerts


def test_kinds_are_found_by_listing() -> None:
    assert {kind.Settings.__struct_config__.tag for kind in routes().values()} == {"webhook", "slack", "mail", "syslog"}
    said = {"type": "mail", "name": "m", "host": "h", "from": "a@b.c", "to": ["d@e.f"], "digest-minutes": 5}
    read = msgspec.convert(said, any_route())
    assert (type(read), read.digest_minutes, read.sender) == (mail.Settings, 5, "a@b.c")
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({**said, "password": "no"}, any_route())


def test_a_webhook_is_told_all_of_it_signed(alerts: Alerts, hook: Hook, tmp_path: Path, beside: Beside) -> None:
    route = webhook.Settings(name="w", url=hook.url, secret_file=secret_file(tmp_path, "secret", SECRET))
    webhook.send(route, message(alerts), beside)
    ((headers, body),) = hook.got
    said = json.loads(body)
    assert said["told"][0]["alert"]["principal"] == "batch"
    assert (said["told"][0]["what"], said["told"][0]["risk"], said["version"]) == ("opened", 50, 1)
    assert headers["webhook-id"] == headers["Idempotency-Key"] == said["key"] == "k" * 32
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(b"s" * 24, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("status", [302, 307, 400, 429, 500])
def test_what_a_webhook_does_not_take_is_not_told(status: int, alerts: Alerts, hook: Hook, beside: Beside) -> None:
    hook.answers = [status]
    with pytest.raises(BusyError, match=str(status)):
        webhook.send(webhook.Settings(name="w", url=hook.url), message(alerts), beside)
    assert hook.elsewhere == 0


def test_a_webhook_that_hangs_is_left(alerts: Alerts, hook: Hook, beside: Beside) -> None:
    hook.answers = [None]
    with pytest.raises(BusyError, match="was not reached"):
        webhook.send(webhook.Settings(name="w", url=hook.url, timeout_s=0.3), message(alerts), beside)


def test_an_address_that_is_a_secret_stands_in_no_error(
    alerts: Alerts, hook: Hook, tmp_path: Path, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = [hook.url.replace("/hook", "/services/T0/secret"), f"http://127.0.0.1:{free_port()}/secret"]
    for kind in (webhook, slack):
        for url in secrets:
            monkeypatch.setenv("HOOK_URL", url)
            with pytest.raises(BusyError) as raised:
                kind.send(kind.Settings(name="s", url_env="HOOK_URL"), message(alerts), beside)
            assert "secret" not in str(raised.value)
        for url in ("http://example.com/secret", "https://user:secret@example.com/", "no url, a secret"):
            monkeypatch.setenv("HOOK_URL", url)
            with pytest.raises(ConfigError) as wrong:
                kind.send(kind.Settings(name="s", url_env="HOOK_URL"), message(alerts), beside)
            assert "secret" not in str(wrong.value).replace("use secret-file", "")


def test_secrets_are_files_of_their_owner_or_variables(
    alerts: Alerts, hook: Hook, tmp_path: Path, beside: Beside
) -> None:
    (tmp_path / "open").write_text(SECRET)
    (tmp_path / "open").chmod(0o644)
    wrong = {
        "others than its owner": webhook.Settings(name="w", url=hook.url, secret_file="open"),
        "cannot be read": webhook.Settings(name="w", url=hook.url, secret_file="none"),
        "NO_SUCH is not set": webhook.Settings(name="w", url=hook.url, secret_env="NO_SUCH"),
        "named twice": webhook.Settings(name="w", url=hook.url, secret_env="NO_SUCH", secret_file="open"),
        "no secret of a webhook": webhook.Settings(
            name="w", url=hook.url, secret_file=secret_file(tmp_path, "short", "whsec_x")
        ),
    }
    for why, route in wrong.items():
        with pytest.raises(ConfigError, match=why):
            webhook.send(route, message(alerts), beside)
    assert hook.got == []


def test_slack_is_told_in_words_that_call_nobody(hostile: Alerts, hook: Hook, tmp_path: Path, beside: Beside) -> None:
    slack.send(slack.Settings(name="s", url_file=secret_file(tmp_path, "url", hook.url)), message(hostile), beside)
    said = json.loads(hook.got[0][1])
    texts = [said["text"], *(block["text"]["text"] for block in said["blocks"])]
    assert all(0 < len(text) <= 3000 for text in texts)
    assert not re.search(r"<|\x1b|&(?!amp;|lt;|gt;)", "".join(texts))
    assert "secret-read happens" in texts[1]
    assert "garrison alerts show 1" in texts[1]


def test_slack_is_told_of_ten_alerts_and_of_how_many_more(
    alerts: Alerts, hook: Hook, tmp_path: Path, beside: Beside
) -> None:
    alerts.record([signal(f"n{n}", f"p{n}", f"a{n}", at=now_us()) for n in range(20)], {})
    slack.send(slack.Settings(name="s", url_file=secret_file(tmp_path, "url", hook.url)), message(alerts), beside)
    said = json.loads(hook.got[0][1])
    assert len(said["blocks"]) == 11
    assert said["blocks"][-1]["text"]["text"] == "and 11 more: garrison alerts"


@pytest.fixture
def post(certificates: Path) -> Iterator[Post]:
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    with Post(certificates) as running:
        yield running


def mailing(post: Post, certificates: Path, folder: Path, **more: Any) -> mail.Settings:
    said = {
        "name": "m", "host": "127.0.0.1", "port": post.port, "ca": str(certificates / "ca.pem"), "user": "garrison",
        "password_file": secret_file(folder, "password", PASSWORD), "sender": "garrison@acme.example",
        "to": ("soc@acme.example", "ann@acme.example"), **more,
    }  # fmt: skip
    return mail.Settings(**said)


def test_mail_goes_over_starttls_to_who_proves_himself(
    hostile: Alerts, post: Post, certificates: Path, tmp_path: Path, beside: Beside
) -> None:
    mail.send(mailing(post, certificates, tmp_path), message(hostile), beside)
    (found,) = post.mails
    assert post.starts_tls == 1
    assert found["To"] == "soc@acme.example, ann@acme.example"
    assert found["Bcc"] is None
    assert found["Message-ID"] == f"<{'k' * 32}@{hostile.id}.garrison>"
    assert found["Auto-Submitted"] == "auto-generated"
    payload = found.get_payload(decode=True)
    assert isinstance(payload, bytes)
    text = payload.decode()
    assert "12 secrets in 10 min" in text
    assert "\x1b" not in text


def test_mail_that_is_not_taken_is_not_told(
    alerts: Alerts, post: Post, certificates: Path, tmp_path: Path, beside: Beside
) -> None:
    post.refuses = 1
    wrong = {
        "451": mailing(post, certificates, tmp_path),
        "535": mailing(post, certificates, tmp_path, password_file=secret_file(tmp_path, "other", "wrong")),
        "CERTIFICATE_VERIFY_FAILED": mailing(post, certificates, tmp_path, ca=""),
        "was not reached": mailing(post, certificates, tmp_path, port=free_port()),
    }
    for why, route in wrong.items():
        with pytest.raises(BusyError, match=why) as raised:
            mail.send(route, message(alerts), beside)
        assert PASSWORD not in str(raised.value)
    assert post.mails == []


def test_mail_in_plaintext_stays_on_this_machine(
    alerts: Alerts, certificates: Path, tmp_path: Path, beside: Beside
) -> None:
    plain = {"security": "none", "user": "", "password_file": ""}
    with Post(certificates, tls_context=None, require_starttls=False, auth_required=False) as post:
        mail.send(mailing(post, certificates, tmp_path, **plain), message(alerts), beside)
        assert len(post.mails) == 1
        with pytest.raises(ConfigError, match="plaintext"):
            mail.send(mailing(post, certificates, tmp_path, **plain, host="192.0.2.1"), message(alerts), beside)


@pytest.mark.slow
@pytest.mark.parametrize("security", ["tls", "tcp"])
def test_rsyslog_receives_cef(
    security: str, hostile: Alerts, certificates: Path, tmp_path: Path, beside: Beside
) -> None:
    needs_rsyslog()
    with Rsyslog(tmp_path, certificates, tls=security == "tls") as receiver:
        said = {"host": "localhost", "port": receiver.port, "security": security, "ca": str(certificates / "ca.pem")}
        route = syslog.Settings(name="siem", hostname="watch 1", **said)  # type: ignore[arg-type]
        syslog.send(route, message(hostile), beside)
        first, second = receiver.lines(2)
    assert re.match(
        r"<83>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z watch1 garrison - opened - CEF:0\|Garrison\|watch\|", first
    )
    assert "|secret-read|secret-read happens|8|externalId=kkkk" in first
    assert " suser=batch " in first
    assert " cn2Label=risk cn2=50 " in first
    assert " cs1Label=asset cs1=fraud " in first
    assert "\\=|\\\\" in second
    assert "Bcc: eve" in second


@pytest.mark.slow
def test_rsyslog_reads_in_cef_what_was_written(
    hostile: Alerts, certificates: Path, tmp_path: Path, beside: Beside
) -> None:
    """Its parser of CEF (liblognorm's) is not ours. It takes the first character after the header for a space."""
    needs_rsyslog()
    with Rsyslog(tmp_path, certificates, tls=False) as receiver:
        syslog.send(
            syslog.Settings(name="siem", host="127.0.0.1", port=receiver.port, security="tcp"), message(hostile), beside
        )
        receiver.lines(2)
    first, second = (json.loads(line) for line in receiver.parsed.read_text().splitlines())
    assert (first["DeviceVendor"], first["DeviceProduct"], first["SignatureID"]) == ("Garrison", "watch", "secret-read")
    assert first["Extensions"]["suser"] == "batch"
    assert first["Extensions"]["cs5"] == "u1"
    assert first["Extensions"]["xternalId"] == "k" * 32
    plain, cut = (text.replace("\r\n", "\n").replace("\x1b", " ") for text in (HOSTILE, (HOSTILE * 99)[:1023]))
    assert (second["Name"], second["Severity"]) == (plain.replace("\n", " "), "8")
    assert [second["Extensions"][key] for key in ("suser", "cs1", "msg")] == [plain, plain, cut]


@pytest.mark.slow
def test_syslog_that_is_not_read_is_not_told(
    alerts: Alerts, certificates: Path, tmp_path: Path, beside: Beside
) -> None:
    needs_rsyslog()
    with Rsyslog(tmp_path, certificates, tls=True) as receiver:
        said = {"name": "siem", "host": "localhost", "port": receiver.port}
        with pytest.raises(BusyError, match="CERTIFICATE_VERIFY_FAILED"):
            syslog.send(syslog.Settings(**said), message(alerts), beside)  # type: ignore[arg-type]
    with pytest.raises(BusyError, match="was not reached"):
        syslog.send(syslog.Settings(**said, ca=str(certificates / "ca.pem")), message(alerts), beside)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="plaintext"):
        syslog.send(syslog.Settings(name="siem", host="192.0.2.1", security="tcp"), message(alerts), beside)


def test_severities_have_their_places(alerts: Alerts) -> None:
    alerts.record([signal(f"s{s}", f"p{s}", f"a{s}", severity=s, at=now_us()) for s in Severity], {})
    whole = message(alerts)
    route = syslog.Settings(name="siem", host="localhost")
    lines = [syslog.line(route, whole, one).decode() for one in whole.told]
    assert [line.partition(">")[0] for line in lines[1:]] == ["<86", "<86", "<85", "<84", "<83", "<82"]
    assert whole.severity is Severity.CRITICAL
    assert {one.what for one in whole.told} == {What.OPENED}


def test_what_cannot_hold_is_told_before_anything_is_sent(tmp_path: Path, beside: Beside) -> None:
    password = secret_file(tmp_path, "password", PASSWORD)
    said: dict[str, Any] = {"name": "m", "host": "mail.example.com", "sender": "a@b.c", "to": ("d@e.f",)}
    wrong: list[tuple[Any, Any, str]] = [
        (webhook, webhook.Settings(name="w"), "named nowhere"),
        (webhook, webhook.Settings(name="w", url="https://example.com/", url_env="X"), "named twice"),
        (webhook, webhook.Settings(name="w", url="http://example.com/"), "not https"),
        (
            webhook,
            webhook.Settings(name="w", url="https://example.com/", secret_file=password),
            "no secret of a webhook",
        ),
        (webhook, webhook.Settings(name="w", url="https://example.com/", ca="none.pem"), "certificates cannot be read"),
        (slack, slack.Settings(name="s"), "named nowhere"),
        (mail, mail.Settings(**said, user="u"), "named nowhere"),
        (mail, mail.Settings(**said, security="none"), "plaintext"),
        (syslog, syslog.Settings(name="y", host="siem.example.com", security="tcp"), "plaintext"),
        (
            syslog,
            syslog.Settings(name="y", host="siem.example.com", certificate="none.pem"),
            "certificates cannot be read",
        ),
    ]
    for kind, route, why in wrong:
        with pytest.raises(ConfigError, match=why):
            kind.hold(route, beside)
    mail.hold(mail.Settings(**said, user="u", password_file=password), beside)
    syslog.hold(syslog.Settings(name="y", host="siem.example.com", security="tcp", insecure=True), beside)
