"""What becomes of a household's accounts, year by year, under the law and a rule about what lies
where?

Each simulated year: the accounts earn; pay is contributed as far as the law lets it in; in
retirement the least that must leave traditional accounts leaves them, and spending is met from
income, then the taxable account, then traditional accounts, then Roth and health savings accounts;
taxable gains and yields are booked with their basis; the classes are brought back to their targets
in the accounts where the rule wants them. Tax is paid as in life: what the year's known incomes owe
within the year, what sales and withdrawals add in the next. At the end everything is sold and
taxed.

Dollars are of the first year; gains are taxed in nominal dollars, because their basis is not
indexed. Brackets are. Left out: trading costs, the annual offset of losses against income, employer
stock, a spouse's pay and accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from portlib import data
from portlib.plan import Plan
from portlib.records import Array
from portlib.retirement import taxes
from portlib.retirement.asset_location.location import BUCKETS, Rates, after_tax_values
from portlib.retirement.household import full_retirement_months, primary_insurance_amount

#: The tax on a year's incomes in dollars of the first year: ordinary, interest, qualified,
#: benefits, price level.
TaxLaw = Callable[[Array, Array, Array, Array, float], Array]


@dataclass(frozen=True)
class Owner:
    """A household: what it earns and holds; US dollars of today, before tax. `assumed` names what
    was not supplied.
    """

    name: str
    status: str
    age: int
    birth_year: int
    retirement_age: int
    last_age: int
    pay: float
    deferral_rate: float
    roth_share: float
    match: tuple[dict[str, float], ...]
    balances: dict[str, float]
    basis: float
    other_income: float
    frozen_stock: float
    year: int
    state_rate: float
    withdrawal_rate: float
    assumed: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what no household is."""
        if not self.age < self.last_age:
            raise ValueError(f"{self.name} is {self.age} and cannot be followed to {self.last_age}")
        if set(self.balances) != set(BUCKETS) or min(self.balances.values()) < 0:
            raise ValueError(
                f"{self.name}: balances are dollars from zero up in {', '.join(BUCKETS)}"
            )
        if not (0 <= self.roth_share <= 1 and 0 <= self.basis <= 1):
            raise ValueError(f"{self.name}: roth_share and basis are shares from 0 to 1")
        if not (0 <= self.state_rate < 0.5 and 0 < self.withdrawal_rate < 0.5):
            raise ValueError(
                f"{self.name}: state_rate {self.state_rate} and withdrawal_rate "
                f"{self.withdrawal_rate} are decimals below 0.5; in percent?"
            )

    @property
    def working_years(self) -> int:
        """Years of pay left."""
        return max(self.retirement_age - self.age, 0)

    @property
    def claiming_age(self) -> int:
        """Full retirement age in whole years, or the retirement age if later, at most 70."""
        return min(max(-(-full_retirement_months(self.birth_year) // 12), self.retirement_age), 70)

    @property
    def benefits(self) -> float:
        """Social Security a year from the claiming age: for 35 years of today's pay, without credit
        for delay.
        """
        base = data.document("retirement_limits")["social_security"]["wage_base"][self.year]
        return 12 * primary_insurance_amount(min(self.pay, base) / 12, self.year)

    @property
    def horizon(self) -> float:
        """Years for which money is held on average: to the middle of retirement."""
        return (max(self.retirement_age, self.age) + self.last_age) / 2 - self.age

    def over_65(self, age: int) -> int:
        """How many people of the return have reached 65 at the owner's `age`; a spouse is as
        old."""
        return (2 if self.status == "married_joint" else 1) if age >= 65 else 0

    def law(
        self,
        ordinary: Array,
        interest: Array,
        qualified: Array,
        benefits: Array,
        price_level: float,
        age: int | None = None,
    ) -> Array:
        """The household's income tax under the tables of its year, at an age (today's if not
        given); a spouse is taken to be as old. Temporary deductions end when they end.
        """
        now = self.age if age is None else age
        return taxes.income_tax(
            year=self.year,
            status=self.status,
            ordinary=ordinary,
            interest=interest,
            qualified=qualified,
            benefits=benefits,
            over_65=self.over_65(now),
            in_force=self.year + now - self.age,
            state_rate=self.state_rate,
            price_level=price_level,
        ).total


def plan_target(plan: Plan) -> pd.Series:
    """The reference portfolio of the policy, over the classes that the menu offers, rescaled to
    one.

    A class counts as offered when some fund holds ``location_offered_share`` of it; if none is, all
    are kept.
    """
    reference = pd.Series(plan.policy["reference_portfolio"], dtype=float)
    purest = plan.exposures.max().reindex(reference.index).fillna(0.0)
    offered = reference[purest >= plan.policy["location_offered_share"]]
    kept = offered if len(offered) else reference
    return (kept / kept.sum()).rename("target")


def candidates(plan: Plan) -> pd.Index:
    """Participants for whom location is a question: at work, with money in the plan and, by their
    own word, outside.

    In the order of the smaller of the two. If nobody told of outside assets: all at work, in the
    order of balances.
    """
    people = plan.participants
    retire = people["retirement_age"].fillna(plan.rules["normal_retirement_age"])
    at_work = people[plan.age < retire]
    stake = at_work[["balance", "outside_assets"]].min(axis=1, skipna=False)
    told = stake[stake > 0] if (stake > 0).any() else at_work["balance"]
    if told.empty:
        raise ValueError(
            f"{plan.name}: no participant is still at work, and location over a career has no case"
        )
    return told.sort_values(kind="stable").index


def owner(plan: Plan, participant: str) -> Owner:
    """A participant as a household with four accounts.

    What is missing comes from the policy ``location_not_supplied`` and is named in ``assumed``. All
    outside assets are taken to lie in a taxable account, the balance to be divided as deferrals are
    between Roth and traditional.
    """
    one: dict[Any, Any] = plan.participants.loc[participant].to_dict()
    given: dict[str, Any] = plan.policy["location_not_supplied"]
    normal = {**given, "retirement_age": plan.rules["normal_retirement_age"]}
    assumed = [
        what for what in ("outside_assets", "other_income", "retirement_age") if pd.isna(one[what])
    ]
    outside, income, retire = (
        float(normal[what] if what in assumed else one[what])
        for what in ("outside_assets", "other_income", "retirement_age")
    )
    roth = float(one["roth_share"]) if plan.rules["contributions"]["roth"] else 0.0
    stock = plan.rules["employer_stock"]
    balance = float(one["balance"])
    age = int(plan.age[participant])
    held = (
        balance * float(plan.holdings[stock["fund"]][participant])
        if stock and stock["frozen"]
        else 0.0
    )
    spouse = ["spouse's income"] if one["filing_status"].startswith("married") else []
    return Owner(
        name=participant,
        status=one["filing_status"],
        age=age,
        birth_year=int(one["birth_year"]),
        retirement_age=int(retire),
        last_age=max(int(plan.policy["location_last_age"]), age + 1),
        pay=float(one["pay"]),
        deferral_rate=float(one["deferral_rate"]),
        roth_share=roth,
        match=tuple(dict(tier) for tier in plan.rules["contributions"]["match"]),
        balances={
            "taxable": outside,
            "deferred": balance * (1 - roth),
            "roth": balance * roth,
            "hsa": float(given["hsa"]),
        },
        basis=float(given["basis"]),
        other_income=income,
        frozen_stock=held,
        year=int(plan.policy["tax_year"]),
        state_rate=float(plan.policy["state_tax_rate"]),
        withdrawal_rate=float(plan.policy["location_withdrawal_rate"]),
        assumed=(*assumed, *spouse, "health savings account", "basis of the taxable account"),
    )


def rates(one: Owner, *, real_return: float = 0.03) -> Rates:
    """The household's effective rates: marginal on yields now and gains at the end, average on what
    it withdraws.

    Withdrawals are the policy's rate of the traditional account at retirement, with contributions,
    at `real_return`. Now means the working years, or retirement for who has retired.
    """
    put_in = taxes.contribution(one.pay, one.deferral_rate, one.match, year=one.year, age=one.age)
    n = one.working_years
    deferred = put_in.before_tax(one.roth_share) + put_in.employer
    grown = (1 + real_return) ** n
    annuity = (grown - 1) / real_return if real_return else n
    drawn = one.withdrawal_rate * (one.balances["deferred"] * grown + deferred * annuity)
    house: dict[str, Any] = {"year": one.year, "status": one.status, "state_rate": one.state_rate}
    retired = max(one.retirement_age, one.age)
    old = {"over_65": one.over_65(retired), "in_force": one.year + retired - one.age}
    later = {**house, **old, "ordinary": one.other_income, "benefits": one.benefits}
    now = {**house, "ordinary": one.pay - put_in.before_tax(one.roth_share)} if n else later
    more = {**later, "ordinary": one.other_income + max(drawn, 1.0)}
    extra = taxes.income_tax(**more).total - taxes.income_tax(**later).total
    return Rates(
        *(
            float(x)
            for x in (
                taxes.marginal_rate("interest", **now),
                taxes.marginal_rate("qualified", **now),
                taxes.marginal_rate("qualified", **more),
                extra / max(drawn, 1.0),
            )
        )
    )


def spending(one: Owner, rates: Rates, *, real_return: float) -> float:
    """What every strategy is asked to pay for each year of retirement, real dollars after tax.

    Social Security, other income, and the policy's withdrawal rate on the after-tax wealth that
    `real_return` and the contributions of the first year, repeated, lead to at retirement.
    """
    put_in = taxes.contribution(one.pay, one.deferral_rate, one.match, year=one.year, age=one.age)
    n = one.working_years
    grown = (1 + real_return) ** n
    annuity = (grown - 1) / real_return if real_return else n
    roth = put_in.employee - put_in.before_tax(one.roth_share)
    saved = roth + (put_in.total - roth) * (1 - rates.withdrawal)
    wealth = (
        float(after_tax_values(one.balances, rates, basis=one.basis).sum()) * grown
        + saved * annuity
    )
    return one.benefits + one.other_income + one.withdrawal_rate * wealth


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a simulation led to, by path, in dollars of the first year.

    wealth: after all taxes at the end; tax: paid on the way and at the end; shortfall: spending and
    tax not met; least_distribution: the smallest excess of what left traditional accounts over what
    had to, in any year.
    """

    wealth: Array
    tax: Array
    shortfall: Array
    least_distribution: Array
    contributed: Array


def simulate(
    one: Owner,
    target: pd.Series,
    order: Sequence[str] | None,
    returns: Array,
    character: pd.DataFrame,
    rates: Rates,
    *,
    inflation: float,
    spending: float,
    saving_invested: float = 0.0,
    law: TaxLaw | None = None,
    step_up: bool = False,
) -> Outcome:
    """Follow the accounts to the last age, with `order` as in `asset_location.fill`.

    Parameters
    ----------
    returns : nominal returns (paths, years, classes) over the classes of `target`; one year for
        each year to live.
    character : `tax_character` of the classes.
    rates : at its last two rates what is left is taxed at the end, and after which the target's
        weights count.
    inflation, spending : a constant rate; real dollars a year after tax from the retirement age on.
    saving_invested : share of the tax that traditional contributions save which goes to the taxable
        account.
    law : another tax on the year's incomes, for checks.

    Raises ValueError where `returns` do not fit.
    """
    paths, years, n = returns.shape
    if n != len(target) or years != one.last_age - one.age:
        raise ValueError(
            f"returns need {one.last_age - one.age} years and {len(target)} classes, not "
            f"{years} and {n}"
        )
    w = target.to_numpy(float)
    asked = law
    at = None if order is None else np.array([list(target.index).index(name) for name in order])
    y_i, y_q, turned = (
        character.loc[list(target.index), c].to_numpy(float) for c in character.columns
    )
    zero = np.zeros(paths)
    account = {b: np.full(paths, one.balances[b]) for b in BUCKETS[1:]}
    held = np.full((paths, n), one.balances["taxable"]) * w
    held, _, mix, _ = _place(held, held * one.basis, account, w, at, rates, step_up)
    basis = held * one.basis
    bill = zero
    losses = zero
    tax = zero.copy()
    short = zero.copy()
    put_in = zero.copy()
    least = np.full(paths, np.inf)
    for k in range(years):
        level = (1 + inflation) ** (k + 1)
        age = one.age + k
        law = partial(one.law, age=age) if asked is None else asked
        due = taxes.required_minimum_distribution(account["deferred"], age, one.birth_year) / level
        r = returns[:, k]
        coupons = held @ y_i
        dividends = held @ y_q
        change = held * (r - y_i - y_q)
        held = held + change
        basis = basis + turned * change
        gain = (turned * change).sum(axis=1) + losses
        for b in account:
            account[b] = account[b] * (1 + (mix * r).sum(axis=1))
        working = age < one.retirement_age
        pay = one.pay if working else 0.0
        social = one.benefits if age >= one.claiming_age and not working else 0.0
        income = one.other_income if not working else 0.0
        before_tax, saved, plain = 0.0, 0.0, zero
        if working:
            paid = taxes.contribution(one.pay, one.deferral_rate, one.match, year=one.year, age=age)
            before_tax = paid.before_tax(one.roth_share)
            account["deferred"] = account["deferred"] + (before_tax + paid.employer) * level
            account["roth"] = account["roth"] + (paid.employee - before_tax) * level
            put_in += paid.total
            plain = law(zero + pay - before_tax, zero, zero, zero, level)
            saved = saving_invested * float((law(zero + pay, zero, zero, zero, level) - plain)[0])
        drawn = np.minimum(due, account["deferred"] / level)
        account["deferred"] = account["deferred"] - drawn * level

        # beyond what pay alone owes, which is paid from pay
        earned = income + pay - before_tax
        real = (coupons / level, dividends / level)
        estimate = _owed(law, drawn + earned, real, gain / level, zero + social, level) - plain
        cash = (coupons + dividends - bill) / level + drawn + saved - estimate
        cash = cash if working else cash + social + income - spending
        held, basis, sold = _cash(held, basis, cash * level)
        lack = np.maximum(-cash * level - sold["value"], 0.0)
        early = zero
        for b in BUCKETS[1:]:
            taken = np.minimum(lack, account[b])
            account[b], lack = account[b] - taken, lack - taken
            if b == "deferred":
                drawn = drawn + taken / level
                left = one.retirement_age
                early = taxes.early_withdrawal_tax(taken / level, age, left_employer_at=left)
        short += lack / level
        least = np.minimum(least, drawn - due)
        held, basis, mix, more = _place(held, basis, account, w, at, rates, step_up)
        gain = gain + sold["gain"] + more
        losses = np.minimum(gain, 0.0)
        final = _owed(law, drawn + earned, real, gain / level, zero + social, level) - plain + early
        bill = (final - estimate) * level
        tax += final
    level = (1 + inflation) ** years
    at_end = 0.0 if step_up else rates.exit_gains * (held.sum(axis=1) - basis.sum(axis=1))
    at_end = at_end + rates.withdrawal * account["deferred"]
    gross = held.sum(axis=1) + sum(account.values(), zero)
    return Outcome((gross - at_end - bill) / level, tax + at_end / level, short, least, put_in)


def _owed(
    law: TaxLaw,
    ordinary: Array,
    flows: tuple[Array, Array],
    gain: Array,
    social: Array,
    level: float,
) -> Array:
    """The year's tax, real dollars; `flows` are interest and dividends, and a net loss waits for
    later gains.
    """
    interest, dividends = flows
    return law(ordinary, interest, np.maximum(gain, 0.0) + dividends, social, level)


def _cash(held: Array, basis: Array, cash: Array) -> tuple[Array, Array, dict[str, Array]]:
    """Invest cash in proportion to what is held, or sell as much; new holdings, their basis, and
    what was sold.
    """
    total = held.sum(axis=1)
    mix = np.where(
        total[:, None] > 0, held / np.where(total > 0, total, 1.0)[:, None], 1 / held.shape[1]
    )
    sold = np.minimum(np.maximum(-cash, 0.0), total)
    part = np.divide(sold, total, out=np.zeros_like(total), where=total > 0)[:, None]
    gain = (part * (held - basis)).sum(axis=1)
    new = np.maximum(cash, 0.0)[:, None] * mix
    return held * (1 - part) + new, basis * (1 - part) + new, {"value": sold, "gain": gain}


def _place(
    held: Array,
    basis: Array,
    account: dict[str, Array],
    w: Array,
    at: Array | None,
    rates: Rates,
    step_up: bool,
) -> tuple[Array, Array, Array, Array]:
    """Rebalance all accounts to the target: taxable holdings, basis, the sheltered mix, gains
    realised on the way.
    """
    exit_rate = 0.0 if step_up else rates.exit_gains
    total = held.sum(axis=1)
    taxable = np.maximum(total - exit_rate * (total - basis.sum(axis=1)), 0.0)
    room = account["deferred"] * (1 - rates.withdrawal) + account["roth"] + account["hsa"]
    wealth = taxable + room
    safe = np.where(wealth > 0, wealth, 1.0)
    if at is None:
        inside = w * room[:, None]
    else:
        need = w[at] * wealth[:, None]
        before = np.cumsum(need, axis=1) - need
        inside = np.empty_like(need)
        inside[:, at] = np.minimum(need, np.maximum(room[:, None] - before, 0.0))
    mix = np.where(room[:, None] > 0, inside / np.where(room > 0, room, 1.0)[:, None], w)
    outside = np.maximum(w * wealth[:, None] - inside, 0.0)
    outside_sum = outside.sum(axis=1)
    outside = np.where(
        taxable[:, None] > 1e-9 * safe[:, None],
        outside / np.where(outside_sum > 0, outside_sum, 1.0)[:, None],
        w,
    )
    wanted = outside * total[:, None]
    sold = np.maximum(held - wanted, 0.0)
    cost = np.divide(basis, held, out=np.ones_like(held), where=held > 0)
    gain = (sold * (1 - cost)).sum(axis=1)
    return wanted, basis - sold * cost + np.maximum(wanted - held, 0.0), mix, gain
