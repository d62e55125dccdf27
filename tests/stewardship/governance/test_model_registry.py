"""Model registry: pins, digests at a boundary, and the inventory."""

import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from portlib import plan, policy
from portlib.stewardship.audit_log import (
    AuditLog,
)
from portlib.stewardship.governance import (
    model_registry,
)
from tests.offices import NOON, PINS, made

ROOT = Path(__file__).resolve().parents[3]


POLICY = policy.read()


def test_each_pin_is_named_when_it_differs_and_only_then() -> None:
    log = AuditLog()
    with pytest.raises(model_registry.RegistryError, match="no model 'menu'"):
        model_registry.accept(log, made(0.1), at=NOON, actor="portlib")
    model_registry.register(log, "menu", PINS, digits=9, at=NOON, actor="chair")
    model_registry.accept(log, made(0.1), at=NOON, actor="portlib")
    for name in asdict(PINS):
        other = replace(made(0.1), pins=replace(PINS, **{name: "f" * 64}))
        with pytest.raises(model_registry.PinMismatch, match=f"other {name} than"):
            model_registry.accept(log, other, at=NOON, actor="portlib")
    with pytest.raises(model_registry.ResultMismatch):
        model_registry.accept(
            log, replace(made(0.1), values={"risk": 0.11}), at=NOON, actor="portlib"
        )
    names = [e.name for e in log.events("models")]
    assert names == ["ModelRegistered", "ResultAccepted", *["ResultRefused"] * 5]


