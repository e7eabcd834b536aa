"""What the store in files has and the others have not."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from conftest import Clock
from every_store import unique
from flask import Flask, request, session
from shortcrust import ConfigError, stores
from shortcrust.flask import Shortcrust, login, reason
from shortcrust.stores import Entry, FileStore, Row, _file_lock, _file_record, _files

IS_ROOT = os.geteuid() == 0
SECRET = "a secret of the tests, of thirty-two bytes or more"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


def file_of(folder: Path, key: str) -> Path:
    return folder / "records" / key[:2] / key


def marks_of(folder: Path, user: str) -> list[str]:
    name = sha256(user.encode()).hexdigest()
    found = folder / "users" / name[:2] / name
    return sorted(path.name for path in found.iterdir()) if found.exists() else []


def test_files_have_the_layout_of_the_document(folder: Path) -> None:
    store, key = FileStore(folder), unique("key")
    store.create(key, Entry('{"é":1}', "ada ü", 1_700_000_000_123))
    path = file_of(folder, key)
    head, text = path.read_bytes().split(b"\n", 1)
    assert json.loads(head) == {
        "shortcrust": 1,
        "version": 1,
        "bytes": 8,
        "user": "ada ü",
        "expires": 1_700_000_000_123,
    }
    assert text == '{"é":1}'.encode()
    assert path.stat().st_mtime_ns == 1_700_000_000_123_000_000
    assert marks_of(folder, "ada ü") == [key]
    assert sorted(found.name for found in path.parent.iterdir()) == [".lock", key]


def test_files_are_their_owners_alone(folder: Path) -> None:
    store, key = FileStore(folder), unique("key")
    store.create(key, Entry("text", "ada"))
    for path in [folder, *folder.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize("key", ["", "k", "../../etc/passwd", ".lock", "a/b", "ab\0", "é" * 4])
def test_a_key_that_could_be_a_path_is_refused(folder: Path, key: str) -> None:
    store = FileStore(folder)
    for call in (
        lambda: store.load([key]),
        lambda: store.put(key, Entry("text")),
        lambda: store.delete(key),
    ):
        with pytest.raises(ValueError, match="a key has 2 to 200 letters"):
            call()


DAMAGES: dict[str, Any] = {
    "empty": lambda _: b"",
    "half a head": lambda whole: whole[:20],
    "half a record": lambda whole: whole[:-3],
    "more than a record": lambda whole: whole + b" ",
    "no head": lambda _: b"hello\nworld",
    "another head": lambda _: b"[1]\ntext",
    "no object": lambda _: b"1\ntext",
    "deep": lambda _: b"[" * 100_000,
    "a version of text": lambda whole: whole.replace(b'"version":1', b'"version":"1"'),
    "no text": lambda whole: whole[:-4] + b"\xff\xfe\xfd\xfc",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_a_row_that_no_session_is_in(folder: Path, damage: str) -> None:
    store, key = FileStore(folder), unique("key")
    store.create(key, Entry("text", "ada"))
    path = file_of(folder, key)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert store.load([key]) == [Row(0, "")]
    assert store.save(key, 1, Entry("new")) == Row(0, "")
    assert store.create(key, Entry("new")) == "exists"
    assert store.list("ada") == []
    assert store.sweep(10**15) == 0, "what another wrote is not ours to remove"
    assert store.put(key, Entry("new", "ada")) == "done"
    assert (store.load([key]), len(store.list("ada"))) == ([Row(1, "new")], 1)


def test_a_folder_in_the_place_of_a_record_is_damage(folder: Path) -> None:
    store, key = FileStore(folder), unique("key")
    file_of(folder, key).mkdir(parents=True)
    assert store.load([key]) == [Row(0, "")]


def test_what_a_dead_process_left_is_written_over_or_mended(folder: Path) -> None:
    store, key = FileStore(folder), unique("key")
    store.create(key, Entry("text", "ada"))
    (file_of(folder, key).parent / ".draft").write_bytes(b"half of something that was very long")
    # Marked under a user; the record was not written, or became another's.
    lost = unique("key")
    store._files._mark(lost, "ada")
    store._files._mark(key, "bob")
    assert store.save(key, 1, Entry("new", "ada")) == "done"
    assert store.load([key]) == [Row(2, "new")]
    assert (list(store.list("ada")), list(store.list("bob"))) == ([(key, "new")], [])
    assert (marks_of(folder, "ada"), marks_of(folder, "bob")) == ([key], [])


def test_a_mark_that_was_lost_comes_back_with_the_next_save(folder: Path) -> None:
    store, key = FileStore(folder), unique("key")
    store.create(key, Entry("text", "ada"))
    store._files._unmark(key, "ada")
    store.save(key, 1, Entry("new", "ada"))
    assert list(store.list("ada")) == [(key, "new")]


def test_what_is_removed_leaves_nothing_behind(folder: Path, clock: Clock) -> None:
    store, now = FileStore(folder), int(clock.seconds * 1000)
    keys = [unique("key") for _ in range(3)]
    for key in keys:
        store.create(key, Entry("text", "ada", now - 1))
    store.delete(keys[0])
    store.revoke("ada", keys[2])
    store.sweep(now)
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {".lock"}
    assert marks_of(folder, "ada") == []


def test_a_sweep_reads_only_what_has_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileStore(folder)
    reads: list[bytes] = []
    for number in range(20):
        store.create(f"{number:02}-key", Entry("text", None, 1_000 if number % 4 == 0 else 10**13))
    read = _file_record.read

    def counted(content: bytes) -> Any:
        reads.append(content)
        return read(content)

    monkeypatch.setattr(_files, "read", counted)
    assert store.sweep(2_000) == 5
    assert len(reads) == 5


def test_sweeps_take_turns_so_that_none_looks_at_everything(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(folder)
    looked: list[str] = []
    for number in range(90):
        store.create(f"{number:02}-key", Entry("text", None, 10**13))
    store.create("99-key", Entry("text", None, 1_000))
    files_in = _files._files_in

    def counted(found: str) -> Any:
        looked.append(Path(found).name)
        return files_in(found)

    monkeypatch.setattr(_files, "_files_in", counted)
    assert sum(store.sweep(2_000, 1) for _ in range(19)) == 1
    assert max(looked.count(name) for name in set(looked)) <= 2
    assert set(looked) == {f"{number:02}" for number in [*range(90), 99]}


def test_what_was_prolonged_after_the_sweep_looked_stays(folder: Path) -> None:
    store, key = FileStore(folder), unique("key")
    store.create(key, Entry("text", None, 1_000))
    store.save(key, 1, Entry("new", None, 10**13))
    os.utime(file_of(folder, key), (1, 1))
    assert store.sweep(2_000) == 0
    assert store.load([key]) == [Row(2, "new")]


def test_a_bounded_store_makes_room_by_what_ends_first(folder: Path, clock: Clock) -> None:
    store, now = FileStore(folder, max_records=3), int(clock.seconds * 1000)
    ends = {"first": now + 5, "ended": now - 1, "third": None, "fourth": now + 9, "fifth": now + 9}
    for key, end in ends.items():
        store.create(key, Entry("text", "ada", end))
        store.put("first", Entry("again", "ada", now + 5)) if key == "first" else None
    assert [row is not None for row in store.load(list(ends))] == [False, False, True, True, True]
    assert sorted(marks_of(folder, "ada")) == ["fifth", "fourth", "third"]


@pytest.mark.parametrize("most", [1, 7, 100])
def test_a_bounded_store_never_has_more(folder: Path, most: int) -> None:
    store = FileStore(folder, max_records=most)
    counts = []
    for number in range(2 * most + 20):
        store.put(f"{number % 64:02}-{number}", Entry("text", None, 10**13 + number))
        counts.append(sum(path.name != ".lock" for path in folder.glob("records/*/*")))
    assert max(counts) == most
    assert store.load([f"{number % 64:02}-{number}"])[0] is not None
    store.keep_all()
    for number in range(5):
        store.put(f"more-{number}", Entry("text"))
    assert all(store.load([f"more-{number}" for number in range(5)]))


def test_a_lock_that_another_holds_is_waited_for_and_then_an_error(folder: Path) -> None:
    store, key = FileStore(folder, busy_timeout=0.05), unique("key")
    store.create(key, Entry("text"))
    with _file_lock.locked(str(file_of(folder, key).parent / ".lock"), 0):
        assert store.load([key]) == [Row(1, "text")]
        with pytest.raises(TimeoutError, match=r"another .* for 0\.05 s"):
            store.save(key, 1, Entry("new"))
    assert store.save(key, 1, Entry("new")) == "done"


def test_threads_take_the_lock_one_after_the_other_and_each_waits_its_own_time(
    folder: Path,
) -> None:
    folder.mkdir()
    path, inside = str(folder / ".lock"), []

    def enter(number: int) -> None:
        with _file_lock.locked(path, 60):
            inside.append(number)
            assert inside[-1] == number
            inside.append(number)

    with ThreadPoolExecutor(8) as pool:
        with _file_lock.locked(path, 60):
            entering = [pool.submit(enter, number) for number in range(8)]
            with pytest.raises(TimeoutError, match=r"another .* for 0 s"):
                _file_lock.locked(path, 0).__enter__()
            assert inside == []
        for each in entering:
            each.result()
    assert inside[::2] == inside[1::2]
    assert sorted(inside[::2]) == list(range(8))
    assert _file_lock._lines == {}


FORKING = """
import os, sys, threading, time
from shortcrust.stores import _file_lock

