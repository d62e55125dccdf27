"""Who is simulated, and what does each life meet?

`Cases` are the rows of a simulation (ways of one household, or persons of a plan), `Lives` its
columns (markets, prices, pay, deaths). `of_households` writes rows from facts and mixes; `draw`
draws columns for a household from scenarios, mortality and pay risk, so that all rows meet them.

Left out: unlike careers within a plan beyond age and pay, and couples where only one is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from portlib.ranges import FEE, RATE, SHARE, door
from portlib.records import Array
from portlib.retirement import household as hh
from portlib.retirement import taxes
from portlib.retirement.household import Household
from portlib.retirement.lifetimes import Mortality, Sex, Years, last_year
from portlib.retirement.pay_risk import PayRisk
from portlib.retirement.scenarios import Scenarios


class Mix(Protocol):
    """What is held at which distance from retirement: a glidepath."""

    @property
    def name(self) -> str: ...
    @property
    def assets(self) -> tuple[str, ...]: ...
    @property
    def fee(self) -> float: ...
    def at(self, years_to_retirement: ArrayLike) -> Array: ...


@dataclass(frozen=True, eq=False)
class ConstantMix:
    """The same weights at every age, the simplest `Mix`."""

    weights: Array
    assets: tuple[str, ...] = ("equity", "bonds")
    fee: float = 0.0
    name: str = "constant mix"

    def at(self, years_to_retirement: ArrayLike) -> Array:
        """The weights, once for each year asked for."""
        return np.broadcast_to(self.weights, (*np.shape(years_to_retirement), len(self.weights)))


@door(equity=SHARE, fee=FEE)
def balanced(equity: float, fee: float = 0.0) -> ConstantMix:
    """`equity` in equity and the rest in bonds, for ever.

    Examples
    --------
    >>> mix = balanced(0.6, fee=0.002)
    >>> mix.at([3.0, -2.0]).tolist(), mix.name, mix.fee
    ([[0.6, 0.4], [0.6, 0.4]], '60% equity', 0.002)
    """
    weights = np.array([equity, 1 - equity])
    return ConstantMix(weights, fee=fee, name=f"{equity:.0%} equity")


@dataclass(frozen=True, eq=False)
class Saving:
    """What goes in while a row works; (rows, years) unless said otherwise, US dollars, real.

    Attributes
    ----------
    pay : planned, zero once retired.
    deferral : share of pay.
    limit : the most that an employee may defer, catch-up included.
    elective : the same without catch-up.
    additions, compensation : the limits of sections 415(c) and 401(a)(17), (rows,).
    match_rate, match_up_to : tiers, (rows, tiers): the rate of the deferral from the tier before
        up to a share of pay.
    nonelective : the employer's share of pay whether or not somebody defers, (rows,).

    Examples
    --------
    Half of the first 6% and 2% of pay for all. Of 100,000, a tenth more in the second year,
    and of a life that earns half, 5% are deferred; of 550,000 a tenth ends at 24,500, and 360,000
    count, 10,800 and 7,200 from the employer:

    >>> half = [{"rate": 0.5, "up_to": 0.06}]
    >>> facts = {"age": 40, "retirement_age": 42, "last_age": 44, "nonelective": 0.02}
    >>> facts = facts | {"match": half, "pay_growth": 0.1}
    >>> some = Household(pay=100_000, deferral_rate=0.05, **facts)
    >>> two = [some, Household(pay=500_000, deferral_rate=0.1, **facts)]
    >>> saving = of_households(two, balanced(0.6)).saving
    >>> employee, employer = saving.paid(1, slice(None), np.array([1.0, 0.5]))
    >>> employee.round(6).tolist()
    [[5500.0, 2750.0], [24500.0, 24500.0]]
    >>> employer.round(6).tolist()  # of half 275,000 count: 8,250 and 5,500
    [[4950.0, 2475.0], [18000.0, 13750.0]]

    53,300 and 57,600 are asked here. All together end at 72,000, or pay, less what is no catch-up;
    a second tier begins where the first ends:

    >>> rich = [{"rate": 1.0, "up_to": 0.08}, {"rate": 3.0, "up_to": 0.04}]
    >>> facts = {"age": 49, "retirement_age": 52, "last_age": 54, "match": rich}
    >>> one = Household(pay=360_000, deferral_rate=0.1, **facts)
    >>> saving = of_households([one], balanced(0.6)).saving
    >>> [[float(x[0, 0]) for x in saving.paid(t, slice(None))] for t in (0, 1)]
    [[24500.0, 47500.0], [32500.0, 47500.0]]
    >>> [round(float(x[0, 0]), 6) for x in saving.paid(1, slice(None), 0.25)]  # 10,800 and 3,600
    [9000.0, 14400.0]
    """

    pay: Array
    deferral: Array
    limit: Array
    elective: Array
    additions: Array
    compensation: Array
    match_rate: Array
    match_up_to: Array
    nonelective: Array

    def paid(self, t: int, rows: slice, factor: Array | float = 1.0) -> tuple[Array, Array]:
        """Employee's and employer's contributions of a year, after limits.

        The employer's part gives way first.

        Parameters
        ----------
        t : int
            The year, from 0.
        rows : slice
        factor : array (lives,) or 1
            Pay relative to its plan.

        Returns
        -------
        two arrays (rows, lives or 1)
            Real US dollars.
        """
        gross = self.pay[rows, t, None] * factor
        employee = np.minimum(self.deferral[rows, t, None] * gross, self.limit[rows, t, None])
        counted = np.minimum(gross, self.compensation[rows, None])
        share = employee / np.maximum(counted, 1e-9)
        employer = self.nonelective[rows, None] * counted
        floor = np.zeros((share.shape[0], 1))
        for rate, up_to in zip(self.match_rate[rows].T, self.match_up_to[rows].T, strict=True):
            matched = np.minimum(share, up_to[:, None]) - floor
            employer = employer + rate[:, None] * np.maximum(matched, 0.0) * counted
            floor = np.maximum(floor, up_to[:, None])
        room = np.minimum(self.additions[rows, None], gross)
        room = room - np.minimum(employee, self.elective[rows, t, None])
        return employee, np.minimum(employer, np.maximum(room, 0.0))


@dataclass(frozen=True, eq=False)
class Couple:
    """The second life of each row.

    Attributes
    ----------
    benefit : Social Security a year, (rows, 1 or lives).
    claim : years from now, (rows,).
    spending : what a survivor wants as a share of what both want.
    pension : the survivor's share of a fixed pension.
    """

    benefit: Array
    claim: Array
    spending: float
    pension: float


@dataclass(frozen=True, eq=False)
class Annuity:
    """Savings turned into income at retirement, by row: (rows,).

    Attributes
    ----------
    share : of savings, that buys it.
    payout : dollars a year for each dollar, as long as one of the household lives.
    delay : years after retirement from which it pays.
    nominal : fixed in dollars, else in purchasing power.
    """

    share: Array
    payout: Array
    delay: Array
    nominal: NDArray[np.bool_]


@dataclass(frozen=True)
class Care:
    """Costs of long-term care in the last years of some lives: an option, and little is known.

    Not counted as spending that is enjoyed.

    Attributes
    ----------
    chance : of needing it.
    cost : a year of care that is paid out of pocket, real dollars.
    years : of it before death.
    from_age : it falls into years from this age on.
    """

    chance: float
    cost: float
    years: int
    from_age: int = 65


@dataclass(frozen=True, eq=False)
class Cases:
    """The rows: facts of persons or ways, arrays (rows, ...), real US dollars.

    Attributes
    ----------
    names : of the rows.
    age : of the (first) person now.
    retires : years from now to retirement, 0 for the retired.
    balance : now.
    saving : what goes in.
    mix : (rows, years, assets).
    fee : expense ratio, decimal a year.
    fee_dollars : record keeping, a year.
    leakage : share of the balance lost to cash-outs and loans a year of work.
    target : spending wanted, (rows, 1 or lives); nan where none is stated.
    benefit : Social Security a year from `claim` (years from now) on, (rows, 1 or lives).
    other : further real income from retirement on.
    pension : fixed in today's dollars a year, from retirement on.
    tax_rate : flat, on withdrawals.
    factor : price of a real dollar for life by year, (rows, years).
    period : the Uniform Lifetime Table's, (rows, years).
    couple, annuity : where there are any.
    """

    names: tuple[str, ...]
    age: Array
    retires: NDArray[np.int64]
    balance: Array
    saving: Saving
    mix: Array
    fee: Array
    fee_dollars: Array
    leakage: Array
    target: Array
    benefit: Array
    claim: Array
    other: Array
    pension: Array
    tax_rate: Array
    factor: Array
    period: Array
    couple: Couple | None = None
    annuity: Annuity | None = None

    @property
    def years(self) -> int:
        """Years simulated."""
        return self.mix.shape[1]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, eq=False)
class Lives:
    """The columns: what each life meets, time first.

    Attributes
    ----------
    returns : real returns (years, assets, lives).
    price : level of prices at the start of each year, 1 now (years + 1, lives), or None where
        nothing is fixed in dollars.
    last : last year begun alive, (rows or 1, lives); last_spouse likewise for couples.
    pay : pay relative to its plan (years, lives), or None.
    permanent : the part of it that stays.
    care : who will need care, (lives,).
    alive : chance of being alive at the start of each year, (rows or 1, years), or None. With it
        what is enjoyed is weighed by that chance and not by the deaths drawn: an average over all
        lengths of life on each path of markets, which needs far fewer of them.
    source : of the returns.

    Examples
    --------
    >>> lives = Lives(
    ...     np.arange(24.0).reshape(3, 2, 4),
    ...     last=np.array([[2, 0, 1, 1]]),
    ...     last_spouse=np.array([[0, 1, 2, 1]]),
    ... )
    >>> lives.count, lives.ends.tolist()
    (4, [[2, 1, 2, 1]])
    >>> lives.part(slice(1, 3)).ends.tolist(), lives.part(np.array([3, 0])).last.tolist()
    ([[1, 2]], [[1, 2]])
    >>> lives.part(np.array([3, 0])).returns[1].tolist()  # the second year of two assets
    [[11.0, 8.0], [15.0, 12.0]]

    What there is of the rest goes with them, each its own, but for pay that stays, of which rows
    are made; what is weighed is of all:

    >>> full = replace(
    ...     lives, price=np.arange(4.0) + 10, pay=np.arange(4.0) + 20, permanent=np.arange(4.0),
    ...     care=np.array([False, True, True, False]), alive=np.array([[1.0, 0.5]]), source="typed",
    ... )
    >>> for some in (full.part(slice(2, 4)), full.part(np.array([2, 3]))):
    ...     print([x.tolist() for x in (some.price, some.pay, some.care)], some.permanent)
    [[12.0, 13.0], [22.0, 23.0], [True, False]] None
    [[12.0, 13.0], [22.0, 23.0], [True, False]] None
    >>> alone = replace(full, price=None).part(slice(1)), replace(full, pay=None).part(slice(1))
    >>> [[x if x is None else x.tolist() for x in (one.price, one.pay)] for one in alone]
    [[None, [20.0]], [[10.0], None]]
    >>> some.alive.tolist(), some.source, lives.part(slice(2)).care
    ([[1.0, 0.5]], 'typed', None)
    """

    returns: Array
    last: Years
    price: Array | None = None
    last_spouse: Years | None = None
    pay: Array | None = None
    permanent: Array | None = None
    care: NDArray[np.bool_] | None = None
    alive: Array | None = None
    source: str = "not stated"

    @property
    def count(self) -> int:
        """How many lives."""
        return self.returns.shape[2]

    @property
    def ends(self) -> Years:
        """Last year begun with somebody of the household alive, (rows or 1, lives)."""
        return self.last if self.last_spouse is None else np.maximum(self.last, self.last_spouse)

    def part(self, which: slice | NDArray[np.intp]) -> Lives:
        """Some of the columns; a slice shares the memory."""

        def cut(values: NDArray[Any]) -> NDArray[Any]:
            if isinstance(which, slice):
                return values[..., which]
            return np.take(values, which, axis=-1)  # lives stay neighbours in memory

        pick: dict[str, Any] = {
            "returns": cut(self.returns),
            "last": cut(self.last),
            "price": None if self.price is None else cut(self.price),
            "last_spouse": None if self.last_spouse is None else cut(self.last_spouse),
            "pay": None if self.pay is None else cut(self.pay),
            "permanent": None,
            "care": None if self.care is None else cut(self.care),
        }
        return replace(self, **pick)


def draw(
    household: Household,
    returns: Scenarios,
    rng: np.random.Generator | None = None,
    *,
    mortality: Mortality | None = None,
    pay_risk: PayRisk | None = None,
    care: Care | None = None,
    lifetimes: Literal["drawn", "weighed"] = "drawn",
) -> Lives:
    """Lives of a household: one for each path of `returns`.

    Parameters
    ----------
    household : Household
        With ``sex=None`` it lives to its last age for certain.
    returns : Scenarios
        At least as long as the household's horizon; with inflation, where it has one.
    rng : Generator, optional
        Not needed where nothing but the returns is drawn.
    mortality : Mortality, optional
        The population's when not given.
    pay_risk, care : optional
        Pay that strays from its plan, and costs of care.
    lifetimes : str
        ``drawn``, or ``weighed``: what is enjoyed then counts by the chance of living
        (`Lives.alive`).

    Returns
    -------
    Lives
        Real annual returns (years, assets, paths) and the rest.

    Raises
    ------
    ValueError
        For returns shorter than the horizon, for a missing `rng`, and for a couple whose lifetimes
        are to be weighed.

    Examples
    --------
    Who is to live for certain ends with the last year before the last age; years come first, lives
    last, and prices begin at one:

    >>> one = Household(age=65, retirement_age=65, sex=None, last_age=67)
    >>> table = np.arange(12.0).reshape(2, 3, 2) / 100  # two paths, three years, two assets
    >>> rising = np.array([[0.25, 0.2, 0.1], [0.5, 0.0, 0.1]])
    >>> returns = Scenarios(table, ("equity", "bonds"), "SYNTHETIC", (), rising)
    >>> lives = draw(one, returns)
    >>> lives.last.tolist(), lives.returns[1].tolist(), lives.price.tolist()
    ([[1, 1]], [[0.02, 0.08], [0.03, 0.09]], [[1.0, 1.0], [1.25, 1.5], [1.5, 1.5]])

    It goes on in ``cases.md``.
    """
    if lifetimes not in ("drawn", "weighed"):
        raise ValueError(f"lifetimes is {lifetimes!r}: give drawn or weighed")
    if household.mortality is not None and household.spouse is not None:
        raise ValueError(
            "chances of dying are stated of one: leave out mortality, or the spouse; a table for "
            "both is given as `mortality` of `draw`"
        )
    paths = len(returns.values)
    if returns.values.shape[1] < household.horizon:
        raise ValueError(
            f"returns of {returns.values.shape[1]} years do not cover the {household.horizon} "
            f"from {household.age} to {household.last_age}"
        )
    chance = spells = whom = None
    if household.sex is not None or pay_risk is not None or care is not None:
        if rng is None:
            raise ValueError("lives are drawn: give an rng, or a household with sex=None")
        chance = rng.random((2, paths))
        whom = rng.random(paths)
        if pay_risk is not None:
            spells = pay_risk.draw(paths, household.horizon, rng)
    table = mortality or Mortality()
    last = np.full((1, paths), household.horizon - 1)
    spouse = None
    if household.mortality is not None:
        alive = _chances(household, table)
        last = last_year(alive, chance[0])[None] if chance is not None else last
    elif household.sex is not None and chance is not None:
        last = table.last_years(household.age, household.sex, chance[0])[None]
        last = np.minimum(last, household.horizon - 1)
        if household.spouse is not None:
            second = household.spouse
            spouse = table.last_years(second.age, second.sex, chance[1])[None]
            spouse = np.minimum(spouse, household.horizon - 1)
    elif household.spouse is not None:
        spouse = last
    years = household.horizon
    weights = None
    if lifetimes == "weighed":
        if household.spouse is not None:
            raise ValueError("lifetimes of a couple are drawn, not weighed")
        weights = _chances(household, table)[None, :years]
    values = np.ascontiguousarray(np.moveaxis(returns.values[:, :years], 0, 2))
    return Lives(
        returns=values,
        last=last,
        price=None if returns.inflation is None else prices(returns.inflation[:, :years]),
        last_spouse=spouse,
        pay=None if spells is None else np.ascontiguousarray(spells.pay.T),
        permanent=None if spells is None else np.ascontiguousarray(spells.permanent.T),
        care=None if care is None or whom is None else whom < care.chance,
        alive=weights,
        source=returns.source,
    )


def _chances(household: Household, table: Mortality) -> Array:
    """Chance of being alive at the start of each year of the horizon, and of the year after it.

    Examples
    --------
    Of chances that are stated nobody lives beyond the last; who lives for certain does:

    >>> stated = Household(65, 65, last_age=68, mortality=(0.1, 0.5, 0.6))
    >>> _chances(stated, Mortality()).round(9).tolist()
    [1.0, 0.9, 0.45, 0.0]
    >>> _chances(Household(65, 65, sex=None, last_age=67), Mortality()).tolist()
    [1.0, 1.0, 1.0]
    """
    if household.mortality is not None:
        alive = np.concatenate([[1.0], np.cumprod(1 - np.asarray(household.mortality, float))])
        alive[-1] = 0.0
        return alive
    if household.sex is None:
        return np.ones(household.horizon + 1)
    return table.survival(household.age, household.sex)


def prices(inflation: Array) -> Array:
    """Price levels at the start of each year, 1 now: (years + 1, lives) from rates (lives, years).

    Examples
    --------
    >>> prices(np.array([[0.25, 1.0], [0.5, 0.2]])).round(9).tolist()  # a column a life
    [[1.0, 1.0], [1.25, 1.5], [2.5, 1.8]]
    """
    level = np.cumprod(1 + inflation.T, axis=0)
    return np.vstack([np.ones((1, level.shape[1])), level])


@door()
def of_households(
    households: Sequence[Household],
    mixes: Mix | Sequence[Mix],
    lives: Lives | None = None,
    *,
    names: Sequence[str] = (),
    annuity: Annuity | None = None,
    mortality: Mortality | None = None,
    risk_aversion: float = 1.0,
) -> Cases:
    """A row for each household (and its mix, or the one mix of all).

    Parameters
    ----------
    households : sequence of Household
        Ways of one household, or households of one age, for `lives` of one; all couples or all
        single.
    mixes : Mix, or one a household
        Over the same assets.
    lives : Lives, optional
        With risky pay they make benefits, and spending wanted as a share of final pay, those of
        each life.
    names : sequence of str
        Of the rows; those of the mixes when not given.
    annuity : Annuity, optional
        What each row buys at retirement.
    mortality : Mortality, optional
        The population's when not given.
    risk_aversion : float
        Of the price of a dollar for life (`annuity_factors`).

    Returns
    -------
    Cases
        Real US dollars.

    Raises
    ------
    ValueError
        For another number of mixes than of households, for mixes over unlike assets, for couples
        beside single people, and for couples whose survivors want unlike shares.

    Examples
    --------
    A path falls from 80% two years before retirement to 40% at it; a row follows it from a year
    before:

    >>> from portlib.retirement.glidepaths import Glidepath
    >>> facts = {"age": 64, "retirement_age": 65, "sex": None, "last_age": 67, "annuity_rate": 0.2}
    >>> one = Household(balance=100_000, spending=40_000.0, social_security=9_000.0, **facts)
    >>> row = of_households([one], Glidepath("falls", [2, 0], [0.8, 0.4]))
    >>> row.mix.round(9).tolist()
    [[[0.6, 0.4], [0.4, 0.6], [0.4, 0.6]]]

    A dollar for three, two and one certain years costs 1 + 1 / 1.2 + 1 / 1.44, and so on. The
    Uniform Lifetime Table, which begins at 72 with 27.4, is a year longer for each year younger:

    >>> row.factor.round(6).tolist(), row.period.round(1).tolist()
    ([[2.527778, 1.833333, 1.0]], [[35.4, 34.4, 33.4]])
    >>> old = of_households([Household(90, 65, sex="male")], balanced(0.6))
    >>> dear = annuity_factors(90, "male", 0.02, Mortality(), 30)
    >>> bool((old.factor[0] == dear).all())  # by the table where a life has a sex
    True
    >>> row.retires.tolist(), row.claim.tolist(), row.benefit.tolist(), row.target.tolist()
    ([1], [1], [[9000.0]], [[40000.0]])

    It goes on in ``cases.md``.
    """
    chosen = [mixes] * len(households) if not isinstance(mixes, Sequence) else list(mixes)
    if len(chosen) != len(households):
        raise ValueError(f"{len(chosen)} mixes do not go with {len(households)} households")
    if len({m.assets for m in chosen}) > 1:
        raise ValueError("the mixes hold unlike assets; write all over the same ones")
    couples = {h.spouse is not None for h in households}
    if len(couples) > 1:
        raise ValueError("rows are all couples or all single")
    if couples == {True}:
        for what in ("survivor_spending", "survivor_pension"):
            if len(said := sorted({getattr(h, what) for h in households})) > 1:
                raise ValueError(
                    f"couples of one simulation want one {what}; here stand "
                    f"{', '.join(f'{share:g}' for share in said)}"
                )
    years = max(h.horizon for h in households)
    t = np.arange(years)
    pay_paths = None if lives is None or lives.pay is None else lives.pay.T
    each, which = _distinct(households)
    facts: list[tuple[Any, ...]] = []
    for h in each:
        own, claim = hh.benefits(h, pay_paths)
        spouse = np.zeros(1), 0
        if h.spouse is not None:
            own, theirs, start = hh.couple_benefits(h, own)
            spouse = theirs, start
        target = np.array([np.nan if h.target is None else h.target])
        if h.replacement_rate is not None and lives is not None and lives.permanent is not None:
            target = target * lives.permanent[max(h.working - 1, 0)]
        facts.append((own, claim, *spouse, target))
    owns, claims, seconds, starts, targets = zip(*(facts[k] for k in which), strict=True)
    held = [mix.at(h.retirement_age - h.age - t) for h, mix in zip(households, chosen, strict=True)]
    factor, period = _prices_of_life(each, years, mortality or Mortality(), risk_aversion)
    saving = _saving(each, years)
    couple = None
    if couples == {True}:
        first = households[0]
        couple = Couple(
            _wide(seconds), np.array(starts), first.survivor_spending, first.survivor_pension
        )

    def of(name: str) -> Array:
        return np.array([getattr(h, name) for h in households], float)

    return Cases(
        names=tuple(names) or tuple(m.name for m in chosen),
        age=of("age"),
        retires=np.array([h.working for h in households]),
        balance=of("balance"),
        saving=replace(saving, **{name: value[which] for name, value in vars(saving).items()}),
        mix=np.stack(held),
        fee=np.array([m.fee for m in chosen]),
        fee_dollars=of("fee_dollars"),
        leakage=of("leakage"),
        target=_wide(targets),
        benefit=_wide(owns),
        claim=np.array(claims),
        other=of("other_income"),
        pension=of("pension"),
        tax_rate=of("tax_rate"),
        factor=factor[which],
        period=period[which],
        couple=couple,
        annuity=annuity,
    )


def _distinct(households: Sequence[Household]) -> tuple[list[Household], NDArray[np.intp]]:
    """Each household once, and for every row which of them it is."""
    each = list({id(h): h for h in households}.values())
    place = {id(h): k for k, h in enumerate(each)}
    return each, np.array([place[id(h)] for h in households])


def _wide(values: Sequence[Array]) -> Array:
    """Rows of one length, (rows, 1 or lives)."""
    most = max(len(v) for v in values)
    return np.stack([np.broadcast_to(v, most) for v in values])


def _saving(households: Sequence[Household], years: int) -> Saving:
    """Planned pay, deferral and the law's limits, row by row and year by year."""
    shape = (len(households), years)
    pay, deferral, limit, elective = (np.zeros(shape) for _ in range(4))
    tiers = max((len(h.match) for h in households), default=0)
    rate = np.zeros((len(households), tiers))
    up_to = np.zeros((len(households), tiers))
    additions = np.zeros(len(households))
    compensation = np.zeros(len(households))
    dated = {(h.year, int(h.age + k)) for h in households for k in range(max(h.working, 1))}
    law_of = {(year, age): taxes.limits(year, age) for year, age in dated}
    for i, h in enumerate(households):
        work = np.arange(h.working)
        pay[i, : h.working] = h.pay * (1 + h.pay_growth) ** work
        deferral[i, : h.working] = hh.deferral_rates(h)
        law = [law_of[h.year, int(h.age + k)] for k in work]
        limit[i, : h.working] = [one.employee for one in law]
        elective[i, : h.working] = [one.elective_deferral for one in law]
        at = law_of[h.year, int(h.age)]
        additions[i], compensation[i] = at.annual_additions, at.compensation
        for k, tier in enumerate(sorted(h.match, key=lambda one: one["up_to"])):
            rate[i, k], up_to[i, k] = tier["rate"], tier["up_to"]
    extra = np.array([h.nonelective for h in households])
    return Saving(pay, deferral, limit, elective, additions, compensation, rate, up_to, extra)


