"""Numbers that cannot be meant, at the doors of estimation and construction: refused by name, never
answered."""

import numpy as np
import pandas as pd
import pytest

from portlib.construction import black_litterman as bl
from portlib.construction import resampling, risk_parity, robustness, tail_risk
from portlib.construction.views import View
from portlib.estimation import capital_market_assumptions as cma
from portlib.estimation import inference, shrinkage, style_analysis
from portlib.estimation.capital_market_assumptions import building_blocks, precision
from portlib.records import Assumptions

nan = float("nan")
TWO = Assumptions(["a", "b"], [0.06, 0.03], [[0.04, 0.002], [0.002, 0.01]], 0.02, "a test")
SIGNED = {"author": "analyst", "as_of": "2026-11-28"}
RNG = np.random.default_rng(0)
CASES = {
    "view in percent": (lambda: View("v", {"a": 1}, 5, **SIGNED), r"q = 5 .*in percent"),
    "view as text": (lambda: View("v", {"a": 1}, "5%", **SIGNED), "view 'v': q is '5%'"),
    "view of 70%": (lambda: View("v", {"a": 0.7}, 0.05, **SIGNED), "sums to 0.7"),
    "means in percent": (
        lambda: Assumptions(["a"], [6.2], [[225.0]], 3.5),
        "expected return of 'a'",
    ),
    "cash in percent": (lambda: Assumptions(["a"], [0.06], [[0.04]], 3), "rf is 3"),
    "cash as text": (lambda: Assumptions(["a"], [0.06], [[0.04]], "0.03"), "rf must be finite"),
    "one word": (lambda: Assumptions("ab", [0.06, 0.05], np.eye(2)), "one word 'ab'"),
    "ragged": (lambda: Assumptions(["a", "b"], [0.1, 0.1], [[1, 0], [0]]), "sigma must be numbers"),
    "constants": (lambda: bl.implied_risk_aversion(pd.Series([0.01] * 50)), "variance"),
    "mean of nan": (lambda: inference.hac_mean([0.1, nan, 0.2]), "nan is no return"),
    "twin constants": (lambda: inference.sharpe_test(np.zeros(50), np.zeros(50)), "constant"),
    "power": (lambda: risk_parity.inverse_volatility(TWO, power=1e6), "power is 1e"),
    "method": (lambda: risk_parity.descend(TWO.sigma, np.ones(2) / 2, "zzz"), "zzz"),
    "target risk": (
        lambda: risk_parity.levered(risk_parity.equal_risk_contributions(TWO), risk=12, rf=0.02),
        r"risk is 12.*in percent",
    ),
    "negative risk": (lambda: tail_risk.normal(0.05, -0.1, 0.95), "volatility is -0.1"),
    "level 95": (lambda: tail_risk.normal(0.05, 0.1, 95), "not 95"),
    "historical level 95": (lambda: tail_risk.historical([0.01, -0.02], 95), "95"),
    "no periods": (lambda: tail_risk.at_horizon(0.1, 0.01, -1), "periods is -1"),
    "no forecasts": (lambda: tail_risk.kupiec([], 0.95), "needs 1 forecasts"),
    "one forecast": (lambda: tail_risk.christoffersen([1]), "needs 2 forecasts"),
    "Kupiec at 95": (lambda: tail_risk.kupiec([0, 1], 95), "not 95"),
    "no returns": (lambda: tail_risk.drawdowns([]), "no months"),
    "a fall of 5 times": (lambda: tail_risk.drawdowns([0.01, -5.0]), "-5 is no return"),
    "years": (lambda: resampling.draws(TWO, nan, 5, RNG), "years is nan"),
    "costs": (
        lambda: robustness.net_of_costs(pd.Series([0.1, 0.1]), pd.Series([0.5]), 5),
        r"cost is 5.*in percent",
    ),
    "half life": (
        lambda: shrinkage.exponentially_weighted(RNG.normal(size=(9, 2)), 1e-9),
        "half_life is 1e-09",
    ),
    "volatility in percent": (
        lambda: shrinkage.assemble(pd.Series({"a": 16.0}), pd.DataFrame([[1.0]], ["a"], ["a"])),
        "in percent",
    ),
    "no years": (lambda: precision.mean_standard_error(0.1, 0), "years is 0"),
    "trigger": (
        lambda: cma.crisis_correlations(pd.DataFrame({"a": [0.1] * 3}), "z"),
        "no column 'z'",
    ),
    "no yield": (lambda: building_blocks.bond_building_blocks(nan), "yield to maturity is nan"),
    "premium": (lambda: building_blocks.cash_plus_premium(0.03, 3), r"premium is 3.*Write 0.03"),
    "dividends": (
        lambda: building_blocks.equity_building_blocks(1.3, 0.02, 0.02),
        "dividend yield is 1.3",
    ),
    "market": (lambda: cma.equilibrium_returns(TWO.sigma, [nan, 1.0], 2.5), "market weight is nan"),
    "prior": (
        lambda: style_analysis.shrunk_alpha(
            pd.Series({"f": 0.01}), pd.Series({"f": 0.02}), pd.Series({"f": 0.001}), 2
        ),
        r"prior_sd is 2.*in percent",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_meant_is_refused_by_name(case):
    call, said = CASES[case]
    with pytest.raises(ValueError, match=said):
        call()


def test_weights_with_labels_go_by_their_labels():
    forwards = pd.Series({"a": 0.8, "b": 0.2})
    for measure in (TWO.mean_of, TWO.risk_of, TWO.sharpe_of):
        assert measure(forwards[::-1]) == pytest.approx(measure(forwards.to_numpy()), abs=1e-15)
    with pytest.raises(ValueError, match="see b, c"):
        TWO.mean_of(pd.Series({"a": 0.8, "c": 0.2}))
    pi = cma.equilibrium_returns(
        pd.DataFrame(TWO.sigma, list(TWO.labels), list(TWO.labels)), forwards[::-1], 2.5
    )
    assert pi == pytest.approx(2.5 * TWO.sigma @ forwards.to_numpy())


def test_one_asset_is_a_portfolio_everywhere():
    one = TWO.select(["a"])
    assert risk_parity.hierarchical(one).w.tolist() == [1.0]
    assert risk_parity.equal_risk_contributions(one).w.tolist() == [1.0]
    assert risk_parity.inverse_volatility(one).w.tolist() == [1.0]
    assert resampling.resampled_utility(
        one, risk_aversion=3.0, years=5, resamples=3, rng=RNG
    ).w == pytest.approx([1.0])
