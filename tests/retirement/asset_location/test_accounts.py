"""A household's years: a second simulation in plain Python, money conserved, the law's limits, the
plan's cases.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from portlib.retirement import taxes
from portlib.retirement.asset_location import BUCKETS, Rates
from portlib.retirement.asset_location.accounts import simulate
from tests.retirement.asset_location.households import BASE

CLASSES = ["stocks", "bonds"]
TARGET = pd.Series({"stocks": 0.6, "bonds": 0.4})
CHARACTER = pd.DataFrame(
    {"interest": [0.002, 0.04], "qualified": [0.015, 0.0], "realised": [0.1, 0.5]}, index=CLASSES
)
RATES = Rates(0.27, 0.2, 0.15, 0.18)
WITHOUT_TAXABLE = {**BASE.balances, "taxable": 0.0}


def returns(seed: int, paths: int = 3, years: int = 37) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.exp(rng.normal([0.06, 0.035], [0.17, 0.06], (paths, years, 2))) - 1


def place(fund, account, order, exit_gains, withdrawal):
    """Dollars by class in the taxable account, and the mix of the sheltered ones; gains realised on
    the way.
    """
    total = sum(v for v, _ in fund.values())
    gain = total - sum(c for _, c in fund.values())
    outside = max(total - exit_gains * gain, 0.0)
    room = account["deferred"] * (1 - withdrawal) + account["roth"] + account["hsa"]
    wealth, left, inside = outside + room, room, {}
    for name in order or CLASSES:
        want = TARGET[name] * (wealth if order else room)
        inside[name] = min(want, left)
        left -= inside[name]
    mix = {c: inside[c] / room if room > 0 else TARGET[c] for c in CLASSES}
    rest = {c: max(TARGET[c] * wealth - inside[c], 0.0) for c in CLASSES}
    wanted = {
        c: total * (rest[c] / sum(rest.values()) if outside > 1e-9 * wealth else TARGET[c])
        for c in CLASSES
    }
    realised, after = 0.0, {}
    for c in CLASSES:
        value, cost = fund[c]
        if wanted[c] < value:
            realised += (value - wanted[c]) * (1 - cost / value)
            after[c] = (wanted[c], cost * wanted[c] / value)
        else:
            after[c] = (wanted[c], cost + wanted[c] - value)
    return after, mix, realised


def by_hand(one, order, path, inflation, spend, saved_share, convert=0.0):
    """The same household, one path, in plain Python: wealth, tax, shortfall and premiums."""
    account = {b: one.balances[b] for b in BUCKETS[1:]}
    start = one.balances["taxable"]
    fund = {c: (start * TARGET[c], start * TARGET[c] * one.basis) for c in CLASSES}
    fund, mix, _ = place(fund, account, order, RATES.exit_gains, RATES.withdrawal)
    fund = {c: (v, v * one.basis) for c, (v, _) in fund.items()}
    bill = losses = paid_tax = short = premiums = 0.0
    incomes = [one.pay if one.age < one.retirement_age else one.other_income] * 2
    for k, r in enumerate(path):
        age, level = one.age + k, (1 + inflation) ** (k + 1)
        due = (
            float(taxes.required_minimum_distribution(account["deferred"], age, one.birth_year))
            / level
        )
        coupons = sum(v * CHARACTER.loc[c, "interest"] for c, (v, _) in fund.items())
        dividends = sum(v * CHARACTER.loc[c, "qualified"] for c, (v, _) in fund.items())
        gain = losses
        for i, c in enumerate(CLASSES):
            value, cost = fund[c]
            change = value * (r[i] - CHARACTER.loc[c, "interest"] - CHARACTER.loc[c, "qualified"])
            booked = change * CHARACTER.loc[c, "realised"]
            fund[c], gain = (value + change, cost + booked), gain + booked
        for b in account:
            account[b] *= 1 + sum(mix[c] * r[i] for i, c in enumerate(CLASSES))
        working = age < one.retirement_age
        pay, own, saved, plain, inflow = 0.0, 0.0, 0.0, 0.0, 0.0
        income, social = (
            (0.0, 0.0)
            if working
            else (one.other_income, one.benefits if age >= one.claiming_age else 0.0)
        )

        heads = 2 if one.status == "married_joint" else 1

        def law(
            ordinary,
            interest=0.0,
            qualified=0.0,
            benefits=0.0,
            level=level,
            age=age,
            k=k,
            heads=heads,
        ):
            return taxes.income_tax(
                year=one.year,
                status=one.status,
                ordinary=ordinary,
                interest=interest,
                qualified=qualified,
                benefits=benefits,
                over_65=heads if age >= 65 else 0,
                in_force=one.year + k,
                state_rate=one.state_rate,
                price_level=level,
            )

        def tax(*incomes, law=law):
            return float(law(*incomes).total)

        if working:
            pay = one.pay
            into = taxes.contribution(pay, one.deferral_rate, one.match, year=one.year, age=age)
            own = min(into.employee * (1 - one.roth_share), into.employee - into.roth_only)
            account["deferred"] += (own + into.employer) * level
            account["roth"] += (into.employee - own) * level
            plain = tax(pay - own)
            saved = saved_share * (tax(pay) - plain)
        else:
            inflow = income + social - spend
        drawn = min(due, account["deferred"] / level)
        account["deferred"] -= drawn * level
        moved = 0.0
        if not working and age < taxes.rmd_start_age(one.birth_year):
            moved = min(convert, account["deferred"] / level)
            account["deferred"] -= moved * level
            account["roth"] += moved * level
        premium = 0.0
        if age >= 65:
            premium = float(
                taxes.medicare_premiums(incomes[1], year=one.year, status=one.status, people=heads)
            )
        premiums += premium
        estimate = (
            tax(
                drawn + income + pay - own + moved,
                coupons / level,
                (max(gain, 0) + dividends) / level,
                social,
            )
            - plain
        )
        cash = (coupons + dividends - bill) + (drawn + saved - estimate - premium + inflow) * level
        total = sum(v for v, _ in fund.values())
        if cash >= 0:
            fund = {
                c: (
                    v + cash * (v / total if total > 0 else 0.5),
                    b + cash * (v / total if total > 0 else 0.5),
                )
                for c, (v, b) in fund.items()
            }
            lack = 0.0
        else:
            part = min(-cash / total, 1.0) if total > 0 else 0.0
            gain += sum(part * (v - b) for v, b in fund.values())
            lack = max(-cash - part * total, 0.0)
            fund = {c: (v * (1 - part), b * (1 - part)) for c, (v, b) in fund.items()}
        for b in BUCKETS[1:]:
            taken = min(lack, account[b])
            account[b] -= taken
            lack -= taken
            if b == "deferred":
                drawn += taken / level
                early = (
                    0.0 if age >= 59.5 or age >= one.retirement_age >= 55 else taken / level / 10
                )
        short += lack / level
        fund, mix, realised = place(fund, account, order, RATES.exit_gains, RATES.withdrawal)
        gain += realised
        losses = min(gain, 0.0)
        taxed = (
            drawn + income + pay - own + moved,
            coupons / level,
            (max(gain, 0) + dividends) / level,
            social,
        )
        final = tax(*taxed) - plain + early
        incomes = [float(law(*taxed).gross_income), incomes[0]]
        bill = (final - estimate) * level
        paid_tax += final
    end = (
        RATES.exit_gains * sum(v - b for v, b in fund.values())
        + RATES.withdrawal * account["deferred"]
    )
    wealth = sum(v for v, _ in fund.values()) + sum(account.values()) - end - bill
    return wealth / level, paid_tax + end / level, short, premiums


@pytest.mark.parametrize("order", [None, ["bonds", "stocks"], ["stocks", "bonds"]])
@pytest.mark.parametrize(
    ("one", "spend", "convert"),
    [
        (BASE, 70_000.0, 0.0),
        (BASE, 140_000.0, 30_000.0),
        (replace(BASE, retirement_age=55, status="single"), 30_000.0, 60_000.0),
        (replace(BASE, balances={**BASE.balances, "taxable": 0.0}, roth_share=1.0), 60_000.0, 0.0),
        (replace(BASE, other_income=260_000.0), 200_000.0, 0.0),
        # left the employer before 55, so that what is taken before 59 1/2 bears a tenth more
        (replace(BASE, retirement_age=54, balances=WITHOUT_TAXABLE), 60_000.0, 0.0),
    ],
)
def test_a_second_simulation_leads_to_the_same_dollars(one, spend, convert, order):
    r = returns(5)
    found = simulate(
        one,
        TARGET,
        order,
        r,
        CHARACTER,
        RATES,
        inflation=0.025,
        spending=spend,
        saving_invested=0.5,
        converted=convert,
    )
    for i, path in enumerate(r):
        wealth, tax, short, premiums = by_hand(one, order, path, 0.025, spend, 0.5, convert)
        assert found.medicare[i] == pytest.approx(premiums, abs=0.01)
        assert found.wealth[i] == pytest.approx(wealth, rel=1e-9, abs=0.01)
        assert found.tax[i] == pytest.approx(tax, rel=1e-9, abs=0.01)
        assert found.shortfall[i] == pytest.approx(short, rel=1e-9, abs=0.01)


def test_without_tax_money_only_compounds():
    """No law, no exit rates, one return for all: the location does not matter and nothing is
    lost."""
    none, r = Rates(0, 0, 0, 0), np.full((1, 37, 2), 0.05)
    one = replace(BASE, retirement_age=55, other_income=0.0, pay=0.0)

    def law(ordinary, interest, qualified, benefits, level):
        return 0.0 * ordinary

    ends = [
        simulate(
            one, TARGET, order, r, CHARACTER, none, inflation=0.02, spending=20_000.0, law=law
        ).wealth[0]
        for order in (None, CLASSES, CLASSES[::-1])
    ]
    real = 1.05 / 1.02
    expected = sum(one.balances.values()) * real**37 - 20_000 * sum(real**k for k in range(37))
    assert ends == pytest.approx([expected] * 3)


def test_required_distributions_leave_even_when_nobody_needs_them():
    one = replace(BASE, other_income=300_000.0)
    found = simulate(one, TARGET, None, returns(2), CHARACTER, RATES, inflation=0.02, spending=0.0)
    assert found.least_distribution == pytest.approx(np.zeros(3), abs=1e-6)


def test_contributions_stop_at_the_law():
    one = replace(BASE, pay=400_000.0, deferral_rate=0.9, match=())
    found = simulate(
        one, TARGET, None, returns(3), CHARACTER, RATES, inflation=0.02, spending=50_000.0
    )
    # ages 55 to 59 and 60 to 63 of 2026: 24,500 with 8,000, then with 11,250
    assert found.contributed == pytest.approx(np.full(3, 5 * 32_500 + 4 * 35_750))


def test_conversions_move_tax_forward_and_leave_less_to_be_required():
    one = replace(BASE, retirement_age=60, pay=0.0)
    options = {"inflation": 0.02, "spending": 50_000.0}
    plain, moved = (
        simulate(one, TARGET, None, returns(8), CHARACTER, RATES, converted=x, **options)
        for x in (0.0, 25_000.0)
    )
    assert (moved.least_distribution <= 1e-6).all() and (plain.medicare >= 0).all()
    assert not np.allclose(moved.tax, plain.tax)
    with pytest.raises(ValueError, match="converted is dollars a year from zero up, not -1"):
        simulate(one, TARGET, None, returns(8), CHARACTER, RATES, converted=-1.0, **options)


def test_step_up_spares_the_last_gain():
    options = {"inflation": 0.02, "spending": 40_000.0}
    plain = simulate(BASE, TARGET, None, returns(4), CHARACTER, RATES, **options)
    heirs = simulate(BASE, TARGET, None, returns(4), CHARACTER, RATES, step_up=True, **options)
    assert (heirs.wealth >= plain.wealth - 1e-6).all()


def test_returns_of_other_years_are_refused():
    with pytest.raises(ValueError, match="returns need 37 years and 2 classes, not 5 and 2"):
        simulate(
            BASE, TARGET, None, returns(1, years=5), CHARACTER, RATES, inflation=0.02, spending=1.0
        )
