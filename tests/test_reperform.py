"""An archive is whole or its fault is named; a claim comes out the same, moved, or not at all."""

import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version

import pytest

from portlib import __main__, data, evidence, reperform
from portlib.evidence import MIME, Claim
from portlib.stewardship.governance import signatures
from tools import sbom

CLAIM = Claim("MV-15", "Half.", 0.5, "at most", 1.0, "", "identity", ("R-01",), "more", worst=True)
CODE = """from IPython.display import display
import portlib
display({"MIME": {"chapter": "one", "numbers": {}, "claims": [{**CLAIM, "measured": portlib.HALF}]},
         "text/plain": "table"}, raw=True)"""
AT = datetime(2026, 11, 29, tzinfo=UTC)
ROLE = "analyst"


def told(claim: Claim) -> dict:
    return json.loads(json.dumps({**vars(claim)}))


def notebook(claim: Claim, code: str) -> bytes:
    data = {MIME: {"chapter": "one", "numbers": {}, "claims": [told(claim)]}}
    shown = {"output_type": "display_data", "metadata": {}, "data": data}
    cell = {"cell_type": "code", "source": code, "metadata": {}, "outputs": [shown]}
    cell["execution_count"] = 1
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}
    ).encode()


def files(tmp_path, key=None) -> dict[str, bytes]:
    code = CODE.replace("MIME", MIME).replace("CLAIM", repr(told(CLAIM)))
    lock = f"numpy=={version('numpy')} \\\n    --hash=sha256:{'0' * 64}\n"
    (tmp_path / "requirements.lock").write_text(lock, encoding="utf-8")
    bill = sbom.bill(tmp_path, "1")
    register = evidence.Register({"one": (CLAIM,)}, {"one": {}}).as_dict()
    return {
        "notebooks/x/one.ipynb": notebook(CLAIM, code),
        "notebooks/x/one.md": f"```{{code-cell}}\n{code}\n```\n".encode(),
        "portlib/__init__.py": b"HALF = 0.5\n",
        "requirements.lock": lock.encode(),
        reperform.BILL: bill,
        reperform.SIGNATURE: sbom.signature(bill, data.ROOT / "plan", key, role=ROLE, at=AT),
        "site/evidence.json": json.dumps({"made_from": {}, "chapters": register}).encode(),
    }


def packed(tmp_path, content, listed=None):
    """An archive of these files, with a manifest of them, or of others."""
    target = tmp_path / "file.zip"
    listed = content if listed is None else listed
    manifest = {name: {"sha256": sha256(held).hexdigest()} for name, held in listed.items()}
    with zipfile.ZipFile(target, "w") as opened:
        for name, held in content.items():
            opened.writestr(name, held)
        opened.writestr(reperform.MANIFEST, json.dumps(manifest))
    return target


