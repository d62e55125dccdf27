"""Users' own tables of returns: what has one meaning is read, what has two is refused by name."""

import io
import os

import numpy as np
import pandas as pd
import pytest

from portlib import tables
from portlib.data import DataError
from portlib.history import long_record
from portlib.tables import Text

MONTHS = pd.date_range("2015-01-31", periods=36, freq="ME", name="month")


@pytest.fixture(scope="module")
def own() -> pd.DataFrame:
    draws = np.random.default_rng(7).normal([0.006, 0.003], [0.04, 0.01], size=(36, 2))
    return pd.DataFrame(draws.round(4), index=MONTHS, columns=["stocks", "bonds"])


def csv(own, dates="%Y-%m-%d", value="{:.4f}", mark=",", head="date", index=None):
    labels = [day.strftime(dates) for day in (MONTHS if index is None else index)]
    lines = [mark.join([head, *own.columns])]
    for label, row in zip(labels, own.to_numpy(), strict=True):
        lines.append(mark.join([label, *(value.format(x) for x in row)]))
    return "\n".join(lines) + "\n"


def percent(own, sign="%"):
    return csv(own * 100, value="{:.2f}" + sign)


def parenthesised(own):
    lines = ["date,stocks,bonds"]
    for day, row in own.iterrows():
        cells = [f"({-x:.4f})" if x < 0 else f"{x:.4f}" for x in row]
        lines.append(",".join([f"{day:%Y-%m-%d}", *cells]))
    return "\n".join(lines)


def comma(text):
    return text.replace(".", ",")


def business(own):
    return csv(own, index=pd.date_range("2015-01-30", periods=36, freq="BME"))


def across(own):
    return own.set_axis([f"{d:%b %Y}" for d in own.index]).T.rename_axis("Fund").to_csv()


def listed(own):
    long = own.rename_axis("Date").reset_index().melt("Date", var_name="Fund", value_name="Return")
    return long.to_csv(index=False)


def years_and_months(own):
    dated = own.assign(Year=own.index.year, Month=own.index.month)
    return dated[["Year", "Month", "stocks", "bonds"]].to_csv(index=False)


def serials(own):
    days = (own.index - pd.Timestamp("1899-12-30")).days
    return own.set_axis(days.rename("date")).to_csv()


def named(own, months):
    """Dates as spreadsheets of other languages write them: ``Mrz 15``."""
    words = months.split()
    lines = ["Monat;stocks;bonds"]
    for day, row in own.iterrows():
        label = f"{words[day.month - 1]} {day:%y}"
        lines.append(";".join([label, *(f"{value:.4f}".replace(".", ",") for value in row)]))
    return "\n".join(lines)


def firsts(own):
    return MONTHS - pd.offsets.MonthBegin(1)


