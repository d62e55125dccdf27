"""What of the inbox is heard."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from portlib.construction.views import ViewError
from portlib.retirement import plan_menu
from portlib.stewardship import one_quarter
from portlib.stewardship.audit_log import AuditLog
from portlib.stewardship.governance.office import Office
from portlib.stewardship.one_quarter import inbox

from .conftest import HOUR


@pytest.fixture(scope="module")
def prior(house):
    return plan_menu.class_assumptions(house.plan)


def hear(house, prior, *letters, office=None, at=None):
    ours = office or Office.of_policy(
        AuditLog(), house.plan.fingerprint, house.roster, policy=house.plan.policy
    )
    said = inbox.hear(ours, house.plan, letters, prior, None, at or house.now)
    return ours, said


def test_a_letter_that_cannot_be_read_stops_no_other(house, tmp_path: Path):
    good = house.letter(house.view())
    (tmp_path / "b.json").write_text(json.dumps({"statement": good.signed.to_json()}))
    (tmp_path / "a.json").write_text("{not json")
    (tmp_path / "c.json").write_text(json.dumps({"statement": {"kind": "Wish"}}))
    (tmp_path / "d.json").write_text(json.dumps({"statement": {}, "note": 1}))
    (tmp_path / "e.txt").write_text("no letter")
    letters, unread = inbox.read(tmp_path)
    assert [letter.name for letter in letters] == ["b.json"]
    assert letters[0].signed == good.signed
    assert set(unread) == {"a.json", "c.json", "d.json"}
    assert "note" in unread["d.json"]


def test_a_view_without_its_authors_signature_moves_nothing(house, prior):
    view = house.view(portfolio={"em_equity": 1.0}, q=0.3, confidence=0.5)
    forged = house.letter(view)
    forged = inbox.Letter("forged.json", forged.signed.altered(q="0.4"))
    office, said = hear(house, prior, forged)
    assert said["forged.json"].startswith("Altered")
    assert inbox.in_force(office, house.now) == ()
    assert inbox.expected(house.plan, prior, ()) is prior
    assert [event.name for event in office.log.events()] == ["ViewRefused"]


@pytest.mark.parametrize("unsure", [{"variance": 0.0}, {"confidence": 1.0}, {"confidence": 0.51}])
def test_certainty_is_refused_whoever_signs_it(house, prior, unsure):
    view = house.view(portfolio={"em_equity": 1.0}, q=0.3, confidence=None)
    view = house.view(portfolio={"em_equity": 1.0}, q=0.3, **{"confidence": None, **unsure})
    office, said = hear(house, prior, house.letter(view))
    assert "view_confidence_limit" in next(iter(said.values()))
    assert inbox.in_force(office, house.now) == ()


def test_at_the_limit_it_is_heard(house, prior):
    limit = house.plan.policy["view_confidence_limit"]
    share = inbox.weighable(house.view(confidence=limit), house.plan, prior)
    assert share == pytest.approx(limit, abs=1e-12)
    own = (
        house.plan.policy["black_litterman_tau"]
        * prior.risk_of(np.array([float(label == "em_equity") for label in prior.labels])) ** 2
    )
    even = house.view(portfolio={"em_equity": 1.0}, confidence=None, variance=own)
    assert inbox.weighable(even, house.plan, prior) == pytest.approx(0.5)


def test_a_class_that_the_plan_does_not_know_is_named(house, prior):
    with pytest.raises(ViewError, match="moon_rock"):
        inbox.weighable(house.view(portfolio={"moon_rock": 1.0}), house.plan, prior)


def test_the_newest_version_counts_until_its_last_day(house, prior):
    first = house.letter(house.view())
    second = house.letter(house.view(q=0.02, version=2), nonce=2)
    desk = house.desk()
    one_quarter.adopt(desk, house.now)
    office, said = hear(house, prior, first, second, office=desk.office)
    assert set(said.values()) == {inbox.ACCEPTED}
    (view,) = inbox.in_force(office, house.now + HOUR)
    assert (view.version, view.q) == (2, 0.02)
    assert inbox.in_force(office, house.now + 24 * 31 * HOUR) == ()


def test_what_was_signed_for_the_plan_as_it_was_must_be_signed_again(house, prior):
    desk = house.desk()
    one_quarter.adopt(desk, house.now)
    hear(house, prior, house.letter(house.view()), office=desk.office)
    assert len(inbox.in_force(desk.office, house.now)) == 1
    policy = house.plan.policy.replace(turnover_limit=house.plan.policy["turnover_limit"] * 0.9)
    other = replace(desk, plan=replace(house.plan, policy=policy))
    assert inbox.in_force(other.office, house.now) == ()


def test_a_view_moves_the_mean_of_its_portfolio_by_its_share(house, prior):
    view = house.view(confidence=0.25)
    after = inbox.expected(house.plan, prior, [view])
    p = np.array([view.portfolio.get(label, 0.0) for label in prior.labels])
    assert p @ after.mu == pytest.approx(p @ prior.mu + 0.25 * (view.q - p @ prior.mu))
    np.testing.assert_array_equal(after.sigma, prior.sigma)
