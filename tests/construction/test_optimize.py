"""The policy's switch: one door, five engines."""

import numpy as np
import pytest

from portlib import policy
from portlib.construction import OPTIMIZERS, optimize
from portlib.construction.black_litterman import black_litterman, of_policy
from portlib.construction.mandate import Mandate, fully_invested, long_only, position_limit
from portlib.construction.mean_variance import maximum_utility
from portlib.construction.resampling import resampled_utility
from portlib.construction.risk_parity import equal_risk_contributions
from portlib.construction.robustness import ellipsoidal, provider_errors
from portlib.estimation.capital_market_assumptions import survey_assumptions

POLICY = policy.read()
PLAN = survey_assumptions(10)
SETTINGS = of_policy(POLICY, PLAN) | {
    "years": 68,
    "resamples": 50,
    "seed": 1,
    "errors": provider_errors(PLAN),
    "kappa": POLICY["robust_standard_errors"],
}
MANDATE = Mandate(PLAN.labels, [fully_invested(), long_only(), position_limit(0.4)])
DIRECT = {
    "MARKOWITZ": lambda: maximum_utility(PLAN, MANDATE, risk_aversion=4.0),
    "BLACK_LITTERMAN": lambda: black_litterman(
        PLAN, MANDATE, risk_aversion=4.0, **of_policy(POLICY, PLAN)
    ),
    "ERC": lambda: equal_risk_contributions(PLAN, MANDATE),
    "RESAMPLED": lambda: resampled_utility(
        PLAN, MANDATE, risk_aversion=4.0, years=68, resamples=50, rng=np.random.default_rng(1)
    ),
    "ROBUST": lambda: ellipsoidal(
        PLAN,
        MANDATE,
        risk_aversion=4.0,
        errors=provider_errors(PLAN),
        kappa=POLICY["robust_standard_errors"],
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_name_opens_its_own_engine(name):
    through = optimize(PLAN, MANDATE, risk_aversion=4.0, optimizer=name, **SETTINGS)
    assert np.array_equal(through.w, DIRECT[name]().w)
    assert through.mandate == MANDATE.fingerprint
    assert set(through.residuals) == {c.name for c in MANDATE.constraints}


def test_the_engines_differ():
    found = [DIRECT[name]().w for name in OPTIMIZERS]
    assert all(np.abs(a - b).max() > 1e-3 for i, a in enumerate(found) for b in found[:i])


def test_an_engine_says_what_it_lacks():
    with pytest.raises(ValueError, match="BLACK_LITTERMAN needs reference, views, tau"):
        optimize(PLAN, MANDATE, risk_aversion=4.0, optimizer="BLACK_LITTERMAN")


def test_the_policy_names_an_engine_that_exists():
    assert POLICY["optimizer"] in OPTIMIZERS


def test_an_unknown_engine_is_refused_by_name():
    with pytest.raises(ValueError, match=r"no optimizer 'MAGIC'.*MARKOWITZ, BLACK_LITTERMAN, ERC"):
        optimize(PLAN, MANDATE, risk_aversion=4.0, optimizer="MAGIC")