EXPORTS = {
    "pandas, index named": lambda x: x.to_csv(),
    "pandas, index without a name": lambda x: x.rename_axis(None).to_csv(),
    "pandas, times in the dates": lambda x: csv(x, "%Y-%m-%d 00:00:00"),
    "pandas, a counter before the dates": lambda x: x.reset_index().to_csv(),
    "pandas, monthly periods": lambda x: x.to_period("M").to_csv(),
    "US dates": lambda x: csv(x, "%m/%d/%Y"),
    "US dates of two digits": lambda x: csv(x, "%m/%d/%y"),
    "US dates, first of the month": lambda x: csv(x, "%m/%d/%Y", index=firsts(x)),
    "FRED, first of the month": lambda x: csv(x, index=firsts(x)),
    "month names": lambda x: csv(x, "%b-%y"),
    "full names": lambda x: csv(x, '"%B %d, %Y"'),
    "201501": lambda x: csv(x, "%Y%m"),
    "20150131": lambda x: csv(x, "%Y%m%d"),
    "2015M01": lambda x: csv(x, "%YM%m"),
    "last trading days": business,
    "percent signs": percent,
    "percent in the names": lambda x: csv(
        (x * 100).set_axis(["stocks (%)", "bonds (%)"], axis=1), value="{:.2f}"
    ),
    "percent in the title": lambda x: (
        "Monthly returns, in percent\n\n" + csv(x * 100, value="{:.2f}")
    ),
    "parentheses": parenthesised,
    "semicolons, decimal commas": lambda x: comma(csv(x, "%d/%m/%Y", mark=";")),
    "semicolons, dots in dates": lambda x: (
        csv(x, "%d#%m#%Y", mark=";").replace(".", ",").replace("#", ".")
    ),
    "semicolons, percent signs": lambda x: comma(percent(x, " %").replace(",", ";")),
    "quoted decimal commas": lambda x: csv(x, value='"{:.4f}"').replace(".", ","),
    "tabs": lambda x: csv(x, mark="\t"),
    "Excel's sep line": lambda x: "sep=;\n" + csv(x, mark=";"),
    "title lines": lambda x: "Monthly returns of the plan\n\n" + csv(x),
    "empty columns at the end": lambda x: csv(x).replace("\n", ",,\n"),
    "footnotes": lambda x: csv(x) + "\nSource: the record keeper\n",
    "a line of averages": lambda x: csv(x) + "Average,0.01,0.02\n",
    "newest first": lambda x: csv(x.iloc[::-1], index=MONTHS[::-1]),
    "months across": across,
    "a list": listed,
    "Windows line ends": lambda x: csv(x).replace("\n", "\r\n"),
    "Excel's day numbers": serials,
    "a year and a month column": years_and_months,
    "figures of the fund above": lambda x: "Fund,ABC\nPeriod,Monthly\n" + csv(x),
    "German names of months": lambda x: named(x, "jan feb mrz apr mai jun jul aug sep okt nov dez"),
    "French names of months": lambda x: named(
        x, "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."
    ),
    "Spanish names of months": lambda x: named(
        x, "ene feb mar abr may jun jul ago sep oct nov dic"
    ),
    "R's write.table, dates as row names": lambda x: csv(x).replace("date,", "", 1),
    "Bloomberg's field under each name": lambda x: (
        "Security,stocks,bonds\nStart Date,1/31/2015,1/31/2015\nPeriod,M,M\n"
        + csv(x, "%m/%d/%Y").replace("date,stocks,bonds", "Dates,TOT_RETURN,TOT_RETURN")
    ),
    "every cell quoted": lambda x: '"' + csv(x).replace(",", '","').replace("\n", '"\n"')[:-1],
}


@pytest.mark.parametrize("export", EXPORTS)
def test_exports_whose_meaning_is_certain_are_read(own, export):
    read = tables.returns(Text("mine.csv", EXPORTS[export](own)))
    assert list(read.values.columns) == ["stocks", "bonds"]
    pd.testing.assert_frame_equal(
        read.values, own, check_freq=False, check_index_type=False, check_names=False, atol=1e-12
    )
    assert read.as_read.startswith("as read: 36 months, 2015-01 to 2017-12, 2 series, ")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_are_told_apart(own, tmp_path, encoding):
    path = tmp_path / "mine.csv"
    path.write_bytes(csv(own.rename(columns={"bonds": "Änderung"})).encode(encoding))
    read = tables.returns(path)
    assert list(read.values.columns) == ["stocks", "Änderung"]
    assert ("UTF-16" in read.as_read) == encoding.startswith("utf-16")


def test_what_was_understood_is_said(own):
    text = Text("mine.csv", percent(own).replace("-31,", "-31,").replace("date", "Date"))
    said = tables.returns(text).as_read
    assert said.endswith("percent with a sign, dates year-month-day")
    said = tables.returns(Text("m.csv", csv(own, "%m/%d/%Y"))).as_read
    assert said.endswith("decimals, dates month-day-year")


def test_parquet_is_read_by_dates_periods_or_column(own, tmp_path):
    own.to_parquet(tmp_path / "index.parquet")
    own.to_period("M").to_parquet(tmp_path / "periods.parquet")
    own.reset_index().to_parquet(tmp_path / "column.parquet")
    for file in ("index", "periods", "column"):
        read = tables.returns(tmp_path / f"{file}.parquet").values
        assert read.to_numpy() == pytest.approx(own.to_numpy(), abs=1e-15)
        assert list(read.index) == list(own.index)
    rows = own.reset_index().astype({"month": str}).replace("2015-03-31", "2015-03-29")
    rows.set_axis([0, 2, 1, *range(3, 36)]).to_parquet(tmp_path / "moved.parquet")
    with pytest.raises(DataError, match="2015-03-29 is not the last day"):
        tables.returns(tmp_path / "moved.parquet")


