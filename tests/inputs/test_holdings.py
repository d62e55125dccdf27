"""What funds hold: mapped by a master as it was valid, what is unknown reported and bounded."""

import re
from datetime import date

import pytest

from portlib.data import DataError
from portlib.inputs import classes, holdings, nport
from portlib.tables import Findings, Text

HELD = """fund,date,id_kind,id,weight
A,2026-03-31,cusip,037833100,60%
A,2026-03-31,name,Some bond,40%
A,2026-06-30,cusip,037833100,0.5
A,2026-06-30,isin,US0378331005,0.1
A,2026-06-30,name,Some bond,0.3
B,2026-06-30,ticker,XYZ,0.97
"""
MASTER = """id_kind,id,name,class,country,valid_from,valid_to
cusip,037833100,A share,us_large_equity,US,,2026-04-30
cusip,037833100,A share,us_small_equity,US,2026-05-01,
isin,US0378331005,A share,us_small_equity,US,,
name,Some bond,A bond,us_core_bonds,US,,
"""


def made(held=HELD, master=MASTER, filings=None):
    found = Findings()
    own = holdings.make(
        Text("fund_holdings.csv", held) if held else None,
        Text("securities.csv", master) if master else None,
        filings,
        ["A", "B"],
        classes.survey_classes(),
        found,
        {},
    )
    return own, found


def test_the_last_day_and_the_master_valid_on_it_are_used():
    own, found = made()
    assert not len(found), [*map(str, found)]
    spring = own.exposures(date(2026, 4, 15))
    assert spring.mapped.loc["A"].to_dict() == {"us_core_bonds": 0.4, "us_large_equity": 0.6}
    summer = own.exposures(date(2026, 6, 30))
    assert summer.mapped.loc["A", "us_small_equity"] == pytest.approx(0.6)
    assert summer.dates["A"].date() == date(2026, 6, 30)
    with pytest.raises(DataError, match="no holdings on or before 2026-01-01"):
        own.exposures(date(2026, 1, 1))


def test_what_is_unknown_is_reported_and_bounds_every_exposure():
    seen = made()[0].exposures(date(2026, 6, 30))
    assert seen.unmapped.to_dict() == pytest.approx({"A": 0.1, "B": 1.0})
    assert seen.unknown.to_dict("records") == [
        {"fund": "B", "id_kind": "ticker", "id": "XYZ", "weight": 0.97}
    ]
    assert seen.point.loc["A"].sum() == pytest.approx(1)
    assert seen.point.loc["A", "us_core_bonds"] == pytest.approx(1 / 3)
    lower, upper = (bound.loc["A", "us_core_bonds"] for bound in (seen.lower, seen.upper))
    assert (lower, upper) == pytest.approx((0.3, 0.4))
    equity = seen.total(["us_small_equity", "us_large_equity"]).loc["A"]
    assert equity.to_list() == pytest.approx([0.6, 2 / 3, 0.7])
    # Whatever the unknown tenth is, the truth lies between the bounds.
    for name in seen.mapped:
        whole = seen.mapped.loc["A"].copy()
        whole[name] += seen.unmapped["A"]
        assert (whole <= seen.upper.loc["A"] + 1e-12).all()


@pytest.mark.parametrize(
    ("held", "master", "message"),
    [
        (HELD.replace("B,2026", "C,2026"), MASTER, "line 7: fund 'C' is none of the lineup"),
        (HELD.replace("037833100,60%", "37833100,60%"), MASTER, "leading zeros lost.* 037833100"),
        (HELD.replace("US0378331005", "US0378331006"), MASTER, "line 5: .* is no ISIN"),
        (HELD.replace("60%", "60"), MASTER, "line 2: weight '60' is not between -5 and 5"),
        (HELD.replace("0.97", "0.3"), MASTER, "B, 2026-06-30: weights sum to 0.3, not to one"),
        (HELD.replace("ticker", "symbol"), MASTER, "id_kind 'symbol' is none of cusip"),
        (HELD.replace("isin,US0378331005,0.1", "cusip,037833100,0.1"), MASTER, "is given twice"),
        (HELD, MASTER.replace("us_core_bonds", "bonds"), "class 'bonds' is not known"),
        (HELD, MASTER.replace("2026-05-01", "2026-04-01"), "has two rows for one day"),
        (HELD, MASTER.replace(",,2026-04-30", ",2027-01-01,2026-04-30"), "valid to a day before"),
    ],
)
def test_each_fault_is_named(held, master, message):
    own, found = made(held, master)
    assert own is None
    assert any(re.search(message, str(finding)) for finding in found.refused), [*map(str, found)]