def hold():
    with _file_lock.locked(sys.argv[1], 0):
        is_held.set()
        time.sleep(600)

is_held = threading.Event()
threading.Thread(target=hold, daemon=True).start()
is_held.wait()
parent = os.getpid()
if os.fork():
    os._exit(0)
# Its parent is dead.
while os.getppid() == parent:
    time.sleep(0.01)
print("the child lives", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_was_forked_does_not_keep_its_dead_parents_lock(folder: Path) -> None:
    folder.mkdir()
    path = str(folder / ".lock")
    command = [sys.executable, "-c", FORKING, path]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "the child lives\n"
        assert parent.wait() == 0
        # The child still lives.
        with _file_lock.locked(path, 0):
            pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o1777])
@pytest.mark.parametrize("where", ["", "records", "users"])
def test_a_folder_that_others_may_write_to_is_refused(folder: Path, where: str, mode: int) -> None:
    FileStore(folder)
    (folder / where).chmod(mode)
    with pytest.raises(ConfigError, match=r"others may write to the folder .* chmod 700 it"):
        FileStore(folder)
    (folder / where).chmod(0o755)
    FileStore(folder)


@pytest.mark.skipif(not IS_ROOT, reason="only root gives folders away")
def test_a_folder_of_another_user_is_refused(folder: Path) -> None:
    FileStore(folder)
    os.chown(folder, 65_534, 65_534)
    with pytest.raises(ConfigError, match="belongs to another user"):
        FileStore(folder)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda store, key: store.load([key]), errno.ENOENT),
        (lambda store, key: store.create(key, Entry("text", "ada")), errno.ENOENT),
        (lambda store, key: store.save(key, 1, Entry("text", "ada")), errno.ENOENT),
        (lambda store, key: store.list("ada"), errno.ENOENT),
        (lambda store, key: store.sweep(1), errno.ENOENT),
    ],
)
def test_a_folder_that_is_gone_is_an_error_that_names_no_key(
    folder: Path, call: Any, code: int
) -> None:
    store, key = FileStore(folder), unique("key")
    store.create(key, Entry("text", "ada"))
    folder.rename(folder.with_name("away"))
    with pytest.raises(OSError, match="No such file") as caught:
        call(store, key)
    assert caught.value.errno == code
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert key not in shown
    assert caught.value.__context__ is None
    assert caught.value.filename is None
    assert not folder.exists()