def test_a_calendar_of_years_by_months_is_one_series():
    rows = ["Global Fund", "Year,Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec,YTD"]
    rows += ["2020,,,0.1%,-0.2%,0.3%,0.4%,0.5%,0.6%,0.7%,0.8%,0.9%,1.0%,5.2%"]
    rows += ["2021,1.1%,1.2%,1.3%,,,,,,,,,,3.6%"]
    read = tables.returns(Text("fund.csv", "\n".join(rows)))
    assert list(read.values) == ["Global Fund"] and len(read.values) == 13
    assert read.values.iloc[[0, -1], 0].tolist() == pytest.approx([0.001, 0.013])


def test_late_starters_do_not_shorten_the_others(own):
    own = own.copy()
    own.iloc[:12, 1] = np.nan
    own.iloc[-3:, 0] = np.nan
    read = tables.returns(Text("mine.csv", own.to_csv()))
    assert len(read.values) == 36
    assert read.spans.loc["bonds", "periods"] == 24 and read.spans.loc["stocks", "periods"] == 33
    assert read.as_read.endswith("bonds from 2016-01, stocks to 2017-09")


def lines(own):
    return csv(own).splitlines()


def swap(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda x: x[:5] + x[6:], r"mine.csv: line 6: 2015-06 does not follow .* gap"),
        (lambda x: x[:5] + x[4:], "line 6: 2015-04 is a month that already has a row"),
        (lambda x: [*x[:5], x[6], x[5], *x[7:]], "line 7: 2015-05 comes after a later month"),
        (
            lambda x: [*x[:5], swap(x[5], "05-31", "05-28"), *x[6:]],
            "line 6: 2015-05-28 is not the last",
        ),
        (
            lambda x: [*x[:5], swap(x[5], "2015-05-31", "May 2015"), *x[6:]],
            "'May 2015' is not a date like",
        ),
        (
            lambda x: [*x[:5], swap(x[5], "05-31", "05-32"), *x[6:]],
            "'2015-05-32' is not a date like",
        ),
        (
            lambda x: [*x[:5], "2015-05-31,0.01,", *x[6:]],
            "column 'bonds', 2015-05-31: '' is missing",
        ),
        (
            lambda x: [*x[:5], "2015-05-31,NaN,0.01", *x[6:]],
            "column 'stocks', 2015-05-31: '' is missing",
        ),
        (
            lambda x: [*x[:5], "2015-05-31,0.01", *x[6:]],
            "column 'bonds', 2015-05-31: '' is missing",
        ),
        (lambda x: [*x[:5], "2015-05-31,1.2%,0.01", *x[6:]], "is not a number of the same unit"),
        (
            lambda x: [*x[:5], "2015-05-31,inf,0.01", *x[6:]],
            "'stocks', 2015-05-31: 'inf' is not a number",
        ),
        (lambda x: [*x[:5], "2015-05-31,-1.01,0.01", *x[6:]], "'-1.01' loses more than everything"),
        (
            lambda x: [*x[:5], "2015-05-31,1e300,0.01", *x[6:]],
            "column 'stocks', 2015-05-31: '1e300' gains",
        ),
        (
            lambda x: [*x[:5], "2015-05-31,5.0,0.01", *x[6:]],
            "column 'stocks', 2015-05-31: '5.0' gains",
        ),
        (lambda x: [*x[:5], "2015-05-31,-99.99,0.01", *x[6:]], "-99.99 marks a missing value"),
        (lambda x: [swap(x[0], "bonds", "stocks"), *x[1:]], "'stocks': every column needs its own"),
        (lambda x: [swap(x[0], "bonds", "stocks "), *x[1:]], "every column needs its own name"),
        (lambda x: [swap(x[0], "bonds", ""), *x[1:]], "column '': every column needs its own name"),
        (lambda x: x[:1], "mine.csv: no rows"),
        (lambda x: [line.split(",")[0] for line in x], "mine.csv: cannot be read"),
        (lambda x: [], "mine.csv: cannot be read: it is empty"),
        (
            lambda x: [*x[:5], "2015-05-31,0.01,0.01,0.01", *x[6:]],
            "cannot be read: line 6 has 4 cells",
        ),
        (lambda x: ["code,AAA,BBB", *x], "line 1: a second line of names"),
        (lambda x: x[1:], "line 1: begins with figures"),
        (
            lambda x: [*x[:20], "Average,0.01,0.01", *x[20:]],
            "'Average' is not a date like the others",
        ),
    ],
)
def test_each_fault_of_a_users_file_is_named(own, damage, message):
    with pytest.raises(DataError, match=message):
        tables.returns(
            Text("mine.csv", "\n".join(damage(lines(own))))
            if damage(lines(own))
            else tables.text.decode(b"", "mine.csv")
        )


