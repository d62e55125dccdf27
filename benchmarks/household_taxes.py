"""One retired household's federal taxes and required distributions, ours beside those of owlplanner
(GPL, apart).

Run in an environment of its own: pip install owlplanner pyyaml; PYTHONPATH=. python
benchmarks/household_taxes.py Owl chooses the withdrawals that spend most; we recompute its years
from its incomes, under the law as we read it. Not compared: deductions from age 65, which we leave
out, and Medicare, switched off in Owl. All in dollars of 2026.
"""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from owlplanner import Plan, tax_federal

from portlib import data
from portlib.retirement import taxes

YEAR = 2026


def tables() -> float:
    """The largest difference between the two packages' brackets, thresholds and deductions, US
    dollars."""
    gaps = []
    for i, status in enumerate(("single", "married_joint")):
        for name, theirs in (
            ("income_tax_brackets", tax_federal.taxBrackets_OBBBA[i, :-1]),
            ("capital_gains_brackets", tax_federal.capGainRates[i]),
        ):
            table = data.table(name)
            ours = table[(table["year"] == YEAR) & (table["filing_status"] == status)][
                "income_to"
            ].dropna()
            gaps.append(np.abs(ours.to_numpy() - theirs).max())
        gaps.append(abs(taxes.standard_deduction(YEAR, status) - tax_federal.stdDeduction_OBBBA[i]))
    return float(max(gaps))


def household() -> dict[str, float]:
    """The largest difference a year in tax, required distribution and taxable share of benefits."""
    owl = Plan(["owner"], ["1954-01-15"], [90], "one household", verbose=False)
    owl.setSpendingProfile("flat", 100)
    owl.setExpirationYearOBBBA(2099)
    owl.setAccountBalances(taxable=[300], taxDeferred=[800], taxFree=[100], startDate="01-01")
    owl.setCostBasis([210])
    owl.setAllocationRatios("individual", generic=[[[100, 0, 0, 0], [100, 0, 0, 0]]])
    owl.setRates("user", values=[6.0, 4.0, 3.5, 2.4])
    owl.setSocialSecurity([2000], [70])
    owl.setPension([0], [65])
    owl.solve("maxSpending", options={"withMedicare": "None", "maxRothConversion": 0, "bequest": 0})
    n = owl.N_n
    level = owl.gamma_n[:n]
    ordinary, gains = owl.G_n[:n] / level, owl.Q_n[:n] / level
    tax = taxes.ordinary_tax(ordinary, year=YEAR, status="single")
    tax = tax + taxes.gains_tax(gains, ordinary, year=YEAR, status="single")
    held, ages = owl.b_ijn[0, 1, :n], owl.year_n[:n] - 1954
    due = [
        float(taxes.required_minimum_distribution(b, int(a), 1954))
        for b, a in zip(held, ages, strict=True)
    ]
    benefits = owl.zetaBar_in[0, :n] / level
    other = owl.MAGI_n[:n] / level - owl.Psi_n[:n] * benefits
    share = [
        float(taxes.taxable_benefits(b, o, status="single", price_level=p)) / b
        for b, o, p in zip(benefits, other, level, strict=True)
    ]
    return {
        "years compared": float(n),
        "tax, US dollars": float(np.abs(tax - (owl.T_n + owl.U_n)[:n] / level).max()),
        "required distribution, US dollars": float(np.abs(np.array(due) - owl.rmd_in[0, :n]).max()),
        "taxable share of benefits": float(np.abs(np.array(share) - owl.Psi_n[:n]).max()),
    }


if __name__ == "__main__":
    print(
        f"owlplanner {version('owlplanner')}: largest difference of tables {tables():.2f} US "
        f"dollars"
    )
    for what, gap in household().items():
        print(f"{what}: {gap:.4f}")
