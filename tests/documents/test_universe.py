"""A universe of anybody's own: read exactly, refused by name, and optimised under its mandate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portlib import history, plan
from portlib.construction.mandate import Infeasible
from portlib.data import DataError
from portlib.documents import allocation_report, universe
from portlib.documents.typesetting import pdf
from portlib.policy import Policy
from tests.documents.unrun import DAY, MADE_FROM, PLANS


@pytest.fixture(scope="module")
def policy() -> Policy:
    return plan.read(PLANS["example"]).policy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Real months of the Thrift Savings Plan's funds, in a folder as somebody would keep them."""
    months = history.read("open")
    names = {
        "tsp_c": "Big",
        "tsp_s": "Small",
        "tsp_i": "Abroad",
        "tsp_f": "Bonds",
        "tsp_g": "Bills",
    }
    table = pd.DataFrame({new: months[old].values for old, new in names.items()}).dropna()
    place = tmp_path / "mine"
    place.mkdir()
    table.iloc[-120:].rename_axis("date").to_csv(place / "returns.csv")
    (place / "groups.csv").write_text(
        "asset,class,sector\nBig,shares,US\nSmall,shares,US\nAbroad,shares,world\n"
        "Bonds,bonds,US\nBills,cash,US\n"
    )
    (place / "mandate.yml").write_text(
        "constraints:\n"
        "- {name: shares floor, kind: class_limit, classes: [shares], lower: 0.5, clause: a}\n"
        "- {name: cap, kind: position_limit, upper: 0.4, clause: 'IPS 5'}\n"
    )
    return place


def test_without_forecasts_equal_shares_are_best_until_the_mandate_moves_them(
    folder: Path, policy: Policy
) -> None:
    (folder / "mandate.yml").unlink()
    found = universe.of_folder(folder, policy)
    assert np.allclose(found.weights, 0.2, atol=1e-7)


def test_the_mandate_is_obeyed_and_shown_against_its_floor(folder: Path, policy: Policy) -> None:
    (folder / "mandate.yml").write_text(
        "constraints:\n"
        "- {name: shares floor, kind: class_limit, classes: [shares], lower: 0.8, clause: a}\n"
    )
    found = universe.of_folder(folder, policy)
    assert found.weights[["Big", "Small", "Abroad"]].sum() == pytest.approx(0.8, abs=1e-6)
    limits = allocation_report._limits_by_group(found)
    assert limits["shares"][0] == 0.8
    document = allocation_report.report(
        found, title="Mine", made=DAY, made_from=MADE_FROM, name="allocation_mine"
    )
    assert pdf(document).startswith(b"%PDF")


def test_expected_returns_that_are_brought_are_used(folder: Path, policy: Policy) -> None:
    (folder / "expected.csv").write_text(
        "asset,expected_return\nBig,0.08\nSmall,0.05\nAbroad,0.05\nBonds,0.04\nBills,0.03\n"
    )
    found = universe.of_folder(folder, policy)
    assert found.assumptions.mu[list(found.assumptions.labels).index("Big")] == 0.08
    assert found.weights["Big"] == pytest.approx(0.4, abs=1e-6), "its cap"