def test_percent_is_not_taken_for_decimals_nor_decimals_for_percent(own):
    for text in (csv(own * 100), own.assign(bonds=own.bonds * 100).to_csv()):
        with pytest.raises(DataError, match="in percent"):
            tables.returns(Text("mine.csv", text))
    read = tables.returns(Text("mine.csv", csv(own * 100)), unit="percent")
    assert read.values.to_numpy() == pytest.approx(own.to_numpy())
    for text, unit in ((csv(own), "percent"), (csv(own, value="{:.4f}%"), None)):
        with pytest.raises(DataError, match="called percent, but then no period moves"):
            tables.returns(Text("mine.csv", text), unit=unit)
    with pytest.raises(DataError, match="unit decimal was said, but"):
        tables.returns(Text("mine.csv", percent(own)), unit="decimal")
    bills = pd.DataFrame({"bills": np.linspace(0.05, 0.4, 36)}, MONTHS)
    with pytest.raises(DataError, match="in percent"):
        tables.returns(Text("mine.csv", csv(bills)))


def test_a_level_is_no_return_and_a_return_no_price(own):
    level = 100 * (1 + own).cumprod()
    with pytest.raises(DataError, match="prices"):
        tables.returns(Text("mine.csv", csv(level)))
    with pytest.raises(DataError, match="is no price; are these returns"):
        tables.prices(Text("mine.csv", csv(own)))
    with pytest.raises(DataError, match="these are returns, not prices"):
        tables.prices(Text("mine.csv", percent(own)))


def test_two_readings_are_both_named():
    text = "date;a\n2015-01-31;1.234%\n2015-02-28;1.345%\n2015-03-31;2.345%\n"
    with pytest.raises(DataError, match=r"'1.234%' may be 1.234 .* or 1234 .*decimal: point or"):
        tables.returns(Text("mine.csv", text))
    read = tables.returns(Text("mine.csv", text), decimal="point")
    assert read.values["a"].tolist() == pytest.approx([0.01234, 0.01345, 0.02345])
    text = "date,a\n03/04/2015,0.01\n"
    with pytest.raises(
        DataError, match=r"may be 2015-03-04 .* or 2015-04-03 .* say dates: month-day"
    ):
        tables.returns(Text("mine.csv", text))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04 xl/worksheets", "an Excel workbook"),
        (b"PK\x03\x04 plain.csv", "a zip archive"),
        (b"\xd0\xcf\x11\xe0old", "an Excel workbook"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"%PDF-1.4", "a PDF"),
        (b"<!DOCTYPE html><table>", "a web page"),
        (b'{"a": 1}', "JSON"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"PAR1 noise", "no whole Parquet file"),
        (b"\xff\xfe\x00\xd8", "it is no text"),
        (b"one two three\nfour five six\n", "no row has two cells"),
    ],
)
def test_other_kinds_of_file_are_called_what_they_are(tmp_path, content, what):
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(DataError, match=f"mine.csv: cannot be read.*{what}"):
        tables.returns(tmp_path / "mine.csv")


def test_no_file_and_no_regular_file(tmp_path):
    with pytest.raises(DataError, match=r"absent.csv: cannot be read: no such file"):
        tables.returns(tmp_path / "absent.csv")
    with pytest.raises(DataError, match="cannot be read: it is no regular file"):
        tables.returns(tmp_path)