def test_pins_follow_the_sources_the_policy_and_the_plan(tmp_path: Path) -> None:
    ours = model_registry.pins(plan.read())
    assert ours == model_registry.pins(plan.read())
    for file in ("a.py", "sub/b.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"x = 1\n")
    first = model_registry.code_fingerprint(tmp_path)
    (tmp_path / "a.py").write_bytes(b"x = 1\r\n")
    assert model_registry.code_fingerprint(tmp_path) == first
    (tmp_path / "a.py").write_bytes(b"x = 2\n")
    assert model_registry.code_fingerprint(tmp_path) != first
    kept = model_registry.code_fingerprint(tmp_path)
    for hidden in (".ipynb_checkpoints/a.py", "sub/.ipynb_checkpoints/b.py", "._a.py"):
        (tmp_path / hidden).parent.mkdir(exist_ok=True)
        (tmp_path / hidden).write_bytes(b"x = 3\n")
    assert model_registry.code_fingerprint(tmp_path) == kept
    (tmp_path / "a.py").rename(tmp_path / "c.py")
    assert len({first, model_registry.code_fingerprint(tmp_path), ours.code}) == 3
    assert ours.policy == plan.read().policy.fingerprint
    stricter = replace(plan.read(), policy=POLICY.replace(max_single_fund=0.3))
    assert "policy" in ours.differing(model_registry.pins(stricter))
    smaller = plan.read().offering(
        [f for f in plan.read().funds.index if f != plan.read().funds.index[-1]]
    )
    assert ours.differing(model_registry.pins(smaller)) == ("plan",)
    assert ours.model == model_registry.pins(smaller).model
    with pytest.raises(model_registry.RegistryError, match="no sources"):
        model_registry.code_fingerprint(tmp_path / "sub" / "none")


def test_rounding_hides_the_last_bits_but_not_a_change_and_fails_at_a_boundary() -> None:
    assert model_registry.result_digest({"w": [0.1 + 0.2]}, 9) == model_registry.result_digest(
        {"w": [0.3]}, 9
    )
    assert model_registry.result_digest({"w": -1e-12}, 9) == model_registry.result_digest(
        {"w": 0.0}, 9
    )
    assert model_registry.result_digest({"w": 0.3}, 9) != model_registry.result_digest(
        {"w": 0.300000002}, 9
    )
    below, above = 0.5e-3 * (1 - 1e-13), 0.5e-3 * (1 + 1e-13)
    assert model_registry.result_digest(below, 3) != model_registry.result_digest(above, 3)
    assert model_registry.disagreements({"w": [below]}, {"w": [above]}, 1e-12) == []


def test_disagreements_name_the_place() -> None:
    ours = {"a": {"w": [0.1, 0.2], "name": "x"}, "b": 1, "c": True}
    assert model_registry.disagreements(ours, json.loads(json.dumps(ours)), 0.0) == []
    theirs = {"a": {"w": [0.1, 0.3], "name": "y"}, "b": 1 + 1e-9, "c": False}
    found = model_registry.disagreements(ours, theirs, 1e-6)
    assert [text.split(":")[0] for text in found] == ["/a/w/1", "/a/name", "/c"]
    assert model_registry.disagreements(ours, {"a": ours["a"], "b": 1}, 1e-6) == [
        "/c is only in one"
    ]
    assert model_registry.disagreements(1.0, math.nan, 1e-6)


def test_the_inventory_is_of_every_model_and_refuses_gaps() -> None:
    graded = model_registry.graded()
    owners, tiers = (POLICY[name] for name in ("model_owners", "model_tiers"))
    table = model_registry.inventory(graded, owners, tiers)
    layers = [
        p for layer in model_registry.LAYERS for p in (ROOT / "portlib" / layer).rglob("*.py")
    ]
    on_disk = sorted(
        ".".join(p.relative_to(ROOT / "portlib").with_suffix("").parts)
        for p in layers
        if p.stem != "__init__"
    )
    assert sorted(table.index) == on_disk
    assert table[["purpose", "owner", "tier"]].ne("").all(axis=None)
    assert table.loc["stewardship.settlement.ledger", ["kind", "tier"]].tolist() == [
        "record",
        model_registry.NO_TIER,
    ]
    shares = table["tier"].value_counts() / (table["tier"] != model_registry.NO_TIER).sum()
    assert shares[["high", "medium", "low"]].between(0.1, 0.6).all()  # tiers tell models apart
    name = "construction.engines"
    carried = model_registry.carried(table)
    assert set(carried.index) == set(table.index[table["kind"] == "model"])
    assert carried[name] >= carried["construction.mean_variance"] > 0  # which stands on it
    first = {"names": (name,), "graded": {name: graded[name]}, "owners": owners, "tiers": tiers}
    assert model_registry.inventory(**first).loc[name, "tier"] == "high"
    for changes, says in (
        ({"graded": {}}, f"not in the inventory: {name}"),
        ({"names": ()}, "no model of portlib"),
        ({"graded": {name: {"exposure": "huge", "use": "decides"}}}, "exposure 'huge'"),
        ({"graded": {name: {"kind": "poem"}}}, "is no kind alone of"),
        ({"graded": {name: {"kind": "rule", "use": "decides"}}}, "is no kind alone of"),
        ({"owners": {}}, "no owner"),
        ({"tiers": {**tiers, "tier": {"high": 99}}}, "no tier"),
    ):
        with pytest.raises(model_registry.InventoryError, match=says):
            model_registry.inventory(**{**first, **changes})


@pytest.mark.parametrize("digits", [0, 1.5, math.nan, -2, True, 16])
def test_digits_are_a_whole_number_from_1_to_15(digits: object) -> None:
    with pytest.raises(model_registry.RegistryError, match="digits"):
        model_registry.result_digest({"a": 0.5}, digits)
    with pytest.raises(model_registry.RegistryError, match="digits"):
        model_registry.register(AuditLog(), "m", PINS, digits=digits, at=NOON, actor="p")


@pytest.mark.parametrize("tolerance", [math.inf, math.nan, -1.0])
def test_a_tolerance_that_tolerates_all_is_refused(tolerance: float) -> None:
    with pytest.raises(model_registry.RegistryError, match="tolerance"):
        model_registry.disagreements({"w": 0.1}, {"w": 0.9}, tolerance)


def test_the_newest_registration_counts() -> None:
    log, other = AuditLog(), replace(PINS, code="f" * 64)
    model_registry.register(log, "menu", other, digits=3, at=NOON, actor="chair")
    model_registry.register(log, "menu", PINS, digits=9, at=NOON, actor="chair")
    model_registry.register(log, "another", other, digits=1, at=NOON, actor="chair")
    assert model_registry.registered(log, "menu") == PINS
    model_registry.accept(log, made(0.1), at=NOON, actor="portlib")
    older = replace(made(0.1), pins=other)
    with pytest.raises(model_registry.PinMismatch):
        model_registry.accept(log, older, at=NOON, actor="portlib")
    # and its digits: 0.1 and 0.1004 are one number at three
    rough = replace(made(0.1), values={"risk": 0.1004})
    with pytest.raises(model_registry.ResultMismatch):
        model_registry.accept(log, rough, at=NOON, actor="portlib")


def test_each_pin_alone_changes_what_stands_for_all_and_the_plan_is_no_part_of_the_model() -> None:
    for name in asdict(PINS):
        other = replace(PINS, **{name: "0" * 64})
        assert other.fingerprint != PINS.fingerprint and PINS.differing(other) == (name,)
        assert (other.model == PINS.model) is (name == "plan")


def test_the_pin_of_the_data_follows_every_file_of_the_register(monkeypatch) -> None:
    ours, listed = plan.read(), model_registry.data.sources()
    before = model_registry.pins(ours).data
    for name in (listed.index[0], listed.index[-1]):
        changed = listed.copy()
        changed.loc[name, "sha256"] = "0" * 64
        monkeypatch.setattr(model_registry.data, "sources", lambda changed=changed: changed)
        assert model_registry.pins(ours).data != before
        monkeypatch.setattr(model_registry.data, "sources", lambda n=name: listed.drop(index=n))
        assert model_registry.pins(ours).data != before


@pytest.mark.parametrize("digits", [1, 15])
def test_a_digest_covers_every_value_at_its_digits(digits: int) -> None:
    values = {"w": [0.25, 0.75], "name": "growth", "n": 3, "inside": {"x": [1, {"y": -0.5}]}}
    step, before = 10.0**-digits, model_registry.result_digest(values, digits)
    for other in (
        {**values, "w": [0.25 + step, 0.75]},
        {**values, "w": [0.75, 0.25]},
        {**values, "name": "Growth"},
        {**values, "n": 4},
        {**values, "inside": {"x": [1, {"y": 0.5}]}},
        {**values, "inside": {"x": [1, {"z": -0.5}]}},
        {k: v for k, v in values.items() if k != "n"},
    ):
        assert model_registry.result_digest(other, digits) != before


def test_what_is_no_model_says_so_in_every_column() -> None:
    owners, tiers = (POLICY[name] for name in ("model_owners", "model_tiers"))
    table = model_registry.inventory(model_registry.graded(), owners, tiers)
    row = table.loc["stewardship.settlement.ledger"]
    assert row["use"] == model_registry.NO_MODELS["record"] and row["exposure"] == ""
    assert row["owner"] == owners["stewardship"] and row["tier"] == model_registry.NO_TIER
    assert row["purpose"].endswith("?") and row["limits"].startswith("prices")
    models = table[table["kind"] == "model"]
    for name, entry in models.iterrows():
        points = tiers["exposure"][entry["exposure"]] * tiers["use"][entry["use"]]
        least = {tier: floor for tier, floor in tiers["tier"].items() if points >= floor}
        assert least[entry["tier"]] == max(least.values()), name
