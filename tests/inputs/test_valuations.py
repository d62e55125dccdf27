"""Dated valuations: the latest that was known, never a later one."""

import re
from datetime import date

import pytest

from portlib.data import DataError
from portlib.inputs import classes, valuations
from portlib.tables import Findings, Text

ROWS = """class,measure,date,value,source
us_large_equity,dividend_yield,2026-06-30,1.3%,index factsheet
us_large_equity,dividend_yield,2026-09-30,0.012,index factsheet
us_large_equity,real_growth,2026-09-30,0.02,house
all,inflation,2026-09-30,2.4%,survey
"""


def made(text=ROWS):
    found = Findings()
    return valuations.make(Text("valuations.csv", text), classes.survey_classes(), found, {}), found


def test_the_latest_known_figure_answers():
    own, found = made()
    assert not len(found)
    assert own.latest("us_large_equity", "dividend_yield", date(2026, 8, 1)).value == pytest.approx(
        0.013
    )
    assert own.latest("us_large_equity", "dividend_yield", date(2026, 9, 30)).value == 0.012
    assert own.latest("us_tips", "inflation", date(2026, 10, 1)).value == pytest.approx(0.024)
    assert own.classes_with("dividend_yield", "real_growth", "inflation") == ("us_large_equity",)
    with pytest.raises(DataError, match="no dividend_yield of us_large_equity on or before 2026-0"):
        own.latest("us_large_equity", "dividend_yield", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1.3%", "1.3", "line 2: dividend_yield 1.3 is not between 0 and 0.2; in percent"),
        ("real_growth", "growth", "line 4: measure 'growth' is none of .*mean 'real_growth'"),
        ("all,", "us_large,", "class 'us_large' is not known; did you mean 'us_large_equity'"),
        ("2026-06-30", "2026-09-30", "is given twice for its class and day"),
        (",survey", ",", "line 5: source is empty"),
        ("2026-06-30", "June 2026", "is not a date like the others"),
    ],
)
def test_each_fault_is_named(old, new, message):
    assert old in ROWS
    own, found = made(ROWS.replace(old, new, 1))
    assert own is None
    assert any(re.search(message, str(finding)) for finding in found.refused), [*map(str, found)]
