import json

import pytest

from portlib import evidence
from portlib.evidence import Chapter, ClaimFailed, EvidenceError

GOOD = dict(answers=["CM-01"], by="identity", cannot_show="that the inputs are right")


def chapter() -> Chapter:
    return Chapter("mean_variance", prefix="MV")


@pytest.mark.parametrize(
    ("measured", "bound", "holds"),
    [
        (1e-9, {"at_most": 1e-8}, True),
        (1e-7, {"at_most": 1e-8}, False),
        (3, {"at_least": 3}, True),
        (2, {"at_least": 3}, False),
        (0, {"equals": 0}, True),
        (1, {"equals": 0}, False),
        (0.5, {"between": (0.4, 0.6)}, True),
        (0.7, {"between": (0.4, 0.6)}, False),
        (float("nan"), {"at_most": 1.0}, False),
        (float("-inf"), {"at_most": 1.0}, False),
        (float("nan"), {"between": (0.0, 1.0)}, False),
    ],
)
def test_a_claim_holds_or_raises(measured, bound, holds):
    c = chapter()
    if holds:
        assert c.claim("MV-01", "It holds.", measured=measured, **bound, **GOOD).holds
        assert len(c.claims) == 1
    else:
        with pytest.raises(ClaimFailed, match=r"MV-01 does not hold: It holds\. Measured"):
            c.claim("MV-01", "It holds.", measured=measured, **bound, **GOOD)
        assert not c.claims


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "CA-01"}, "must read MV-01"),
        ({"id": None}, "must read MV-01"),
        ({"id": 1}, "must read MV-01"),
        ({"answers": []}, "answers no requirement"),
        ({"answers": "CM-01"}, "give a list of requirement ids"),
        ({"answers": [1]}, "give a list of requirement ids"),
        ({"statement": None}, "must state what it shows"),
        ({"cannot_show": "..."}, "what it cannot show"),
        ({"at_most": float("inf")}, "no bound that could fail"),
        ({"at_most": None, "at_least": float("nan")}, "no bound that could fail"),
        ({"at_most": "1"}, "no bound that could fail"),
        ({"at_most": None, "between": (1.0, 0.0)}, "a lower and an upper end"),
        ({"by": "trust"}, "'trust' is not a method"),
        ({"cannot_show": " "}, "what it cannot show"),
        ({"at_most": None}, "exactly one bound"),
        ({"at_least": 0}, "exactly one bound"),
    ],
)
def test_an_ill_formed_claim_is_refused(change, message):
    call = {"id": "MV-01", "statement": "x.", "measured": 0.0, "at_most": 1.0, **GOOD, **change}
    with pytest.raises(EvidenceError, match=message):
        chapter().claim(call.pop("id"), call.pop("statement"), **call)


def test_an_id_is_used_once():
    c = chapter()
    c.claim("MV-01", "x.", measured=0, at_most=1, **GOOD)
    with pytest.raises(EvidenceError, match="MV-01 is used twice"):
        c.claim("MV-01", "y.", measured=0, at_most=1, **GOOD)


def notebook(path, *payloads):
    outputs = [
        {"output_type": "display_data", "data": {evidence.MIME: p}, "metadata": {}}
        for p in payloads
    ]
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "outputs": outputs}]}))
    return path


def payload(name="mean_variance", **change):
    c = {
        "id": "MV-01",
        "statement": "x.",
        "measured": 0.0,
        "relation": "at most",
        "bound": 1.0,
        "unit": "",
        "by": "identity",
        "answers": ["CM-01"],
        "cannot_show": "y",
        "worst": True,
        **change,
    }
    return {"chapter": name, "claims": [c], "numbers": {"a": 1.5}}


REQUIRED = {"CM-01": {"kind": "executed"}, "CM-02": {"kind": "open"}}


def test_the_register_is_read_from_the_notebooks(tmp_path):
    register = evidence.collect([notebook(tmp_path / "mean_variance.ipynb", payload())])
    evidence.gate(register, REQUIRED, [])
    assert register.numbers["mean_variance"] == {"a": 1.5}
    assert register.as_dict()["mean_variance"]["claims"][0]["id"] == "MV-01"
    assert [c.id for _, c in register.answering("CM-01")] == ["MV-01"]


