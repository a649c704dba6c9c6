"""Several gateways that share their counts in a real Redis, which is sometimes away, and sometimes forgets."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.gateway.quota.conftest import Redis, Running

from garrison.gateway.certificates.authority import make
from garrison.gateway.quota.shared import Address, Shared, UnreachedSharesError
from garrison.gateway.quota.tally import Key, Used

pytestmark = pytest.mark.slow

DAY = dt.date(2026, 11, 25)
ADA, BOB = Key("ada", "data-scientist", "iris"), Key("bob", "data-scientist", "iris")
Run = Callable[..., Running]


@pytest.fixture
def address(redis: Redis, tmp_path: Path) -> Address:
    return Address(redis.url, str(tmp_path / "password"))


def test_sums_are_of_all_gateways_and_told_once_only(address: Address) -> None:
    one, other = Shared(address, "one", DAY), Shared(address, "other", DAY)
    assert one.tell({ADA: Used(3, 10)}, {}) == {ADA: Used(3, 10)}
    assert other.tell({ADA: Used(4, 5), BOB: Used(1)}, {}) == {ADA: Used(7, 15), BOB: Used(1)}
    assert one.tell({ADA: Used(3, 10)}, {}) == {ADA: Used(7, 15), BOB: Used(1)}
    assert one.tell({ADA: Used(3, 10)}, {}) == {}
    assert one.tell({ADA: Used(5, 10)}, {ADA: Used(5, 10)}) == {ADA: Used(9, 15)}


def test_what_is_told_again_counts_once(address: Address) -> None:
    """A gateway that is killed between Redis and its own store tells the same again, under the same name."""
    for _ in range(3):
        Shared(address, "one", DAY).tell({ADA: Used(3, 10)}, {})
    assert Shared(address, "other", DAY).tell({}, {}) == {ADA: Used(3, 10)}


def test_many_are_told_in_pieces(address: Address) -> None:
    many = {Key(f"client-{n}", "service", "iris"): Used(n, n) for n in range(4500)}
    assert Shared(address, "one", DAY).tell(many, {}) == {key: used for key, used in many.items() if used != Used()}
    assert len(Shared(address, "other", DAY).tell({}, {})) == 4499


def test_a_redis_that_has_forgotten_is_told_all_anew(address: Address, redis: Redis) -> None:
    one, other = Shared(address, "one", DAY), Shared(address, "other", DAY)
    one.tell({ADA: Used(3)}, {})
    other.tell({ADA: Used(4)}, {})
    redis.stop()
    with pytest.raises(UnreachedSharesError) as caught:
        one.tell({ADA: Used(5)}, {ADA: Used(5)})
    assert redis.password not in str(caught.value)
    redis.start()
    one.tell({ADA: Used(5)}, {})
    other.tell({ADA: Used(4)}, {})
    other.tell({ADA: Used(4)}, {})
    assert one.tell({ADA: Used(5)}, {}) == {ADA: Used(9)}


def test_a_redis_that_was_emptied_under_the_connection_is_told_all_anew(address: Address, redis: Redis) -> None:
    import redis as library

    one = Shared(address, "one", DAY)
    one.tell({ADA: Used(3), BOB: Used(1)}, {})
    with library.Redis.from_url(redis.url, password=redis.password) as direct:
        direct.flushall()
    assert one.tell({ADA: Used(4), BOB: Used(1)}, {ADA: Used(4)}) == {ADA: Used(4), BOB: Used(1)}


def test_a_password_that_is_wrong_is_not_shown(redis: Redis, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("another-secret")
    with pytest.raises(UnreachedSharesError, match="AuthenticationError") as caught:
        Shared(Address(redis.url, str(tmp_path / "password")), "one", DAY).tell({}, {})
    assert "another-secret" not in str(caught.value)
    with pytest.raises(UnreachedSharesError) as caught:
        Shared(Address(redis.url.replace("//", "//:s3cret@")), "one", DAY).tell({}, {})
    assert "s3cret" not in str(caught.value)


def test_tls_holds_a_redis_to_its_name(redis: Redis, tmp_path: Path) -> None:
    make(tmp_path, ["localhost"], [])
    redis.stop()
    files = {"tls_cert_file": tmp_path / "server.pem", "tls_key_file": tmp_path / "server.key"}
    redis.start(port=0, tls_port=redis.port, tls_auth_clients="no", **files)
    address = Address(f"rediss://localhost:{redis.port}", str(tmp_path / "password"), str(tmp_path / "ca.pem"))
    assert Shared(address, "one", DAY).tell({ADA: Used(1)}, {}) == {ADA: Used(1)}
    for url, ca in ((address.url.replace("localhost", "127.0.0.1"), address.ca), (address.url, "")):
        with pytest.raises(UnreachedSharesError, match="CERTIFICATE_VERIFY_FAILED"):
            Shared(msgspec.structs.replace(address, url=url, ca=ca), "one", DAY).tell({}, {})


def test_two_gateways_refuse_what_they_have_used_together(run: Run, redis: Redis, tmp_path: Path) -> None:
    quotas = f"""client = {{ requests = 10 }}
[quotas.redis]
url = "{redis.url}"
password-file = "{tmp_path}/password"
"""
    one, other = run(quotas, "one"), run(quotas, "other")
    assert [one.infer().status for _ in range(6)] == [200] * 6
    assert [other.infer().status for _ in range(4)] == [200] * 4
    one.until(lambda: one.infer().status == 429, 5)
    other.until(lambda: other.infer().status == 429, 5)
    one.until(lambda: one.usage().get("ada") == other.usage().get("ada"), 10)
    together = one.usage()["ada"][0]
    assert together >= 10

    redis.stop()
    one.until(lambda: "Redis cannot be used: " in one.words(), 15)
    assert redis.password not in one.words()
    assert one.infer().status == 429  # what was known of the other still holds
    done = sum(one.infer(client="bob").status == 200 for _ in range(3))
    done += sum(other.infer(client="bob").status == 200 for _ in range(8))
    assert done == 11  # each holds to its own count alone
    for counter in one.children("garrison.gateway.quota"):
        os.kill(counter, signal.SIGKILL)
    one.until(lambda: one.usage().get("bob") == (3, 0), 10)

    redis.start()
    one.until(lambda: one.infer(client="bob").status == 429, 15)
    other.until(lambda: other.infer(client="bob").status == 429, 15)
    one.until(lambda: one.usage().get("bob", (0, 0))[0] >= 11, 10)
    one.until(lambda: one.usage().get("bob") == other.usage().get("bob"), 10)
    assert redis.password not in one.words() + other.words()
