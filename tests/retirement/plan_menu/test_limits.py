"""Limits of the plan's documents bind every optimisation over its menu, by name and clause."""

import shutil

import pytest

from portlib import plan, plan_template
from portlib.construction.mandate import MandateError
from portlib.construction.mean_variance import maximum_utility
from portlib.retirement import plan_menu
from portlib.retirement.plan_menu.limits import limits


@pytest.fixture
def folder(tmp_path):
    plan_template.write(tmp_path / "mine")
    return tmp_path / "mine"


def best(folder):
    ours = plan.read(folder)
    menu = plan_menu.menu_assumptions(ours)
    mandate = plan_menu.menu_mandate(ours, "growth")
    w = maximum_utility(menu, mandate, risk_aversion=1.5).weights
    return ours, mandate, w


def test_without_the_file_there_are_none(folder):
    ours, mandate, _ = best(folder)
    assert limits(ours, ["LARGE"]) == []
    assert "equity ceiling" not in [rule.name for rule in mandate.constraints]


def test_a_stated_ceiling_binds_looking_through_the_funds(folder):
    ours, _, before = best(folder)
    held = plan_menu.each_vintage(ours).exposures
    equity = held[["us_large_equity", "us_small_equity", "intl_dev_equity"]].sum(axis=1)
    assert float(before @ equity[before.index]) > 0.62
    shutil.copy(folder / "optional" / "mandate.yml", folder)
    text = (folder / "mandate.yml").read_text()
    (folder / "mandate.yml").write_text(text.replace("0.85", "0.6"))
    _, mandate, after = best(folder)
    assert float(after @ equity[after.index]) == pytest.approx(0.6, abs=1e-6)
    rule = next(rule for rule in mandate.constraints if rule.name == "equity ceiling")
    assert rule.clause == "investment policy statement, section 4.2 (SYNTHETIC)"


def test_turnover_is_from_what_participants_hold(folder):
    (folder / "mandate.yml").write_text(
        "constraints:\n- {name: slow, kind: turnover, limit: 0.2, clause: section 9}\n"
    )
    ours, _, w = best(folder)
    held = plan_menu.each_vintage(ours).shares.reindex(w.index)
    assert (w - held / held.sum()).abs().sum() / 2 <= 0.2 + 1e-6


def test_a_limit_on_what_is_not_optimised_over_is_refused(folder):
    (folder / "mandate.yml").write_text(
        "constraints:\n- {name: no series, kind: exclusion, funds: [TARGET], clause: section 9}\n"
    )
    with pytest.raises(MandateError, match="'no series' names TARGET, none of which"):
        limits(plan.read(folder), ["LARGE", "BONDS"])


SERIES = """constraints:
- {name: no series, kind: exclusion, funds: [TARGET, MONEY], clause: section 9}
- {name: some series, kind: position_floor, funds: [TARGET], lower: 0.1, clause: section 10}
- {name: scored, kind: score_floor, floor: 5, clause: section 11,
   scores: {LARGE: 5, SMALL: 5, INTL: 5, BONDS: 6, REAL: 6, MONEY: 6, TARGET: 7}}
"""


def test_a_limit_on_a_series_is_one_on_its_dates(folder):
    (folder / "mandate.yml").write_text(SERIES)
    ours = plan.read(folder)
    labels = list(plan_menu.menu_assumptions(ours).labels)
    dates = [label for label in labels if label.startswith("TARGET, ")]
    excluded, floor, scored = limits(plan_menu.each_vintage(ours), labels)
    assert len(dates) == 4
    assert excluded.upper == {**dict.fromkeys(dates, 0.0), "MONEY": 0.0}
    assert floor.coefficients == dict.fromkeys(dates, 1.0) and floor.lower == 0.1
    assert floor.clause == "section 10"
    assert [scored.coefficients[date] for date in dates] == [7.0] * 4


def test_a_benchmark_of_a_series_asks_for_a_date(folder):
    (folder / "mandate.yml").write_text(
        "constraints:\n- {name: near, kind: tracking_error, benchmark: {TARGET: 1.0}, limit: 0.02,"
        " clause: section 9}\n"
    )
    ours = plan.read(folder)
    labels = list(plan_menu.menu_assumptions(ours).labels)
    with pytest.raises(MandateError, match="its benchmark holds TARGET, a series; name one"):
        limits(plan_menu.each_vintage(ours), labels)
