"""What the store refuses, whoever asks: one node, and the credential of each role."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from tests.watch.store.test_store import TAMPER, event, put

from garrison.errors import BusyError, EventsError
from garrison.ledger import durable
from garrison.watch.store import samples, schema
from garrison.watch.store.client import connected, retain, start
from garrison.watch.store.guard import Known, Role, check
from garrison.watch.store.search import read

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

MAKES = [
    "CREATE OR REPLACE TABLE garrison.events (a Int8) ENGINE = MergeTree ORDER BY a",
    "REPLACE TABLE garrison.events (a Int8) ENGINE = MergeTree ORDER BY a",
    "CREATE TABLE garrison.t (a String) ENGINE = File(LineAsString, '/etc/hostname')",
    "CREATE TABLE garrison.t (a String) ENGINE = URL('http://127.0.0.1:1/', CSV)",
    "CREATE TABLE garrison.t (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE t (a Int8)",
    "CREATE DICTIONARY garrison.d (a String) PRIMARY KEY a SOURCE(EXECUTABLE(COMMAND 'id' FORMAT 'TSV')) LAYOUT(DIRECT())",
    "CREATE VIEW garrison.v AS SELECT 1",
    "CREATE MATERIALIZED VIEW garrison.v TO garrison.events AS SELECT 1",
    "CREATE FUNCTION f AS (x) -> x + 1",
    "CREATE NAMED COLLECTION c AS a = 1",
    "CREATE DATABASE d",
    "CREATE USER u",
    "CREATE ROLE r",
    "GRANT ALL ON *.* TO default",
    "ALTER TABLE garrison.events MODIFY TTL stored + INTERVAL 1 SECOND",
    "ALTER TABLE garrison.events REMOVE TTL",
    "ALTER TABLE garrison.events MODIFY SETTING merge_with_ttl_timeout = 1",
    "ALTER TABLE garrison.events ADD COLUMN a Int8",
    "ALTER TABLE garrison.events MATERIALIZE TTL",
    "ALTER TABLE garrison.events DELETE WHERE 1",
    "ALTER TABLE garrison.events UPDATE message = '' WHERE 1",
    "ALTER TABLE garrison.events DROP PARTITION ID '20261125'",
    "ALTER TABLE garrison.events DETACH PARTITION ALL",
    "ALTER TABLE garrison.events REPLACE PARTITION ALL FROM garrison.events",
    "DELETE FROM garrison.events WHERE 1",
    "UPDATE garrison.events SET message = '' WHERE 1",
    "TRUNCATE TABLE garrison.events",
    "DROP TABLE garrison.events",
    "DROP DATABASE garrison",
    "DETACH TABLE garrison.events",
    "RENAME TABLE garrison.events TO garrison.gone",
    "EXCHANGE TABLES garrison.events AND garrison.samples",
    "OPTIMIZE TABLE garrison.events FINAL",
    "BACKUP TABLE garrison.events TO File('/tmp/garrison-backup')",
    "RESTORE TABLE garrison.events FROM File('/tmp/garrison-backup')",
    "SYSTEM STOP MERGES",
    "SET readonly = 0",
    "USE system",
    "KILL QUERY WHERE 1",
    "KILL MUTATION WHERE 1",
    "SELECT 1; DROP TABLE garrison.events",
    "EXPLAIN AST DROP TABLE garrison.events",
    "INSERT INTO garrison.events (uid) SELECT 'x'",
    "INSERT INTO garrison.events (uid) VALUES ('x')",
    "INSERT INTO FUNCTION file('/tmp/garrison-insert', 'CSV', 'a Int8') SELECT 1",
    "INSERT INTO default.`/tmp/garrison-insert.csv` SELECT 1",
    "INSERT INTO system.one FORMAT CSV",
    "INSERT INTO garrison.events FROM INFILE '/etc/hostname' FORMAT CSV",
]
LEAVES = [
    "SELECT file('/etc/hostname')",
    "SELECT * APPLY file FROM (SELECT '/etc/hostname' AS x)",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '/etc/hostname' AS x)",
    "SELECT COLUMNS('x') APPLY(file) FROM (SELECT '/etc/hostname' AS x)",
    "SELECT arrayMap(file, ['/etc/hostname'])",
    "SELECT arrayMap((`file`), ['/etc/hostname'])",
    "SELECT arrayMap(x -> file(x), ['/etc/hostname'])",
    "SELECT mapApply(file, map('a', '/etc/hostname'))",
    "WITH f AS (SELECT file('/etc/hostname')) SELECT * FROM f",
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "SELECT 1 WHERE 1 IN file('/etc/hostname', 'LineAsString')",
    "SELECT * FROM view(SELECT * FROM file('/etc/hostname', 'LineAsString'))",
    "SELECT * FROM viewIfPermitted(SELECT 1 ELSE null('a Int8'))",
    "SELECT * FROM default.`/etc/passwd`",
    "SELECT * FROM `/etc/passwd`",
    "SELECT 1 IN default.`/etc/passwd`",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM s3('http://127.0.0.1:1/a', 'CSV')",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SELECT * FROM python('x')",
    "SELECT * FROM Python(tokens)",
    "SELECT * FROM merge('system', 'processes')",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM dictionary('d')",
    "SELECT * FROM sqlite('/etc/passwd', 'a')",
    "SELECT dictGet('garrison.d', 'a', 1)",
    "SELECT joinGet('garrison.t', 'a', 1)",
    "SELECT AIGenerate('c', 'x')",
    "SELECT aiGenerate('c', 'x')",
    "SELECT addressToLine(1)",
    "SELECT regionToName(1)",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.named_collections",
    "SELECT * FROM system.stack_trace",
    "SELECT 'x' IN system.processes",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM garrison.left_over",
    "SELECT 1 IN garrison.left_over",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 INTO OUTFILE '/tmp/garrison-outfile'",
    "EXPLAIN indexes = 1 SELECT 1 SETTINGS readonly = 0",
    "EXPLAIN SELECT 1 INTO OUTFILE '/tmp/garrison-outfile'",
    "DESCRIBE TABLE garrison.events INTO OUTFILE '/tmp/garrison-outfile'",
    "SHOW CREATE TABLE garrison.events INTO OUTFILE '/tmp/garrison-outfile'",
    "DESCRIBE TABLE url('http://127.0.0.1:1/', 'CSV')",
    "EXPLAIN SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SHOW PROCESSLIST",
    "SHOW GRANTS",
]
READS = [
    "SELECT file, count() FROM garrison.events GROUP BY file",
    "SELECT lower(file), arrayMap(x -> lower(x), [file]) FROM garrison.events",
    "WITH a AS (SELECT uid FROM garrison.events) SELECT uid, row_number() OVER (PARTITION BY uid ORDER BY uid) FROM a",
    "SELECT e.uid, s.name FROM garrison.events AS e LEFT JOIN garrison.samples AS s ON e.src_ip = s.host",
    "SELECT * EXCEPT(uid) REPLACE('x' AS raw) FROM garrison.events",
    "SELECT COLUMNS('^actor') APPLY(toString) FROM garrison.events LIMIT 1",
    "SELECT toStartOfHour(time_us) AS h, count() FROM garrison.events GROUP BY h ORDER BY h WITH FILL STEP INTERVAL 1 HOUR",
    "SELECT uid FROM garrison.events WHERE uid IN (SELECT uid FROM garrison.events) UNION ALL SELECT name FROM system.columns LIMIT 3",
    "SELECT 1 INTERSECT SELECT 1",
    "SELECT message, x FROM garrison.events ARRAY JOIN [1, 2] AS x WHERE message LIKE '%INTO OUTFILE file(%'",
    "SELECT CAST(1 AS Nullable(Int8)), (1, 'a').1, CASE WHEN 1 THEN 2 ELSE 3 END, uniq(uid) FROM garrison.events",
    "DESCRIBE TABLE garrison.events",
    "SHOW CREATE TABLE garrison.events",
    "EXPLAIN SELECT uid FROM garrison.events",
    "EXPLAIN indexes = 1 SELECT uid FROM garrison.events WHERE hasToken(message, 'x')",
    "SELECT number FROM numbers(3)",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("guard")
    node = start(made / "store")
    put(made, [event(1), event(2)])
    node.stop()
    # What an older version would have let somebody make.
    left = "CREATE TABLE garrison.left_over (a String) ENGINE = File(LineAsString, '/etc/hostname')"
    subprocess.run([sys.executable, "-c", TAMPER, str(made / "store/data"), left], check=True, timeout=120)
    node = start(made / "store")
    yield made
    node.stop()


@pytest.mark.parametrize("role", list(Role))
def test_nobody_makes_alters_deletes_or_leaves_the_store(folder: Path, role: Role) -> None:
    secret = Path("/etc/hostname").read_bytes().strip()
    with connected(folder / "store", role) as client:
        for statement in (*MAKES, *LEAVES):
            with pytest.raises(EventsError) as refused:
                list(read(client, statement, {}, "TSV"))
            assert "Cannot execute query in readonly" not in str(refused.value), statement
            assert secret not in str(refused.value).encode().replace(b"/etc/hostname", b""), statement
        for name in ("file", "system.processes"):
            with pytest.raises(EventsError, match="not a name"):
                list(read(client, "SELECT arrayMap({x:Identifier}, ['/etc/hostname'])", {"x": name}, "TSV"))
        for statement in READS:
            assert list(read(client, statement, {}, "JSONEachRow")) is not None, statement
        assert list(read(client, "SELECT count() FROM garrison.events", {}, "TSV")) == [b"2\n"]
    assert not list(Path("/tmp").glob("garrison-*t*file")) + list(Path("/tmp").glob("garrison-insert*"))


@pytest.mark.parametrize("role", [Role.READER, Role.WRITER])
def test_how_long_events_are_kept_is_for_the_administrator(folder: Path, role: Role) -> None:
    at = json.loads((folder / f"store/{role}.json").read_bytes())
    asked = http.client.HTTPConnection("127.0.0.1", at["port"], timeout=10)
    change = json.dumps({"type": "days", "days": {"standard": 1}})
    asked.request("POST", "/retention", change, {"X-ClickHouse-User": role, "X-ClickHouse-Key": at["token"]})
    assert asked.getresponse().status == 403
    asked.close()


@pytest.mark.parametrize(
    "change",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"type": "sql", "sql": "DROP TABLE garrison.events"}',
        b'{"type": "days", "days": {"standard": 0}}',
        b'{"type": "days", "days": {"standard": 40000}}',  # a time of ClickHouse would begin anew in 1970
        b'{"type": "days", "days": {"standard": 1.5}}',
        b'{"type": "days", "days": {"a\' OR 1": 3}}',
        b'{"type": "days", "days": {"standard": 3}, "statement": "x"}',
        b'{"type": "hold", "name": "x", "filter": "uid=a", "reason": "", "actor": "", "condition": "0"}',
        b'{"type": "release", "name": "nothing"}',
    ],
)
def test_a_change_that_is_none_is_refused(folder: Path, change: bytes) -> None:
    before = rules(folder)
    with pytest.raises(EventsError, match="nothing has been changed"):
        retain(folder / "store", change)
    assert rules(folder) == before


def test_a_writer_inserts_into_the_tables_and_nowhere_else(folder: Path) -> None:
    with connected(folder / "store", Role.WRITER) as client:
        for table in ("garrison.left_over", "system.one", "default.x"):
            with pytest.raises(Exception, match=r"refused|Syntax|does not exist"):
                client.raw_insert(table, ["a"], b'{"a":"x"}', fmt="JSONEachRow")
        settings = {"insert_deduplication_token": "a', readonly = '1"}
        with pytest.raises(Exception, match="no deduplication token"):
            client.raw_insert(schema.TABLE, ["uid"], b'{"uid":"x"}', fmt="JSONEachRow", settings=settings)
    with connected(folder / "store", Role.ADMIN) as client, pytest.raises(Exception, match="only a writer"):
        client.raw_insert(schema.TABLE, ["uid"], b'{"uid":"x"}', fmt="JSONEachRow")


def test_the_statements_of_a_cluster_are_taken_by_clickhouses_parser(folder: Path) -> None:
    with connected(folder / "store", Role.READER) as client:
        for statement in (*schema.clustered("logs"), *samples.clustered("logs"), *schema.granted("logs")):
            told = b"".join(read(client, "SELECT formatQuerySingleLine({q:String})", {"q": statement}, "TSVRaw"))
            assert b"ON CLUSTER logs" in told


def test_in_a_cluster_nobody_deletes_and_only_who_administers_alters(folder: Path) -> None:
    granted = [said for said in schema.granted("logs") if said.startswith("GRANT")]
    may = {
        said.rpartition(" ")[2]: set(re.findall(r"([A-Z][A-Z ]+) ON (?:garrison|\*|system)\.", said))
        for said in granted
    }
    assert may == {
        "garrison_reader": {"SELECT"},
        "garrison_writer": {"SELECT", "INSERT"},
        "garrison_admin": {"SELECT", "ALTER TTL", "CLUSTER"},
    }
    unknown = (
        "SELECT formatQuerySingleLine('GRANT ALTER TTLS ON a.b TO c')"  # the parser knows which privileges there are
    )
    with connected(folder / "store", Role.READER) as client, pytest.raises(EventsError, match="Syntax error"):
        list(read(client, unknown, {}, "TSV"))


def test_each_role_of_a_cluster_has_its_own_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = {role: json.loads((folder / f"store/{role}.json").read_bytes()) for role in Role}
    url = f"http://127.0.0.1:{at[Role.READER]['port']}"
    with (
        pytest.raises(EventsError, match="no user of the store is named for a writer") as told,
        connected(url, Role.WRITER),
    ):
        pass
    assert told.value.hint == "set GARRISON_STORE_WRITER_USER and GARRISON_STORE_WRITER_PASSWORD"
    for role in Role:
        monkeypatch.setenv(f"GARRISON_STORE_{role.name}_USER", role)
        monkeypatch.setenv(f"GARRISON_STORE_{role.name}_PASSWORD", at[role]["token"])
    for role in Role:
        with connected(url, role) as client:
            inserted = (
                contextlib.nullcontext() if role is Role.WRITER else pytest.raises(DatabaseError, match="only a writer")
            )
            with inserted:
                client.raw_insert(samples.TABLE, ["name"], b'{"name":"x"}', fmt="JSONEachRow")
    monkeypatch.setenv("GARRISON_STORE_READER_PASSWORD", at[Role.WRITER]["token"])
    with pytest.raises(BusyError, match="authentication failed"), connected(url, Role.READER):
        pass
    with (
        pytest.raises(EventsError, match="who would be everybody"),
        connected(url.replace("//", "//reader:x@"), Role.READER),
    ):
        pass


def test_what_is_nested_too_deeply_or_unknown_is_refused() -> None:
    known = Known.of("file\nurl", "arrayMap")
    check(b'{"type":"Function","name":"lower","arguments":{"type":"ExpressionList","children":[]}}', known)
    for tree in (b'{"type":"DropQuery"}', b'{"a":' * 100_000, b"", b'{"type":"Function","name":"FILE"}'):
        with pytest.raises(EventsError, match="refused"):
            check(tree, known)


def rules(folder: Path) -> bytes:
    with connected(folder / "store", Role.READER) as client:
        noted = durable.read(folder / "store/retention.json")
        return b"".join(read(client, schema.RULES, {}, "TSVRaw")) + (noted or b"")