def test_holdings_without_a_master_are_not_used():
    own, found = made(HELD, None)
    assert own is None and not found.refused
    assert "is not used: it needs securities.csv beside it" in str(*found)


FILING = """<?xml version="1.0" encoding="UTF-8"?>
<edgarSubmission xmlns="http://www.sec.gov/edgar/nport">
  <headerData><submissionType>NPORT-P</submissionType></headerData>
  <formData>
    <genInfo><regName>A TRUST</regName><seriesName>A FUND</seriesName>
      <repPdEnd>2026-12-31</repPdEnd><repPdDate>2026-06-30</repPdDate></genInfo>
    <fundInfo><totAssets>1000.00</totAssets><netAssets>990.00</netAssets></fundInfo>
    <invstOrSecs>
      <invstOrSec><name>Apple Inc</name><lei>HWUPKR0MPOU8FGXBT394</lei><title>Apple Inc</title>
        <cusip>037833100</cusip><identifiers><isin value="US0378331005"/></identifiers>
        <balance>10</balance><units>NS</units><curCd>USD</curCd><valUSD>600</valUSD>
        <pctVal>60.6</pctVal><payoffProfile>Long</payoffProfile><assetCat>EC</assetCat>
        <issuerCat>CORP</issuerCat><invCountry>US</invCountry></invstOrSec>
      <invstOrSec><name>N/A</name><lei>N/A</lei><title>Somebody's note</title>
        <cusip>000000000</cusip><identifiers><other otherDesc="x" value="1"/></identifiers>
        <balance>10</balance><units>PA</units><curCd>USD</curCd><valUSD>300</valUSD>
        <pctVal>30.3</pctVal><payoffProfile>Long</payoffProfile><assetCat>DBT</assetCat>
        <issuerCat>CORP</issuerCat><invCountry>US</invCountry></invstOrSec>
      <invstOrSec><name>A bank</name><lei>N/A</lei><title>Repo</title><cusip>N/A</cusip>
        <balance>10</balance><units>OU</units><curCd>USD</curCd><valUSD>80</valUSD>
        <pctVal>8.1</pctVal><payoffProfile>Long</payoffProfile><assetCat>RA</assetCat>
        <issuerCat>CORP</issuerCat><invCountry>US</invCountry></invstOrSec>
    </invstOrSecs>
  </formData>
</edgarSubmission>
"""
BY_CATEGORY = """id_kind,id,class
cusip,037833100,us_large_equity
nport_category,DBT/US,us_core_bonds
"""


def test_a_filing_is_read_and_mapped_by_identifier_or_category(tmp_path):
    (tmp_path / "A.xml").write_text(FILING)
    (tmp_path / "B").mkdir()
    (tmp_path / "B" / "2026-06.xml").write_text(FILING)
    found = Findings()
    filings = nport.read_folder(tmp_path, ["A", "B"], found)
    assert not len(found) and sorted(set(filings["fund"])) == ["A", "B"]
    own, found = made(None, BY_CATEGORY, filings)
    assert not len(found), [*map(str, found)]
    seen = own.exposures(date(2026, 7, 1))
    assert seen.mapped.loc["A"].to_dict() == pytest.approx(
        {"us_core_bonds": 0.303, "us_large_equity": 0.606}
    )
    assert seen.unmapped["A"] == pytest.approx(0.091)  # the repo, and a part that was not listed
    again, found = made(own.to_csv(), BY_CATEGORY)
    assert not len(found), [*map(str, found)]
    assert again.exposures(date(2026, 7, 1)).mapped.equals(seen.mapped)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (FILING.replace("60.6", "much"), "holding 1: pctVal 'much' is no number"),
        (FILING.replace("<repPdDate>2026-06-30</repPdDate>", ""), "repPdDate"),
        (FILING.replace("edgar/nport", "edgar/thirteenf"), "is no N-PORT filing"),
        (FILING[:700], "is not XML"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>" + FILING, "declares entities"),
        ("<a xmlns='http://www.sec.gov/edgar/nport'/>", "begins with 'a'"),
    ],
)
def test_a_broken_filing_is_named(tmp_path, content, message):
    (tmp_path / "A.xml").write_text(content)
    with pytest.raises(DataError, match=f"nport/A.xml: .*{message}"):
        nport.read(tmp_path / "A.xml", "A")


