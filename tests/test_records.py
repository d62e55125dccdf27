import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.records import Allocation, Assumptions, AssumptionsError

LABELS = ("stocks", "bonds", "cash")
MU = np.array([0.08, 0.04, 0.03])
SIGMA = np.array([[0.04, 0.002, 0.0], [0.002, 0.0036, 0.0], [0.0, 0.0, 0.0]])


def test_zero_variance_cash_is_a_right_answer():
    a = Assumptions(LABELS, MU, SIGMA, rf=0.03, source="test")
    assert a.volatility.tolist() == [0.2, 0.06, 0.0]
    assert np.isnan(a.sharpe_of(np.array([0.0, 0.0, 1.0])))


def test_one_asset_is_a_right_answer():
    a = Assumptions(["only"], [0.05], [[0.01]])
    assert a.mean_of(np.array([1.0])) == 0.05 and a.risk_of(np.array([1.0])) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("labels", "mu", "sigma", "message"),
    [
        ([], [], np.zeros((0, 0)), "universe is empty"),
        (["a", "a"], [0.1, 0.1], np.eye(2), "given twice: a"),
        (["a", "b"], [0.1], np.eye(2), r"mu must have shape \(2,\)"),
        (["a", "b"], [0.1, 0.2], np.eye(3), r"sigma must have shape \(2, 2\)"),
        (
            ["a", "b"],
            [0.1, np.nan],
            np.eye(2),
            r"mu has 1 value\(s\) that are not finite, first at \[1\]",
        ),
        (
            ["a", "b"],
            [0.1, 0.2],
            [[1.0, np.inf], [np.inf, 1.0]],
            r"sigma has 2 value\(s\) .* first at \[0, 1\]",
        ),
        (
            ["a", "b"],
            [0.1, 0.2],
            [[1.0, 0.2], [0.3, 1.0]],
            r"not symmetric: \[a, b\] is 0.2 but \[b, a\] is 0.3",
        ),
        (
            ["a", "b"],
            [0.1, 0.2],
            [[1.0, 1.2], [1.2, 1.0]],
            r"smallest eigenvalue -0.2.*cov_nearest",
        ),
        (
            ["a", "b"],
            [0.1, 0.2],
            [[1.0, 0.0], [0.0, -0.1]],
            "smallest eigenvalue -0.1, weighing most on b",
        ),
    ],
)
def test_bad_input_is_named(labels, mu, sigma, message):
    with pytest.raises(AssumptionsError, match=message):
        Assumptions(labels, mu, sigma)


def test_rf_must_be_finite():
    with pytest.raises(AssumptionsError, match="rf must be finite, got nan"):
        Assumptions(LABELS, MU, SIGMA, rf=float("nan"))


def test_labelled_input_in_another_order_is_refused_not_reordered():
    mu = pd.Series(MU, index=["bonds", "stocks", "cash"])
    with pytest.raises(
        AssumptionsError, match="mu: label 0 is 'bonds' where the labels say 'stocks'"
    ):
        Assumptions(LABELS, mu, SIGMA)
    sigma = pd.DataFrame(SIGMA, index=list(LABELS), columns=["stocks", "cash", "bonds"])
    with pytest.raises(
        AssumptionsError, match="sigma columns: label 1 is 'cash' where the labels say 'bonds'"
    ):
        Assumptions(LABELS, MU, sigma)


def test_records_cannot_be_changed_and_keep_their_own_copy():
    mu = MU.copy()
    a = Assumptions(LABELS, mu, SIGMA)
    mu[0] = 9.0
    assert a.mu[0] == 0.08
    with pytest.raises(ValueError, match="read-only"):
        a.mu[0] = 1.0


@settings(max_examples=30)
@given(st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_selecting_assets_keeps_their_figures(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, n + 3))
    labels = [f"a{i}" for i in range(n)]
    a = Assumptions(labels, 0.1 * rng.normal(size=n), x @ x.T)
    order = list(rng.permutation(labels))
    b = a.select(order)
    w = rng.normal(size=n)
    at = [labels.index(label) for label in order]
    assert b.mean_of(w[at]) == pytest.approx(a.mean_of(w))
    assert b.risk_of(w[at]) == pytest.approx(a.risk_of(w))


