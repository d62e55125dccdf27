"""How does a committee begin: which files, which columns, which words, and a small plan to change?

`description` says the whole format in words, made of the same columns that the readers check, so
that it cannot lag behind them; ``data/README.md`` holds it. `write` makes a folder that is accepted
as it stands, with examples of every optional file beside it. Everything in it is SYNTHETIC. Left
out: advice on what to fill in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from portlib import plan_format
from portlib.data import DataError
from portlib.inputs import accounts, assumptions, classes, holdings, mandate, record, valuations
from portlib.tables import Column

#: The entries of ``rules.yml``: an example, and what it says.
RULES: dict[str, tuple[str, str]] = {
    "name": ("Small 401(k) plan", "what the plan is called"),
    "origin": ("SYNTHETIC", "where its figures come from, the same in every file"),
    "as_of": ("2026-06-30", "the day for which they hold"),
    "legal_regime": (
        "ERISA",
        "; ".join(f"`{name}`: {what}" for name, what in plan_format.LEGAL_REGIMES.items())
        + "; may be left out, and is then `ERISA`",
    ),
    "normal_retirement_age": ("65", "years, whole, 50 to 80"),
    "default": ("TARGET", "the fund of money that nobody directed (QDIA), or null"),
    "recordkeeping_fee": ("58.0", "US dollars a participant and year"),
    "contributions": (
        "\n  automatic: 0.06            # deferral at enrolment, decimal"
        "\n  match:                     # each step up to its share of pay, rising"
        "\n    - {rate: 1.0, up_to: 0.03}   # all of the first 3% of pay"
        "\n    - {rate: 0.5, up_to: 0.05}   # half of the next 2%"
        "\n  roth: true                 # Roth contributions are offered",
        "`automatic`: deferral at enrolment; `match`: a list of `{rate, up_to}`, the share "
        "matched of "
        "pay up to that part; `roth`: true or false. Decimals: 0.06, not 6",
    ),
    "employer_stock": (
        "null",
        "`{fund, frozen, own_volatility, daily_volume}`: the fund of that kind; no purchases if "
        "frozen; annual volatility of its own, decimal; US dollars traded a day; or null",
    ),
    "stable_value": (
        "null",
        "`{fund, competing, equity_wash_days}`: the fund of that kind; money that leaves it may "
        "not "
        "go to a competing fund for so many days; or null",
    ),
    "trading": (
        "\n  transfers_per_quarter: null   # or a whole number"
        "\n  round_trip_days: {INTL: 30}   # by fund: days until money that left may come back"
        "\n  minimum_holding_days: {}      # by fund",
        "`transfers_per_quarter` (or null); `round_trip_days` and `minimum_holding_days`, whole "
        "days "
        "by fund, or {}",
    ),
    "blackouts": ("[]", "a list of `{first, last, notice, reason}`, dates in order; or []"),
    "models": (
        "{most_funds: 6, whole_percent: true}",
        "`most_funds` in a model portfolio; `whole_percent`: weights are whole percents or not",
    ),
    "clauses": (
        "\n  trading: plan document, section 7.2 (SYNTHETIC)",
        "by rule, where it stands in the plan's documents; or {}",
    ),
}
LINEUP = """\
origin,fund,label,kind,category,management,vehicle,affiliated,expense_ratio,fee_12b1,revenue_share,\
plan_share,specific_risk,us_large_equity,us_small_equity,intl_dev_equity,us_core_bonds,us_tips,cash
SYNTHETIC,LARGE,Large Company Index,core,Large Blend,index,collective_trust,no,\
0.0002,0,0,,0.002,1,0,0,0,0,0
SYNTHETIC,SMALL,Small Company Fund,core,Small Blend,active,mutual_fund,no,\
0.0070,0,0.001,,0.03,0,1,0,0,0,0
SYNTHETIC,INTL,Other Developed Index,core,Foreign Large Blend,index,collective_trust,no,\
0.0006,0,0,,0.003,0,0,1,0,0,0
SYNTHETIC,BONDS,Bond Index,core,Intermediate Core Bond,index,collective_trust,no,\
0.0003,0,0,,0.002,0,0,0,1,0,0
SYNTHETIC,REAL,Inflation-Protected Bonds,core,Inflation-Protected Bond,index,mutual_fund,no,\
0.0006,0,0,,0.003,0,0,0,0,1,0
SYNTHETIC,MONEY,Money Market,core,Money Market,index,mutual_fund,no,\
0.0018,0,0,,0.001,0,0,0,0,0,1
SYNTHETIC,TARGET,Target-Date Series,target_date,Target-Date (by vintage),index,collective_trust,no,\
0.0008,0,0,,0.004,0,0,0,0,0,0
"""
VINTAGES = """\
origin,years_to_retirement,equity,us_large_equity,us_small_equity,intl_dev_equity,us_core_bonds,\
us_tips,cash
SYNTHETIC,40,0.90,0.54,0.09,0.27,0.10,0,0
SYNTHETIC,20,0.80,0.48,0.08,0.24,0.20,0,0
SYNTHETIC,0,0.45,0.27,0.05,0.13,0.35,0.15,0.05
SYNTHETIC,-10,0.30,0.18,0.03,0.09,0.40,0.20,0.10
"""
PEOPLE = """\
origin,participant,birth_year,hire_year,pay,deferral_rate,roth_share,balance,filing_status,\
retirement_age,outside_assets,other_income,answers,holdings
SYNTHETIC,P01,1998,2022,48000,0.06,0.5,14500,single,,,,4 4 3 5 4 3 4,TARGET 100
SYNTHETIC,P02,1991,2016,62000,0.06,0,61000,married_joint,,12000,,3 4 3 4 3 3 4,TARGET 100
SYNTHETIC,P03,1988,2014,71000,0.08,0.2,98000,single,67,,,5 4 5 5 4 5 5,LARGE 70; INTL 30
SYNTHETIC,P04,1983,2010,88000,0.10,0,187000,married_joint,,45000,15000,3 3 3 3 4 3 3,\
LARGE 50; SMALL 15; BONDS 35
SYNTHETIC,P05,1978,2004,95000,0.07,0,240000,head_of_household,65,,,,TARGET 100
SYNTHETIC,P06,1974,2001,120000,0.12,0.3,412000,married_joint,63,160000,30000,4 3 4 4 3 4 3,\
LARGE 45; INTL 20; BONDS 25; REAL 10
SYNTHETIC,P07,1969,1999,67000,0.06,0,198000,single,,,,2 2 3 2 2 2 3,BONDS 60; MONEY 20; LARGE 20
SYNTHETIC,P08,1965,1996,82000,0.15,0,355000,married_separate,67,20000,,,TARGET 60; REAL 40
"""
#: The folder beside a new plan's files that holds examples of what it may bring; nothing reads it.
EXAMPLES = "optional"


def write(folder: str | Path) -> list[str]:
    """Make a folder with a small plan that is accepted as it stands.

    Parameters
    ----------
    folder : path
        Made where it is not there yet.

    Returns
    -------
    list of str
        The files written, by name.

    Raises
    ------
    DataError
        Where the folder exists and is not empty.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     files = write(place)
    ...     there = sorted(path.name for path in Path(place).iterdir())
    ...     write(place)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    portlib.data.DataError: ...: is there already, and not empty; give a new folder
    >>> there == sorted({name.split("/")[0] for name in files}), files[:2]
    (True, ['README.md', 'rules.yml'])
    >>> [name for name in files if name.startswith("optional/instead")]
    ['optional/instead/fund_prices.csv', 'optional/instead/distributions.csv']
    >>> "as_of: 2026-06-30" in required()["rules.yml"].split("\\n")
    True
    >>> with TemporaryDirectory() as place:
    ...     path = Path(place, "mine")
    ...     _ = path.write_text("a file")
    ...     write(path)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    portlib.data.DataError: ...mine: is there already, and not empty; give a new folder
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder}: is there already, and not empty; give a new folder")
    files = {"README.md": _readme(), **required(), **_beside()}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def required() -> dict[str, str]:
    """The files that every plan has, by name."""
    lines = ["# The rules of the plan. README.md says what each entry means."]
    for name, (example, _) in RULES.items():
        lines.append(f"{name}:{example if example.startswith(chr(10)) else ' ' + example}")
    return {
        "rules.yml": "\n".join(lines) + "\n",
        "lineup.csv": LINEUP,
        "target_date_vintages.csv": VINTAGES,
        "participants.csv": PEOPLE,
    }