def test_days_and_weeks_are_refused_or_compounded():
    days = pd.bdate_range("2015-01-01", "2016-03-31")
    draws = np.random.default_rng(1).normal(0, 0.01, (len(days), 1))
    daily = pd.DataFrame(draws, days.rename("date"), ["a"])
    with pytest.raises(DataError, match="has a row a day, not a month"):
        tables.returns(Text("mine.csv", daily.to_csv()))
    read = tables.returns(Text("mine.csv", daily.to_csv()), compound=True).values["a"]
    assert len(read) == 15
    assert read["2015-06-30"] == pytest.approx(float((1 + daily["a"]["2015-06"]).prod() - 1))
    cut = tables.returns(Text("mine.csv", daily.iloc[10:-10].to_csv()), compound=True)
    assert cut.as_read.startswith("as read: 13 months, 2015-02 to 2016-02")
    weekly = pd.DataFrame(draws[:60], pd.date_range("2015-01-02", periods=60, freq="W-FRI"), ["a"])
    with pytest.raises(DataError, match="has a row a week, not a month"):
        tables.returns(Text("mine.csv", weekly.to_csv()))
    quarterly = pd.DataFrame(draws[:12], pd.date_range("2015-03-31", periods=12, freq="QE"), ["a"])
    with pytest.raises(DataError, match="has a row a quarter, not a month"):
        tables.returns(Text("mine.csv", quarterly.to_csv()))


def test_daily_prices_from_the_last_day_of_a_month_lose_no_whole_month():
    for first in ("2015-01-30", "2015-01-29"):
        own = pd.bdate_range(first, "2015-03-31")
        prices = pd.DataFrame({"date": own, "A": 100.0 + np.arange(len(own)) % 7})
        made = tables.total_returns(tables.prices(Text("p.csv", prices.to_csv(index=False)))).values
        # January has one return where prices begin on the 29th: no whole month, and left out
        assert list(made.index.strftime("%Y-%m")) == ["2015-02", "2015-03"]
        ends = prices.set_index("date")["A"].groupby(own.to_period("M")).last().to_numpy()
        np.testing.assert_allclose(made["A"], ends[1:] / ends[:-1] - 1)


def two_daily_funds(form):
    """Prices of two funds by business day from 2015-01-30, or their returns but for the first."""
    days = pd.bdate_range("2015-01-30", "2015-05-29", name="date")
    draws = np.random.default_rng(11).normal(0.0005, 0.01, (len(days), 2))
    price = pd.DataFrame(100 * np.cumprod(1 + draws, axis=0), days, ["A", "B"])
    return price if form == "prices" else price.pct_change().iloc[1:]


def monthly(form, daily):
    text = Text("mine.csv", daily.to_csv())
    if form == "prices":
        return tables.total_returns(tables.prices(text))
    return tables.returns(text, compound=True)


BY_DAY = pytest.mark.parametrize("form", ["prices", "returns"])
#: The last day before B's record and the first after it, B's whole months, and what is said of it.
BEGINS, ENDS = "B begins in the middle of 2015-{}", "B ends in the middle of 2015-{}"
SPANS = {
    "from the middle": ("2015-03-19", None, "04 05", [BEGINS.format("03")]),
    "to the middle": (None, "2015-04-16", "02 03", [ENDS.format("04")]),
    "both": ("2015-02-10", "2015-05-07", "03 04", [BEGINS.format("02"), ENDS.format("05")]),
    "without the last day": (None, "2015-04-30", "02 03", [ENDS.format("04")]),
    "to the end": (None, "2015-05-01", "02 03 04", []),
}


@BY_DAY
@pytest.mark.parametrize("span", SPANS)
def test_a_month_counts_for_a_fund_where_its_own_days_cover_it(form, span):
    before, after, months, said = SPANS[span]
    daily = two_daily_funds(form)
    whole = monthly(form, daily)
    unknown = (daily.index <= (before or "2014")) | (daily.index >= (after or "2016"))
    read = monthly(form, daily.assign(B=daily["B"].mask(unknown)))
    pd.testing.assert_series_equal(read.values["A"], whole.values["A"])
    own = read.values["B"].dropna()
    assert list(own.index.strftime("%m")) == months.split()
    np.testing.assert_allclose(own, whole.values["B"][own.index], atol=1e-12)
    assert [note for note in read.notes if "middle" in note] == said


def test_a_price_on_the_last_day_of_a_month_begins_the_next_and_one_later_does_not():
    price = two_daily_funds("prices")
    for first, month in (("2015-02-27", "2015-03"), ("2015-03-02", "2015-04")):
        late = price.assign(B=price["B"].where(price.index >= first))
        read = monthly("prices", late)
        assert read.values["B"].first_valid_index().strftime("%Y-%m") == month
        assert ("B begins in the middle of 2015-03" in read.as_read) == (month == "2015-04")