def test_selecting_an_unknown_asset_names_it():
    with pytest.raises(
        AssumptionsError, match="not among the assets: gold; known: stocks, bonds, cash"
    ):
        Assumptions(LABELS, MU, SIGMA).select(["gold"])


def test_an_allocation_is_read_by_label():
    a = Allocation(
        LABELS, np.array([0.6, 0.3, 0.1]), "rule of thumb", 0.06, 0.12, 0.25, "rule", "none", 0.0
    )
    assert a["bonds"] == 0.3 and a.weights.sum() == pytest.approx(1.0)
    with pytest.raises(ValueError, match="'gold' is not among the assets"):
        a["gold"]


def test_an_expected_return_in_percent_is_refused_and_one_just_below_is_not():
    for wrong in (2.0, -2.0, 7.0):
        with pytest.raises(AssumptionsError, match=r"bonds.* in percent\?"):
            Assumptions(LABELS, [0.08, wrong, 0.03], SIGMA)
        with pytest.raises(AssumptionsError, match=r"rf is .* in percent\?"):
            Assumptions(LABELS, MU, SIGMA, rf=wrong)
    assert Assumptions(LABELS, [1.999, -1.999, 0.0], SIGMA, rf=1.999).rf == 1.999


def test_what_a_portfolio_is_worth_by_hand():
    a = Assumptions(LABELS, MU, SIGMA, rf=0.03)
    w = pd.Series({"cash": 0.1, "stocks": 0.6, "bonds": 0.3})
    mean = 0.6 * 0.08 + 0.3 * 0.04 + 0.1 * 0.03
    variance = 0.36 * 0.04 + 0.09 * 0.0036 + 2 * 0.18 * 0.002
    assert a.mean_of(w) == pytest.approx(mean)
    assert a.risk_of(w) == pytest.approx(variance**0.5)
    assert a.sharpe_of(w) == pytest.approx((mean - 0.03) / variance**0.5)
    assert a.utility_of(w, 4.0) == pytest.approx(mean - 2 * variance)
    assert a.aligned(w, "w").tolist() == [0.6, 0.3, 0.1]


def test_a_copy_keeps_what_was_not_replaced_and_a_selection_its_rate_and_source():
    a = Assumptions(LABELS, MU, SIGMA, rf=0.03, source="a survey")
    given = {"mu": MU + 0.01, "sigma": SIGMA * 2, "rf": 0.02}
    for name, value in given.items():
        b = a.replace(**{name: value}, source="changed")
        told, before = b.to_json(), a.to_json()
        assert {k for k in told if told[k] != before[k]} == {name, "source"}
        assert np.array_equal(getattr(b, name), value)
    few = a.select(["bonds", "stocks"])
    assert (few.rf, few.source) == (0.03, "a survey")
    assert few.mu.tolist() == [0.04, 0.08] and few.sigma[0, 0] == 0.0036


def test_a_hair_of_asymmetry_is_rounding_and_more_is_not():
    for part, sound in ((0.5e-10, True), (2e-10, False)):
        sigma = SIGMA.copy()
        sigma[0, 1] += part * SIGMA.max()
        if sound:
            Assumptions(LABELS, MU, sigma)
        else:
            with pytest.raises(AssumptionsError, match="not symmetric"):
                Assumptions(LABELS, MU, sigma)


def test_every_field_of_an_allocation_comes_back_from_json():
    import json
    from dataclasses import fields

    a = Allocation(
        LABELS,
        np.array([0.6, 0.3, 0.1]),
        "rule of thumb",
        0.06,
        0.12,
        0.25,
        "rule",
        "none 1.0",
        0.5,
        {"cap": 1e-9},
        {"cap": 0.01},
        "m" * 64,
    )
    again = Allocation.from_json(json.loads(json.dumps(a.to_json())))
    for one in fields(Allocation):
        ours, theirs = getattr(a, one.name), getattr(again, one.name)
        assert np.array_equal(ours, theirs) if one.name == "w" else ours == theirs, one.name
    never = Allocation(LABELS, a.w, "x", 0.0, 0.0, float("nan"), "rule", "none", 0.0)
    assert never.to_json()["sharpe"] is None
    assert np.isnan(Allocation.from_json(never.to_json()).sharpe)
    with pytest.raises(ValueError, match="this version reads"):
        Allocation.from_json({**a.to_json(), "schema": "other/1"})