def examples() -> dict[str, str]:
    """An example of every optional file for that plan, SYNTHETIC, by name.

    Examples
    --------
    Read as a plan's own, nothing in them is refused; two files stand for two others, and both ways
    are not for one plan:

    >>> from portlib.tables import Findings
    >>> labels = {name: name for name in ("LARGE", "SMALL", "INTL", "BONDS")}
    >>> def read(content):
    ...     found = Findings()
    ...     sources = record.from_json(content)
    ...     made = record.make(sources, record.classes_of(sources, found), labels, found)
    ...     for one in found:
    ...         print(one if one.refused else f"noted: {one}")
    ...     return made
    >>> import yaml
    >>> given = {
    ...     name: yaml.safe_load(text) if name.endswith(".yml") else text
    ...     for name, text in examples().items()
    ... }
    >>> made = read({name: text for name, text in given.items() if "/" not in name})

    It goes on in ``plan_template.md``.
    """
    held = ["us_large_equity", "us_small_equity", "intl_dev_equity", "us_core_bonds", "us_tips"]
    names = [*held, "cash", "farmland"]
    means = (0.064, 0.068, 0.066, 0.045, 0.042, 0.034, 0.06)
    risks = (0.16, 0.20, 0.18, 0.06, 0.06, 0.01, 0.12)
    rows = [
        f"{name},{mean:.1%},{'geometric' if risk > 0.1 else 'arithmetic'},10,{risk:.0%},"
        "House view (SYNTHETIC),2026-06-30"
        for name, mean, risk in zip(names, means, risks, strict=True)
    ]
    shares = np.array([1, 1, 1, 0, 0, 0, 0.0])
    rho = 0.1 + 0.6 * np.outer(shares, shares)
    np.fill_diagonal(rho, 1.0)
    rng = np.random.default_rng(2026)
    months = pd.date_range("2021-07-31", periods=60, freq="ME", name="month")
    market = rng.normal(0.006, 0.04, 60)
    own = {
        "us_large_equity": market,
        "us_core_bonds": rng.normal(0.003, 0.015, 60),
        "farmland": rng.normal(0.005, 0.02, 60),
    }
    funds = pd.DataFrame(
        {
            "LARGE": market + rng.normal(0, 0.001, 60),
            "SMALL": 1.1 * market + rng.normal(0, 0.02, 60),
            "INTL": 0.8 * market + rng.normal(0, 0.025, 60),
            "BONDS": own["us_core_bonds"] + rng.normal(0, 0.001, 60),
        },
        months,
    )
    funds.iloc[:12, 1] = np.nan  # a year younger than the others
    level = 20 * (1 + funds.fillna(0.0)).cumprod()
    return {
        classes.FILE: "# A class of the house's own, beside the survey's.\n"
        "farmland:\n  label: Farmland\n  role: real\n  survey: real_estate\n  history: null\n",
        assumptions.FILE: "\n".join([",".join(assumptions.COLUMNS), *rows]) + "\n",
        assumptions.CORRELATIONS: pd.DataFrame(rho, names, names).rename_axis("class").to_csv(),
        record.HISTORY: pd.DataFrame(own, months).round(5).to_csv(),
        record.YEARS: "Index,2022,2023,2024,2025\nA large-company index,-18.1%,26.3%,25.0%,17.9%\n"
        "A bond index,-13.0%,5.5%,1.3%,7.3%\n",
        record.RETURNS: funds.mul(100)
        .map("{:.2f}%".format)
        .replace("nan%", "")
        .rename_axis("Month")
        .to_csv(date_format="%m/%d/%Y"),
        f"instead/{record.PRICES}": level.round(4).to_csv(),
        f"instead/{record.DISTRIBUTIONS}": ",".join(record.DISTRIBUTION_COLUMNS)
        + "\nBONDS,2022-03-15,0.05\nBONDS,2022-06-15,0.05\n",
        valuations.FILE: ",".join(valuations.COLUMNS)
        + "\nus_large_equity,dividend_yield,2026-06-30,1.3%,SYNTHETIC"
        + "\nus_large_equity,real_growth,2026-06-30,2.0%,SYNTHETIC"
        + "\nus_core_bonds,yield_to_maturity,2026-06-30,4.7%,SYNTHETIC"
        + "\nall,inflation,2026-06-30,2.4%,SYNTHETIC\n",
        holdings.FILE: ",".join(holdings.COLUMNS)
        + "\nLARGE,2026-05-31,ticker,AAA,62%\nLARGE,2026-05-31,ticker,BBB,37%"
        + "\nSMALL,2026-05-31,ticker,CCC,90%\nSMALL,2026-05-31,name,Unknown Corp,8%\n",
        holdings.MASTER: ",".join(holdings.MASTER_COLUMNS)
        + "\nticker,AAA,A Company,us_large_equity,US,,\nticker,BBB,B Company,us_large_equity,US,,"
        + "\nticker,CCC,C Company,us_large_equity,US,,2026-03-31"
        + "\nticker,CCC,C Company,us_small_equity,US,2026-04-01,\n",
        accounts.FILE: "date,fund,balance\n2026-05-31,LARGE,520000\n2026-05-31,BONDS,310000\n"
        "2026-06-30,LARGE,535000\n2026-06-30,BONDS,305000\n",
        accounts.TRADES: "trade,fund,side,shares,decided,ordered,settled,decision_price,price\n"
        "T1,LARGE,sell,100,2026-06-10,2026-06-10,2026-06-11,31.20,31.15\n"
        "T2,BONDS,buy,310,2026-06-10,2026-06-11,2026-06-12,10.05,10.06\n",
        mandate.FILE: "constraints:\n"
        "  - name: equity ceiling\n    kind: role_limit\n    role: equity\n    upper: 0.85\n"
        "    clause: investment policy statement, section 4.2 (SYNTHETIC)\n",
        record.READING: f"{record.RETURNS}: {{dates: month-day-year}}\n",
    }