def test_a_return_on_the_first_day_of_a_month_begins_it_and_one_later_does_not():
    earned = two_daily_funds("returns")
    for first, month in (("2015-03-02", "2015-03"), ("2015-03-03", "2015-04")):
        late = earned.assign(B=earned["B"].where(earned.index >= first))
        read = monthly("returns", late)
        assert read.values["B"].first_valid_index().strftime("%Y-%m") == month


def test_weeks_of_a_fund_that_begin_in_a_month_do_not_make_it():
    weeks = pd.date_range("2015-01-02", "2015-05-29", freq="W-FRI", name="date")
    earned = pd.DataFrame({"A": 0.01, "B": 0.02}, weeks)
    earned.iloc[::2] /= 2
    late = earned.assign(B=earned["B"].where(weeks >= "2015-03-20"))
    read = monthly("returns", late)
    assert list(read.values["B"].dropna().index.strftime("%m")) == ["04", "05"]
    assert read.notes[-2] == "B begins in the middle of 2015-03"


@BY_DAY
def test_days_missing_within_a_funds_record_leave_its_months_whole(form):
    daily = two_daily_funds(form)
    missing = (daily.index > "2015-02-20") & (daily.index < "2015-03-10")
    holed = daily.assign(B=daily["B"].mask(missing))
    read = monthly(form, holed)
    assert read.values.notna().all(axis=None) and "middle" not in read.as_read
    if form == "prices":  # the next price brings what its fund earned since its last one
        ends = daily["B"][["2015-01-30", "2015-02-20", "2015-03-31"]].to_numpy()
        expected = ends[1:] / ends[:-1] - 1
    else:  # a day without a return earned nothing
        known = (1 + holed["B"]).dropna()
        expected = [known["2015-02"].prod() - 1, known["2015-03"].prod() - 1]
    np.testing.assert_allclose(read.values["B"].iloc[:2], expected, atol=1e-12)


@BY_DAY
def test_a_month_without_a_day_of_a_fund_is_a_gap_as_before(form):
    daily = two_daily_funds(form)
    away = daily.assign(B=daily["B"].mask(daily.index.month == 3))
    with pytest.raises(DataError, match="column 'B', 2015-03-31: '' is missing"):
        monthly(form, away)


@BY_DAY
def test_a_fund_without_a_whole_month_is_named(form):
    daily = two_daily_funds(form)
    new = daily.assign(B=daily["B"].where(daily.index > "2015-05-11"))
    with pytest.raises(DataError, match=r"column 'B': no whole month; leave it out"):
        monthly(form, new)


def test_a_fund_with_one_price_alone_is_named():
    text = "date,A,B\n2015-01-31,10,\n2015-02-28,11,\n2015-03-31,12,5\n"
    with pytest.raises(DataError, match=r"column 'B': no whole month; leave it out"):
        tables.total_returns(tables.prices(Text("mine.csv", text)))


def test_prices_become_total_returns():
    months = pd.date_range("2020-01-31", periods=4, freq="ME")
    level = pd.DataFrame({"A": [10, 11, 11, 12.1], "B": [np.nan, 5, 5.5, 5.5]}, months)
    read = tables.prices(Text("fund_prices.csv", level.to_csv()))
    paid = pd.DataFrame({"fund": ["A"], "date": [pd.Timestamp("2020-03-20")], "amount": [0.55]})
    made = tables.total_returns(read, paid).values
    assert made["A"].tolist() == pytest.approx([0.1, 0.05, 0.1])
    assert np.isnan(made["B"].iloc[0]) and made["B"].iloc[1:].tolist() == pytest.approx([0.1, 0.0])
    with pytest.raises(DataError, match=r"distributions.csv: line 0: no prices of 'C'"):
        tables.total_returns(read, paid.assign(fund="C"))
    with pytest.raises(DataError, match=r"2021-01-05 is outside the prices of A"):
        tables.total_returns(read, paid.assign(date=pd.Timestamp("2021-01-05")))
    split = level.assign(A=[10, 11, 55, 60.5])
    with pytest.raises(DataError, match="a split of the shares"):
        tables.total_returns(tables.prices(Text("p.csv", split.to_csv())))