def test_a_filing_of_an_unknown_fund_is_named(tmp_path):
    (tmp_path / "C.xml").write_text(FILING)
    found = Findings()
    assert nport.read_folder(tmp_path, ["A", "B"], found) is None
    assert "'C' is no fund of the lineup" in str(found.refused[0])


_FILING = (
    '<edgarSubmission xmlns="http://www.sec.gov/edgar/nport"><formData>'
    "<genInfo><repPdDate>2026-05-31</repPdDate></genInfo><invstOrSecs><invstOrSec>"
    "<title>X</title><pctVal>{}</pctVal></invstOrSec></invstOrSecs></formData></edgarSubmission>"
)


def test_a_filing_is_read_whatever_the_case_of_its_ending_and_others_are_said(tmp_path):
    (tmp_path / "A.XML").write_text(_FILING.format("99.0"), encoding="utf-8")
    (tmp_path / "A.pdf").write_text("no filing", encoding="utf-8")
    found = Findings()
    read = nport.read_folder(tmp_path, ["A"], found)
    assert read["weight"].tolist() == [0.99]
    assert [str(item) for item in found] == ["nport/A.pdf: is not read: filings end in .xml"]


@pytest.mark.parametrize("share", ["nan", "inf", "N/A"])
def test_a_filing_without_a_share_is_refused(tmp_path, share):
    (tmp_path / "A.xml").write_text(_FILING.format(share), encoding="utf-8")
    with pytest.raises(DataError, match=r"holding 1: pctVal .* is no number"):
        nport.read(tmp_path / "A.xml", "A")


def test_identifiers_are_the_same_in_small_letters_and_a_day_has_one_source(tmp_path):
    listed = "fund,date,id_kind,id,weight\nA,2026-05-31,ticker,aaa,50%\n"
    listed += "A,2026-05-31,cusip,38259p508,50%\n"
    master = "id_kind,id,class\nticker,AAA,us_large_equity\ncusip,38259P508,us_large_equity\n"
    texts = Text("fund_holdings.csv", listed), Text("securities.csv", master)
    known, found = classes.survey_classes(), Findings()
    made = holdings.make(*texts, None, ["A"], known, found, {})
    assert not list(found)
    assert made.exposures(date(2026, 6, 30)).mapped.to_numpy().tolist() == [[1.0]]
    (tmp_path / "A.xml").write_text(_FILING.format("5.0"), encoding="utf-8")
    filings = nport.read(tmp_path / "A.xml", "A")
    assert holdings.make(*texts, filings, ["A"], known, found, {}) is None
    assert "A, 2026-05-31: is in a filing of nport/ too" in str(found.refused[0])


def test_each_fund_keeps_its_own_last_day_whatever_the_others_filed():
    """A fund that files by the half-year stands beside one that files by the quarter."""
    held = HELD.replace("B,2026-06-30,ticker,XYZ,0.97", "B,2026-03-31,cusip,037833100,0.97")
    own = made(held)[0]
    for day, filed in (
        (date(2026, 4, 15), date(2026, 3, 31)),
        (date(2026, 7, 31), date(2026, 6, 30)),
    ):
        seen = own.exposures(day)
        assert {fund: when.date() for fund, when in seen.dates.items()} == {
            "A": filed,
            "B": date(2026, 3, 31),
        }
        assert seen.mapped.loc["B"].to_dict() == pytest.approx(
            {name: 0.97 * (name == "us_large_equity") for name in seen.mapped}
        )
        assert seen.unmapped["B"] == pytest.approx(0.03)