def description() -> str:
    """The format of a plan's folder in words, as Markdown.

    Examples
    --------
    No column that the readers check can be missing from it:

    >>> said = description()
    >>> all(f"`{name}`" in said for name in (*plan_format.LINEUP, *plan_format.PEOPLE, *RULES))
    True

    It goes on in ``plan_template.md``.
    """
    known = ", ".join(f"`{name}`" for name in classes.survey_classes().names)
    parts = [
        "### The files that every plan has",
        "`rules.yml`. Every entry must be there; a rule that the plan does not have is `null`, "
        "`[]` "
        "or `{}`.",
        _table(("entry", "what it says"), [(f"`{k}`", what) for k, (_, what) in RULES.items()]),
        "`lineup.csv`, one line a fund.",
        _columns(plan_format.LINEUP),
        "Then one column for each class that funds hold, in decimals; a fund's classes sum to one, "
        f"and a target-date series has none there. Classes are {known}, and those of "
        f"`{classes.FILE}`. A 12b-1 fee that is shared is in both fees, so the larger counts. "
        "Where `plan_share` is given, it is what `participants.csv` holds of all balances in each "
        "fund, to two points of weight, or the folder is refused.",
        "`participants.csv`, one line a person, without names.",
        _columns(plan_format.PEOPLE),
        "`target_date_vintages.csv`, only where a series is offered: one line a vintage.",
        _columns(plan_format.VINTAGES),
        "Then its classes, as in `lineup.csv`.",
        "What sums to one, or to 100, may miss it by its rounding where a figure is finer than a "
        "whole percent (33.3; 33.3; 33.3): it is scaled to the whole, and `prudent check` says so.",
        "### The files that a plan may bring",
        "Without one of them the chapters use what stands in, and say so. `prudent new` writes an "
        f"example of each into `{EXAMPLES}/`.",
        _table(("file", "what it brings"), [(f"`{k}`", v) for k, v in record.FILES.items()]),
        "`policy.yml`: entries that replace those of `data/policy.yml`, in the same form (value, "
        "unit, reason, approver, date).",
        f"`{classes.FILE}`: by class,",
        _table(
            ("entry", "what it says", "must be there"),
            [
                (f"`{k}`", what, "yes" if must else "no")
                for k, (must, what) in classes.ENTRIES.items()
            ],
        ),
        f"`{assumptions.FILE}`: one line a class; every class that a fund holds, one of the role "
        "cash, and `us_large_equity`, by which the beta of equity is measured.",
        _columns(assumptions.COLUMNS),
        f"`{assumptions.CORRELATIONS}`: the first column and the first line name the same "
        "classes, in "
        "any order; a whole matrix, or one triangle with ones on the diagonal.",
        f"`{record.HISTORY}` (or `.parquet`): monthly returns, a column a class, by its name, "
        "its label "
        "or the name of one of our series.",
        f"`{record.YEARS}`: returns of calendar years, a column or a line a series.",
        f"`{record.RETURNS}` (or `.parquet`): monthly total returns net of expenses, a column a "
        "fund, "
        "by its code or its label. A fund begins with its own first month; nobody else's span is "
        "shortened for it.",
        f"`{record.PRICES}` instead: prices of days or of month ends, a column a fund; and "
        "beside it "
        f"`{record.DISTRIBUTIONS}`, without which prices are taken as total-return levels.",
        _columns(record.DISTRIBUTION_COLUMNS),
        f"`{valuations.FILE}`: one line a figure; a question as of a day is answered by the last "
        "figure known on it.",
        _columns(valuations.COLUMNS),
        f"`{holdings.FILE}`: one line a security of a fund on a day. Instead, or beside it, "
        "filings on "
        "the SEC's Form N-PORT as XML: `nport/FUND.xml`, or `nport/FUND/*.xml`.",
        _columns(holdings.COLUMNS),
        f"`{holdings.MASTER}`: which class each security is. What it does not name is reported, "
        "and "
        "bounds the fund's exposures.",
        _columns(holdings.MASTER_COLUMNS),
        f"`{accounts.FILE}`: balances, by participant or in sum.",
        _columns(accounts.COLUMNS),
        f"`{accounts.TRADES}`: one line a trade.",
        _columns(accounts.TRADE_COLUMNS),
        f"`{mandate.FILE}`: `constraints:` and a list; each has `name`, `kind`, `clause`, the "
        "arguments of its kind, and `penalty` (annual return given up per unit of excess) if it "
        "may be broken at a price. A limit that names the target-date series is one on each of its "
        "dates; a floor under it, one under all of them together. Limits on classes and roles "
        "hold on every date of a custom glidepath too.",
        _table(
            ("kind", "what it says", "needs", "may have"),
            [
                (f"`{kind}`", what, _code(must), _code(may))
                for kind, (what, must, may) in mandate.KINDS.items()
            ],
        ),
        f"`{record.READING}`: by file, what decides where it could be read in two ways.",
        _table(
            ("option", "one of"),
            [(f"`{name}`", _code(one)) for name, one in record.OPTIONS.items()],
        ),
        "### How tables are read",
        "Commas, semicolons or tabs between cells; UTF-8, UTF-16 or Windows-1252; decimal points "
        "or "
        "commas; percent signs, parentheses for negatives, thousands; title lines above and notes "
        "below; dates of one form in a file, also month names, 201501, first or last days of "
        "months, "
        "or months across. Percent without a sign, dates whose month and day could be confused, "
        "and "
        "anything else that has two meanings is refused, with both and the option that decides. "
        "`prudent check FOLDER` says what was understood, and everything that is to be mended, in "
        "one go.",
    ]
    return "\n\n".join(parts) + "\n"


