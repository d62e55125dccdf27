"""Publishing: at every moment the old site is there or the new one, whole."""

import errno
from pathlib import Path

import pytest

from tools import publish as publishing


def two_sites(folder: Path) -> tuple[Path, Path]:
    """A site that is published and another that is about to be."""
    target, site = folder / "_build" / "html", folder / "new"
    for place, name in ((target, "old.html"), (site, "new.html")):
        place.mkdir(parents=True)
        (place / name).write_text(name, encoding="utf-8")
    return target, site


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*")]


@pytest.mark.parametrize("system_exchanges", [True, False])
def test_publishing_replaces_the_whole_site(tmp_path, monkeypatch, system_exchanges) -> None:
    if not system_exchanges:
        monkeypatch.setattr(publishing, "_exchange", lambda one, other: False)
    target, site = two_sites(tmp_path)
    publishing.publish(site, target)
    assert names_in(target.parent) == ["html", "new.html"]
    assert not site.exists()


def test_a_site_from_another_file_system_is_copied_before_the_old_one_goes(
    tmp_path, monkeypatch
) -> None:
    target, site = two_sites(tmp_path)
    rename = Path.rename

    def across(path: Path, to: Path) -> Path:
        if path == site:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", across)
    publishing.publish(site, target)
    assert names_in(target.parent) == ["html", "new.html"]


@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("moment", ["while it arrives", "while they change places"])
def test_whatever_stops_publishing_leaves_the_old_site(
    tmp_path, monkeypatch, failure, moment
) -> None:
    target, site = two_sites(tmp_path)
    monkeypatch.setattr(publishing, "_exchange", lambda one, other: False)
    rename = Path.rename

    def fails(path: Path, to: Path) -> Path:
        if (
            (to.name == ".html-arriving")
            if moment == "while it arrives"
            else (path.name == ".html-arriving")
        ):
            raise failure
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(type(failure)):
        publishing.publish(site, target)
    assert (target / "old.html").is_file()


def test_a_site_that_a_killed_run_set_aside_is_put_back(tmp_path: Path) -> None:
    target, _ = two_sites(tmp_path)
    target.rename(target.with_name(".html-before"))
    publishing.recover(target)
    assert names_in(target.parent) == ["html", "old.html"]


def test_the_old_site_is_not_touched_before_the_new_one_lies_whole_beside_it(
    tmp_path, monkeypatch
) -> None:
    """Another file system: copied first, and the copy is whole when the two change places."""
    target, site = two_sites(tmp_path)
    (site / "deep").mkdir()
    (site / "deep" / "page.html").write_text("deep", encoding="utf-8")
    seen = []

    def exchange(one: Path, other: Path) -> bool:
        seen.append((sorted(names_in(one)), sorted(names_in(other))))
        return False

    rename = Path.rename

    def across(path: Path, to: Path) -> Path:
        if path == site:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(path, to)

    monkeypatch.setattr(publishing, "_exchange", exchange)
    monkeypatch.setattr(Path, "rename", across)
    publishing.publish(site, target)
    assert seen == [(["deep", "new.html", "page.html"], ["old.html"])]
    assert sorted(names_in(target)) == ["deep", "new.html", "page.html"] and not site.exists()


def test_a_first_site_needs_no_old_one_and_what_a_kill_left_is_cleared(tmp_path) -> None:
    target, site = two_sites(tmp_path)
    target.rename(target.with_name(".html-before"))
    arriving = target.with_name(".html-arriving")
    arriving.mkdir()
    (arriving / "half.html").write_text("half", encoding="utf-8")
    publishing.publish(site, target)
    assert names_in(target.parent) == ["html", "new.html"]
    other, site = two_sites(tmp_path / "second")
    (other / "old.html").unlink()
    other.rmdir()
    publishing.publish(site, other)
    assert names_in(other.parent) == ["html", "new.html"]


def test_another_error_than_that_of_file_systems_is_no_reason_to_copy(
    tmp_path, monkeypatch
) -> None:
    target, site = two_sites(tmp_path)

    def refused(path: Path, to: Path) -> Path:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(PermissionError):
        publishing.publish(site, target)
    assert (target / "old.html").is_file() and (site / "new.html").is_file()


def test_what_lies_beside_a_site_that_stands_is_of_no_use_and_goes(tmp_path) -> None:
    target, _ = two_sites(tmp_path)
    before = target.with_name(".html-before")
    before.mkdir()
    (before / "older.html").write_text("older", encoding="utf-8")
    publishing.recover(target)
    assert names_in(target.parent) == ["html", "old.html"]


def test_a_site_of_another_plan_makes_its_own_place(tmp_path) -> None:
    site, target = tmp_path / "new", tmp_path / "_build" / "plan-x" / "html"
    site.mkdir()
    (site / "new.html").write_text("new", encoding="utf-8")
    publishing.publish(site, target)
    assert names_in(target) == ["new.html"]


def test_what_a_kill_left_does_not_stand_in_the_way_of_two_renames(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(publishing, "_exchange", lambda one, other: False)
    target, site = two_sites(tmp_path)
    before = target.with_name(".html-before")
    before.mkdir()
    (before / "older.html").write_text("older", encoding="utf-8")
    publishing.publish(site, target)
    assert names_in(target.parent) == ["html", "new.html"]
