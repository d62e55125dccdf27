"""The archive's hashes cover every figure; only what the clock decides is left out of the steady
one."""

import json
import zipfile
from pathlib import Path

import pytest

from portlib import reperform
from portlib.evidence import Claim, Register
from tools import archive

SHARED = {"relation": "at most", "by": "identity", "answers": ("R-01",), "cannot_show": "more"}
UNITS = ("", "return", "years", "US dollars", "milli", "seconds per year")


def register() -> dict:
    """A register with claims in many units and numbers under many names."""
    claims = [
        Claim(f"XX-{i:02d}", "It holds.", 1.25 + i, bound=9.5 + i, unit=unit, **SHARED)
        for i, unit in enumerate(UNITS)
    ]
    numbers = {"share": 0.25, "count": 17, "worst": -1.5e-07, "2020": 4, "name": "growth 0.5"}
    return Register({"one": tuple(claims)}, {"one": numbers}).as_dict()


def leaves(value, path=()):
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from leaves(value[key], (*path, key))
    else:
        yield path, value


def with_other(content, path, value):
    copy = json.loads(json.dumps(content))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = (
        f"{value}x" if isinstance(value, str) else not value if value is True else 2 * value + 1
    )
    return copy


def hashes(name: str, text: str) -> str:
    """What two archives are compared by: the steady hash, or the text where there is none."""
    return archive.steady(name, text.encode()) or text


@pytest.mark.parametrize("name", ["site/evidence.json", "notebooks/x/one.ipynb", "site/one.html"])
def test_no_figure_of_a_register_is_left_out(name: str) -> None:
    """A page that was executed at some time, so that it has a steady hash at all."""
    page, honest = "executed 2026-11-29 10:00 UTC {}", json.loads(json.dumps(register()))
    before = hashes(name, page.format(json.dumps(honest)))
    tried = 0
    for path, value in leaves(honest):
        other = page.format(json.dumps(with_other(honest, path, value)))
        assert hashes(name, other) != before, path
        tried += 1
    assert tried > 60
    later = page.replace("10:00", "11:00").format(json.dumps(honest))
    assert hashes(name, later) == before


def test_figures_on_a_page_and_in_a_table_are_covered_and_durations_are_not() -> None:
    page = (
        "executed 2026-11-29 10:00 UTC <td>0.25</td> 1.1 (at most 2) "
        "XX-01,It holds.,1.5,at most,2.5,return\nXX-02,It is quick.,{},at most,3.0,seconds\n"
    )
    before = hashes("a.csv", page.format("1.5"))
    assert hashes("a.csv", page.format("1.7")) == before
    for old, new in (
        ("0.25", "0.26"),
        ("1.1 (", "1.2 ("),
        ("most 2)", "most 3)"),
        ("1.5,at", "1.6,at"),
        ("2.5,return", "2.6,return"),
        ("return", "years"),
        ("It holds", "It held"),
    ):
        assert hashes("a.csv", page.replace(old, new).format("1.5")) != before, old


def test_the_bound_of_a_duration_is_covered_though_the_duration_is_not() -> None:
    page = "1.5 (at most 3.5) seconds\nXX-02,It is quick.,1.5,at most,3.5,seconds\n"
    before = hashes("a.csv", page)
    assert hashes("a.csv", page.replace("1.5", "1.7")) == before
    for old, new in (("most 3.5)", "most 4.5)"), ("most,3.5", "most,4.5")):
        assert hashes("a.csv", page.replace(old, new)) != before


def test_a_text_without_the_clock_has_no_second_hash_and_neither_has_what_is_no_text() -> None:
    assert archive.steady("a.json", b'{"share": 0.5}') is None
    assert archive.steady("a.png", b"executed 2026-11-29 10:00 UTC") is None
    assert archive.steady("a.html", b"executed 2026-11-29 10:00 UTC") is not None


def test_any_byte_of_any_file_of_an_archive_counts(tmp_path: Path) -> None:
    held = {"site/a.html": b"<p>1</p>", "data/b.csv": b"1,2", "portlib/c.py": b"x = 1"}
    target, spoiled = tmp_path / "whole.zip", tmp_path / "spoiled.zip"
    archive._pack(held, target)
    assert reperform.altered(target) == []
    with zipfile.ZipFile(target) as opened:
        manifest = json.loads(opened.read("MANIFEST.json"))
        listing = opened.read("MANIFEST.json")
        assert {info.date_time for info in opened.infolist()} == {archive.DATE}
    assert {name: entry["bytes"] for name, entry in manifest.items()} == {
        name: len(content) for name, content in held.items()
    }
    for name, content in held.items():
        for at in range(len(content)):
            other = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            with zipfile.ZipFile(spoiled, "w") as copy:
                for each, kept in held.items():
                    copy.writestr(each, other if each == name else kept)
                copy.writestr("MANIFEST.json", listing)
            assert reperform.altered(spoiled) == [f"{name} is not what the manifest says"]
