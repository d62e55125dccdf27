"""Signals and the record of a view: by hand, against scipy, and bad input."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from portlib import data
from portlib.construction import black_litterman as bl
from portlib.construction.mandate import Mandate, fully_invested
from portlib.construction.views import (
    View,
    ViewError,
    information_coefficients,
    momentum,
    signal_view,
)
from portlib.estimation.capital_market_assumptions import survey_assumptions
from portlib.estimation.inference import Estimate
from portlib.history import GROUPS
from portlib.records import AssumptionsError
from tests.construction.test_black_litterman import SIGNED, engine, few, market, view
from tests.markets import SEEDS

# ---- signals -------------------------------------------------------------------------------------


def industries() -> pd.DataFrame:
    return data.history()[list(GROUPS["industries"])]


def test_momentum_by_hand_and_without_the_future() -> None:
    past = industries()
    scores = momentum(past)
    month = past.index.get_loc("1987-10-31")
    by_hand = np.prod(1 + past["energy"].iloc[month - 11 : month]) - 1
    assert scores.loc["1987-10-31", "energy"] == pytest.approx(by_hand, abs=1e-12)
    assert scores.index[0] == past.index[11]
    changed = past.copy()
    changed.loc["1987-10-31":] = 0.5  # the crash itself and all that follows
    kept = slice(None, "1987-10-31")
    assert momentum(changed).loc[kept].to_numpy() == pytest.approx(
        scores.loc[kept].to_numpy(), abs=1e-12
    )


def test_information_coefficients_are_spearmans_with_the_next_month() -> None:
    past = industries().loc["1990":"1995"]
    scores = momentum(past)
    for ahead in (1, 3):
        found = information_coefficients(scores, past, ahead)
        assert len(found) == len(scores) - ahead
        for month in scores.index[:5]:
            later = past.iloc[past.index.get_loc(month) + ahead]
            assert found[month] == pytest.approx(
                stats.spearmanr(scores.loc[month], later).statistic, abs=1e-12
            )


def test_risk_aversion_and_its_error() -> None:
    rng = np.random.default_rng(3)
    x = pd.Series(rng.standard_t(6, size=800) * 0.035 + 0.006)
    found = bl.implied_risk_aversion(x)
    assert found.value == pytest.approx(x.mean() / x.var(ddof=1), rel=1e-12)
    draws = x.to_numpy()[rng.integers(800, size=(4000, 800))]
    spread = (draws.mean(axis=1) / draws.var(axis=1, ddof=1)).std(ddof=1)
    assert found.standard_error == pytest.approx(spread, rel=0.1)


@few
@given(seed=SEEDS, coefficient=st.floats(0.01, 0.2))
def test_grinolds_alpha_by_two_routes(seed: int, coefficient: float) -> None:
    """The raw signal as a noisy sight of the return, with Idzorek's confidence IC^2, gives the
    refined alpha."""
    prior, _ = market(seed)
    scores = pd.Series(np.random.default_rng(seed).normal(size=5), index=list(prior.labels))
    found = signal_view("signal", scores, prior, Estimate(coefficient, 0.02), **SIGNED)
    rank = stats.rankdata(scores)
    z = (rank - rank.mean()) / rank.std()
    p = np.array([found.portfolio.get(a, 0.0) for a in prior.labels])
    assert p.sum() == pytest.approx(0, abs=1e-12) and p[p > 0].sum() == pytest.approx(1)
    alpha = 0.0
    for i, a in enumerate(prior.labels):
        against = -np.full(5, 0.2)
        against[i] += 1
        sd = np.sqrt(12) * np.sqrt(
            against @ prior.sigma @ against
        )  # twelve months of monthly volatility
        raw = View(
            a,
            dict(zip(prior.labels, against.tolist(), strict=True)),
            float(against @ prior.mu + 0.01 * sd * z[i] / coefficient),  # all is linear in q
            **SIGNED,
            confidence=coefficient**2,
        )
        lone = bl.posterior(prior, [raw], 0.05)
        alpha += p[i] * 100 * float(lone.P[0] @ (lone.mu - prior.mu))
    assert found.q - p @ prior.mu == pytest.approx(alpha, abs=1e-9)
    assert found.variance == pytest.approx((alpha * 0.02 / coefficient) ** 2, rel=1e-6)


def test_bad_scores() -> None:
    prior, _ = market(1)
    good, sure = pd.Series(range(5), index=list(prior.labels), dtype=float), Estimate(0.05, 0.01)
    for bad, message in (
        (good[::-1], "in that order"),
        (good.where(good > 0), "must be numbers"),
        (good * 0, "equal"),
    ):
        with pytest.raises(ViewError, match=message):
            signal_view("signal", bad, prior, sure, **SIGNED)


# ---- the record ----------------------------------------------------------------------------------


def test_a_view_is_known_by_its_fingerprint() -> None:
    one = view(portfolio={"x": 1.0, "y": -1.0, "z": 0.0})
    same = view(portfolio={"y": -1, "x": 1})
    assert one.fingerprint == same.fingerprint and len(one.fingerprint) == 64
    assert json.loads(one.canonical)["portfolio"] == {"x": 1.0, "y": -1.0}
    for change in (
        {"q": 0.051},
        {"version": 2},
        {"author": "adviser"},
        {"as_of": "2026-11-22"},
        {"variance": 0.01},
        {"confidence": 0.5},
        {"reason": "because"},
        {"name": "b"},
        {"portfolio": {"x": 0.9, "y": -0.9}},
    ):
        assert replace(one, **change).fingerprint != one.fingerprint
    held = {"x": 1.0}
    kept = view(portfolio=held)
    held["x"] = 2.0
    assert kept.portfolio == {"x": 1.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "needs a name"),
        ({"author": ""}, "author's role"),
        ({"portfolio": {}}, "at least one asset"),
        ({"portfolio": {"x": 0.0}}, "at least one asset"),
        ({"portfolio": {"x": np.inf}}, "finite"),
        ({"q": np.nan}, "finite"),
        ({"variance": -1.0}, "-1.0 must be"),
        ({"variance": np.nan}, "must be finite"),
        ({"confidence": 0.0}, "leave it out"),
        ({"confidence": 1.1}, "at most 1"),
        ({"confidence": np.nan}, "at most 1"),
        ({"version": 0}, "whole number"),
        ({"version": 1.5}, "whole number"),
        ({"as_of": "21.11.2026"}, "no date"),
        ({"as_of": None}, "no date"),
        ({"variance": 0.1, "confidence": 0.5}, "not both"),
        ({"q": None}, "q is None: give a number"),
    ],
)
def test_bad_views(change: dict, message: str) -> None:
    with pytest.raises(ViewError, match=message):
        view(**change)


def test_bad_input_to_the_posterior() -> None:
    prior, reference = market(2)
    x, y = view(portfolio={"asset 0": 1.0}), view(name="b", portfolio={"asset 1": 1.0})
    for views, tau, message in (
        ([x, x], 0.05, "two views are named 'a'"),
        ([view()], 0.05, "'a' is about x, not among"),
        ([x], 0.0, "tau = 0"),
        ([x], float("nan"), "tau"),
        (
            [replace(x, variance=0.0), replace(x, name="c", q=0.1, variance=0.0), y],
            0.05,
            "which is right: a, c;",
        ),
    ):
        with pytest.raises(ViewError, match=message):
            bl.posterior(prior, views, tau)
    with pytest.raises(ViewError, match=r"shared = 1\.5"):
        bl.posterior(prior, [x], 0.05, shared=1.5)
    with pytest.raises(ViewError, match="no covariance convention 'sample'"):
        bl.posterior(prior, [x], 0.05).assumptions("sample")
    with pytest.raises(ViewError, match="holds gold"):
        bl.equilibrium(prior, {**reference, "gold": 0.1}, 2.5)
    with pytest.raises(ValueError, match="sum to one"):
        bl.equilibrium(prior, {"asset 0": 0.5}, 2.5)
    with pytest.raises(AssumptionsError, match="same labels"):
        engine(survey_assumptions(10), Mandate(["x"], [fully_invested()]))
