"""Whose accounts are these: what does a participant earn, hold and owe, and what is asked of the
money?

Dollars of today, before tax. What a participant has not told is assumed, from the policy, and named
(`Owner.assumed`). Left out: employer stock beyond what is frozen, a spouse's pay and accounts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from portlib import data
from portlib.plan import Plan
from portlib.ranges import RATE, among, door, number
from portlib.records import Array
from portlib.retirement import taxes
from portlib.retirement.asset_location.location import BUCKETS, Rates, after_tax_values
from portlib.retirement.household import full_retirement_months, primary_insurance_amount


@dataclass(frozen=True)
class Owner:
    """A household: what it earns and holds; US dollars of today, before tax.

    Parameters
    ----------
    name : str
    status : str
        As in `portlib.retirement.taxes`.
    age, birth_year, retirement_age, last_age : int
        The last is that to which it is followed.
    pay : float
        A year.
    deferral_rate, roth_share : float
        Share of pay deferred, and what of it goes to Roth.
    match : tuple
        The plan's tiers.
    balances : dict
        By account, of `BUCKETS`.
    basis : float
        Share of the taxable account that is no gain.
    other_income : float
        A year, in retirement.
    frozen_stock : float
        Employer stock that may not be sold.
    year : int
        Whose tables hold.
    state_rate, withdrawal_rate : float
        Flat state tax, and what is withdrawn a year of wealth at retirement; decimals.
    assumed : tuple of str
        What was not supplied.
    roth_offered : bool
        Whether the plan has Roth accounts.

    Raises
    ------
    ValueError
        For what no household is.

    Examples
    --------
    Born in 1961 full retirement age is 67, which counts where retirement is earlier, and 70 where
    it is later than that; money of somebody who retires at 65 and is followed to 95 is held until
    80 on average:

    >>> from dataclasses import replace
    >>> dollars = dict(zip(BUCKETS, (40_000.0, 100_000.0, 20_000.0, 3_000.0)))
    >>> one = Owner(
    ...     name="A", status="single", age=60, birth_year=1966, retirement_age=65, last_age=95,
    ...     pay=60_000.0, deferral_rate=0.1, roth_share=0.25, match=({"rate": 0.5, "up_to": 0.06},),
    ...     balances=dollars,
    ...     basis=0.8, other_income=5_000.0, frozen_stock=0.0, year=2026, state_rate=0.05,
    ...     withdrawal_rate=0.04, assumed=(),
    ... )
    >>> one.working_years, one.claiming_age, one.horizon
    (5, 67, 20.0)
    >>> late, done = replace(one, retirement_age=72), replace(one, age=70)
    >>> late.claiming_age, replace(one, retirement_age=68).claiming_age, done.working_years
    (70, 68, 0)
    >>> done.horizon, one.over_65(64), one.over_65(65)  # half of 25 years
    (12.5, 0, 1)
    >>> replace(one, status="married_joint").over_65(65)
    2
    >>> one.benefits == 12 * primary_insurance_amount(5_000.0, 2026)
    True
    >>> base = data.document("retirement_limits")["social_security"]["wage_base"][2026]
    >>> replace(one, pay=1e6).benefits == replace(one, pay=float(base)).benefits
    True

    It goes on in ``owners.md``.
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
    roth_offered: bool = True

    def __post_init__(self) -> None:
        """Refuse what no household is."""
        if not self.age < self.last_age:
            raise ValueError(f"{self.name} is {self.age} and cannot be followed to {self.last_age}")
        for item in fields(self):
            if item.type in ("float", "int"):
                number(f"{self.name}: {item.name}", getattr(self, item.name))
        if set(self.balances) != set(BUCKETS) or not all(
            0 <= dollars < math.inf for dollars in self.balances.values()
        ):
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

    def contribution(self, age: int) -> taxes.Contribution:
        """What goes into the plan in a year of work, as far as the law lets it in."""
        return taxes.contribution(
            self.pay,
            self.deferral_rate,
            self.match,
            year=self.year,
            age=age,
            roth_offered=self.roth_offered,
        )

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
        """The household's income tax, all parts together.

        Parameters
        ----------
        ordinary, interest, qualified, benefits, price_level, age
            As in `taxed`.

        Returns
        -------
        array
            US dollars.
        """
        return self.taxed(ordinary, interest, qualified, benefits, price_level, age).total

    def taxed(
        self,
        ordinary: Array,
        interest: Array,
        qualified: Array,
        benefits: Array,
        price_level: float,
        age: int | None = None,
    ) -> taxes.Tax:
        """The household's income tax and its parts, under the tables of its year.

        Parameters
        ----------
        ordinary, interest, qualified, benefits : array
            US dollars, as in `portlib.retirement.taxes.income_tax`.
        price_level : float
            Prices over today's, for thresholds that are not indexed.
        age : int, optional
            Today's if not given; a spouse is taken to be as old. Temporary deductions end when they
            end.

        Returns
        -------
        Tax
            Of the incomes' common shape.
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
        )


def plan_target(plan: Plan) -> pd.Series:
    """The reference portfolio of the policy, over the classes that the menu offers, rescaled to
    one.

    A class counts as offered when some fund holds ``location_offered_share`` of it; if none is, all
    are kept.

    Examples
    --------
    A class counts as offered where some fund holds nearly nothing else; what is left is made whole:

    >>> from types import SimpleNamespace
    >>> policy = {
    ...     "reference_portfolio": {"a": 0.5, "b": 0.3, "c": 0.2}, "location_offered_share": 0.8
    ... }
    >>> held = pd.DataFrame({"c": [0.1, 0.8], "a": [0.9, 0.0], "b": [0.0, 0.2]}, ["f", "g"])
    >>> found = plan_target(SimpleNamespace(policy=policy, exposures=held))
    >>> {name: round(w, 9) for name, w in found.items()}  # 5 and 2 of 7
    {'a': 0.714285714, 'c': 0.285714286}
    >>> none = plan_target(SimpleNamespace(policy=policy, exposures=held * 0.5))
    >>> none.to_dict()
    {'a': 0.5, 'b': 0.3, 'c': 0.2}
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

    Examples
    --------
    The smaller of what lies in the plan and outside counts: 5, 6 and 2; who has retired, told
    nothing, or has nothing outside, does not:

    >>> from types import SimpleNamespace
    >>> people = pd.DataFrame(
    ...     {"retirement_age": [67.0, None, 60.0, 70.0, None, None],
    ...      "balance": [5.0, 9.0, 9.0, 7.0, 2.0, 8.0],
    ...      "outside_assets": [8.0, 6.0, 9.0, None, 30.0, 0.0]}, list("pqrstu"),
    ... )
    >>> age = pd.Series([50, 64, 60, 40, 30, 20], list("pqrstu"))
    >>> def plan(people, age=age):
    ...     rules = {"normal_retirement_age": 65}
    ...     return SimpleNamespace(participants=people, age=age, rules=rules, name="Ours")
    >>> list(candidates(plan(people)))
    ['t', 'p', 'q']
    >>> [list(candidates(plan(people.assign(outside_assets=x)))) for x in (None, 0.0)]
    [['t', 'p', 's', 'u', 'q'], ['t', 'p', 's', 'u', 'q']]
    >>> candidates(plan(people, age + 50))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: Ours: no participant is still at work, ...
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

    Examples
    --------
    What was not told is assumed, and named:

    >>> from dataclasses import replace
    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> one = owner(ours, candidates(ours)[0])
    >>> one.balances["hsa"] > 0, "health savings account" in one.assumed
    (True, True)

    This participant was born in 1980, retires at 60, and defers 7%, of which three tenths to Roth:

    >>> other = owner(ours, "P0002")
    >>> other.age, other.retirement_age, other.pay, other.roth_share, other.status
    (46, 60, 78600.0, 0.3, 'married_joint')
    >>> round(other.balances["roth"], 2), round(other.balances["deferred"], 2)  # of 84,226
    (25267.8, 58958.2)
    >>> other.assumed[:3]
    ('outside_assets', 'other_income', "spouse's income")
    >>> given = ours.policy["location_not_supplied"]
    >>> [other.balances[x] == given[y] for x, y in (("taxable", "outside_assets"), ("hsa", "hsa"))]
    [True, True]
    >>> other.birth_year, other.other_income == given["other_income"]
    (1980, True)
    >>> no_roth = {**ours.rules["contributions"], "roth": False}
    >>> only = owner(replace(ours, rules={**ours.rules, "contributions": no_roth}), "P0002")
    >>> only.roth_share, only.balances["roth"], only.balances["deferred"]
    (0.0, 0.0, 84226.0)
    >>> named = ("tax_year", "state_tax_rate", "location_withdrawal_rate", "location_last_age")
    >>> told = (other.year, other.state_rate, other.withdrawal_rate, other.last_age)
    >>> told == tuple(ours.policy[name] for name in named)
    True
    >>> loyal = owner(ours, "P0061")  # who holds nothing but stock that may not be sold
    >>> loyal.frozen_stock == ours.participants.loc["P0061", "balance"] > 0 == other.frozen_stock
    True
    >>> may_sell = {**ours.rules["employer_stock"], "frozen": False}
    >>> owner(replace(ours, rules={**ours.rules, "employer_stock": may_sell}), "P0061").frozen_stock
    0.0
    >>> owner(ours, "P9999")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: no participant 'P9999'; did you mean ...?
    """
    among("participant", [participant], plan.participants.index)
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
        roth_offered=plan.rules["contributions"]["roth"],
    )


@door(real_return=RATE)
def rates(one: Owner, *, real_return: float = 0.03) -> Rates:
    """The household's effective rates: marginal on yields now and gains at the end, average on what
    it withdraws.

    Withdrawals are the policy's rate of the traditional account at retirement, with contributions,
    at `real_return`. Now means the year of today's pay, with the deductions of today's age, or
    retirement for who has retired.
    """
    put_in = one.contribution(one.age)
    n = one.working_years
    deferred = put_in.before_tax(one.roth_share) + put_in.employer
    grown = (1 + real_return) ** n
    annuity = (grown - 1) / real_return if real_return else n
    drawn = one.withdrawal_rate * (one.balances["deferred"] * grown + deferred * annuity)
    house: dict[str, Any] = {"year": one.year, "status": one.status, "state_rate": one.state_rate}
    retired = max(one.retirement_age, one.age)
    old = {"over_65": one.over_65(retired), "in_force": one.year + retired - one.age}
    later = {**house, **old, "ordinary": one.other_income, "benefits": one.benefits}
    paid = {
        "over_65": one.over_65(one.age),
        "ordinary": one.pay - put_in.before_tax(one.roth_share),
    }
    now = {**house, **paid} if n else later
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


@door(real_return=RATE)
def spending(one: Owner, rates: Rates, *, real_return: float) -> float:
    """What every strategy is asked to pay for each year of retirement.

    Social Security, other income, and the policy's withdrawal rate on the after-tax wealth that the
    contributions of the first year, repeated, lead to at retirement.

    Parameters
    ----------
    one : Owner
    rates : Rates
    real_return : float
        Annual decimal.

    Returns
    -------
    float
        Real dollars a year, after tax.
    """
    put_in = one.contribution(one.age)
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