def test_a_whole_archive_and_its_claim_performed_again(tmp_path, capsys):
    """Starts a kernel, which is what the command is for."""
    whole = packed(tmp_path, files(tmp_path))
    assert reperform.check(whole) == []
    assert __main__.main(["reperform", str(whole), "--claim", "MV-15"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["sha256"] == sha256(whole.read_bytes()).hexdigest()
    assert said["bill_of_materials"] == "unsigned"
    assert (said["claim"]["outcome"], said["claim"]["again"]) == ("equal", 0.5)
    with pytest.raises(reperform.ReperformError, match=r"no claim MV-99; it has MV-15"):
        reperform.perform(whole, "MV-99")


def test_another_library_in_the_archive_moves_the_claim(tmp_path):
    held = files(tmp_path)
    moved = packed(tmp_path, {**held, "portlib/__init__.py": b"HALF = 0.75\n"})
    again = reperform.perform(moved, "MV-15")
    assert (again.outcome, again.again, again.moved) == ("moved", 0.75, 0.25)
    assert reperform.compare(CLAIM, replace(CLAIM, measured=2.0)).outcome == "does not hold"


def test_files_changed_added_or_missing_are_named(tmp_path):
    held = files(tmp_path)
    changed = {**held, "portlib/__init__.py": b"HALF = 0.6\n"}
    said = "portlib/__init__.py is not what the manifest says"
    assert reperform.check(packed(tmp_path, changed, held)) == [said]
    more = {**held, "more.txt": b""}
    assert reperform.check(packed(tmp_path, more, held)) == ["more.txt is not in the manifest"]
    assert reperform.check(packed(tmp_path, held, more)) == ["more.txt is missing"]


def test_a_forger_who_writes_the_manifest_anew_is_found_by_register_source_and_bill(tmp_path):
    held = files(tmp_path)
    better = evidence.Register({"one": (replace(CLAIM, measured=0.1),)}, {"one": {}}).as_dict()
    register = json.dumps({"chapters": better}).encode()
    forged = packed(tmp_path, {**held, "site/evidence.json": register})
    assert reperform.check(forged) == ["one: claim MV-15 is not the notebook's"]
    other = packed(tmp_path, {**held, "notebooks/x/one.md": b"nothing"})
    assert reperform.check(other) == ["notebooks/x/one.ipynb: code cell 1 is not in its source"]
    with pytest.raises(reperform.ReperformError, match="does not hold together"):
        reperform.perform(other, "MV-15")
    lock = {**held, "requirements.lock": b"numpy==0.0.1"}
    assert len(reperform.check(packed(tmp_path, lock))) == 2


def test_another_environment_than_the_lock_is_refused_by_package(tmp_path):
    held = files(tmp_path)
    held["requirements.lock"] = held["requirements.lock"].replace(b"numpy==", b"numpy==999.")
    (tmp_path / "requirements.lock").write_bytes(held["requirements.lock"])
    held[reperform.BILL] = sbom.bill(tmp_path, "1")
    with pytest.raises(reperform.ReperformError, match=r"numpy 999\..* \(here: "):
        reperform.perform(packed(tmp_path, held), "MV-15")


def test_a_signed_bill_says_who_and_not_of_another_bill(tmp_path):
    key = bytes(31) + b"\x01"
    held = files(tmp_path, key)
    assert held == files(tmp_path, key)  # twice the same bytes
    with zipfile.ZipFile(packed(tmp_path, held)) as opened:
        assert reperform.signed_by(opened) == f"signed by {ROLE}, {signatures.address(key)}"
    spoiled = packed(tmp_path, {**held, reperform.BILL: held[reperform.BILL] + b"\n"})
    said = "sbom.cdx.json: the signature is of another bill of materials"
    assert reperform.check(spoiled) == [said]


def test_a_roster_says_whose_seal_counts(tmp_path):
    key = bytes(31) + b"\x01"
    ours = signatures.address(key)
    other = signatures.address(bytes(31) + b"\x02")
    sealed = packed(tmp_path, files(tmp_path, key))
    told = reperform.report(sealed, roster={ROLE: ours})
    assert told["holds"] and told["bill_of_materials"] == f"signed by {ROLE}, {ours}"
    for roster, said in (
        ({ROLE: other}, "not with the key of"),
        ({"nobody": ours}, "may not sign it"),
    ):
        told = reperform.report(sealed, roster=roster)
        assert not told["holds"] and said in told["faults"][0]
    bare = reperform.report(packed(tmp_path, files(tmp_path)), roster={ROLE: ours})
    assert bare["faults"] == [
        "sbom.cdx.json: the bill of materials is unsigned, and a roster was handed in"
    ]


def test_a_bill_names_the_lock_s_packages_with_licence_and_hash(tmp_path):
    content = json.loads(files(tmp_path)[reperform.BILL])
    (numpy,) = content["components"]
    assert numpy["purl"] == f"pkg:pypi/numpy@{version('numpy')}" and numpy["licenses"]
    assert numpy["externalReferences"][0]["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]
