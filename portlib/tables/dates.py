"""Which days, months or years do the labels of a table write, and how often is there a row?

A column of dates has one form. The forms that fit every label are tried; where month and day could
be confused, the one under which rows follow each other month by month (or day by day) is taken, and
where both do the column is refused. Names of months may be English, German, French or
Spanish. Left out: other languages, fiscal years.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from portlib.data import DataError

Period = Literal["day", "month", "quarter", "year"]
Frequency = Literal["day", "week", "month", "quarter", "year", "irregular"]
#: Days between two rows, from and to.
_GAPS: dict[Frequency, tuple[int, int]] = {
    "day": (0, 4),
    "week": (6, 8),
    "month": (27, 32),
    "quarter": (88, 93),
    "year": (360, 370),
}

#: Names of months beside the English ones, as spreadsheets of these languages write them; none of
#: them means two months.
_ABROAD = (
    "januar jänner jan janvier janv enero ene",
    "februar feb février févr fév fevrier fevr febrero",
    "märz maerz mär mrz mars marzo mar",
    "april apr avril avr abril abr",
    "mai mayo",
    "juni jun juin junio",
    "juli jul juillet juil julio",
    "august aug août aout agosto ago",
    "september sept sep septembre septiembre",
    "oktober okt octobre oct octubre",
    "november nov novembre noviembre",
    "dezember dez décembre déc decembre dec diciembre dic",
)
MONTHS = {
    word: number
    for number, abroad in enumerate(_ABROAD, 1)
    for word in (
        calendar.month_name[number].lower(),
        calendar.month_abbr[number].lower(),
        *abroad.split(),
    )
}
_NAMES = "|".join(sorted(MONTHS, key=len, reverse=True))
_TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?(?:Z|[+-]\d{2}:?\d{2})?)?"
_MONTH_NAME = rf"(?P<name>{_NAMES})\.?"
#: What a form is called, the period that a label means, and its pattern; ``y`` has 2 or 4 digits.
_FORMS: tuple[tuple[str, Period, str], ...] = (
    ("year-month-day", "day", rf"(?P<y>\d{{4}})([-/.])(?P<m>\d{{1,2}})\2(?P<d>\d{{1,2}}){_TIME}"),
    ("year-month-day", "day", r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
    (
        "month-day-year",
        "day",
        rf"(?P<m>\d{{1,2}})([-/.])(?P<d>\d{{1,2}})\2(?P<y>\d{{4}}|\d\d){_TIME}",
    ),
    (
        "day-month-year",
        "day",
        rf"(?P<d>\d{{1,2}})([-/.])(?P<m>\d{{1,2}})\2(?P<y>\d{{4}}|\d\d){_TIME}",
    ),
    (
        "day, month's name, year",
        "day",
        rf"(?P<d>\d{{1,2}})[-. ]+{_MONTH_NAME}[-, ]+(?P<y>\d{{4}}|\d\d)",
    ),
    ("month's name, day, year", "day", rf"{_MONTH_NAME} +(?P<d>\d{{1,2}}),? +(?P<y>\d{{4}})"),
    ("year-month", "month", r"(?P<y>\d{4})[-/.]?(?P<m>\d{2})"),
    ("year-month", "month", r"(?P<y>\d{4})-?[Mm](?P<m>\d{1,2})"),
    ("month-year", "month", r"(?P<m>\d{1,2})[-/.](?P<y>\d{4})"),
    ("month's name and year", "month", rf"{_MONTH_NAME}[-/,' ]*(?P<y>\d{{4}}|\d\d)"),
    ("year and month's name", "month", rf"(?P<y>\d{{4}}|\d\d)[-/ ]*{_MONTH_NAME}"),
    ("quarters", "quarter", r"(?P<y>\d{4})[- ]?[Qq](?P<q>[1-4])"),
    ("quarters", "quarter", r"[Qq](?P<q>[1-4])[- ]?(?P<y>\d{4})"),
    ("years", "year", r"(?P<y>(?:18|19|20|21)\d{2})(?:\.0)?"),
)
_PATTERNS = tuple((what, period, re.compile(form, re.IGNORECASE)) for what, period, form in _FORMS)
ORDERS = tuple(dict.fromkeys(what for what, _, _ in _FORMS[:4]))
#: Two-digit years from here on belong to the last century.
_PIVOT = 69


@dataclass(frozen=True, eq=False)
class Dates:
    """Labels as dates: a day, or the first day of the month, quarter or year that is meant."""

    values: pd.DatetimeIndex
    period: Period
    form: str


def parse(
    labels: Sequence[str], name: str, lines: Sequence[int], order: str | None = None
) -> Dates:
    """The dates that all labels write in one form.

    Parameters
    ----------
    labels : text.
    name, lines : the file and the line of each label, for messages.
    order : ``"month-day-year"``, ``"day-month-year"`` or ``"year-month-day"``, where it decides.

    Raises
    ------
    DataError
        Naming the first label that is no date like the others, or both readings.

    Examples
    --------
    There is no 28th month, so that a date beside it reads day first; alone it could be either.
    Where one reading gives months in sequence and the other does not, that one is meant:

    >>> def read(*labels, order=None):
    ...     return parse(labels, "mine.csv", range(2, 2 + len(labels)), order)
    >>> read("02/03/2015", "28/03/2015").form
    'day-month-year'
    >>> monthly = read("01/11/2014", "01/12/2014", "01/01/2015")
    >>> monthly.form, [f"{day:%m-%d}" for day in monthly.values]
    ('day-month-year', ['11-01', '12-01', '01-01'])
    >>> read("02/03/2015")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: mine.csv: '02/03/2015' may be 2015-02-03 (month-day-year) or ...
    >>> [f"{read('02/03/2015', order=order).values[0]:%m-%d}" for order in ORDERS[1:]]
    ['02-03', '03-02']
    >>> for labels in (["spring", "2015-01-31", "2015-02-28"], ["spring", "autumn", "2015"]):
    ...     try:
    ...         parse(labels, "mine.csv", [7, 9, 12])
    ...     except DataError as error:
    ...         print(error)
    mine.csv: line 7: 'spring' is not a date like the others; write 2020-01-31
    mine.csv: line 7: 'spring' is not a date like 2020-01-31
    >>> read("02/03/2015", order="month first")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: mine.csv: dates is one of year-month-day, month-day-year, ...

    It goes on in ``dates.md``.
    """
    if order is not None and order not in ORDERS:
        raise DataError(f"{name}: dates is one of {', '.join(ORDERS)}, not {order!r}")
    labels = [label.strip() for label in labels]
    at, unique = pd.factorize(np.array(labels, dtype=object))
    some = list(unique[:: max(1, len(unique) // 40)])
    fitting: list[Dates] = []
    best, first_miss = 0, 0
    for what, period, pattern in _PATTERNS:
        if order is not None and period == "day" and what in ORDERS and what != order:
            continue
        if not any(pattern.fullmatch(label) for label in some):
            continue
        days = [_one(pattern.fullmatch(label), period) for label in unique]
        read = [days[i] for i in at]
        hits = sum(day is not None for day in read)
        if hits == len(labels):
            fitting.append(Dates(pd.DatetimeIndex(days)[at], period, what))
        elif hits > best:
            best = hits
            first_miss = next(i for i, day in enumerate(read) if day is None)
    if not fitting and (serial := _serial(labels)) is not None:
        return serial
    if not fitting:
        if best >= max(2, 0.5 * len(labels)):
            odd = labels[first_miss]
            second = "; does a second table begin there? Leave one" if len(odd.split()) > 2 else ""
            raise DataError(
                f"{name}: line {lines[first_miss]}: {odd!r} is not a date like the others; write "
                f"2020-01-31{second}"
            )
        raise DataError(f"{name}: line {lines[0]}: {labels[0]!r} is not a date like 2020-01-31")
    return _one_reading(fitting, labels, name)


def decided(labels: Sequence[str]) -> str | None:
    """The one order of day, month and year that fits all labels; None where several do, or none.

    Examples
    --------
    >>> decided(["02/03/2015", "28/03/2015"]), decided(["02/03/2015"]), decided(["spring"])
    ('day-month-year', None, None)
    >>> decided(["03/28/2015"]), decided(["2015-03-28"])
    ('month-day-year', 'year-month-day')

    Rows that follow each other day by day decide, oldest or newest first; so do months in a row:

    >>> decided(["10/01/2015", "11/01/2015", "12/01/2015"]), decided(["11/01/2015", "10/01/2015"])
    (None, None)
    >>> parse(["12/01/2015", "13/01/2015", "14/01/2015"], "a.csv", [2, 3, 4]).form
    'day-month-year'
    >>> weekly = ["02/03/2015", "09/03/2015", "16/03/2015"]
    >>> decided(weekly), decided(weekly[::-1]), decided(["2015-03-02", "2015-02-02"])
    ('day-month-year', 'day-month-year', 'year-month-day')
    >>> late = ["01/02/2015", "01/12/2014", "01/11/2014"]  # no month is next to the first
    >>> parse(["01/01/2015", "01/12/2014", "01/11/2014"], "a.csv", [2, 3, 4]).form
    'day-month-year'
    >>> parse(late, "a.csv", [2, 3, 4])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: a.csv: '01/02/2015' may be 2015-01-02 (month-day-year) or 2015-02-01 ...
    """
    fitting = []
    for order in ORDERS:
        try:
            parse(labels, "", range(len(labels)), order)
        except DataError:
            continue
        fitting.append(order)
    return fitting[0] if len(fitting) == 1 else None


def looks_dated(labels: Sequence[str]) -> bool:
    """Are most of these labels dates in some form (numbers of a year alone included)?

    Examples
    --------
    Three labels of five are most:

    >>> looks_dated(["2015-01", "2015-02", "2015-03", "mean", "total"])
    True
    >>> looks_dated(["2015-01", "2015-02", "mean", "total", "sum"]), looks_dated(["42035"])
    (False, True)
    >>> looks_dated(["2015-01", "2015-02", "mean", "total"])
    False
    >>> looks_dated(["2015"]), looks_dated(["0.03"]), looks_dated(["42036"])  # the first of a month
    (True, False, False)
    """
    for _, period, pattern in _PATTERNS:
        hits = sum(_one(pattern.fullmatch(label.strip()), period) is not None for label in labels)
        if hits >= max(1, 0.6 * len(labels)):
            return True
    return _serial([label.strip() for label in labels]) is not None


def frequency(dates: Dates) -> Frequency:
    """How often is there a row: by day, week, month, quarter or year, or irregularly?

    Examples
    --------
    >>> def often(freq, periods=9):
    ...     days = pd.date_range("2015-01-30", periods=periods, freq=freq)
    ...     return frequency(Dates(days, "day", ""))
    >>> [often(freq) for freq in ("B", "W", "ME", "QE", "YE", "2ME")]
    ['day', 'week', 'month', 'quarter', 'year', 'irregular']
    >>> often("B", 1), frequency(Dates(pd.date_range("2015-01-01", periods=3), "quarter", ""))
    ('month', 'quarter')
    >>> late = pd.DatetimeIndex(["2015-03-31", "2015-01-31", "2015-02-28", "2015-02-28"])
    >>> frequency(Dates(late, "day", ""))
    'month'

    It goes on in ``dates.md``.
    """
    if dates.period != "day":
        return dates.period
    values = dates.values.sort_values().unique()
    if len(values) < 2:
        return "month"
    gap = float(np.median(np.diff(values.to_numpy()) / np.timedelta64(1, "D")))
    for name, (low, high) in _GAPS.items():
        if low <= gap <= high:
            return name
    return "irregular"


def month_ends(dates: Dates) -> tuple[pd.PeriodIndex, str, np.ndarray]:
    """The month that each label means, how it labels it, and which labels mean none for certain.

    A day means its month if all days are first days, last days of the calendar, or (where no label
    falls on a weekend) the last day of trade, at most one weekday before the last.

    Examples
    --------
    The last day of January 2015 was a Saturday: who gives Friday the 30th has the last trading day,
    and Thursday the 29th is one weekday before it. The 28th means no month for certain.

    >>> def read(*days, period="day"):
    ...     months, form, unsure = month_ends(Dates(pd.DatetimeIndex(days), period, "dated"))
    ...     return [str(month) for month in months], form, unsure.tolist()
    >>> read("2015-01-30", "2015-02-27", "2015-03-31")
    (['2015-01', '2015-02', '2015-03'], 'dated, last trading day', [False, False, False])
    >>> read("2015-01-29", "2015-02-27")[2], read("2015-01-28", "2015-02-27")[2]
    ([False, False], [True, False])
    >>> read("2015-01-31", "2015-02-27", "2015-03-31")[1:]  # a Saturday: the calendar's last days
    ('dated', [False, True, False])
    >>> read("2015-01-01", "2015-02-01", "2015-03-02")[1:]
    ('dated, first of the month', [False, False, True])
    >>> read("2015-01-14", "2015-02-14", period="month")[1:]
    ('dated', [False, False])

    It goes on in ``dates.md``.
    """
    months = dates.values.to_period("M")
    if dates.period == "month":
        return months, dates.form, np.zeros(len(months), bool)
    days = dates.values
    first = days.day == 1
    if first.sum() > 0.5 * len(days):
        return months, f"{dates.form}, first of the month", ~first
    last = np.asarray(days.is_month_end)
    weekend = np.asarray(days.day_of_week) >= 5
    if (last & weekend).any() or last.all():
        return months, dates.form, ~last
    after = np.array([_weekdays_after(day) for day in days])
    return months, f"{dates.form}, last trading day", weekend | (after > 1)


def _weekdays_after(day: pd.Timestamp) -> int:
    """Weekdays that remain in the month after a day."""
    rest = pd.date_range(day + pd.Timedelta(days=1), day + pd.offsets.MonthEnd(0), freq="D")
    return int((rest.day_of_week < 5).sum())


def _one(match: re.Match[str] | None, period: Period) -> pd.Timestamp | None:
    if match is None:
        return None
    part = match.groupdict()
    year = int(part["y"])
    if len(part["y"]) == 2:
        year += 1900 if year >= _PIVOT else 2000
    if part.get("name"):
        month = MONTHS[part["name"].lower()]
    elif part.get("q"):
        month = 3 * int(part["q"]) - 2
    else:
        month = int(part.get("m") or 1)
    day = int(part.get("d") or 1)
    if not 1800 <= year < 2200 or not 1 <= month <= 12:
        return None
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return pd.Timestamp(year, month, day)


def _serial(labels: list[str]) -> Dates | None:
    """Excel's day numbers, if all labels are some and all fall on month ends."""
    if not all(re.fullmatch(r"\d{5}(?:\.0)?", label) for label in labels):
        return None
    days = pd.DatetimeIndex(
        [pd.Timestamp("1899-12-30") + pd.Timedelta(days=int(float(label))) for label in labels]
    )
    ends = bool(np.asarray(days.is_month_end).all())
    return Dates(days, "day", "Excel's day numbers") if ends else None


