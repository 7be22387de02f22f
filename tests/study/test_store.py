"""What is on the disk after good days and bad ones."""

import json
import os
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from underrecording.errors import UserError
from underrecording.files import write_atomically
from underrecording.rng import RESULTS_VERSION
from underrecording.study import plan_study, read_results
from underrecording.study.store import Store, _content_hash


def measures_csv(results):
    return results.measures.to_csv(index=False, lineterminator="\n")


def parts(folder):
    return sorted(path.name for path in (folder / "parts").glob("world-*.parquet"))


def test_a_second_run_computes_nothing_and_says_the_same(run):
    first, heard_first = run()
    second, heard_second = run()
    assert heard_first.advanced == 120
    assert heard_second.advanced == 0
    assert heard_second.done == heard_second.total == 120
    assert measures_csv(first) == measures_csv(second)


def test_more_replicates_only_extend(run, tmp_path):
    run("study.replicates=100")
    before = {
        name: (tmp_path / "run/parts" / name).stat().st_mtime_ns for name in parts(tmp_path / "run")
    }
    _, heard = run("study.replicates=200")
    assert heard.advanced == 100
    for name, time in before.items():
        assert (tmp_path / "run/parts" / name).stat().st_mtime_ns == time


def test_an_extension_says_what_of_an_unfinished_block_it_computes_again(run):
    """Blocks of 50: of 120 replicates the last 20 are in a block that 200 replicates cut anew."""
    run("study.replicates=120")
    _, heard = run("study.replicates=200")
    assert heard.advanced == 100
    assert heard.told == [
        "20 of the replicates that are there are computed again: only whole blocks (of 50) "
        "carry over to another number of them."
    ]
    _, heard = run("study.replicates=250")
    assert heard.told == []
    _, heard = run("study.replicates=230")
    assert heard.told[0].startswith("30 of the replicates")


def test_every_fixed_world_counts_in_what_is_computed_again(run):
    run("world.draw=fixed", "world.worlds=2", "study.replicates=60")
    _, heard = run("world.draw=fixed", "world.worlds=2", "study.replicates=90")
    assert heard.told[0].startswith("20 of the replicates")


