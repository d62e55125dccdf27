"""A house's own assumptions: converted, aligned by labels, every fault refused at once."""

import re

import numpy as np
import pytest

from portlib.compounding import geometric_to_arithmetic
from portlib.inputs import assumptions, classes
from portlib.tables import Findings, Text

MEANS = """class,expected_return,return_kind,horizon_years,volatility,source,date
us_large_equity,6.4%,geometric,10,16%,House view,2026-09-30
us_core_bonds,0.045,arithmetic,10,0.06,House view,2026-09-30
cash,0.034,arithmetic,10,0.01,House view,2026-09-30
"""
RHO = """,cash,us_large_equity,us_core_bonds
cash,1,,
us_large_equity,0.0,1,
us_core_bonds,0.2,0.3,1
"""


def made(means=MEANS, rho=RHO, known=None):
    found = Findings()
    texts = (
        Text("assumptions.csv", means) if means else None,
        Text("correlations.csv", rho) if rho else None,
    )
    return assumptions.make(*texts, known or classes.survey_classes(), found, {}), found


def test_means_are_converted_and_correlations_aligned_by_label():
    own, found = made()
    assert not len(found)
    record = own.record
    assert record.labels == ("us_large_equity", "us_core_bonds", "cash")
    assert record.mu[0] == pytest.approx(float(geometric_to_arithmetic(0.064, 0.16, 10)))
    assert record.mu[1] == 0.045 and record.rf == 0.034
    sigma = record.sigma
    assert sigma[0, 1] == pytest.approx(0.3 * 0.16 * 0.06)
    assert sigma[1, 2] == pytest.approx(0.2 * 0.06 * 0.01)
    assert own.table.loc["us_large_equity", "geometric"] == pytest.approx(0.064)
    assert "House view; 2026-09-30" in record.source


def test_a_whole_matrix_and_decimal_commas_say_the_same():
    whole = RHO.replace("cash,1,,", "cash,1,0.0,0.2").replace("0.0,1,\n", "0.0,1,0.3\n")
    european = MEANS.replace(",", ";").replace("0.0", "0,0").replace("6.4%", "6,4%")
    own, found = made(european, whole)
    assert not len(found), [*map(str, found)]
    assert np.array_equal(own.record.sigma, made()[0].record.sigma)


@pytest.mark.parametrize(
    ("means", "rho", "message"),
    [
        (MEANS.replace("0.045", "4.5"), RHO, r"line 3: expected_return '4.5' is not .*in percent"),
        (MEANS.replace("16%", "16"), RHO, r"line 2: volatility '16' is not .*in percent"),
        (MEANS.replace("arithmetic", "simple"), RHO, "return_kind 'simple' is none of arithmetic"),
        (MEANS.replace("us_core_bonds", "us_core_bond"), RHO, "did you mean 'us_core_bonds'"),
        (MEANS.replace("us_core_bonds", "farmland"), RHO, "line 3: class 'farmland' is not known"),
        (MEANS.replace("us_core_bonds,0", "cash,0"), RHO, "line 4: class 'cash' is given twice"),
        (MEANS.replace("House view,2026-09-30", ",2026-09-30", 1), RHO, "line 2: source is empty"),
        (MEANS.replace("volatility", "risk"), RHO, "lacks the column 'volatility'"),
        (MEANS.replace("cash,0", "us_tips,0"), RHO, "needs a class of the role cash"),
        (MEANS, RHO.replace("0.3,1", "30,1"), "us_core_bonds: 30 is not between -1 and 1; in per"),
        (MEANS, RHO.replace("0.3,1", "0.3,2"), "us_core_bonds with itself is 2|2 is not between"),
        (MEANS, RHO.replace("cash,1,,", "cash,1,0.5,"), "is 0.5 above the diagonal and 0 below"),
        (MEANS, RHO.replace("0.3,1", "x,1"), "line 4: us_core_bonds, us_large_equity: 'x' is not"),
        (MEANS, RHO.replace("us_core_bonds,0.2", "us_tips,0.2"), "do not name the same classes"),
        (MEANS, RHO.replace("0.2,0.3,1", "0.99,0.99,1"), "no returns have these correlations"),
        (MEANS, RHO.replace("0.2,0.3,1", ",0.3,1"), "us_core_bonds: nan is not .*missing"),
    ],
)
def test_each_fault_is_named(means, rho, message):
    own, found = made(means, rho)
    assert own is None
    assert any(re.search(message, str(finding)) for finding in found.refused), [*map(str, found)]


@pytest.mark.parametrize(("means", "rho"), [(MEANS, None), (None, RHO)])
def test_half_of_the_pair_is_not_used_and_said_so(means, rho):
    own, found = made(means, rho)
    assert own is None and not found.refused
    assert "is not used: it needs" in str(*found)


def test_all_faults_are_found_at_once():
    bad = MEANS.replace("16%", "16").replace("0.045", "x").replace("House view", "")
    _, found = made(bad)
    assert len(found.refused) >= 5
    assert {finding.line for finding in found.refused} == {2, 3, 4}


def test_correlations_that_can_be_read_in_two_ways_are_reported_with_all_else():
    """Named with both readings among the findings, as in any other file; not raised past them."""
    rho = ";cash;us_large_equity;us_core_bonds\ncash;1,000;0;0\nus_large_equity;0;1,000;0\n"
    own, found = made(MEANS.replace("0.045", "x"), rho + "us_core_bonds;0;0;1,000\n")
    assert own is None
    assert [one.file for one in found.refused] == ["assumptions.csv", "correlations.csv"]
    assert "'1,000' may be 1000 (decimal point) or 1 (decimal comma)" in found.refused[1].problem