def _one_reading(fitting: list[Dates], labels: list[str], name: str) -> Dates:
    """Of several forms that fit, the one that gives a regular series; else a refusal."""
    distinct: list[Dates] = []
    for dates in fitting:
        if not any(dates.period == d.period and dates.values.equals(d.values) for d in distinct):
            distinct.append(dates)
    if len(distinct) == 1:
        return distinct[0]
    regular = [dates for dates in distinct if _regular(dates)]
    if len(regular) == 1:
        return regular[0]
    one, other = (regular or distinct)[:2]
    at = int(np.flatnonzero(one.values != other.values)[0])
    raise DataError(
        f"{name}: {labels[at]!r} may be {one.values[at]:%Y-%m-%d} ({one.form}) or "
        f"{other.values[at]:%Y-%m-%d} ({other.form}), and no date of the file decides; say "
        f"dates: {one.form} or dates: {other.form}"
    )


def _regular(dates: Dates) -> bool:
    """Do rows follow each other without a jump, in one direction?"""
    if len(dates.values) < 3:
        return False
    steps = np.diff(dates.values.to_numpy()) / np.timedelta64(1, "D")
    steps = steps if steps.sum() > 0 else -steps
    each = np.diff(dates.values.to_period("M").asi8)
    monthly = bool((each == 1).all() or (each == -1).all())
    return monthly or bool((steps >= 0).all() and steps.max() <= 10)
