"""In which account should each class of assets lie, and what does a good place earn?

A dollar in a traditional account is ``1 - t`` of the owner's and ``t`` of the government's, which
bears its share of the risk as well (Reichenstein 2006). What is left, like a dollar in a Roth or
health savings account, earns the whole return; a dollar in a taxable account does not. There, with
yields of interest ``y_i`` and qualified dividends ``y_q``, a share ``s`` of each change of price
realised in its year, and basis ``B`` per dollar, a dollar becomes in n years::

    (1 + r*)^n - t_x d ((1 + r*)^n - 1) / r* - t_x (1 - B)          (Horan 2005, in yields)
    r* = r - y_i t_o - y_q t_g - s (r - y_i - y_q) t_g,        d = (1 - s) (r - y_i - y_q)

For independent years it is linear in each year's return, so the expected value follows from the
expected return. Everything is counted in after-tax dollars. Left out: changes of rates in
mid-course, losses that find no gain to meet, trading costs, withdrawals in need;
`portlib.retirement.asset_location.accounts` simulates what a formula cannot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.construction.mandate import Mandate, fully_invested, group_limit, long_only
from portlib.policy import Policy
from portlib.ranges import POSITIVE, RETURN, SHARE, among, door, numbers
from portlib.records import Array, Assumptions

BUCKETS = ("taxable", "deferred", "roth", "hsa")
SHELTERED = BUCKETS[1:]
#: The columns of `tax_character`.
CHARACTER = ("interest", "qualified", "realised")
#: What a household may have and this does not follow, and why.
REFUSED = {
    "inherited": "Inherited accounts must mostly be emptied within ten years (IRC 401(a)(9)(H)), "
    "by rules that depend on who died when; they are left out",
    "qcd": "Qualified charitable distributions (IRC 408(d)(8)) leave an IRA untaxed from 70 1/2; "
    "an account of a plan has none, and they are left out",
}


@dataclass(frozen=True)
class Rates:
    """Effective tax rates of a household, federal and state together, decimals.

    Parameters
    ----------
    ordinary : float
        On interest now.
    gains : float
        On qualified dividends and realised gains now.
    exit_gains : float
        On gains at the end.
    withdrawal : float
        On what leaves traditional accounts.

    Raises
    ------
    ValueError
        For a rate outside 0 to below 1.

    Examples
    --------
    >>> Rates(0.22, 0.15, 0.15, 0.12).withdrawal
    0.12
    >>> Rates(22.0, 0.15, 0.15, 0.12)
    Traceback (most recent call last):
    ...
    ValueError: the rate ordinary is 22.0; give a decimal from 0 to below 1
    """

    ordinary: float
    gains: float
    exit_gains: float
    withdrawal: float

    def __post_init__(self) -> None:
        """Refuse percentages and nonsense."""
        for name, rate in vars(self).items():
            if not 0 <= rate < 1:
                raise ValueError(f"the rate {name} is {rate}; give a decimal from 0 to below 1")


# ---- one asset in one account --------------------------------------------------------------------


def tax_character(classes: Sequence[str], policy: Policy) -> pd.DataFrame:
    """How each class's return reaches the tax form.

    Parameters
    ----------
    classes : sequence of str
    policy : Policy
        Its ``tax_character`` is read.

    Returns
    -------
    DataFrame (classes, 3)
        ``interest`` and ``qualified``, yields in decimals a year of the value; ``realised``, a
        share of the year's change of price.

    Raises
    ------
    ValueError
        For a class that the policy does not describe.

    Examples
    --------
    >>> policy = {"tax_character": {
    ...     "bonds": {"realised": 0.1, "interest": 0.04, "qualified": 0.0},
    ...     "stocks": {"realised": 0.3, "interest": 0.001, "qualified": 0.02},
    ... }}
    >>> tax_character(["stocks", "bonds"], policy).to_numpy().tolist()
    [[0.001, 0.02, 0.3], [0.04, 0.0, 0.1]]
    >>> tax_character(["gold"], policy)
    Traceback (most recent call last):
    ...
    ValueError: policy tax_character does not describe gold
    """
    table = pd.DataFrame(policy["tax_character"]).T.astype(float)
    if unknown := [name for name in classes if name not in table.index]:
        raise ValueError(f"policy tax_character does not describe {', '.join(unknown)}")
    return of_classes(table, classes)


def of_classes(character: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """The rows of a `tax_character`, in the order of the classes; ValueError for a class or a
    column that it lacks.

    Examples
    --------
    >>> two = pd.DataFrame({"interest": 0.04, "qualified": 0.0, "realised": 0.1}, ["a", "b"])
    >>> list(of_classes(two, ["b", "a"]).index)
    ['b', 'a']
    >>> of_classes(two.drop(columns="realised"), ["b"])
    Traceback (most recent call last):
    ...
    ValueError: no column 'realised'; there are interest, qualified
    """
    among("tax character of", classes, character.index)
    among("column", CHARACTER, character.columns)
    return character.loc[list(classes), list(CHARACTER)]


@door(r=RETURN, interest=RETURN, qualified=RETURN, realised=SHARE, basis={"least": 0.0})
def taxable_growth(
    r: ArrayLike,
    years: float,
    rates: Rates,
    *,
    interest: ArrayLike = 0.0,
    qualified: ArrayLike = 0.0,
    realised: ArrayLike = 0.0,
    basis: float = 1.0,
    step_up: bool = False,
) -> Array:
    """What a dollar in the taxable account becomes after all taxes, sold at the end of `years`
    (Horan 2005).

    Parameters
    ----------
    r : array, any shape
        Total return, annual decimal.
    years : float
    rates : Rates
    interest, qualified, realised : array
        As in `tax_character`.
    basis : float
        Share of the dollar that is no gain yet.
    step_up : bool
        Whether the owner dies at the end and the heirs' basis is the value (IRC 1014).

    Returns
    -------
    array
        Dollars, of the common shape.

    Examples
    --------
    Three years followed by hand, a dollar of which 90 cents are no gain: 1% of interest and 2% of
    dividends are taxed and put back, a quarter of a change of price of 4% is taxed as it comes, the
    rest at the end:

    >>> rates = Rates(ordinary=0.3, gains=0.2, exit_gains=0.1, withdrawal=0.25)
    >>> value, basis = 1.0, 0.9
    >>> for year in range(3):
    ...     paid = 0.3 * 0.01 * value + 0.2 * (0.02 + 0.25 * 0.04) * value
    ...     basis += (0.01 + 0.02 + 0.25 * 0.04) * value - paid
    ...     value += 0.07 * value - paid
    >>> sold = value - 0.1 * (value - basis)
    >>> how = {"interest": 0.01, "qualified": 0.02, "realised": 0.25}
    >>> bool(np.isclose(taxable_growth(0.07, 3, rates, **how, basis=0.9), sold))
    True
    >>> bool(np.isclose(taxable_growth(0.07, 3, rates, **how, basis=0.9, step_up=True), value))
    True

    Without tax a dollar only compounds; what earns nothing owes only on what it has gained already:

    >>> float(taxable_growth(0.05, 10, Rates(0, 0, 0, 0)).round(9)), round(1.05**10, 9)
    (1.628894627, 1.628894627)
    >>> float(taxable_growth(0.0, 10, rates, basis=0.6)), float(taxable_growth(0.0, 10, rates))
    (0.96, 1.0)
    """
    total, coupons, dividends, turned = (
        np.asarray(x, dtype=float) for x in (r, interest, qualified, realised)
    )
    price = total - coupons - dividends
    net = total - coupons * rates.ordinary - (dividends + turned * price) * rates.gains
    gained = np.expm1(
        years * np.log1p(net)
    )  # not (1 + net)^years - 1, which loses a small net return
    deferred = (
        (1 - turned) * price * np.where(net == 0, years, gained / np.where(net == 0, 1.0, net))
    )
    exit_rate = 0.0 if step_up else rates.exit_gains
    return np.asarray(1 + gained - exit_rate * (deferred + 1 - basis))


@door(r=RETURN)
def deferred_growth(r: ArrayLike, years: float, rates: Rates) -> Array:
    """What a pre-tax dollar in a traditional account becomes after the tax on its withdrawal.

    Parameters
    ----------
    r : array, any shape
        Total return, annual decimal.
    years : float
    rates : Rates

    Returns
    -------
    array
        Dollars, of the shape of `r`.

    Examples
    --------
    >>> rates = Rates(ordinary=0.3, gains=0.2, exit_gains=0.1, withdrawal=0.25)
    >>> float(deferred_growth(0.1, 2, rates).round(9))  # 1.21 less a quarter
    0.9075
    """
    return np.asarray((1 + np.asarray(r, dtype=float)) ** years * (1 - rates.withdrawal))


@door()
def after_tax_values(
    balances: Mapping[str, float], rates: Rates, *, basis: float = 1.0
) -> pd.Series:
    """What each account is worth to its owner: traditional ones less the tax to come, taxable ones
    less the tax on gains that they hold already; Roth and health savings accounts (spent on care)
    in full.

    Parameters
    ----------
    balances : mapping
        US dollars by account, some of `BUCKETS`.
    rates : Rates
    basis : float
        Share of the taxable account that is no gain.

    Returns
    -------
    Series (4,)
        After-tax US dollars by account, in the order of `BUCKETS`.

    Raises
    ------
    ValueError
        For an account that is none of `BUCKETS`, or a negative balance.

    Examples
    --------
    A fifth of the taxable account is gain, of which a tenth will be due; a quarter of the
    traditional:

    >>> rates = Rates(ordinary=0.3, gains=0.2, exit_gains=0.1, withdrawal=0.25)
    >>> dollars = {"hsa": 7.0, "deferred": 40.0, "taxable": 50.0}
    >>> after_tax_values(dollars, rates, basis=0.8).to_dict()
    {'taxable': 49.0, 'deferred': 30.0, 'roth': 0.0, 'hsa': 7.0}
    >>> float(after_tax_values({"taxable": 50.0}, rates)["taxable"])
    50.0
    >>> after_tax_values({"roth": -1.0}, rates)
    Traceback (most recent call last):
    ...
    ValueError: the balance of the roth account is negative or missing
    >>> after_tax_values({"inherited": 5.0}, rates)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: no account inherited; there are taxable, deferred, roth, hsa. Inherited accounts ...
    """
    if unknown := sorted(set(balances) - set(BUCKETS)):
        why = "; ".join(REFUSED[name] for name in unknown if name in REFUSED)
        raise ValueError(
            f"no account {', '.join(unknown)}; there are {', '.join(BUCKETS)}"
            + (why and f". {why}")
        )
    kept = {
        "taxable": 1 - rates.exit_gains * (1 - basis),
        "deferred": 1 - rates.withdrawal,
        "roth": 1.0,
        "hsa": 1.0,
    }
    values = pd.Series(
        {bucket: balances.get(bucket, 0.0) * kept[bucket] for bucket in BUCKETS}, name="after tax"
    )
    if wrong := [str(name) for name, dollars in values.items() if not dollars >= 0]:
        raise ValueError(f"the balance of the {wrong[0]} account is negative or missing")
    return values


@door()
def equivalents(
    assumptions: Assumptions,
    character: pd.DataFrame,
    rates: Rates,
    years: float,
    *,
    basis: float = 1.0,
    step_up: bool = False,
) -> pd.DataFrame:
    """What each class earns after tax in either kind of account, and how much of its risk the owner
    keeps.

    Parameters
    ----------
    assumptions : Assumptions
        Of the classes, nominal, arithmetic.
    character : DataFrame
        `tax_character` of the classes.
    rates : Rates
    years : float
        For which money is held.
    basis, step_up : float, bool
        As in `taxable_growth`.

    Returns
    -------
    DataFrame (classes, 4)
        Annual decimals: ``taxable``, the constant return that leads from the after-tax value now to
        the expected one after `years`; ``sheltered``, the whole return; ``advantage``, the
        difference: what a dollar of sheltered room is worth a year; ``risk_kept``, the change of
        the taxable return for a change of the price return (Reichenstein 2007: the government
        shares gains and losses).

    Examples
    --------
    Interest of 4% taxed at 30% every year leaves 2.8%; gains are taxed at the end of ten years:

    >>> rates = Rates(ordinary=0.3, gains=0.2, exit_gains=0.1, withdrawal=0.25)
    >>> character = pd.DataFrame(
    ...     [[0.0, 0.0, 0.0], [0.04, 0.0, 0.0]], ["stocks", "bonds"],
    ...     ["interest", "qualified", "realised"],
    ... )
    >>> told = Assumptions(["bonds", "stocks"], [0.04, 0.07], [[0.01, 0.0], [0.0, 0.04]])
    >>> found = equivalents(told, character, rates, 10, basis=0.8)
    >>> # the taxable dollar is 98 cents after tax now
    >>> stocks = ((1.07**10 * 0.9 + 0.08) / 0.98) ** 0.1 - 1
    >>> bool(np.isclose(found["taxable"]["stocks"], stocks)), found["sheltered"].tolist()
    (True, [0.04, 0.07])
    >>> bool(np.isclose(found["advantage"]["stocks"], 0.07 - stocks))
    True
    >>> plain = equivalents(told, character, rates, 10)
    >>> bool(np.isclose(plain["taxable"]["bonds"], 0.028))
    True
    >>> # a little more of price compounds ten years at 2.8%, and a tenth of all of it is due
    >>> kept = 1 - 0.1 * (1.028**10 - 1) / 0.028 / (10 * 1.028**9)
    >>> bool(np.isclose(plain["risk_kept"]["bonds"], kept, atol=1e-4))
    True
    >>> later = ((1.08**10 * 0.9 + 0.1) ** 0.1 - (1.06**10 * 0.9 + 0.1) ** 0.1) / 0.02
    >>> bool(np.isclose(plain["risk_kept"]["stocks"], later, atol=1e-4))
    True
    >>> heirs = equivalents(told, character, rates, 10, basis=0.8, step_up=True)
    >>> heirs["taxable"].round(9).tolist(), float(heirs["risk_kept"]["stocks"].round(6))
    ([0.028, 0.07], 1.0)
    """
    columns = of_classes(character, assumptions.labels)
    flows = {name: columns[name].to_numpy(float) for name in CHARACTER}
    exit_rate = 0.0 if step_up else rates.exit_gains
    now = 1 - exit_rate * (1 - basis)

    def annual(r: Array) -> Array:
        return np.asarray(
            (taxable_growth(r, years, rates, basis=basis, step_up=step_up, **flows) / now)
            ** (1 / years)
            - 1
        )

    h = 1e-5
    taxable = annual(assumptions.mu)
    kept = (annual(assumptions.mu + h) - annual(assumptions.mu - h)) / (2 * h)
    return pd.DataFrame(
        {
            "taxable": taxable,
            "sheltered": assumptions.mu,
            "advantage": assumptions.mu - taxable,
            "risk_kept": kept,
        },
        index=list(assumptions.labels),
    )


# ---- a given target: where? ----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Location:
    """Which dollars lie where, and what they earn.

    Attributes
    ----------
    dollars : DataFrame (classes, accounts)
        After-tax US dollars.
    annual_return : float
        Expected, after tax, annual decimal.
    room : Series by account
        The worth of one more after-tax dollar in it, a dollar of the same class leaving the taxable
        account for it (dollars a year per dollar).
    """

    dollars: pd.DataFrame
    annual_return: float
    room: pd.Series


def locate(
    target: pd.Series,
    values: pd.Series,
    returns: pd.DataFrame,
    *,
    floors: pd.DataFrame | None = None,
) -> Location:
    """The place of each class that earns most after tax, for a target mix of after-tax wealth: a
    transport problem.

    Parameters
    ----------
    target : weights by class, summing to one, of all after-tax dollars.
    values : after-tax dollars by account, as `after_tax_values` gives them.
    returns : `equivalents`, of the classes of the target.
    floors : least after-tax dollars by class and account, such as employer stock that may not be
        sold.

    Returns
    -------
    Location
        Dollars by class and account, what they earn, and the worth of more room.

    Raises
    ------
    ValueError
        For a target that is none, for accounts without money, and where floors leave no solution.

    Examples
    --------
    The class that loses most to tax is sheltered, where ranking the classes puts it too:

    >>> values = after_tax_values({"taxable": 50.0, "deferred": 60.0}, Rates(0, 0, 0, 1 / 6))
    >>> earned = pd.DataFrame(
    ...     {"taxable": [0.055, 0.02], "sheltered": [0.06, 0.04], "advantage": [0.005, 0.02]},
    ...     index=["stocks", "bonds"],
    ... )
    >>> half = pd.Series({"stocks": 0.5, "bonds": 0.5})
    >>> float(locate(half, values, earned).dollars.loc["bonds", "deferred"]), best_order(earned)
    (50.0, ['bonds', 'stocks'])

    It goes on in ``location.md``.
    """
    from scipy.optimize import linprog

    wealth = _checked(target, values, returns)
    classes = list(target.index)
    n = len(target)
    m = len(BUCKETS)
    worth = _worth(returns.loc[classes])
    rows = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    sums = np.concatenate([target.to_numpy(float), values.to_numpy(float) / wealth])
    least = _floors(floors, target, values) / wealth
    bounds = [(low, None) for low in least.ravel()]
    solved = linprog(-worth.ravel(), A_eq=rows, b_eq=sums, bounds=bounds, method="highs-ds")
    if solved.status != 0:
        raise ValueError(
            f"no location obeys the target, the accounts' sizes and the floors: {solved.message}"
        )
    dollars = pd.DataFrame(
        np.reshape(np.asarray(solved.x), (n, m)) * wealth, index=classes, columns=list(BUCKETS)
    )
    dual = -solved.eqlin.marginals[n:]
    room = pd.Series(dual - dual[0], index=list(BUCKETS), name="worth of room")
    return Location(dollars, float((dollars.to_numpy() * worth).sum() / wealth), room)


def fill(
    target: pd.Series,
    values: pd.Series,
    returns: pd.DataFrame,
    order: Sequence[str] | None,
    *,
    floors: pd.DataFrame | None = None,
) -> Location:
    """A rule of thumb: shelter the classes in an order, as far as the room goes.

    Floors are kept first. Sheltered accounts share what they hold in proportion to their room.

    Parameters
    ----------
    target, values, returns, floors
        As in `locate`.
    order : sequence of str or None
        Every class of the target, the first to be sheltered first. ``None``: the same mix
        everywhere; with floors, the mix of what is free.

    Returns
    -------
    Location
        The worth of more room is not known: nan.

    Raises
    ------
    ValueError
        For an order that does not name every class once, and as `locate` does.

    Examples
    --------
    Shares of the room go to the accounts that shelter: 40 and 10 of 50. The best order earns what
    `locate` finds, the other less, the same mix everywhere in between:

    >>> values = after_tax_values({"taxable": 50.0, "roth": 40.0, "hsa": 10.0}, Rates(0, 0, 0, 0))
    >>> earned = pd.DataFrame(
    ...     {"taxable": [0.055, 0.02], "sheltered": [0.06, 0.04], "advantage": [0.005, 0.02]},
    ...     index=["stocks", "bonds"],
    ... )
    >>> target = pd.Series({"stocks": 0.7, "bonds": 0.3})
    >>> found = fill(target, values, earned, ["bonds", "stocks"])
    >>> found.dollars.loc["bonds"].tolist(), found.dollars.loc["stocks"].tolist()
    ([0.0, 0.0, 24.0, 6.0], [50.0, 0.0, 16.0, 4.0])
    >>> bool(np.isclose(found.annual_return, locate(target, values, earned).annual_return))
    True
    >>> fill(target, values, earned, ["stocks", "bonds"]).dollars["taxable"].tolist()
    [20.0, 30.0]
    >>> alike = fill(target, values, earned, None)
    >>> alike.dollars["taxable"].tolist(), alike.dollars["roth"].tolist()
    ([35.0, 15.0], [28.0, 12.0])
    >>> round(alike.annual_return, 9)  # 0.35 * 0.055 + 0.15 * 0.02 + 0.35 * 0.06 + 0.15 * 0.04
    0.04925
    >>> stay = pd.DataFrame({"taxable": [12.0]}, ["bonds"])
    >>> fill(target, values, earned, ["bonds", "stocks"], floors=stay).dollars["taxable"].tolist()
    [38.0, 12.0]
    >>> fill(target, values, earned, ["bonds"])
    Traceback (most recent call last):
    ...
    ValueError: an order must name every class of the target once

    It goes on in ``location.md``.
    """
    wealth = _checked(target, values, returns)
    names = list(target.index)
    if order is not None and (set(order) != set(names) or len(order) != len(names)):
        raise ValueError("an order must name every class of the target once")
    held = _floors(floors, target, values)
    need = np.maximum(target.to_numpy(float) * wealth - held.sum(axis=1), 0.0)
    room = np.maximum(values.to_numpy(float) - held.sum(axis=0), 0.0)
    free = room[1:].sum()
    if order is None:
        inside = need * (free / max(room.sum(), 1e-300))
    else:
        at = [names.index(name) for name in order]
        before = np.cumsum(need[at]) - need[at]
        inside = np.empty_like(need)
        inside[at] = np.minimum(need[at], np.maximum(free - before, 0.0))
    shares = room[1:] / free if free > 0 else room[1:]
    dollars = held + np.column_stack([need - inside, np.outer(inside, shares)])
    earned = float((dollars * _worth(returns.loc[names])).sum() / wealth)
    return Location(
        pd.DataFrame(dollars, index=names, columns=list(BUCKETS)),
        earned,
        pd.Series(np.nan, index=list(BUCKETS), name="worth of room"),
    )


def best_order(returns: pd.DataFrame) -> list[str]:
    """The order that needs no programme: by what a sheltered dollar gains, most first.

    All sheltered accounts treat an after-tax dollar alike, so the transport problem is a knapsack
    of one size.

    Examples
    --------
    >>> best_order(pd.DataFrame({"advantage": [0.01, 0.03, 0.02]}, ["a", "b", "c"]))
    ['b', 'c', 'a']
    """
    among("column", ["advantage"], returns.columns)
    return list(returns["advantage"].sort_values(ascending=False, kind="stable").index)


def _floors(floors: pd.DataFrame | None, target: pd.Series, values: pd.Series) -> Array:
    names = list(target.index)
    if floors is None:
        return np.zeros((len(names), len(BUCKETS)))
    among("class in the target", floors.index, names)
    among("account", floors.columns, BUCKETS)
    held = floors.reindex(index=names, columns=list(BUCKETS)).astype(float).fillna(0.0)
    over = pd.concat([held.sum(axis=1) - target * values.sum(), held.sum() - values])
    if over.max() > 1e-9 * values.sum():
        raise ValueError(
            f"no location: what must stay exceeds {over.idxmax()} (its target, or the account) by "
            f"{over.max():,.0f} dollars; lower the floor or change the target"
        )
    return held.to_numpy(float)


def _worth(returns: pd.DataFrame) -> Array:
    return np.column_stack([returns["taxable"], *[returns["sheltered"]] * len(SHELTERED)])


def _checked(target: pd.Series, values: pd.Series, returns: pd.DataFrame) -> float:
    numbers("a value by account", values, least=0)
    numbers("a weight of the target", target)
    wealth = float(values.sum())
    if not wealth > 0 or list(values.index) != list(BUCKETS):
        raise ValueError(
            f"values must be after-tax dollars by account ({', '.join(BUCKETS)}), some above zero"
        )
    if (target < 0).any() or abs(target.sum() - 1) > 1e-9:
        raise ValueError(
            f"a target is weights from zero up that sum to one, not to {target.sum():.6g}"
        )
    among("after-tax returns for", target.index, returns.index)
    among("column", ("taxable", "sheltered"), returns.columns)
    return wealth


# ---- target and place together -------------------------------------------------------------------


def pair_label(name: str, bucket: str) -> str:
    """The name of a class in an account, as the joint problem's assets are called.

    Examples
    --------
    >>> pair_label("bonds", "roth")
    'bonds, roth'
    """
    return f"{name}, {bucket}"


def pairs(assumptions: Assumptions, returns: pd.DataFrame, buckets: Sequence[str]) -> Assumptions:
    """After-tax assumptions over every pair of a class and an account, for
    `portlib.construction.optimize`.

    In a taxable account the owner earns the after-tax return and keeps `risk_kept` of the class's
    volatility; in the others all of both. The same class in two accounts is perfectly correlated
    with itself.

    Parameters
    ----------
    assumptions : Assumptions
        Of n classes.
    returns : DataFrame
        `equivalents` of them.
    buckets : sequence of str
        The m accounts that hold money.

    Returns
    -------
    Assumptions
        Of n m pairs, named by `pair_label`, account by account.

    Examples
    --------
    In the taxable account stocks keep nine tenths of a volatility of 20%, bonds eight of 10%:

    >>> told = Assumptions(["stocks", "bonds"], [0.06, 0.04], [[0.04, 0.005], [0.005, 0.01]])
    >>> earned = pd.DataFrame(
    ...     {"taxable": [0.03, 0.055], "sheltered": [0.04, 0.06], "risk_kept": [0.8, 0.9]},
    ...     index=["bonds", "stocks"],
    ... )
    >>> both = pairs(told, earned, ["taxable", "roth"])
    >>> both.labels
    ('stocks, taxable', 'bonds, taxable', 'stocks, roth', 'bonds, roth')
    >>> both.mu.tolist(), both.volatility.round(9).tolist()
    ([0.055, 0.03, 0.06, 0.04], [0.18, 0.08, 0.2, 0.1])
    >>> pairs(told, earned, ["hsa", "taxable"]).mu.tolist()
    [0.06, 0.04, 0.055, 0.03]
    >>> both.sigma.round(9)[0].tolist()  # 0.9 * 0.04 with itself elsewhere
    [0.0324, 0.0036, 0.036, 0.0045]
    """
    among("account", buckets, BUCKETS)
    among("after-tax returns for", assumptions.labels, returns.index)
    among("column", ("taxable", "sheltered", "risk_kept"), returns.columns)
    table = returns.loc[list(assumptions.labels)]
    columns = {b: ("taxable" if b == "taxable" else "sheltered") for b in buckets}
    mu = np.concatenate([table[columns[b]].to_numpy(float) for b in buckets])
    own = table["risk_kept"].to_numpy(float)
    kept = np.concatenate([own if b == "taxable" else np.ones(len(table)) for b in buckets])
    sigma = np.tile(assumptions.sigma, (len(buckets), len(buckets))) * np.outer(kept, kept)
    labels = [pair_label(name, b) for b in buckets for name in assumptions.labels]
    return Assumptions(labels, mu, sigma, assumptions.rf, f"after tax; {assumptions.source}")


def pair_mandate(
    classes: Sequence[str], values: pd.Series, *, caps: Mapping[str, float] | None = None
) -> Mandate:
    """The joint problem's mandate: each account is as large as it is, and no class exceeds its cap
    in all of them.

    Parameters
    ----------
    classes : sequence of str
    values : Series
        After-tax dollars by account; those without money are left out, as in
        ``values[values > 0].index``.
    caps : mapping, optional
        Largest share of after-tax wealth, by class.

    Returns
    -------
    Mandate
        Over pairs; weights are shares of after-tax wealth.

    Examples
    --------
    >>> values = pd.Series({"taxable": 30.0, "deferred": 0.0, "roth": 50.0, "hsa": 20.0})
    >>> rules = pair_mandate(["a", "b"], values, caps={"b": 0.4})
    >>> rules.labels
    ('a, taxable', 'b, taxable', 'a, roth', 'b, roth', 'a, hsa', 'b, hsa')
    >>> [(rule.name, rule.lower, rule.upper) for rule in rules.constraints[2:4]]
    [('the taxable account', 0.3, 0.3), ('the roth account', 0.5, 0.5)]
    >>> cap = rules.constraints[4]
    >>> cap.upper, sorted(name for name, x in cap.coefficients.items() if x)
    (0.4, ['b, hsa', 'b, roth', 'b, taxable'])
    """
    buckets = [b for b in values.index if values[b] > 0]
    labels = [pair_label(name, b) for b in buckets for name in classes]
    share = values / values.sum()
    sizes = [
        group_limit(
            f"the {b} account",
            [pair_label(name, b) for name in classes],
            lower=share[b],
            upper=share[b],
        )
        for b in buckets[:-1]
    ]
    limits = [
        group_limit(f"{name} cap", [pair_label(name, b) for b in buckets], upper=cap)
        for name, cap in (caps or {}).items()
    ]
    return Mandate(labels, [fully_invested(), long_only(), *sizes, *limits])


# ---- Roth or traditional -------------------------------------------------------------------------


@door(rate_now=SHARE, growth=POSITIVE, side_growth=POSITIVE, saving_invested=SHARE)
def roth_break_even(
    rate_now: float,
    growth: float,
    side_growth: float,
    *,
    saving_invested: float = 1.0,
    at_limit: bool = True,
) -> float:
    """Above which rate on withdrawal is the Roth contribution the better one?

    A dollar contributed to Roth grows to `growth`. A dollar contributed before tax grows to
    ``growth (1 - t)``, and the tax saved, ``rate_now``, grows to `side_growth` per dollar in the
    taxable account as far as it is invested.

    Parameters
    ----------
    rate_now : float
        Marginal rate on pay, decimal.
    growth, side_growth : float
        What a dollar becomes in the plan, and in the taxable account after its taxes.
    saving_invested : float
        Share of the tax saved that is invested.
    at_limit : bool
        Below the legal limit the saving can be contributed as well, and the break-even is today's
        rate.

    Returns
    -------
    float
        A rate, decimal.

    Raises
    ------
    ValueError
        For a growth of zero or less.

    Examples
    --------
    The tax saved, at 24%, grows to 2 where the plan grows to 2.5; three quarters of it are
    invested:

    >>> part = roth_break_even(0.24, 2.5, 2.0, saving_invested=0.75)
    >>> round(roth_break_even(0.24, 2.5, 2.0), 9), round(part, 9)
    (0.192, 0.144)
    >>> # either way a dollar is worth 2.5: in Roth, or 2.5 (1 - 0.192) and 0.24 * 2
    >>> round(2.5 * (1 - 0.192) + 0.24 * 2.0, 9)
    2.5
    >>> roth_break_even(0.24, 2.5, 2.0, at_limit=False)
    0.24
    """
    if growth <= 0:
        raise ValueError(f"growth is what a dollar becomes, above zero, not {growth}")
    return rate_now * saving_invested * side_growth / growth if at_limit else rate_now
