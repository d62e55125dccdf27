"""Every requirement says what it rests on, and claims and requirements know each other: read, not
executed."""

import ast
import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from portlib import evidence
from tools import depends

ROOT = Path(__file__).parents[1]
REQUIRED = evidence.requirements(ROOT / "book" / "requirements.yml")
FORMS = ROOT / "book" / "forms"
SAYS = ("citation", "status", "applies_to", "requirement", "paragraph", "confidence")
#: What these ask is what their checks say they cannot show: a judgement, a choice of menu, a fit to
#: people.
NEVER_EXECUTED = ("CM-06", "DS-01", "DS-02", "QD-01", "TD-01")


def answers(path: Path) -> list[list[str]]:
    """The requirements that each claim of a chapter names."""
    found = []
    for node in ast.walk(ast.parse(depends.code_of(path))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "claim":
            found += [ast.literal_eval(k.value) for k in node.keywords if k.arg == "answers"]
    return found


@pytest.mark.parametrize("id", REQUIRED)
def test_a_requirement_says_its_citation_paragraph_date_and_confidence(id: str) -> None:
    entry = REQUIRED[id]
    for field in SAYS:
        assert isinstance(entry.get(field), str), f"{id}: {field}"
        assert entry[field].strip() == entry[field] != "", f"{id}: {field}"
    assert isinstance(entry["checked"], date), f"{id}: checked is a day"
    assert entry["url"].startswith("https://"), f"{id}: where the text stands"
    quoted = '"' in entry["paragraph"]
    said = entry["paragraph"].startswith(("Not quoted: ", "Headings only: "))
    assert quoted or said, f"{id}: the paragraph's words, or why they are not quoted"
    if entry["confidence"].startswith("original read"):
        assert quoted, f"{id}: what was read is quoted"
    if entry["kind"] in ("in part", "open"):
        assert entry.get("note"), f"{id}: what is missing"


def test_a_proposal_guidance_or_a_pending_case_is_not_called_binding() -> None:
    for id, entry in REQUIRED.items():
        binding = entry["status"].startswith(("binding", "statute"))
        loose = re.search(
            r"^Proposed|^SR 26|Guidance|Tips|Advisory Opinion|^PTE", entry["citation"]
        )
        assert not (binding and loose), id
        if "Proposed" in entry["citation"]:
            assert entry["status"].startswith("PROPOSED"), id


def test_claims_name_requirements_that_exist_and_requirements_that_ask_for_claims_have_them() -> (
    None
):
    claims = [answers(path) for path in sorted((ROOT / "notebooks").rglob("*.md"))]
    assert min(map(len, claims)) > 0
    answered = {id for chapter in claims for named in chapter for id in named}
    assert answered - set(REQUIRED) == set()
    checked = {id for id, entry in REQUIRED.items() if entry["kind"] in ("executed", "in part")}
    assert checked - answered == set()


def test_no_requirement_is_called_executed_where_its_checks_cannot_show_what_it_asks() -> None:
    assert {id: REQUIRED[id]["kind"] for id in NEVER_EXECUTED} == dict.fromkeys(
        NEVER_EXECUTED, "in part"
    )


def test_a_form_names_the_requirements_that_point_to_it_and_none_that_do_not_exist() -> None:
    named = {
        path.stem: set(re.findall(r"\b[A-Z]{2}-\d\d\b", path.read_text(encoding="utf-8")))
        for path in FORMS.glob("*.md")
    }
    for form, ids in named.items():
        assert ids - set(REQUIRED) == set(), form
    for id, entry in REQUIRED.items():
        if "form" in entry:
            assert id in named[Path(entry["form"]).name], f"{id} is not on its form"


def test_every_form_is_in_the_table_of_contents_and_in_the_index() -> None:
    forms = {path.stem for path in FORMS.glob("*.md")} - {"index"}
    index = (FORMS / "index.md").read_text(encoding="utf-8")
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\{doc\}`(\w+)`", index)) == forms
    assert set(re.findall(r"book/forms/(\w+)", toc)) == forms | {"index"}
    assert yaml.safe_load(toc)["root"] == "book/index"


def test_a_governmental_plan_is_told_which_requirements_do_not_bind_it() -> None:
    loose = evidence.good_practice(REQUIRED, "GOVERNMENTAL")
    assert evidence.good_practice(REQUIRED, "ERISA") == []
    for id, entry in REQUIRED.items():
        by_erisa = re.search(
            r"ERISA|29 CFR 25|^PTE|^IRC 414A|Intel|Tibble|Hughes|Cunningham", entry["citation"]
        )
        if by_erisa:
            assert id in loose, f"{id} rests on {entry['citation']}"
    by_tax_or_securities = [id for id, e in REQUIRED.items() if e["citation"].startswith("17 CFR")]
    assert by_tax_or_securities and not set(by_tax_or_securities) & set(loose)
    with pytest.raises(evidence.EvidenceError, match="'CHURCH' is no legal regime"):
        evidence.good_practice(REQUIRED, "CHURCH")


def test_a_requirement_that_leaves_out_an_unknown_regime_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "requirements.yml"
    path.write_text("- {id: XX-01, kind: open, note: x, not_for: [CHURCH]}\n", encoding="utf-8")
    with pytest.raises(evidence.EvidenceError, match="XX-01 is not_for CHURCH"):
        evidence.requirements(path)