def test_only_what_is_approved_is_held(folder: Path, policy: Policy) -> None:
    (folder / "mandate.yml").unlink()
    (folder / "approved.txt").write_text("Big\nBonds\nBills\n")
    assert set(universe.of_folder(folder, policy).weights.index) == {"Big", "Bonds", "Bills"}


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("approved.txt", "Big\nBonsd\n", "line 2: 'Bonsd' has no returns; did you mean Bonds"),
        ("groups.csv", "asset,class\nBig,shares\n", "says nothing of Small"),
        ("groups.csv", "assets,class\nBig,shares\n", "it needs asset"),
        (
            "groups.csv",
            "asset,class\nBig,shares\nSmall,shares\nAbroad,shares\nBonds,bonds\nBills,cash\n"
            "Big,bonds\n",
            "groups.csv: names Big more than once",
        ),
        (
            "current.csv",
            "asset,weight\nBig,0.2\nSmall,0.2\nAbroad,0.2\nBonds,0.1\nBills,0.1\n",
            "current.csv: weights add up to 80.0%",
        ),
        ("current.csv", "asset,weight\nBig,25\n", "weight '25' is not between 0 and 1"),
        ("approved.txt", "Big\n", "approves fewer than two"),
        ("expected.csv", "asset,expected_return\nBig,8\n", "expected_return"),
        ("mandate.yml", "constraints:\n- {name: a, kind: cap, clause: b}\n", "kind 'cap' is none"),
        (
            "mandate.yml",
            "constraints:\n"
            "- {name: a, kind: class_limit, classes: [sharse], lower: 0.5, clause: b}\n",
            "sharse",
        ),
    ],
)
def test_what_is_wrong_is_refused_by_file(
    folder: Path, policy: Policy, file: str, content: str, said: str
) -> None:
    (folder / file).write_text(content)
    with pytest.raises(DataError, match=said):
        universe.of_folder(folder, policy)


def test_one_asset_leaves_nothing_to_choose(folder: Path, policy: Policy) -> None:
    returns = pd.read_csv(folder / "returns.csv", index_col=0)
    returns[["Big"]].to_csv(folder / "returns.csv")
    with pytest.raises(DataError, match=r"returns\.csv: has Big alone"):
        universe.of_folder(folder, policy)


def test_assets_that_move_alike_are_named(folder: Path, policy: Policy) -> None:
    returns = pd.read_csv(folder / "returns.csv", index_col=0)
    returns.assign(Twin=returns["Big"]).to_csv(folder / "returns.csv")
    (folder / "groups.csv").unlink()
    (folder / "mandate.yml").unlink()
    with pytest.raises(DataError, match="Big and Twin move alike"):
        universe.of_folder(folder, policy)


def test_a_list_of_names_in_another_encoding_is_read(folder: Path, policy: Policy) -> None:
    returns = pd.read_csv(folder / "returns.csv", index_col=0)
    returns.rename(columns={"Big": "Größe"}).to_csv(folder / "returns.csv")
    (folder / "groups.csv").unlink()
    (folder / "mandate.yml").unlink()
    (folder / "approved.txt").write_bytes("Größe\r\nBonds\r\n".encode("cp1252"))
    assert set(universe.of_folder(folder, policy).weights.index) == {"Größe", "Bonds"}


def test_a_mandate_that_nobody_can_obey_names_its_rules(folder: Path, policy: Policy) -> None:
    (folder / "mandate.yml").write_text(
        "constraints:\n"
        "- {name: shares floor, kind: class_limit, classes: [shares], lower: 0.9, clause: a}\n"
        "- {name: cap, kind: position_limit, upper: 0.25, clause: b}\n"
    )
    with pytest.raises(Infeasible, match="shares floor"):
        universe.of_folder(folder, policy)


def test_a_folder_without_returns_is_told_what_it_needs(tmp_path: Path, policy: Policy) -> None:
    with pytest.raises(DataError, match="needs returns"):
        universe.of_folder(tmp_path, policy)