@pytest.mark.parametrize(
    ("change", "required", "message"),
    [
        ({"measured": 2.0}, REQUIRED, "MV-01 does not hold"),
        ({"answers": ["XX-99"]}, {}, "answers XX-99, which is no requirement"),
        ({"answers": []}, {}, "MV-01 answers no requirement"),
        ({"worst": False}, REQUIRED, "chapter mean_variance marks no claim as its worst"),
        (
            {},
            {**REQUIRED, "CM-03": {"kind": "executed"}},
            "CM-03 is called executed but no passing check",
        ),
        (
            {},
            {**REQUIRED, "CM-03": {"kind": "in part", "note": "the rest"}},
            "CM-03 is called in part but no passing check",
        ),
        (
            {},
            {**REQUIRED, "CM-01": {"kind": "executed", "lead": "MV-09"}},
            "CM-01 is led by MV-09, which does not answer it",
        ),
        (
            {},
            {**REQUIRED, "MR-04": {"kind": "documented", "section": "book/gone#x"}},
            "points to book/gone",
        ),
    ],
)
def test_the_gate_refuses(tmp_path, change, required, message):
    register = evidence.collect([notebook(tmp_path / "mean_variance.ipynb", payload(**change))])
    with pytest.raises(EvidenceError, match=message):
        evidence.gate(register, required, ["book/reviewer"])


def test_the_gate_refuses_a_chapter_without_checks_and_an_id_in_two_chapters(tmp_path):
    paths = [
        notebook(tmp_path / "mean_variance.ipynb", payload()),
        notebook(tmp_path / "mandate.ipynb", payload("mandate")),
        notebook(tmp_path / "glidepaths.ipynb"),
    ]
    with pytest.raises(EvidenceError) as caught:
        evidence.gate(evidence.collect(paths), REQUIRED, [])
    assert "chapter glidepaths makes no claim" in str(caught.value)
    assert "claim MV-01 stands in mandate and in mean_variance" in str(caught.value)


def test_a_table_under_another_chapters_name_is_refused(tmp_path):
    with pytest.raises(
        EvidenceError, match=r"mandate.ipynb: expected one evidence table, of the chapter 'mandate'"
    ):
        evidence.collect([notebook(tmp_path / "mandate.ipynb", payload("mean_variance"))])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {id: A, kind: open}\n- {id: A, kind: open}", "A is given twice"),
        ("- {id: A, kind: done}", "has kind 'done'"),
        ("- {id: A, kind: documented}", "must name its section"),
        ("- {id: A, kind: organisational}", "must name its form"),
        ("- {id: A, id: B, kind: open}", "line 1: 'id' is given twice"),
        ("a: [", r"requirements.yml: cannot be read"),
        ("- {id: A, kind: in part}", "must name its note"),
    ],
)
def test_requirements_are_checked_when_read(tmp_path, text, message):
    path = tmp_path / "requirements.yml"
    path.write_text(text)
    with pytest.raises(EvidenceError, match=message):
        evidence.requirements(path)


