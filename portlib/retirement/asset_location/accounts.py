"""What becomes of a household's accounts, year by year, under the law and a rule about what lies
where?

Each simulated year: the accounts earn; pay is contributed as far as the law lets it in; in
retirement the least that must leave traditional accounts leaves them, and spending is met from
income, then the taxable account, then traditional accounts, then Roth and health savings accounts;
taxable gains and yields are booked with their basis; the classes are brought back to their targets
in the accounts where the rule wants them. Tax is paid as in life: what the year's known incomes owe
within the year, what sales and withdrawals add in the next. At the end everything is sold and
taxed.

From 65 what Medicare adds to its premiums for the income of two years before is paid too, and in
the years between retirement and the first required distribution a sum may be converted to Roth: the
tax is due that year, what is converted is never taxed again, and less must leave later.

Dollars are of the first year; gains are taxed in nominal dollars, because their basis is not
indexed. Brackets are. Left out: trading costs, the annual offset of losses against income, employer
stock, a spouse's pay and accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from portlib.ranges import RETURN, among, door
from portlib.records import Array
from portlib.retirement import taxes
from portlib.retirement.asset_location.location import BUCKETS, Rates, of_classes
from portlib.retirement.asset_location.owners import Owner

#: The tax on a year's incomes in dollars of the first year: ordinary, interest, qualified,
#: benefits, price level.
TaxLaw = Callable[[Array, Array, Array, Array, float], Array]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a simulation led to, by path, in dollars of the first year.

    Attributes
    ----------
    wealth : array (paths,), as all others
        After all taxes at the end.
    tax : paid on the way and at the end, beyond what pay alone owes and is paid from pay.
    medicare : what income added to premiums, over life.
    shortfall : spending and tax not met.
    least_distribution : the smallest excess of what left traditional accounts over what had to, in
        any year.
    contributed : over all years of work.
    """

    wealth: Array
    tax: Array
    medicare: Array
    shortfall: Array
    least_distribution: Array
    contributed: Array