def _prices_of_life(
    households: Sequence[Household], years: int, mortality: Mortality, risk_aversion: float
) -> tuple[Array, Array]:
    """Annuity factors at each household's rate, and the Uniform Lifetime Table's periods."""
    factor = np.ones((len(households), years))
    period = np.ones((len(households), years))
    priced: dict[tuple[int, Sex, float], Array] = {}
    for i, h in enumerate(households):
        ages = h.age + np.arange(years)
        if h.sex is None or h.mortality is not None:
            left = np.maximum(h.horizon - np.arange(years), 1)
            rate = h.annuity_rate
            certain = left if rate == 0 else (1 - (1 + rate) ** -left) / rate * (1 + rate)
            factor[i] = certain
        else:
            of = h.age, h.sex, h.annuity_rate
            if of not in priced:
                priced[of] = annuity_factors(*of, mortality, years, risk_aversion=risk_aversion)
            factor[i] = priced[of]
        period[i] = distribution_periods(ages)
    return factor, period


@door(rate=RATE)
def annuity_factors(
    age: int,
    sex: Sex,
    rate: float,
    mortality: Mortality,
    years: int,
    *,
    risk_aversion: float = 1.0,
) -> Array:
    """What a real dollar a year for life costs at the start of each year from `age` on.

    ``a_x = 1 + v p_x^(1/A) a_{x+1}``, payments at the start of years. With ``A = 1`` it is the
    price of an annuity. Who saves for old age alone pools the risk of a long life with nobody: with
    their risk aversion as ``A`` it is what they best set aside (Yaari 1965).

    Parameters
    ----------
    age : int
        Whole years.
    sex : str
        ``female``, ``male`` or ``both``.
    rate : float
        Real, annual decimal.
    mortality : Mortality
    years : int
        How many factors.
    risk_aversion : float
        ``A``.

    Returns
    -------
    array (years,)
        Real dollars.

    Examples
    --------
    The chance of each year, given alive at its start, discounted; here at 90, and from 91 on. With
    a risk aversion of two, chances are taken at their square roots:

    >>> alive = Mortality().survival(90, "male")
    >>> def plainly(first: int, power: float) -> float:
    ...     later = range(first, len(alive) - 1)
    ...     return sum((alive[t] / alive[first]) ** power / 1.03 ** (t - first) for t in later)
    >>> found = annuity_factors(90, "male", 0.03, Mortality(), 2)
    >>> bool(np.allclose(found, [plainly(0, 1.0), plainly(1, 1.0)]))
    True
    >>> saver = annuity_factors(90, "male", 0.03, Mortality(), 2, risk_aversion=2.0)
    >>> bool(np.allclose(saver, [plainly(0, 0.5), plainly(1, 0.5)]))
    True
    """
    alive = mortality.survival(age, sex)
    live_on = (alive[1:] / np.maximum(alive[:-1], 1e-300)) ** (1 / risk_aversion)
    cost = np.ones(max(years, len(live_on)))
    for t in range(len(live_on) - 2, -1, -1):
        cost[t] = 1 + live_on[t] / (1 + rate) * cost[t + 1]
    return cost[:years]


def distribution_periods(ages: ArrayLike) -> Array:
    """The Uniform Lifetime Table's periods; before 72, a year longer for each year younger.

    Examples
    --------
    >>> distribution_periods([70, 72, 75]).round(1).tolist()
    [29.4, 27.4, 24.6]
    """
    whole = np.asarray(ages, int)
    younger = np.maximum(72 - whole, 0)
    return taxes.distribution_period(np.maximum(whole, 72)) + younger
