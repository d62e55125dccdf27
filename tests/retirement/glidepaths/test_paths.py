"""Paths as values: shapes, bounds, published points."""

from dataclasses import replace

import numpy as np
import pytest

from portlib import data, plan
from portlib.retirement import glidepaths as gp

EXAMPLE = plan.read(data.ROOT / "plan")
AWKWARD = plan.read(data.ROOT.parent / "tests" / "plans" / "awkward")


def test_a_path_is_straight_between_points_and_flat_beyond() -> None:
    path = gp.shaped(0.9, 20, 0.4, 10)
    assert path.equity_at([50, 20, 5, -10, -40]) == pytest.approx([0.9, 0.9, 0.65, 0.4, 0.4])
    assert gp.age_rule(65).equity_at([40, 0, -40]) == pytest.approx([0.75, 0.35, 0.0])


def test_paths_over_classes_keep_their_equity_and_sum_to_one() -> None:
    mix, cost = gp.sleeves(EXAMPLE)
    path = gp.shaped(0.9, 20, 0.4, 10).of_classes(mix)
    years = np.arange(40, -30, -3)
    assert path.equity_at(years) == pytest.approx(gp.shaped(0.9, 20, 0.4, 10).equity_at(years))
    assert path.at(years).sum(axis=1) == pytest.approx(1.0)
    assert cost.between(
        EXAMPLE.funds["expense_ratio"].min(), EXAMPLE.funds["expense_ratio"].max()
    ).all()


def test_the_plans_series_is_read_as_it_is() -> None:
    path = gp.from_plan(EXAMPLE)
    assert path is not None and EXAMPLE.vintages is not None
    years = EXAMPLE.vintages.index.to_numpy(float)
    assert path.equity_at(years) == pytest.approx(EXAMPLE.vintages["equity"].to_numpy(float))
    assert gp.from_plan(AWKWARD) is None


def test_published_paths_cross_retirement_and_say_how_sure_they_are() -> None:
    paths = gp.published()
    assert len(paths) >= 3
    for name, path in paths.items():
        assert path.years[0] >= 20 and path.years[-1] <= 0 and path.source and path.name == name
    assert any("unverified" in name for name in paths) and not all(
        "unverified" in name for name in paths
    )


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: gp.Glidepath("a", [1, 2], [0.5, 0.5]), "must fall"),
        (lambda: gp.constant(60.0), "percent"),
        (lambda: gp.Glidepath("a", [2, 1], [0.5]), "do not go"),
        (lambda: gp.shaped(0.3, 10, 0.6, 5), "must not rise"),
        (lambda: gp.shaped(0.6, -5, 0.3, 5), "some years"),
        (lambda: gp.constant(0.5, fee=0.5), "fee"),
        (lambda: gp.Glidepath("a", [0], [[0.5, 0.5]], ["x", "y"], ["z"]), "not among"),
    ],
)
def test_a_path_that_makes_no_sense_is_refused(call: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


def test_the_adopted_path_is_what_the_plans_default_follows() -> None:
    """The series, the default fund, or the policy's shape: one path, whichever plan it is."""
    assert EXAMPLE.vintages is not None
    at = EXAMPLE.vintages.index.to_numpy(float)
    path = gp.adopted(EXAMPLE)
    assert path.equity_at(at) == pytest.approx(EXAMPLE.vintages["equity"].to_numpy(float))
    flat = gp.adopted(AWKWARD)
    assert np.ptp(flat.equity_at([40, 0, -30])) == 0 and flat.fee == 0.0128
    nobody = replace(EXAMPLE, rules={**EXAMPLE.rules, "default": None}, vintages=None)
    shape = nobody.policy["adopted_glidepath"]
    ruled = gp.adopted(nobody)
    assert ruled.equity_at(99) == pytest.approx(shape["start"])
    assert ruled.equity_at(-99) == pytest.approx(shape["landing"])


def test_a_path_carries_what_its_fund_costs_wherever_it_goes() -> None:
    """The expense ratio of the series, of a default fund, and of a path over its classes."""
    series = EXAMPLE.funds[EXAMPLE.funds["kind"] == "target_date"].iloc[0]
    path = gp.from_plan(EXAMPLE)
    assert path is not None
    assert (path.name, path.fee) == (series["label"], series["expense_ratio"])
    assert gp.adopted(EXAMPLE).fee == path.fee > 0
    for fund in EXAMPLE.exposures.index[:6]:
        rules = {**EXAMPLE.rules, "default": fund}
        own = gp.adopted(replace(EXAMPLE, rules=rules))
        assert own.fee == EXAMPLE.funds["expense_ratio"][fund]
        assert own.name == EXAMPLE.funds["label"][fund]
        held = EXAMPLE.exposures.loc[fund]
        assert own.at(7.0) == pytest.approx(held.to_numpy(float))
        equity = held[[c for c in held.index if c in EXAMPLE.equity_classes]].sum()
        assert own.equity_at([30.0, -30.0]) == pytest.approx([equity, equity])
    mix, _ = gp.sleeves(EXAMPLE)
    dear = gp.shaped(0.9, 20, 0.4, 10, fee=0.004, source="said")
    for other in (dear.of_classes(mix), dear.charged(0.004)):
        assert (other.fee, other.source, other.name) == (0.004, "said", dear.name)
    assert dear.charged(0.001).fee == 0.001
    classes = dear.of_classes(mix)
    assert set(classes.equity) == set(mix.columns[mix.loc["equity"] > 0])