@door(inflation=RETURN)
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
    converted: float = 0.0,
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
    converted : moved from traditional to Roth each year from retirement until distributions are
        required, real dollars, as far as there is so much.
    law : another tax on the year's incomes, for checks; with it Medicare is left out.

    Returns
    -------
    Outcome
        By path, dollars of the first year.

    Raises
    ------
    ValueError
        Where `returns` do not fit, and for less than nothing to convert.

    Examples
    --------
    What lies in a Roth account compounds and is never taxed:

    >>> one = Owner(
    ...     name="A", status="single", age=65, birth_year=1961, retirement_age=65, last_age=67,
    ...     pay=0.0, deferral_rate=0.0, roth_share=0.0, match=(),
    ...     balances={"taxable": 0.0, "deferred": 0.0, "roth": 100_000.0, "hsa": 0.0}, basis=1.0,
    ...     other_income=0.0, frozen_stock=0.0, year=2026, state_rate=0.0, withdrawal_rate=0.04,
    ...     assumed=(),
    ... )
    >>> untaxed = pd.DataFrame(0.0, ["bonds"], ["interest", "qualified", "realised"])
    >>> out = simulate(
    ...     one, pd.Series({"bonds": 1.0}), None, np.full((1, 2, 1), 0.10), untaxed,
    ...     Rates(0.2, 0.1, 0.1, 0.2), inflation=0.0, spending=0.0,
    ... )
    >>> out.wealth.round(6).tolist(), out.tax.tolist()
    ([121000.0], [0.0])

    It goes on in ``accounts.md``.
    """
    if not (np.isfinite(converted) and converted >= 0):
        raise ValueError(f"converted is dollars a year from zero up, not {converted}")
    paths, years, n = returns.shape
    if n != len(target) or years != one.last_age - one.age:
        raise ValueError(
            f"returns need {one.last_age - one.age} years and {len(target)} classes, not "
            f"{years} and {n}"
        )
    names = list(target.index)
    among("class in the target", order or [], names)
    interest, qualified, turned = of_classes(character, names).to_numpy(float).T
    life = _Life(
        one,
        target.to_numpy(float),
        None if order is None else np.array([names.index(name) for name in order]),
        interest,
        qualified,
        turned,
        rates,
        inflation,
        spending,
        saving_invested,
        converted,
        law,
        step_up,
    )
    state = life.start(paths)
    tax = np.zeros(paths)
    medicare = np.zeros(paths)
    short = np.zeros(paths)
    contributed = np.zeros(paths)
    least = np.full(paths, np.inf)
    for k in range(years):
        state, year = life.year(state, k, returns[:, k])
        tax += year.tax
        medicare += year.medicare
        short += year.short
        contributed += year.contributed
        least = np.minimum(least, year.above_least)
    return life.end(state, years, tax, medicare, short, least, contributed)


@dataclass(frozen=True, eq=False)
class _State:
    """What is held between two years: nominal dollars by path, and the tax still to be paid."""

    held: Array  # in the taxable account, by class
    basis: Array
    account: dict[str, Array]  # the sheltered ones
    mix: Array  # of the sheltered ones
    bill: Array  # of last year's sales and withdrawals
    losses: Array  # net losses of earlier years, below zero
    incomes: tuple[Array, Array]  # adjusted gross income of last year and the one before, real


@dataclass(frozen=True, eq=False)
class _Year:
    """What a year did, real dollars by path."""

    tax: Array
    medicare: Array
    short: Array
    above_least: Array  # what left traditional accounts beyond what had to
    contributed: float


@dataclass(frozen=True, eq=False)
class _Earned:
    """What the accounts earned that is taxed, nominal dollars by path."""

    coupons: Array
    dividends: Array
    gain: Array


@dataclass(frozen=True, eq=False)
class _Worked:
    """What pay did, real dollars; all zero in retirement."""

    pay: float
    before_tax: float
    contributed: float
    tax: Array  # that pay alone owes, and that is paid from it
    saved: float  # of tax, and invested


@dataclass(frozen=True, eq=False)
class _Life:
    """What holds in every year of a simulation."""

    one: Owner
    w: Array
    at: Array | None
    interest: Array
    qualified: Array
    turned: Array
    rates: Rates
    inflation: float
    spending: float
    saving_invested: float
    converted: float
    law: TaxLaw | None
    step_up: bool

    def start(self, paths: int) -> _State:
        """Everything placed as the rule wants it, before the first year."""
        zero = np.zeros(paths)
        held = np.full((paths, len(self.w)), self.one.balances["taxable"]) * self.w
        account = {b: np.full(paths, self.one.balances[b]) for b in BUCKETS[1:]}
        held, _, mix, _ = self.placed(held, held * self.one.basis, account)
        at_work = self.one.age < self.one.retirement_age
        before = zero + (self.one.pay if at_work else self.one.other_income)
        return _State(held, held * self.one.basis, account, mix, zero, zero, (before, before))

    def year(self, state: _State, k: int, r: Array) -> tuple[_State, _Year]:
        """One year: earn, contribute, draw, spend, place, and be taxed."""
        one = self.one
        level = (1 + self.inflation) ** (k + 1)
        age = one.age + k
        law = partial(one.law, age=age) if self.law is None else self.law
        deferred = state.account["deferred"]
        due = taxes.required_minimum_distribution(deferred, age, one.birth_year) / level
        state, earned = self.earned(state, r)
        state, work = self.worked(state, age, level, law)
        retired = age >= one.retirement_age
        social = one.benefits if age >= one.claiming_age and retired else 0.0
        income = one.other_income if retired else 0.0
        drawn = np.minimum(due, state.account["deferred"] / level)
        state = _drawn(state, "deferred", drawn * level)
        state, moved = self.moved(state, age, level)
        medicare = self.medicare(state, age)

        # beyond what pay alone owes, which is paid from pay
        ordinary = income + work.pay - work.before_tax + moved
        real = (earned.coupons / level, earned.dividends / level)
        benefits = np.zeros(len(r)) + social
        gain = earned.gain
        estimate = _owed(law, drawn + ordinary, real, gain / level, benefits, level) - work.tax
        flows = earned.coupons + earned.dividends - state.bill
        cash = flows / level + drawn + work.saved - estimate - medicare
        cash = cash + social + income - self.spending if retired else cash
        state, sold, taken, lack = _met(state, cash * level)
        drawn = drawn + taken["deferred"] / level
        early = taxes.early_withdrawal_tax(
            taken["deferred"] / level, age, left_employer_at=one.retirement_age
        )
        held, basis, mix, more = self.placed(state.held, state.basis, state.account)
        gain = gain + sold + more
        final = _owed(law, drawn + ordinary, real, gain / level, benefits, level) - work.tax + early
        gross = np.zeros(len(r))
        if self.law is None:
            flows_taxed = (real[0], np.maximum(gain, 0.0) / level + real[1])
            gross = one.taxed(drawn + ordinary, *flows_taxed, benefits, level, age).gross_income
        after = _State(
            held,
            basis,
            state.account,
            mix,
            (final - estimate) * level,
            np.minimum(gain, 0.0),
            (gross, state.incomes[0]),
        )
        return after, _Year(final, medicare, lack / level, drawn - due, work.contributed)

    def moved(self, state: _State, age: int, level: float) -> tuple[_State, Array]:
        """What is converted this year, real dollars, and the accounts after it."""
        one = self.one
        between = one.retirement_age <= age < taxes.rmd_start_age(one.birth_year)
        wanted = self.converted if between else 0.0
        moved = np.minimum(wanted, state.account["deferred"] / level)
        account = dict(state.account)
        account["deferred"] = np.maximum(account["deferred"] - moved * level, 0.0)
        account["roth"] = account["roth"] + moved * level
        return replace(state, account=account), moved

    def medicare(self, state: _State, age: int) -> Array:
        """What Medicare adds to premiums for the income of two years before, real dollars."""
        one = self.one
        if self.law is not None or age < 65:
            return np.zeros(len(state.bill))
        return taxes.medicare_premiums(
            state.incomes[1], year=one.year, status=one.status, people=one.over_65(age)
        )

    def earned(self, state: _State, r: Array) -> tuple[_State, _Earned]:
        """A year's returns: interest and dividends paid out, gains partly realised."""
        change = state.held * (r - self.interest - self.qualified)
        gain = (self.turned * change).sum(axis=1) + state.losses
        account = {b: x * (1 + (state.mix * r).sum(axis=1)) for b, x in state.account.items()}
        after = replace(
            state,
            held=state.held + change,
            basis=state.basis + self.turned * change,
            account=account,
        )
        return after, _Earned(state.held @ self.interest, state.held @ self.qualified, gain)

    def worked(self, state: _State, age: int, level: float, law: TaxLaw) -> tuple[_State, _Worked]:
        """A year's pay, and what of it goes into the plan as far as the law lets it in."""
        one = self.one
        zero = np.zeros(1)  # pay, and what is owed on it, is the same on every path
        if age >= one.retirement_age:
            return state, _Worked(0.0, 0.0, 0.0, zero, 0.0)
        paid = one.contribution(age)
        before_tax = paid.before_tax(one.roth_share)
        account = dict(state.account)
        account["deferred"] = account["deferred"] + (before_tax + paid.employer) * level
        account["roth"] = account["roth"] + (paid.employee - before_tax) * level
        tax = law(zero + one.pay - before_tax, zero, zero, zero, level)
        untouched = law(zero + one.pay, zero, zero, zero, level)
        saved = self.saving_invested * float((untouched - tax)[0])
        return replace(state, account=account), _Worked(one.pay, before_tax, paid.total, tax, saved)

    def placed(
        self, held: Array, basis: Array, account: dict[str, Array]
    ) -> tuple[Array, Array, Array, Array]:
        """Everything brought back to the target, in the accounts where the rule wants it."""
        return _place(held, basis, account, self.w, self.at, self.rates, self.step_up)

    def end(
        self,
        state: _State,
        years: int,
        tax: Array,
        medicare: Array,
        short: Array,
        least: Array,
        contributed: Array,
    ) -> Outcome:
        """Everything sold and taxed, in dollars of the first year."""
        level = (1 + self.inflation) ** years
        gains = state.held.sum(axis=1) - state.basis.sum(axis=1)
        at_end = 0.0 if self.step_up else self.rates.exit_gains * gains
        at_end = at_end + self.rates.withdrawal * state.account["deferred"]
        gross = state.held.sum(axis=1) + sum(state.account.values(), np.zeros(len(gains)))
        return Outcome(
            (gross - at_end - state.bill) / level,
            tax + at_end / level,
            medicare,
            short,
            least,
            contributed,
        )


def _drawn(state: _State, account: str, amount: Array) -> _State:
    """The same accounts with an amount less in one of the sheltered ones."""
    return replace(state, account={**state.account, account: state.account[account] - amount})


def _met(state: _State, cash: Array) -> tuple[_State, Array, dict[str, Array], Array]:
    """Cash invested, or met: by sales from the taxable account, then from traditional, Roth and
    health savings accounts. The accounts, the gain of the sales, what each sheltered account gave,
    and what nothing could meet; nominal dollars.
    """
    held, basis, sold = _cash(state.held, state.basis, cash)
    state = replace(state, held=held, basis=basis)
    lack = np.maximum(-cash - sold["value"], 0.0)
    taken = {}
    for b in BUCKETS[1:]:
        taken[b] = np.minimum(lack, state.account[b])
        state = _drawn(state, b, taken[b])
        lack = lack - taken[b]
    return state, sold["gain"], taken, lack


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