def test_evidence_written_by_a_chapter_comes_back_unchanged(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    c = chapter()
    c.claim("MV-01", "x < y & z.", measured=0.5, between=(0, 1), **GOOD)
    c.table()
    assert "x &lt; y &amp; z." in shown[0]["text/html"]
    path = notebook(
        tmp_path / "mean_variance.ipynb", json.loads(json.dumps(shown[0][evidence.MIME]))
    )
    assert evidence.collect([path]).claims["mean_variance"] == tuple(c.claims)
    with pytest.raises(EvidenceError, match="comes after the evidence table"):
        c.claim("MV-02", "late.", measured=0, at_most=1, **GOOD)


def test_a_chapter_without_claims_has_no_table():
    with pytest.raises(EvidenceError, match="makes no claim"):
        chapter().table()


def test_one_claim_at_most_is_marked_as_the_one_that_limits_the_chapter_most():
    c = chapter()
    assert not c.claim("MV-01", "One.", measured=0, equals=0, **GOOD).worst
    assert c.claim("MV-02", "Two.", measured=0, equals=0, worst=True, **GOOD).worst
    with pytest.raises(EvidenceError, match="MV-03 and MV-02 are both marked worst"):
        c.claim("MV-03", "Three.", measured=0, equals=0, worst=True, **GOOD)


def test_on_an_imported_history_a_failing_claim_is_shown_and_the_run_ends_with_it(
    monkeypatch, tmp_path
):
    """Another history may refute a claim; the chapter shows it instead of breaking off."""
    c = chapter()
    wrong = dict(measured=2.0, at_most=1.0, **GOOD)
    with pytest.raises(ClaimFailed):
        c.claim("MV-01", "Too much.", **wrong)
    monkeypatch.setattr("portlib.history.folder", lambda: tmp_path)
    claim = c.claim("MV-01", "Too much.", **wrong)
    assert not claim.holds and "DOES NOT HOLD on this history: 2 (at most 1)" in claim._repr_html_()
    assert repr(claim).startswith("MV-01 does not hold")
    register = evidence.Register({"mean_variance": tuple(c.claims)}, {"mean_variance": {}})
    with pytest.raises(EvidenceError, match="claim MV-01 does not hold: measured 2"):
        evidence.gate(register, {"CM-01": {"kind": "documented"}}, [])


@pytest.mark.parametrize(
    ("bound", "inside", "outside"),
    [
        ({"at_most": 1.0}, 1.0, 1.0 + 1e-12),
        ({"at_least": 1.0}, 1.0, 1.0 - 1e-12),
        ({"equals": 3}, 3, 4),
        ({"between": (0.4, 0.6)}, 0.4, 0.4 - 1e-12),
        ({"between": (0.4, 0.6)}, 0.6, 0.6 + 1e-12),
    ],
)
def test_a_claim_holds_at_its_bound_and_not_beyond_it(bound, inside, outside):
    assert chapter().claim("MV-01", "x.", measured=inside, **bound, **GOOD).holds
    with pytest.raises(ClaimFailed):
        chapter().claim("MV-01", "x.", measured=outside, **bound, **GOOD)


def test_every_field_of_a_claim_number_and_table_reaches_the_register(tmp_path, monkeypatch):
    import dataclasses

    import pandas as pd

    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    monkeypatch.setattr("myst_nb.glue", lambda *_, **__: None)
    c = chapter()
    words = {"answers": ["CM-01", "CM-02"], "by": "published table", "cannot_show": "more"}
    c.claim("MV-01", "One.", measured=0.5, between=(0, 1), unit="return", worst=True, **words)
    c.claim("MV-02", "Two.", measured=True, equals=1, **GOOD)
    c.tell(share=0.25, name="growth", count=3, rows=pd.DataFrame({"a": [1.0, None]}, ["x", "y"]))
    with pytest.raises(EvidenceError, match="'share' is told twice"):
        c.tell(share=0.5)
    with pytest.raises(EvidenceError, match="'rows' is told twice"):
        c.tell(rows=1)
    c.table()
    plain = json.loads(json.dumps(shown[0][evidence.MIME]))
    register = evidence.collect([notebook(tmp_path / "mean_variance.ipynb", plain)])
    first, second = register.claims["mean_variance"]
    assert dataclasses.asdict(first) == {
        "id": "MV-01",
        "statement": "One.",
        "measured": 0.5,
        "relation": "between",
        "bound": (0, 1),
        "unit": "return",
        "by": "published table",
        "answers": ("CM-01", "CM-02"),
        "cannot_show": "more",
        "worst": True,
    }
    assert second.measured == 1 and not second.worst
    assert register.numbers["mean_variance"] == {"share": 0.25, "name": "growth", "count": 3}
    table = register.tables["mean_variance"]["rows"]
    assert table == {"columns": ["a"], "index": ["x", "y"], "rows": [[1.0], [None]]}
    filed = register.as_dict()["mean_variance"]
    for claim, held in zip(filed["claims"], (first, second), strict=True):
        assert claim == {**dataclasses.asdict(held), "holds": True}
    assert filed["numbers"] == register.numbers["mean_variance"]


def test_the_register_says_of_a_claim_that_fails_that_it_does(tmp_path):
    register = evidence.collect([notebook(tmp_path / "a.ipynb", payload("a", measured=2.0))])
    assert [c["holds"] for c in register.as_dict()["a"]["claims"]] == [False]


def test_a_requirement_is_not_executed_by_a_claim_that_fails_beside_one_that_holds(tmp_path):
    """Its own claim must hold: not that of another requirement."""
    both = payload()
    both["claims"].append(
        {**both["claims"][0], "id": "MV-02", "answers": ["CM-02"], "worst": False}
    )
    required = {"CM-01": {"kind": "executed"}, "CM-02": {"kind": "executed"}}
    path = notebook(tmp_path / "mean_variance.ipynb", both)
    evidence.gate(evidence.collect([path]), required, [])
    both["claims"][1]["measured"] = 2.0
    notebook(path, both)
    with pytest.raises(EvidenceError) as caught:
        evidence.gate(evidence.collect([path]), required, [])
    assert "MV-02 does not hold" in str(caught.value) and "MV-01 does" not in str(caught.value)


def test_a_register_is_put_in_the_order_of_reading() -> None:
    register = evidence.Register({"first": (), "second": (), "third": ()}, {"first": {"a": 1}})
    ordered = register.ordered(["third", "absent", "first"])
    assert list(ordered.claims) == ["third", "first"]
    assert ordered.numbers == register.numbers
