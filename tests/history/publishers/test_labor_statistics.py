"""The Bureau's flat file: its own months, no averages, and October 2025 stays missing."""

import numpy as np
import pytest

from portlib.data import DataError
from portlib.history.publishers import read

HEADER = "series_id        \tyear\tperiod\t       value\tfootnote_codes\r\n"


def row(series, year, period, value):
    return f"{series}    \t{year}\t{period}\t{value:>12}\t\r\n"


def test_all_items_are_taken_and_what_was_not_collected_is_missing(tmp_path):
    text = HEADER + "".join(
        row(*cells)
        for cells in (
            ("CUSR0000SA0", 2025, "M09", "324.368"),
            ("CUUR0000SA0", 2025, "M09", "324.800"),
            ("CUUR0000SA0", 2025, "M10", "-"),
            ("CUUR0000SA0", 2025, "M11", "324.122"),
            ("CUUR0000SA0", 2025, "M13", "321.943"),
            ("CUUR0000SA0", 2025, "S02", "323.900"),
            ("CUUR0000SEFJ01", 2025, "M09", "1.0"),
        )
    )
    path = tmp_path / "cu.data.1.AllItems"
    path.write_text(text, newline="")
    file = read(path)
    assert file.kind == "CPIAUCNS" and file.notes == ("not collected, and kept missing: 1",)
    values = file.tables[0].values["CPIAUCNS"]
    assert values.iloc[[0, 2]].tolist() == [324.8, 324.122] and np.isnan(values.iloc[1])
    assert file.vintage == "2025-11-30"


def test_a_file_without_all_items_is_refused(tmp_path):
    path = tmp_path / "cu.data.12.USHousing"
    path.write_text(HEADER + row("CUUR0000SAH", 2025, "M09", "1.0"))
    with pytest.raises(DataError, match="neither CUUR0000SA0 nor CUSR0000SA0"):
        read(path)


def test_december_is_a_month_the_years_average_none_and_halves_neither(tmp_path):
    rows = [("CUUR0000SA0", 2025, "M12", "325.0"), ("CUUR0000SA0", 2025, "M13", "999.0")]
    rows += [("CUUR0000SA0", 2025, "S01", "888.0"), ("CUUR0000SA0", 2026, "M01", "326.3")]
    path = tmp_path / "cu.data.1.AllItems"
    path.write_text(HEADER + "".join(row(*cells) for cells in rows), newline="")
    file = read(path)
    assert file.tables[0].values["CPIAUCNS"].tolist() == [325.0, 326.3]
    assert file.tables[0].values.index.strftime("%Y-%m-%d").tolist() == ["2025-12-31", "2026-01-31"]
    assert file.publisher == "Bureau of Labor Statistics" and file.notes == ()
    assert file.licence.startswith("public domain") and file.tables[0].title == "CPIAUCNS"


def test_a_last_month_that_was_not_collected_is_no_vintage(tmp_path):
    rows = [("CUSR0000SA0", 2025, "M09", "325.0"), ("CUSR0000SA0", 2025, "M10", "-")]
    path = tmp_path / "cu.data.1.AllItems"
    path.write_text(HEADER + "".join(row(*cells) for cells in rows), newline="")
    file = read(path)
    assert (file.kind, file.vintage, len(file.tables[0].values)) == ("CPIAUCSL", "2025-09-30", 2)


def test_months_that_do_not_rise_are_refused(tmp_path):
    rows = [("CUUR0000SA0", 2025, "M12", "325.0"), ("CUUR0000SA0", 2025, "M11", "324.0")]
    path = tmp_path / "cu.data.1.AllItems"
    path.write_text(HEADER + "".join(row(*cells) for cells in rows), newline="")
    with pytest.raises(DataError, match="2025-11-30 comes after a later date"):
        read(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (row("CUUR0000SA0", 2025, "M10", "-"), "no month of CUUR0000SA0 was collected"),
        (row("CUUR0000SA0", 2025, "M13", "321.9"), "no month of CUUR0000SA0 was collected"),
        ("CUUR0000SA0\t2025\tM09", "line 2 has 3 fields, not 4 or more"),
    ],
)
def test_a_file_without_a_month_and_one_that_is_cut_off_are_refused(tmp_path, rows, message):
    path = tmp_path / "cu.data.1.AllItems"
    path.write_text(HEADER + rows, newline="")
    with pytest.raises(DataError, match=message):
        read(path)
