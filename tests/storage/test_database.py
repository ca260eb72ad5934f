import os
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from kallphone.storage.database import MIGRATIONS, Database, open_file
from kallphone.storage.errors import DatabaseBusy, DatabaseDamaged, DiskFull, DiskReadOnly

ONE = (("CREATE TABLE a (x INTEGER)",),)
TWO = (*ONE, ("ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7",))


@pytest.fixture
def path(tmp_path: Path):
    return tmp_path / "phone.sqlite"


def test_every_commit_waits_for_the_disk(path: Path):
    database = Database(path)
    assert database.rows("PRAGMA synchronous")[0][0] == 2
    assert database.rows("PRAGMA journal_mode")[0][0] == "wal"
    database.close()


def test_a_thread_gets_a_connection_of_its_own(path: Path):
    database = Database(path, migrations=ONE)
    seen = []

    def work() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO a VALUES (1)")
            seen.append(connection)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen[0] is not seen[1]
    assert database.rows("SELECT count(*) FROM a")[0][0] == 2
    database.close()


def test_a_failed_block_leaves_nothing_behind(path: Path):
    database = Database(path, migrations=ONE)
    with suppress(ZeroDivisionError), database.transaction() as connection:
        connection.execute("INSERT INTO a VALUES (1)")
        raise ZeroDivisionError
    assert database.rows("SELECT * FROM a") == []
    database.close()


def test_an_older_file_is_brought_up_with_its_rows(path: Path):
    old = Database(path, migrations=ONE)
    with old.transaction() as connection:
        connection.execute("INSERT INTO a VALUES (1)")
    old.close()
    new = Database(path, migrations=TWO)
    assert [tuple(row) for row in new.rows("SELECT x, y FROM a")] == [(1, 7)]
    assert new.rows("PRAGMA user_version")[0][0] == 2
    new.close()


def test_a_migration_that_fails_leaves_the_old_version(path: Path):
    Database(path, migrations=ONE).close()
    with pytest.raises(Exception, match="no such table"):
        Database(path, migrations=(*ONE, ("CREATE TABLE b (x)", "DROP TABLE nowhere")))
    database = Database(path, migrations=ONE)
    assert database.rows("SELECT name FROM sqlite_master WHERE name = 'b'") == []
    database.close()


def test_the_published_schema_opens_twice(path: Path):
    Database(path).close()
    database = Database(path)
    assert database.rows("PRAGMA user_version")[0][0] == len(MIGRATIONS)
    database.close()


def test_a_file_of_rubbish_is_named_as_damaged(path: Path):
    path.write_bytes(os.urandom(8192))
    with pytest.raises(DatabaseDamaged, match="restore a backup"):
        Database(path)


def test_damaged_pages_are_found_at_the_start(path: Path):
    database = Database(path, migrations=ONE)
    with database.transaction() as connection:
        connection.executemany("INSERT INTO a VALUES (?)", [(i,) for i in range(5000)])
    database.close()
    content = bytearray(path.read_bytes())
    content[3 * 4096 : 3 * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(DatabaseDamaged, match="restore a backup"):
        Database(path, migrations=ONE)


def test_a_full_disk_keeps_what_was_there(path: Path):
    def small_disk(at: Path) -> sqlite3.Connection:
        connection = open_file(at)
        connection.execute("PRAGMA max_page_count = 12")
        return connection

    database = Database(path, small_disk, ONE)
    with database.transaction() as connection:
        connection.execute("INSERT INTO a VALUES (1)")
    with pytest.raises(DiskFull, match="free some space"), database.transaction() as connection:
        connection.executemany("INSERT INTO a VALUES (?)", [(i,) for i in range(100_000)])
    assert [row["x"] for row in database.rows("SELECT x FROM a")] == [1]
    with database.transaction() as connection:
        connection.execute("INSERT INTO a VALUES (2)")
    database.close()


def test_a_card_gone_read_only_is_named(path: Path):
    Database(path, migrations=ONE).close()

    def read_only(at: Path) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{at}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)

    database = Database(path, read_only, ONE)
    with pytest.raises(DiskReadOnly, match="can't be written"), database.transaction() as connection:
        connection.execute("INSERT INTO a VALUES (1)")
    database.close()


def test_a_missing_directory_is_named(tmp_path: Path):
    with pytest.raises(DiskReadOnly, match="directory exists"):
        Database(tmp_path / "nowhere" / "phone.sqlite")


def test_a_second_writer_is_named(path: Path):
    def impatient(at: Path) -> sqlite3.Connection:
        connection = open_file(at)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    mine, theirs = Database(path, impatient, ONE), Database(path, impatient, ONE)
    with mine.transaction(), pytest.raises(DatabaseBusy, match="second phone"), theirs.transaction():
        pass
    mine.close()
    theirs.close()