def test_an_extension_leaves_no_stale_table_behind(run, tmp_path):
    run("study.replicates=100")
    for name in ("measures.csv", "report.html"):
        (tmp_path / "run" / name).write_text("of 100 replicates")
    run("study.replicates=100")
    assert (tmp_path / "run/measures.csv").exists()
    run("study.replicates=200")
    assert not (tmp_path / "run/measures.csv").exists()
    assert not (tmp_path / "run/report.html").exists()


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "another study", "renamed"])
def test_a_damaged_part_is_computed_again(run, tmp_path, damage):
    clean, _ = run()
    victim, other = (tmp_path / "run/parts" / name for name in parts(tmp_path / "run")[:2])
    raw = victim.read_bytes()
    if damage == "truncate":
        victim.write_bytes(raw[: len(raw) // 2])
    elif damage == "flip":
        middle = len(raw) // 3
        victim.write_bytes(raw[:middle] + bytes([raw[middle] ^ 0xFF]) + raw[middle + 1 :])
    elif damage == "empty":
        victim.write_bytes(b"")
    elif damage == "another study":
        run("seed=99", folder="other")
        victim.write_bytes((tmp_path / "other/parts" / victim.name).read_bytes())
    else:
        victim.write_bytes(other.read_bytes())
    again, heard = run()
    assert heard.advanced == 50
    assert measures_csv(again) == measures_csv(clean)


def test_lost_rows_are_computed_again(run, tmp_path):
    clean, _ = run()
    (lost,) = (tmp_path / "run/parts").glob("rows-*.parquet")
    lost.unlink()
    again, heard = run()
    assert heard.advanced == 50
    assert again.rows.equals(clean.rows)


def test_a_part_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "part"
    target.write_text("old")

    def fail(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_atomically(target, fail)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["part"]


def test_a_full_disk_is_a_message_not_a_traceback(loaded, tmp_path, monkeypatch):
    plan = plan_study(loaded())
    store = Store(tmp_path / "run", plan.scenario.digest(), {})

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with store.opened():
        monkeypatch.setattr("underrecording.study.store.pq.write_table", full)
        with pytest.raises(UserError, match="No space left on device"):
            store.write_table("part", pa.table({"a": [1]}))
    assert not list((tmp_path / "run/parts").iterdir())


def test_a_disk_that_fills_up_in_the_middle_loses_no_finished_block(run, tmp_path, monkeypatch):
    """Two blocks of three find room; the third finds half of what it needs."""
    clean, _ = run(folder="clean")
    real, written = pq.write_table, []

    def filling_up(table, path, **options):
        real(table, path, **options)
        if path.parent.name == "parts" and len(written) == 4:
            path.write_bytes(path.read_bytes()[:100])
            raise OSError(28, "No space left on device")
        written.append(path)

    monkeypatch.setattr("underrecording.study.store.pq.write_table", filling_up)
    with pytest.raises(UserError, match=r"run: cannot be written .No space left .*make room"):
        run()
    monkeypatch.undo()
    assert len(parts(tmp_path / "run")) == 2
    assert not list((tmp_path / "run").rglob("*.partial"))
    again, heard = run()
    assert heard.advanced == 20
    assert measures_csv(again) == measures_csv(clean)


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX")
def test_a_file_that_may_not_grow_is_a_message_and_leaves_nothing(loaded, tmp_path):
    """The operating system itself refuses: no file of more than 4 KiB in a process of its own."""
    code = """if True:
        import resource, signal, sys
        from pathlib import Path
        import numpy as np, pyarrow as pa
        from underrecording.errors import UserError
        from underrecording.study.store import Store, _content_hash
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with Store(Path(sys.argv[1]), "digest", {}).opened() as store:
            store.write_table("small", pa.table({"a": [1]}))
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
            try:
                store.write_table("large", pa.table({"a": np.arange(100_000) ** 3}))
            except UserError as error:
                print(error)
    """
    answer = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "run"], capture_output=True, text=True, check=True
    )
    assert "cannot be written" in answer.stdout
    assert "File too large" in answer.stdout
    assert [path.name for path in (tmp_path / "run/parts").iterdir()] == ["small.parquet"]
    assert Store(tmp_path / "run", "digest", {}).read_table("small").to_pydict() == {"a": [1]}


def test_whatever_byte_is_flipped_nothing_wrong_is_read(run, tmp_path, loaded):
    """A part with a byte changed is not there, or says to the bit what it said."""
    run("study.trajectories=2")
    scenario = loaded("study.trajectories=2").scenario
    store = Store(tmp_path / "run", scenario.digest(), scenario.settings())
    rng, refused = np.random.default_rng(20140501), 0
    for path in sorted(store.parts.iterdir()):
        raw, whole = path.read_bytes(), store.read_table(path.stem)
        for place in rng.choice(len(raw), 60, replace=False):
            changed = bytearray(raw)
            changed[place] ^= 1 << rng.integers(8)
            path.write_bytes(changed)
            read = store.read_table(path.stem)
            assert read is None or _as_bits(read) == _as_bits(whole)
            refused += read is None
        path.write_bytes(raw)
    assert refused > 100


def _as_bits(table):
    """Values as bytes, for NaN is not equal to itself."""
    return [
        (name, [b.to_pybytes() for c in table[name].chunks for b in c.buffers() if b is not None])
        for name in table.column_names
    ]


def dictionary(words, codes):
    return pa.table({"word": pa.DictionaryArray.from_arrays(pa.array(codes, pa.int16()), words)})


def test_the_hash_of_words_is_of_the_words_and_not_of_where_they_lie(tmp_path):
    """Of their places in memory it would be another each time: no such part would be whole."""
    words = ["".join(["o", "k"]), "nothing due"]
    found = {_content_hash(dictionary(words, [0, 1, 1])) for _ in range(5)}
    pq.write_table(dictionary(words, [0, 1, 1]), tmp_path / "words.parquet")
    found.add(_content_hash(pq.read_table(tmp_path / "words.parquet")))
    assert len(found) == 1
    others = [(words, [0, 1, 0]), (["ok", "nothing duf"], [0, 1, 1]), (words[::-1], [0, 1, 1])]
    assert len(found | {_content_hash(dictionary(*other)) for other in others}) == 4


def test_leftovers_of_a_crash_are_swept_up(run, tmp_path):
    run()
    (tmp_path / "run/parts/.abc.partial").write_text("half")
    run()
    assert not list((tmp_path / "run").rglob("*.partial"))


def test_another_study_in_the_same_folder_is_refused_with_the_difference(run):
    run()
    with pytest.raises(UserError, match=r"another study .*seed: 7 -> 8"):
        run("seed=8")


def test_a_folder_with_something_else_in_it_is_refused(run, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/thesis.doc").write_text("precious")
    with pytest.raises(UserError, match="not empty and holds no run"):
        run()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.doc"]


def test_a_file_in_place_of_the_folder_is_refused(run, tmp_path):
    (tmp_path / "run").write_text("precious")
    with pytest.raises(UserError, match="is a file"):
        run()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"digest": 3}', "not json"])
def test_a_manifest_that_cannot_be_read_is_refused(run, tmp_path, text):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/manifest.json").write_text(text)
    with pytest.raises(UserError, match=r"cannot be read as a manifest|another study"):
        run()


def test_a_study_that_came_in_between_is_seen_under_the_lock(run, tmp_path, monkeypatch):
    """Another process may start and finish between the first look and the lock."""
    run("seed=8", folder="other")
    theirs = (tmp_path / "other/manifest.json").read_text()

    class SlowLock(FileLock):
        def acquire(self, *args, **kwargs):
            (tmp_path / "run/manifest.json").write_text(theirs)
            return super().acquire(*args, **kwargs)

    monkeypatch.setattr("underrecording.study.store.FileLock", SlowLock)
    with pytest.raises(UserError, match=r"another study .*seed: 8 -> 7"):
        run()
    assert not (tmp_path / "run/parts").exists()
    monkeypatch.undo()
    run("seed=8")


def test_a_second_process_is_refused_while_the_first_writes(run, tmp_path):
    run()
    with FileLock(tmp_path / "run/.lock"), pytest.raises(UserError, match="another process"):
        run()


def test_an_unwritable_folder_is_refused(run, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    # Not by its mode: an administrator, as in a container, may write anywhere.
    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(UserError, match=r"cannot be written .Permission denied"):
        run()


def test_a_folder_that_cannot_exist_is_refused(run):
    with pytest.raises(UserError, match="cannot be written"):
        run(folder="small.yaml/run")


def test_the_manifest_says_what_was_run_by_what(run, tmp_path, loaded):
    run()
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert manifest["digest"] == loaded().scenario.digest()
    assert manifest["scenario"] == loaded().text
    assert manifest["seed"] == 7
    assert manifest["ended"] >= manifest["started"]
    assert {"numpy", "numba", "python", "underrecording"} <= manifest["versions"].keys()
    assert manifest["cpu_features"]


def test_a_rerun_that_computes_nothing_keeps_the_manifest_of_what_computed_it(run, tmp_path):
    run()
    path = tmp_path / "run/manifest.json"
    path.write_text(path.read_text().replace('"commit"', '"commit_then"'))
    before = path.read_bytes()
    run()
    assert path.read_bytes() == before
    run("study.replicates=150")
    assert path.read_bytes() != before


def test_the_manifest_lists_every_program_that_computed_a_part(run, tmp_path, monkeypatch):
    path = tmp_path / "run/manifest.json"
    run("study.replicates=50")
    (first,) = json.loads(path.read_text())["computed_by"]
    assert first["underrecording"] == version("underrecording")
    assert first["results_version"] == RESULTS_VERSION
    later = {**first, "underrecording": "9.9.9"}
    monkeypatch.setattr("underrecording.study.store.program", lambda: later)
    _, heard = run("study.replicates=100")
    assert heard.advanced == 50
    assert json.loads(path.read_text())["computed_by"] == [first, later]


def test_parts_that_do_not_say_what_computed_them_are_still_read(run, tmp_path):
    clean, _ = run()
    for part in (tmp_path / "run/parts").glob("*.parquet"):
        table = pq.read_table(part)
        mark = json.loads(table.schema.metadata[b"underrecording"])
        del mark["computed_by"]
        old = {b"underrecording": json.dumps(mark).encode()}
        pq.write_table(table.replace_schema_metadata(old), part)
    (tmp_path / "run/manifest.json").unlink()
    again, heard = run()
    assert heard.advanced == 0
    assert measures_csv(again) == measures_csv(clean)
    assert json.loads((tmp_path / "run/manifest.json").read_text())["computed_by"] == [None]


def test_parts_of_another_version_of_results_are_refused(run, monkeypatch):
    run()
    monkeypatch.setattr("underrecording.scenario.schema.RESULTS_VERSION", RESULTS_VERSION + 1)
    with pytest.raises(UserError, match=r"another study .other results version"):
        run()


def test_results_cannot_be_read_from_an_unfinished_run(loaded, tmp_path):
    plan = plan_study(loaded())
    store = Store(tmp_path / "run", plan.scenario.digest(), {})
    with store.opened(), pytest.raises(ValueError, match="missing or damaged"):
        read_results(plan, store)