def test_daily_prices_reinvest_on_the_day_and_thousands_are_read():
    days = pd.bdate_range("2019-12-31", "2020-03-31")
    level = pd.Series(np.linspace(1000, 1300, len(days)), days)
    lines = ["date,A", *(f'{d:%m/%d/%Y},"{x:,.6f}"' for d, x in level.items())]
    read = tables.prices(Text("p.csv", "\n".join(lines)))
    ex = pd.Timestamp("2020-02-14")
    paid = pd.DataFrame({"fund": ["A"], "date": [ex], "amount": [20.0]})
    made = tables.total_returns(read, paid).values["A"]
    before, after = level["2020-01-31"], level["2020-02-28"]
    assert made["2020-02-29"] == pytest.approx(after / before * (1 + 20 / level[ex]) - 1, abs=1e-8)
    assert made["2020-03-31"] == pytest.approx(level["2020-03-31"] / after - 1, abs=1e-8)


def test_calendar_years_are_read_as_years():
    text = "Index,1980,1981,1982\nS&P 500,32.4%,-4.9%,21.4%\nBonds,2.7%,6.3%,32.6%\n"
    read = tables.years(Text("ten.csv", text))
    assert read.values.loc["1981-12-31", "S&P 500"] == pytest.approx(-0.049)
    assert read.as_read.startswith("as read: 3 years, 1980 to 1982, 2 series")
    upright = "year,stocks,bonds\n1980,0.324,0.027\n1981,-0.049,0.063\n1982,0.214,0.326\n"
    assert tables.years(Text("ten.csv", upright)).values["bonds"].tolist() == [0.027, 0.063, 0.326]
    with pytest.raises(DataError, match="has a row a year, not a month"):
        tables.returns(Text("ten.csv", upright))
    with pytest.raises(DataError, match="the year 1981 is missing"):
        tables.years(Text("ten.csv", upright.replace("1981,-0.049,0.063\n", "")))


def test_the_shortest_history_accepted_is_an_argument(own):
    text = Text("mine.csv", csv(own))
    assert len(tables.returns(text, minimum_months=36).values) == 36
    with pytest.raises(DataError, match="36 months, to 2017-12-31; 37 needed"):
        tables.returns(text, minimum_months=37)


def test_a_constant_column_is_refused_and_gaps_may_be_kept(own):
    with pytest.raises(DataError, match=r"'bonds', 2015-01-31: 0.002 in every month"):
        tables.returns(Text("mine.csv", csv(own.assign(bonds=0.002))))
    holed = own.assign(bonds=own.bonds.where(own.index != MONTHS[9]))
    read = tables.returns(Text("mine.csv", holed.to_csv()), keep_gaps=True)
    assert read.spans.loc["bonds", "gaps"] == 1


def test_reading_does_not_depend_on_the_order_of_columns(own):
    one = tables.returns(Text("a.csv", csv(own))).values
    other = tables.returns(Text("b.csv", csv(own[["bonds", "stocks"]]))).values
    pd.testing.assert_frame_equal(one, other[["stocks", "bonds"]])
    assert pd.read_csv(io.StringIO(csv(own))).shape == (36, 3)


def test_no_real_series_is_refused_in_decimals_and_each_is_in_percent():
    real = long_record().months()
    read = tables.returns(Text("real.csv", real.to_csv()))
    assert read.values.to_numpy() == pytest.approx(real.to_numpy(), abs=1e-15)
    for name in real:
        with pytest.raises(DataError, match=f"column '{name}'.*in percent"):
            tables.returns(Text("real.csv", (100 * real[[name]]).to_csv()))


def test_what_never_ends_or_is_another_columns_matter_is_named(tmp_path, own):

    os.mkfifo(tmp_path / "mine.csv")
    with pytest.raises(DataError, match=r"mine.csv: cannot be read: it is no regular file"):
        tables.returns(tmp_path / "mine.csv")
    with pytest.raises(DataError, match="column 'source' holds text, like 'vendor'; leave it out"):
        tables.returns(Text("mine.csv", own.assign(source="vendor").to_csv()))
    two = csv(own) + "\nAnnual returns of the same\n2015,0.1,0.2\n"
    with pytest.raises(DataError, match="does a second table begin there"):
        tables.returns(Text("mine.csv", two))