def test_lists_in_another_order_say_the_same_of_each_asset(folder: Path, policy: Policy) -> None:
    mu = {"Bills": 0.03, "Abroad": 0.055, "Big": 0.08, "Bonds": 0.04, "Small": 0.05}
    held = {"Bonds": 0.1, "Small": 0.2, "Big": 0.4, "Bills": 0.05, "Abroad": 0.25}
    rows = "".join(f"{name},{x}\n" for name, x in mu.items())
    (folder / "expected.csv").write_text("asset,expected_return\n" + rows)
    rows = "".join(f"{name},{x}\n" for name, x in held.items())
    (folder / "current.csv").write_text("asset,weight\n" + rows)
    (folder / "approved.txt").write_text("Bills\nAbroad\n\nBig\nBonds\nSmall\n")
    (folder / "groups.csv").write_text(
        "asset,class,sector\nBills,cash,US\nAbroad,shares,world\nBonds,bonds,US\n"
        "Small,shares,US\nBig,shares,US\n"
    )
    found = universe.of_folder(folder, policy, risk_aversion=3.0)
    labels = list(found.assumptions.labels)
    assert dict(zip(labels, found.assumptions.mu, strict=True)) == mu
    assert found.rivals["What is held now"].to_dict() == held
    assert found.rivals["Equal shares"].to_dict() == dict.fromkeys(labels, 0.2)
    world = found.groups["Sector"]["world"]
    assert world[world > 0].index.tolist() == ["Abroad"]
    assert found.risk_aversion == 3.0 and dict(found.facts)["Risk aversion"] == "3"
    assert dict(found.facts)["Expected returns"] == "brought"
    usual = universe.of_folder(folder, policy)
    assert usual.risk_aversion == policy["model_risk_aversion"][policy["default_posture"]] != 3.0


def test_what_nobody_brought_is_what_equal_shares_imply_on_the_months_of_the_window(
    folder: Path, policy: Policy
) -> None:
    (folder / "mandate.yml").unlink()
    found = universe.of_folder(folder, policy, risk_aversion=2.5)
    told = found.assumptions
    for at in range(len(told)):
        implied = told.rf + 2.5 * sum(told.sigma[at]) / len(told)
        assert told.mu[at] == pytest.approx(implied)
    window = found.months.iloc[-policy["estimation_window_months"] :]
    span = f"{len(window)} months, {window.index[0]:%Y-%m} to {window.index[-1]:%Y-%m}"
    assert span in told.source
    # twelve months' variance, by whatever estimator
    assert np.diag(told.sigma) == pytest.approx(12 * window.var(ddof=1), rel=0.5)


def test_weights_that_are_held_may_miss_all_by_a_tenth_of_a_percent(
    folder: Path, policy: Policy
) -> None:
    def brought(big: float) -> None:
        rows = f"Big,{big}\nSmall,0.2\nAbroad,0.2\nBonds,0.2\nBills,0.2\n"
        (folder / "current.csv").write_text("asset,weight\n" + rows)

    for big in (0.2009, 0.1991):
        brought(big)
        assert universe.of_folder(folder, policy).rivals["What is held now"]["Big"] == big
    for big in (0.202, 0.198):
        brought(big)
        with pytest.raises(DataError, match=r"current.csv: weights add up to (100.2|99.8)%"):
            universe.of_folder(folder, policy)


def test_an_asset_whose_group_is_left_blank_is_in_one_of_its_own(
    folder: Path, policy: Policy
) -> None:
    (folder / "groups.csv").write_text(
        "asset,class,sector\nBig,shares,US\nSmall,shares,US\nAbroad,shares,\nBonds,bonds,US\n"
        "Bills,cash,\n"
    )
    sectors = universe.of_folder(folder, policy).groups["Sector"]
    assert sectors[universe.UNGROUPED].to_dict() == {
        "Big": 0.0,
        "Small": 0.0,
        "Abroad": 1.0,
        "Bonds": 0.0,
        "Bills": 1.0,
    }
    assert sectors.sum(axis=1).eq(1.0).all()


def test_a_limit_on_trades_is_from_what_is_held_now(folder: Path, policy: Policy) -> None:
    (folder / "mandate.yml").write_text(
        "constraints:\n- {name: few trades, kind: turnover, limit: 0.1, clause: a}\n"
    )
    now = {"Big": 0.6, "Small": 0.1, "Abroad": 0.0, "Bonds": 0.3, "Bills": 0.0}
    (folder / "current.csv").write_text(
        "asset,weight\n" + "".join(f"{name},{x}\n" for name, x in now.items())
    )
    found = universe.of_folder(folder, policy)
    traded = sum(abs(found.weights[name] - x) for name, x in now.items()) / 2
    assert traded == pytest.approx(0.1, abs=1e-5)  # equal shares are further away