def test_a_full_disk_is_an_error_and_the_old_record_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, key = FileStore(folder), unique("key")
    store.create(key, Entry("old"))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            store.save(key, 1, Entry("new"))
    assert store.load([key]) == [Row(1, "old")]
    assert store.save(key, 1, Entry("new")) == "done"


@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_an_error(folder: Path) -> None:
    store, key = FileStore(folder), unique("key")
    store.create(key, Entry("text"))
    file_of(folder, key).parent.chmod(0o500)
    with pytest.raises(PermissionError):
        store.save(key, 1, Entry("new"))
    file_of(folder, key).parent.chmod(0o700)


def test_a_wrong_configuration_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    wrong: list[tuple[list[Any], dict[str, Any], str]] = [
        ([""], {}, "the path of a folder"),
        ([tmp_path / "file"], {}, "cannot make its folder: "),
        ([tmp_path], {"max_records": 0}, "max_records must be 1 or more"),
        ([tmp_path], {"busy_timeout": -1}, "busy_timeout must be 0 seconds or more"),
    ]
    for arguments, options, words in wrong:
        for kind in (FileStore, stores.AsyncFileStore):
            with pytest.raises(ConfigError, match=words):
                kind(*arguments, **options)


def app_on(store: FileStore, **config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, SHORTCRUST_STORE=store, **config)
    Shortcrust(app)

    @app.get("/login")
    def log_in() -> str:
        login("ada")
        session["basket"] = ["tea"]
        return ""

    @app.get("/")
    def index() -> dict[str, Any]:
        return {"basket": session.get("basket"), "reason": reason(request)}

    return app


def test_a_half_written_file_is_an_empty_session_with_its_reason(folder: Path) -> None:
    client = app_on(FileStore(folder)).test_client()
    client.get("/login")
    assert client.get("/").json == {"basket": ["tea"], "reason": None}
    (path,) = (path for path in (folder / "records").rglob("*") if len(path.name) == 43)
    path.write_bytes(path.read_bytes()[:-5])
    assert client.get("/").json == {"basket": None, "reason": "malformed"}


def test_a_disk_that_is_away_is_an_outage(folder: Path) -> None:
    app = app_on(FileStore(folder), SHORTCRUST_OUTAGE="empty")
    client = app.test_client()
    client.get("/login")
    folder.rename(folder.with_name("away"))
    assert client.get("/").json == {"basket": None, "reason": "unavailable"}
    folder.with_name("away").rename(folder)
    assert client.get("/").json == {"basket": ["tea"], "reason": None}
