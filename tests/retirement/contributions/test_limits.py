"""How much may be put in: the notice's figures, the corners of the law, and what is not known."""

import pytest

from portlib.retirement.contributions.limits import room

#: IRS Notice 2025-67, for 2026.
NOTICE = {
    "deferral": 24_500,
    "catch-up": 8_000,
    "catch-up 60 to 63": 11_250,
    "additions": 72_000,
    "ira": 7_500,
    "ira from 50": 8_600,
    "wages": 150_000,
}


def test_the_limits_are_the_notices_at_every_age() -> None:
    assert room(2026, 49, 0).employee == NOTICE["deferral"]
    assert room(2026, 50, 0).catch_up == NOTICE["catch-up"]
    assert [room(2026, age, 0).catch_up for age in (59, 60, 63, 64)] == [
        8_000,
        11_250,
        11_250,
        8_000,
    ]
    assert room(2026, 40, 0).additions == NOTICE["additions"]
    assert [room(2026, age, 0).ira for age in (49, 50)] == [NOTICE["ira"], NOTICE["ira from 50"]]


def test_high_earners_catch_up_to_roth_or_not_at_all() -> None:
    """IRC 414(v)(7): wages that *exceed* the threshold, of the year before, from 2026 on."""
    at, above = room(2026, 55, 150_000), room(2026, 55, 150_000.01)
    assert not at.catch_up_roth_only
    assert above.catch_up_roth_only
    assert above.catch_up == 8_000
    none = room(2026, 55, 200_000, roth_offered=False)
    assert none.catch_up == 0
    assert not none.catch_up_roth_only
    assert "no Roth account" in none.why
    assert not room(2025, 55, 400_000).catch_up_roth_only  # not in force
    assert not room(2026, 45, 400_000).catch_up_roth_only  # nothing to catch up


def test_the_earner_of_450_000_may_not_catch_up_before_tax() -> None:
    found = room(2026, 61, 450_000)
    assert (found.catch_up, found.catch_up_roth_only) == (11_250, True)


def test_fifteen_years_of_service_are_the_least_of_three() -> None:
    """IRC 402(g)(7)(A)."""
    assert room(2026, 45, 0, service_years=14).service == 0
    assert room(2026, 45, 0, service_years=20, deferred_before=40_000).service == 3_000
    assert room(2026, 45, 0, service_years=20, service_used=14_000).service == 1_000
    assert room(2026, 45, 0, service_years=20, deferred_before=99_000).service == 1_000
    assert room(2026, 45, 0, service_years=20, deferred_before=150_000).service == 0


def test_a_year_that_is_not_announced_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="of 2027: not announced"):
        room(2027, 55, 0)
    with pytest.raises(ValueError, match="no table for 2019"):
        room(2019, 55, 0)


def test_what_an_employee_may_defer_is_the_sum_of_its_parts_and_service_starts_at_fifteen() -> None:
    for years in (14, 15, 20):
        found = room(2026, 55, 80_000, service_years=years, deferred_before=10_000)
        assert found.employee == found.deferral + found.catch_up + found.service
        assert (found.service > 0) == (years >= 15)
    above = room(2026, 55, 1e6, roth_offered=False)
    assert above.catch_up == 0 and "no Roth account" in above.why
    assert "catch-up to Roth only" in room(2026, 55, 1e6).why
