"""What is kept is whole and newest, or it stays what it was."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from portlib.data import DataError
from portlib.history import vintages


def save(
    folder: Path, last: int = 6, *, first: int = 1, change: float = 0.0, name="GS10.csv"
) -> Path:
    folder.mkdir(exist_ok=True)
    rows = [
        f"2026-{month:02d}-01,{4 + month / 100 + change:.2f}" for month in range(first, last + 1)
    ]
    path = folder / name
    path.write_text("\n".join(["observation_date,GS10", *rows]) + "\n")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def store(tmp_path):
    return tmp_path / "fetched"


def keep(path, store, **more):
    return vintages.keep(path, store, obtained="2026-11-28", **more)


def test_a_file_is_kept_with_vintage_span_and_hash(tmp_path, store):
    vintage, remarks = keep(save(tmp_path), store, url="https://example.org/GS10")
    assert vintages.kept(store) == {"GS10": vintage} and remarks == ()
    assert (vintage.vintage, vintage.first, vintage.last) == (
        "2026-06-30",
        "2026-01-31",
        "2026-06-30",
    )
    assert vintage.file == f"GS10.2026-06-30.{vintage.sha256[:12]}.csv"
    assert (store / vintage.file).read_bytes() == (tmp_path / "GS10.csv").read_bytes()
    assert set(contents(store)) == {vintage.file, "lock.yml"}
    assert len(vintages.open_kept(store, "GS10").tables[0].values) == 6
    lock = yaml.safe_load((store / "lock.yml").read_text())["GS10"]
    assert lock["url"] == "https://example.org/GS10" and lock["obtained"] == "2026-11-28"


def test_a_newer_vintage_replaces_the_whole_and_says_what_it_restated(tmp_path, store):
    before, _ = keep(save(tmp_path), store)
    print_before = vintages.fingerprint(store)
    after, remarks = keep(save(tmp_path, 8, change=0.25), store)
    assert set(contents(store)) == {after.file, "lock.yml"} and after.file != before.file
    assert remarks == (
        "restates 6 of 6 rows since vintage 2026-06-30, by up to 0.25 percent; "
        "the whole history was replaced",
    )
    assert vintages.fingerprint(store) != print_before
    assert vintages.open_kept(store, "GS10").tables[0].values["GS10"].iloc[0] == 4.26
    _, remarks = keep(save(tmp_path, 8, change=0.25), store)
    assert remarks == ("is the file that was kept already",)


@pytest.mark.parametrize(
    ("worse", "message"),
    [
        (lambda f: save(f, 5), "GS10.csv: vintage 2026-05-31 .* is older than what is kept"),
        (
            lambda f: save(f, 7, first=3),
            "GS10.csv: starts in 2026-03-31, what is kept in 2026-01-31",
        ),
        (lambda f: save(f, 7, change=float("nan")), "GS10.csv: column 'GS10': 'nan' is no number"),
    ],
)
def test_an_old_a_partial_or_a_damaged_file_changes_nothing(tmp_path, store, worse, message):
    keep(save(tmp_path), store)
    before = contents(store)
    with pytest.raises(DataError, match=message):
        keep(worse(tmp_path), store)
    assert contents(store) == before


@pytest.mark.parametrize("moment", [1, 2])
def test_an_interruption_leaves_the_old_data(tmp_path, store, monkeypatch, moment):
    """The disk fills up, or the power fails, while the file (1) or the lock (2) is put in place."""
    old, _ = keep(save(tmp_path), store)
    replaced = []

    def fails(source, target):
        replaced.append(target)
        if len(replaced) == moment:
            raise OSError(28, "No space left on device")
        os.rename(source, target)

    monkeypatch.setattr(vintages.os, "replace", fails)
    with pytest.raises(OSError, match="No space left"):
        keep(save(tmp_path, 8), store)
    assert vintages.kept(store) == {"GS10": old}
    assert len(vintages.open_kept(store, "GS10").tables[0].values) == 6
    assert not list(store.glob(".unfinished-*"))


def test_a_kept_file_that_changed_is_refused(tmp_path, store):
    vintage, _ = keep(save(tmp_path), store)
    (store / vintage.file).write_text("observation_date,GS10\n2026-01-01,9.99\n")
    with pytest.raises(DataError, match=f"{vintage.file}: SHA-256 is"):
        vintages.open_kept(store, "GS10")


def test_a_lock_that_is_none_is_refused(store):
    store.mkdir()
    assert vintages.kept(store) == {}
    (store / "lock.yml").write_text("GS10: {file: a.csv}\n")
    with pytest.raises(DataError, match=r"lock.yml: is no lock of this version"):
        vintages.kept(store)


def test_a_series_that_only_its_owner_knows_is_read_again_as_what_it_was(tmp_path, store):
    path = tmp_path / "monthly.csv"
    path.write_text("Date,Rate\n2026-01-01,4.1\n2026-02-01,4.2\n")
    keep(path, store, series="GS10")
    assert list(vintages.open_kept(store, "GS10").tables[0].values.columns) == ["GS10"]


def test_files_of_one_database_and_several_months_are_remarked(tmp_path, store):
    header = ",Mkt-RF,SMB,HML,RF\n"
    for name, last in (("Japan_3_Factors", 2), ("Europe_3_Factors", 3)):
        path = tmp_path / f"{name}.csv"
        stated = f"This file was created using the 20260{last} Bloomberg database.\n\n"
        rows = "".join(f"20260{month},1.0,0.1,0.2,0.3\n" for month in range(1, last + 1))
        path.write_text(stated + header + rows)
        _, remarks = keep(path, store)
    assert remarks == ("other files of this publisher are of 202602",)


def test_file_and_lock_are_on_the_disk_before_they_take_their_place(tmp_path, store, monkeypatch):
    """No test can pull the plug: so the order of the calls, and that nothing was in a buffer."""
    done, replace = [], os.replace

    def synced(number):
        done.append(("on the disk", os.fstat(number).st_ino, os.fstat(number).st_size))

    def placed(source, target):
        whole = os.stat(source)
        assert done[-1] == ("on the disk", whole.st_ino, whole.st_size) and whole.st_size > 0
        done.append(("placed", Path(target).name))
        replace(source, target)

    monkeypatch.setattr(vintages.os, "fsync", synced)
    monkeypatch.setattr(vintages.os, "replace", placed)
    vintage, _ = keep(save(tmp_path), store)
    # the file before the lock that names it
    assert [name for what, name, *_ in done if what == "placed"] == [vintage.file, "lock.yml"]


def test_a_restatement_of_the_same_span_is_newer_than_what_it_restates(tmp_path, store):
    before, _ = keep(save(tmp_path), store)
    after, remarks = keep(save(tmp_path, change=0.5), store)
    assert (after.first, after.last) == (before.first, before.last)
    assert after.sha256 != before.sha256 and "restates 6 of 6 rows" in remarks[0]
    assert vintages.open_kept(store, "GS10").tables[0].values["GS10"].iloc[-1] == 4.56


def test_every_kept_file_is_in_the_fingerprint(tmp_path, store):
    keep(save(tmp_path), store)
    one = vintages.fingerprint(store)
    path = tmp_path / "monthly.csv"
    path.write_text("Date,Rate\n2026-01-01,4.1\n2026-02-01,4.2\n")
    keep(path, store, series="AAA")
    two = vintages.fingerprint(store)
    lock = yaml.safe_load((store / "lock.yml").read_text())
    found = {one, two}
    for kind in lock:
        for field in ("vintage", "sha256"):
            changed = {**lock, kind: {**lock[kind], field: "0" * 64}}
            (store / "lock.yml").write_text(yaml.safe_dump(changed))
            found.add(vintages.fingerprint(store))
    assert len(found) == 2 + 2 * len(lock) == 6


def test_a_file_that_is_older_in_any_way_replaces_nothing():
    """Its vintage, its last month and its first: each alone, a step either way."""
    kept = vintages.Vintage(
        "X", "x.csv", "p", "l", "202606", "1926-07-31", "2026-06-30", "0" * 64, "2026-07-01"
    )
    for field, worse, better in (
        ("vintage", "202605", "202607"),
        ("last", "2026-05-31", "2026-07-31"),
        ("first", "1926-08-31", "1926-06-30"),
    ):
        vintages._not_older(replace(kept, **{field: better}), kept, "new.csv")
        with pytest.raises(DataError, match=r"new\.csv"):
            vintages._not_older(replace(kept, **{field: worse}), kept, "new.csv")
    vintages._not_older(kept, kept, "new.csv")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (["4.1", "4.2", "4.3"], ["4.1", ".", "4.3"], "restates 1 of 3 rows"),  # withdrawn
        (["4.1", ".", "4.3"], ["4.1", "4.2", "4.3"], "restates 1 of 3 rows"),  # given at last
        (["4.1", ".", "4.3"], ["4.1", ".", "4.3", "4.4"], "restates 0 of 3 rows"),
        (["4.1", "4.2", "4.3"], [".", "4.5", "4.3", "4.4"], "restates 2 of 3 rows"),
    ],
)
def test_a_figure_that_was_withdrawn_or_given_is_restated(tmp_path, store, before, after, said):
    def brought(figures):
        rows = [f"2026-{month:02d}-01,{x}" for month, x in enumerate(figures, 1)]
        path = tmp_path / "GS10.csv"
        path.write_text("\n".join(["observation_date,GS10", *rows]) + "\n")
        return keep(path, store)

    brought(["4.0", *before])
    _, remarks = brought(["4.0", *after])
    told = next(one for one in remarks if "restates" in one)
    assert told.startswith(said.replace("of 3", "of 4"))
    size = "0.30" if after[1] == "4.5" else "0.00"
    assert f"by up to {size} percent" in told