def _readme() -> str:
    return (
        "# A plan's folder\n\nThis small plan is SYNTHETIC, and accepted as it stands: change it "
        "to "
        "yours, file by file, and run\n\n    prudent check FOLDER\n\nwhich says everything that is "
        "to be mended at once, and what each chapter will be able to do. "
        f"`{EXAMPLES}/` holds an example of every file that a plan may bring; move one up to use "
        "it.\n\n" + description()
    )


def _beside() -> dict[str, str]:
    return {f"{EXAMPLES}/{name}": text for name, text in examples().items()}


def _columns(columns: Mapping[str, Column]) -> str:
    rows = []
    for name, column in columns.items():
        allowed = column.unit
        if column.kind == "word":
            words = column.words or {}
            said = [f"`{word}`" + (f" ({what})" if what else "") for word, what in words.items()]
            allowed = "; ".join(said)
        elif column.kind == "date":
            allowed = "date"
        elif column.kind == "number" and np.isfinite([column.low, column.high]).all():
            allowed = f"{column.unit}, {column.low:g} to {column.high:g}".lstrip(", ")
        empty = "" if column.required and column.filled else "yes"
        rows.append((f"`{name}`", column.meaning, allowed, empty))
    return _table(("column", "what it says", "unit or words", "may be empty"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def _code(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)
