"""How much may be put in, by whom, and into which kind of account?

The law's limits of a year (`taxes.limits`) as one person meets them: deferrals (IRC 402(g)), the
catch-up from 50 and the larger one from 60 to 63 (414(v)(2)(E)), all additions (415(c)), an IRA
beside the plan (219), fifteen years of service with a qualified employer in a 403(b) (402(g)(7)).
From 2026 who earned more than the threshold from the employer in the year before may catch up to
Roth only; where the plan has no Roth account, not at all (414(v)(7); Notice 2025-67).

A year whose limits have not been announced is refused by name. Left out: the phase-outs of IRA
deductions and of Roth IRAs by income, several employers, and 457(b) plans.
"""

from __future__ import annotations

from dataclasses import dataclass

from portlib.ranges import door
from portlib.retirement import taxes

#: IRC 402(g)(7)(A): a year, in all, and for each year of service, US dollars.
SERVICE_YEARLY, SERVICE_IN_ALL, SERVICE_A_YEAR = 3_000.0, 15_000.0, 5_000.0


@dataclass(frozen=True)
class Room:
    """What a person may put in during a year, US dollars.

    Attributes
    ----------
    deferral : without catch-up.
    catch_up : beside it, and whether it must be Roth (``catch_up_roth_only``).
    service : of a 403(b).
    additions : the limit of all together without catch-up.
    ira : stands beside.
    why : about the catch-up, in words.
    """

    year: int
    age: int
    deferral: float
    catch_up: float
    catch_up_roth_only: bool
    service: float
    additions: float
    ira: float
    why: str

    @property
    def employee(self) -> float:
        """Most that may be deferred in the plan."""
        return self.deferral + self.catch_up + self.service


@door()
def room(
    year: int,
    age: int,
    wages_before: float,
    *,
    roth_offered: bool = True,
    service_years: float = 0.0,
    service_used: float = 0.0,
    deferred_before: float = 0.0,
) -> Room:
    """The limits of a person who reaches `age` in `year`.

    Parameters
    ----------
    wages_before : FICA wages of the year before from the employer of the plan.
    roth_offered : whether the plan has Roth accounts.
    service_years : with a qualified employer in a 403(b), 0 elsewhere; `service_used` of its
        catch-up so far, `deferred_before` in all earlier years.

    Returns
    -------
    Room
        US dollars.

    Raises
    ------
    ValueError
        For a year whose limits are not known, naming what is missing.

    Examples
    --------
    At 61 the larger catch-up, of Roth only where wages of the year before are above 150,000; at it
    they are not, and without a Roth account there is none:

    >>> room(2026, 61, 180_000).catch_up, room(2026, 61, 180_000).catch_up_roth_only
    (11250.0, True)
    >>> room(2026, 50, 150_000).catch_up, room(2026, 50, 150_000).catch_up_roth_only
    (8000.0, False)
    >>> without = room(2026, 50, 150_001, roth_offered=False)
    >>> without.catch_up, without.catch_up_roth_only, without.why
    (0.0, False, 'wages of 2025 above 150,000, and no Roth account')
    >>> room(2025, 50, 900_000, roth_offered=False).catch_up  # not in force
    7500.0
    >>> young = room(2026, 49, 180_000)
    >>> young.employee, young.additions, young.ira, young.why
    (24500.0, 72000.0, 7500.0, 'below 50: no catch-up')

    >>> room(2026, 61, 180_000).why, room(2026, 61, 180_000, roth_offered=False).catch_up
    ('wages of 2025 above 150,000: catch-up to Roth only', 0.0)
    >>> room(2026, 50, 150_000).why, room(2026, 50, 150_000).additions
    ('catch-up may be either kind', 72000.0)

    >>> list(vars(room(2024, 52, 9e5)).values())[:8]  # as Notice 2023-75 prints them
    [2024, 52, 23000.0, 7500.0, False, 0.0, 69000.0, 8000.0]

    Fifteen years of service give 3,000 a year, 15,000 in all, and no more than 5,000 a year of
    service less what was deferred:

    >>> [room(2026, 45, 60_000, service_years=years).service for years in (14.5, 15)]
    [0.0, 3000.0]
    >>> at = {"year": 2026, "age": 55, "wages_before": 60_000, "service_years": 16}
    >>> [room(**at, service_used=used).service for used in (13_500, 16_000)]
    [1500.0, 0.0]
    >>> [room(**at, deferred_before=before).service for before in (70_000, 79_000)]
    [3000.0, 1000.0]
    >>> room(**at | {"service_years": 20, "deferred_before": 98_500}).service  # of 100,000
    1500.0
    >>> room(**at).employee  # 24,500 + 8,000 + 3,000
    35500.0
    >>> room(2027, 45, 60_000)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: ... of 2027: not announced when this was checked, ...
    """
    law = taxes.limits(year, age)
    catch_up = law.catch_up
    high = law.roth_catch_up_wages == law.roth_catch_up_wages and (
        wages_before > law.roth_catch_up_wages
    )
    why = "below 50: no catch-up" if catch_up == 0 else "catch-up may be either kind"
    if catch_up and high:
        why = f"wages of {year - 1} above {law.roth_catch_up_wages:,.0f}: catch-up to Roth only"
        if not roth_offered:
            catch_up = 0.0
            why = f"wages of {year - 1} above {law.roth_catch_up_wages:,.0f}, and no Roth account"
    service = 0.0
    if service_years >= 15:
        service = min(
            SERVICE_YEARLY,
            SERVICE_IN_ALL - service_used,
            SERVICE_A_YEAR * service_years - deferred_before,
        )
    return Room(
        year,
        age,
        law.elective_deferral,
        catch_up,
        bool(catch_up and high),
        max(service, 0.0),
        law.annual_additions,
        law.ira,
        why,
    )