def test_all_cells_and_months_that_are_wrong_are_said_at_once():
    text = "date,A,B\n2024-01,1%,2%\n2024-02,abc,0%\n2024-03,1%,xyz\n2024-05,1%,1%\n"
    with pytest.raises(DataError) as caught:
        tables.returns(Text("mine.csv", text))
    said = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in said] == ["line 3", "line 4", "line 5"]
    assert "'abc' is not a number" in said[0]
    assert "'xyz' is not a number" in said[1]
    assert "2024-05 does not follow" in said[2]


def test_every_missing_month_of_every_series_is_said():
    text = "date,A,B\n2024-01,1%,2%\n2024-02,,0%\n2024-03,1%,\n2024-04,1%,1%\n"
    with pytest.raises(DataError) as caught:
        tables.returns(Text("mine.csv", text))
    assert "'A', 2024-02-29" in str(caught.value)
    assert "'B', 2024-03-31" in str(caught.value)


def test_one_price_alone_is_refused():
    levels = tables.prices(Text("mine.csv", "date,A\n2025-01-31,10\n"))
    with pytest.raises(DataError, match="returns of prices need two"):
        tables.total_returns(levels)


def test_each_distribution_that_no_price_takes_is_said_and_one_written_twice():
    days = pd.bdate_range("2025-01-01", "2025-03-31")
    prices = pd.DataFrame({"A": np.linspace(10, 11, len(days))}, days)
    levels = tables.prices(Text("prices.csv", prices.to_csv(index_label="date")))
    paid = pd.DataFrame(
        {
            "fund": ["A", "B", "A", "A"],
            "date": pd.to_datetime(["2025-02-03", "2025-02-03", "2025-02-03", "2026-02-03"]),
            "amount": [0.1, 0.1, 0.1, 0.1],
        },
        index=[2, 3, 4, 5],
    )
    with pytest.raises(DataError) as caught:
        tables.total_returns(levels, paid)
    said = str(caught.value).splitlines()
    assert said[0] == "distributions.csv: line 3: no prices of 'B'"
    assert said[1].startswith("distributions.csv: line 4: 0.1 of A on 2025-02-03 is given twice")
    assert said[2].startswith("distributions.csv: line 5: 2026-02-03 is outside the prices of A")


@pytest.mark.parametrize("hole", [1, 2])
def test_a_price_that_is_missing_makes_no_return_of_two_months(hole):
    """After the first price too: the step over it was once the return of the next month alone."""
    ends = pd.date_range("2020-01-31", periods=5, freq="ME", name="date")
    prices = pd.DataFrame({"A": [10.0, 11, 12, 13, 14], "B": 5.0 + np.arange(5)}, ends)
    prices.iloc[hole, 0] = np.nan
    with pytest.raises(DataError, match=f"'A', {ends[hole]:%Y-%m-%d}: '' is missing"):
        tables.total_returns(tables.prices(Text("p.csv", prices.to_csv())))
    late = prices.assign(A=prices["A"].where(prices.index > ends[hole]))
    made = tables.total_returns(tables.prices(Text("p.csv", late.to_csv()))).values["A"].dropna()
    assert made.index[0] == ends[hole + 2]


def test_total_returns_of_daily_prices_are_those_of_units_reinvested():
    """Second method: units held grow by each distribution; the value of the units is followed."""
    rng = np.random.default_rng(5)
    days = pd.bdate_range("2024-01-01", "2024-12-31")
    price = pd.Series(100 * np.exp(np.cumsum(rng.normal(0, 0.01, len(days)))), days).round(4)
    levels = tables.prices(Text("p.csv", price.to_frame("A").to_csv(index_label="date")))
    # The second falls on a Saturday and is paid at Monday's price.
    paid = pd.DataFrame(
        {"fund": "A", "date": pd.to_datetime(["2024-03-05", "2024-07-06"]), "amount": [1.25, 0.4]}
    )
    read = tables.total_returns(levels, paid).values["A"]
    given = pd.Series([1.25, 0.4], pd.to_datetime(["2024-03-05", "2024-07-08"]))
    units = (1 + given.reindex(days, fill_value=0.0) / price).cumprod()
    value = (units * price).resample("ME").last()
    expected = value / value.shift().fillna(price.iloc[0]) - 1
    np.testing.assert_allclose(read, expected, atol=1e-12)
