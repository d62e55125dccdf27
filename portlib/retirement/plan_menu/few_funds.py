"""The best portfolio of at most k funds, in whole percents, exactly: not a rounded one, not a lucky
one.

    maximise  mu'w - (A/2) w'sigma w   subject to the mandate,   at most k weights above zero,   100
    w whole

Branch and bound: drop the two last conditions and solve the convex problem, which bounds every
portfolio from above. Where its answer holds too many funds, split into portfolios without a fund
and with it; where a weight is no whole percent, into those at or below and at or above. Parts whose
bound is no better than what is known are dropped. Among k funds of which j are chosen, the others
obey ``sum w_i / u_i <= k - j`` with their largest possible weights u_i.

Funds are put in an order of their figures first, so that neither names nor places in the lineup can
decide a tie. Two funds alike in every figure are interchangeable, and only between those does the
lineup's order choose.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from portlib.construction.engines import NotSolved, allocation, refusal
from portlib.construction.mandate import Infeasible, Mandate
from portlib.construction.mandate.infeasibility import possible, refuted
from portlib.construction.mandate.mandate import Program
from portlib.ranges import among, door
from portlib.records import Allocation, Array, Assumptions

#: A weight below this is no holding, and a hundredfold weight this near to a whole number is one.
HELD = 1e-9
#: Certainty equivalent (annual) by which a part must promise more than what is known: 0.00001 basis
#: points.
WORTH = 1e-9
#: Rounds that the interior point may take: some ten do, and where nothing obeys the limits none are
#: enough, so that the first are few.
ROUNDS = 20, 250


@dataclass(frozen=True, eq=False)
class FewFunds:
    """The portfolio, and what is proved of it.

    Attributes
    ----------
    allocation : Allocation
    utility : float
        Its certainty equivalent, annual decimal.
    bound : float
        An upper bound on any other's.
    solved : int
        How many convex problems were.

    Examples
    --------
    What another could gain is the bound less its own, and never below nothing.

    >>> from types import SimpleNamespace
    >>> some = SimpleNamespace()  # stands for an allocation
    >>> round(FewFunds(some, 0.031, 0.034, 9).gap, 9), FewFunds(some, 0.034, 0.031, 9).gap
    (0.003, 0.0)
    """

    allocation: Allocation
    utility: float
    bound: float
    solved: int

    @property
    def gap(self) -> float:
        """What another portfolio could gain at most (annual); `WORTH` or less is a proof of
        optimality.
        """
        return max(self.bound - self.utility, 0.0)


@dataclass(frozen=True, eq=False)
class _Part:
    """Portfolios between `lower` and `upper`, of which the funds `chosen` count as held; the best
    of the relaxation.
    """

    lower: Array
    upper: Array
    chosen: frozenset[int]
    w: Array
    value: float


@door()
def best_few(
    assumptions: Assumptions,
    mandate: Mandate,
    *,
    risk_aversion: float,
    most_funds: int | None = None,
    whole_percent: bool = False,
    most_solved: int = 4_000,
) -> FewFunds:
    """The best portfolio of few funds, in whole percents where asked.

    Stops after `most_solved` problems and then says what is not proved (`FewFunds.gap`): of what
    was found by then, or else of the best single fund that obeys.

    Parameters
    ----------
    assumptions : Assumptions
        Of the funds.
    mandate : Mandate
        Without distances and soft rules.
    risk_aversion : float
        Above zero.
    most_funds : int, optional
        Any number when not given.
    whole_percent : bool
    most_solved : int
        Convex problems.

    Returns
    -------
    FewFunds

    Raises
    ------
    ValueError
        For an aversion of zero, fewer than one fund or a mandate with distances or soft rules.
    Infeasible
        For a mandate that no portfolio obeys.
    NotSolved
        Where none does with so few funds or in whole percents, or none was found and no single fund
        obeys.

    Examples
    --------
    Of two funds of one index the cheaper is held, and no other portfolio can be better:

    >>> import itertools
    >>> from portlib.construction.mandate import Bounds, fully_invested, long_only
    >>> funds = Assumptions(["cheap", "dear"], [0.06, 0.05], [[0.04, 0.04], [0.04, 0.0401]])
    >>> rules = Mandate(funds.labels, [fully_invested(), long_only()])
    >>> found = best_few(funds, rules, risk_aversion=3.0, most_funds=1, whole_percent=True)
    >>> found.allocation.weights.to_dict(), found.gap <= WORTH
    ({'cheap': 1.0, 'dear': 0.0}, True)

    It goes on in ``few_funds.md``.
    """
    start = time.perf_counter()
    n = len(assumptions)
    k = n if most_funds is None else most_funds
    if not 0 < risk_aversion < np.inf or k < 1:
        raise ValueError(
            f"give a finite risk aversion above zero and one fund or more, not {risk_aversion}, {k}"
        )
    if not mandate.is_linear:
        raise ValueError(
            "few funds and whole percents go with limits and bounds; drop distances and soft "
            "rules first"
        )
    figures = [
        (-m, v, *sorted(row))
        for m, v, row in zip(
            assumptions.mu, np.diag(assumptions.sigma), assumptions.sigma, strict=True
        )
    ]
    order = sorted(range(n), key=figures.__getitem__)
    sorted_by_figures = assumptions.select([assumptions.labels[i] for i in order])
    search = _Search(sorted_by_figures, mandate, risk_aversion, k, whole_percent)
    best, bound, solved = search.run(most_solved)
    if best is None:
        if isinstance(conflict := refusal(assumptions, mandate, "branch and bound"), Infeasible):
            raise conflict
        some = f"at most {k} funds" + " in whole percents" * whole_percent
        raise NotSolved(
            f"no portfolio of {some} obeys {', '.join(repr(c.name) for c in mandate.constraints)}"
            if bound == -np.inf
            else f"none of {some} found in {most_solved} problems; raise most_solved"
        )
    w = np.empty(n)
    w[order] = np.round(best.w, 2) if whole_percent else best.w
    what = (
        f"maximum utility (A = {risk_aversion:g}), at most {k} funds"
        + ", whole percents" * whole_percent
    )
    found = allocation(
        assumptions, mandate, w, what, "optimal", "branch and bound on certified optima", start, {}
    )
    return FewFunds(found, best.value, max(bound, best.value), solved)


class _Search:
    def __init__(
        self, a: Assumptions, mandate: Mandate, aversion: float, k: int, whole: bool
    ) -> None:
        self.a, self.aversion, self.k, self.whole, self.solved = a, aversion, k, whole, 0
        among("asset in the mandate", a.labels, mandate.labels)
        among("asset in the assumptions", mandate.labels, a.labels)
        self.c = a.mu / aversion
        self.p = p = mandate.program.ordered([mandate.labels.index(name) for name in a.labels])
        lower = p.lower.copy()
        upper = np.minimum(p.upper, 1.0)
        for row, top in zip(
            p.rows, p.rows_upper, strict=True
        ):  # a limit whose other terms cannot be negative
            if (row >= 0).all() and (lower >= 0).all() and np.isfinite(top):
                reach = np.divide(top, row, out=np.full(len(row), np.inf), where=row > 0)
                upper = np.minimum(upper, np.maximum(reach, lower))
        if (lower < 0).any():
            raise ValueError(
                "few funds and whole percents need a mandate without short positions: add "
                "long_only()"
            )
        self.root = self.part(lower, upper, frozenset())

    def part(self, lower: Array, upper: Array, chosen: frozenset[int]) -> _Part | None:
        """The relaxation between two limits; None where nothing obeys it."""
        if self.whole:
            lower = np.ceil(100 * lower - 1e-7) / 100
            upper = np.floor(100 * upper + 1e-7) / 100
        chosen = chosen | frozenset(np.flatnonzero(lower > 0).tolist())
        others = np.array(
            [i for i in range(len(lower)) if i not in chosen and upper[i] > HELD], dtype=int
        )
        room = self.k - len(chosen)
        if room <= 0:
            upper = upper.copy()
            upper[others] = 0.0
            others = others[:0]
        if room < 0 or (lower > upper).any():
            return None
        p = replace(self.p, lower=lower, upper=upper)
        if 0 < room < len(others):
            row = np.zeros(len(lower))
            row[others] = 1 / upper[others]
            p = replace(
                p,
                rows=np.vstack([p.rows, row]),
                rows_lower=np.append(p.rows_lower, -np.inf),
                rows_upper=np.append(p.rows_upper, float(room)),
                row_names=(*p.row_names, "few funds"),
            )
        w = self.best(p)
        return None if w is None else self.valued(lower, upper, chosen, w)

    def valued(self, lower: Array, upper: Array, chosen: frozenset[int], w: Array) -> _Part:
        return _Part(
            lower, upper, chosen, w, float(self.a.mu @ w - self.aversion / 2 * w @ self.a.sigma @ w)
        )

    def best(self, p: Program) -> Array | None:
        """The best weights under limits and bounds; None where nothing obeys them. Fixed ones are
        taken out.
        """
        import piqp

        self.solved += 1
        free = p.upper - p.lower > HELD
        w = (p.lower + p.upper) / 2
        still = np.where(free, 0.0, w)
        base = p.rows @ still
        rows = p.rows[:, free]
        least = p.rows_lower - base
        most = p.rows_upper - base
        reach = np.where(rows > 0, rows, 0.0), np.where(rows < 0, rows, 0.0)
        low = p.lower[free]
        high = p.upper[free]
        top = reach[0] @ high + reach[1] @ low
        bottom = reach[0] @ low + reach[1] @ high
        if (top < least - HELD).any() or (bottom > most + HELD).any():
            return None
        if not free.any():
            return w
        same = p.rows_lower == p.rows_upper
        scale = float(np.abs(self.a.sigma).max())
        c = (self.c - self.a.sigma @ still)[free] / scale
        asked = (
            np.asfortranarray(self.a.sigma[np.ix_(free, free)] / scale),
            -c,
            np.asfortranarray(rows[same]),
            least[same],
            np.asfortranarray(rows[~same]),
            least[~same],
            most[~same],
            low,
            high,
        )
        for rounds in ROUNDS:
            solver = piqp.DenseSolver()
            solver.settings.max_iter = rounds
            for setting in ("eps_abs", "eps_rel", "eps_duality_gap_abs", "eps_duality_gap_rel"):
                setattr(solver.settings, setting, 1e-11)
            solver.setup(*asked)
            status = solver.solve()
            r = solver.result
            if status == piqp.PIQP_SOLVED:
                w[free] = np.clip(r.x, low, high)
                return w
            y = np.zeros(len(rows))
            y[same], y[~same] = -r.y, r.z_l - r.z_u
            if refuted(p, y):
                return None
        if not possible(p):
            return None
        raise NotSolved(
            f"piqp ({status.name}): no answer for a part that has one; change the risk aversion "
            f"a little"
        )

    def run(self, most_solved: int) -> tuple[_Part | None, float, int]:
        """The best part found, an upper bound on all others (minus infinity for none left), and
        problems solved.
        """
        best: _Part | None = None
        queue: list[tuple[float, int, _Part]] = []
        part = self.root
        count = 0
        while part is not None and self.solved < most_solved:
            children = self.split(part)
            found = [self.part(*limits) for limits in children] if children else []
            whole = self.rounded(part) if children and self.whole else None
            for candidate in (None if children else part, whole):
                if candidate is not None and (best is None or candidate.value > best.value):
                    best = candidate
            floor = -np.inf if best is None else best.value + WORTH
            kept = sorted(
                (x for x in found if x is not None and x.value > floor), key=lambda x: x.value
            )
            part = (
                kept.pop() if kept else None
            )  # the better half at once; the other waits in the queue
            for other in kept:
                count += 1
                heapq.heappush(queue, (-other.value, count, other))
            while queue and part is None and -queue[0][0] > floor:
                part = heapq.heappop(queue)[2]
        left = [-value for value, _, _ in queue] + ([] if part is None else [part.value])
        if best is None and left:
            best = self.alone()
        return best, max(left, default=-np.inf), self.solved

    def alone(self) -> _Part | None:
        """The best single fund, held whole, that obeys everything; None where none does."""
        found = [
            self.valued(w, w, frozenset(), w)
            for w in np.eye(len(self.c))
            if self.obeys(w, self.p.lower, self.p.upper)
        ]
        return max(found, key=lambda part: part.value, default=None)

    def obeys(self, w: Array, lower: Array, upper: Array) -> bool:
        """Whether weights keep every limit, and lie between two bounds."""
        value = self.p.rows @ w
        least, most = self.p.rows_lower - HELD, self.p.rows_upper + HELD
        within = (w >= lower - HELD).all() and (w <= upper + HELD).all()
        return bool(within and (value >= least).all() and (value <= most).all())

    def split(self, part: _Part) -> list[tuple[Array, Array, frozenset[int]]]:
        """Two parts that together hold every portfolio of this one that counts; none where its best
        one counts.
        """
        held = np.flatnonzero(part.w > HELD)
        if len(held) > self.k:
            free: NDArray[np.intp] = np.array([i for i in held if i not in part.chosen])
            i = int(free[np.argmax(part.w[free] / part.upper[free])])
            without = part.upper.copy()
            without[i] = 0.0
            return [(part.lower, without, part.chosen), (part.lower, part.upper, part.chosen | {i})]
        if not self.whole:
            return []
        off = np.abs(100 * part.w - np.round(100 * part.w))
        i = int(np.argmax(off))
        if off[i] <= 1e-6:
            return []
        lower = part.lower.copy()
        upper = part.upper.copy()
        upper[i], lower[i] = np.floor(100 * part.w[i]) / 100, np.ceil(100 * part.w[i]) / 100
        return [(part.lower, upper, part.chosen), (lower, part.upper, part.chosen)]

    def rounded(self, part: _Part) -> _Part | None:
        """The part's answer in whole percents, largest remainders first, where that obeys
        everything.
        """
        w = np.floor(100 * part.w + 1e-7)
        missing = round(100 - w.sum())
        w[np.argsort(w - 100 * part.w, kind="stable")[: max(missing, 0)]] += 1
        w /= 100
        if (w > HELD).sum() > self.k or not self.obeys(w, part.lower, part.upper):
            return None
        return self.valued(w, w, frozenset(), w)
