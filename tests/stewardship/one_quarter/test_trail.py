"""Whatever was changed in the record is named, also by whoever holds the key that seals it."""

import pytest

from portlib.stewardship import one_quarter
from portlib.stewardship.audit_log import ChainBroken, Head
from portlib.stewardship.one_quarter import TrailBroken, quarter
from portlib.stewardship.settlement.ledger import Ledger


def test_an_honest_record_holds_and_every_event_is_counted(house, after):
    counted = one_quarter.walk(after.ledger, house.plan, house.roster)
    assert sum(counted.values()) == len(after.log.links)
    assert counted["PortfolioOptimized"] == 1


def test_a_cut_record_is_found_against_a_head_kept_elsewhere(house, after, forge):
    head = after.log.verify()
    cut = forge(after.log, lambda e: e.body if e.number < head.number - 3 else None)
    with pytest.raises(ChainBroken, match=r"ends before|not the one"):
        one_quarter.walk(cut, house.plan, house.roster, head=head)


def test_the_same_record_written_anew_is_found_by_its_head_alone(house, after, forge):
    again = forge(after.log, lambda event: event.body)
    assert one_quarter.walk(again, house.plan, house.roster)
    kept = Head(after.log.links[5].number, "0" * 64)
    with pytest.raises(ChainBroken, match="written anew"):
        one_quarter.walk(again, house.plan, house.roster, head=kept)


def weights_moved(body):
    models = [dict(model) for model in body["values"]["suite"]["models"]]
    fund = next(iter(models[0]["weights"]))
    models[0]["weights"] = {**models[0]["weights"], fund: 0.999}
    return {**body, "values": {**body["values"], "suite": {"models": models}}}


FORGERIES = {
    "weights": ("PortfolioOptimized", weights_moved, "do not give its digest"),
    "pins": (
        "PortfolioOptimized",
        lambda b: {**b, "pins": {**b["pins"], "code": "0" * 64}},
        "other code",
    ),
    "no certificate": ("ModelCertified", lambda b: None, "no certificate"),
    "no registration": ("ModelRegistered", lambda b: None, "registered"),
    "no mandate": ("MandateAdopted", lambda b: None, "mandate"),
    "no view": ("ViewAccepted", lambda b: None, "was not accepted"),
    "a halt": (
        "ViewAccepted",
        lambda b: b,
        None,
    ),
    "view noted as another": ("ViewAccepted", lambda b: {**b, "view": "other"}, "another view"),
    "role noted as another": ("ViewAccepted", lambda b: {**b, "role": "operations"}, "role"),
    "other target": (
        "RebalanceInstructionIssued",
        lambda b: {**b, "target": dict.fromkeys(b["target"], 1 / len(b["target"]))},
        "not the portfolio that was released",
    ),
    "other mandate": (
        "RebalanceInstructionIssued",
        lambda b: {**b, "mandate": "x"},
        "another mandate",
    ),
    "other plan": ("RebalanceInstructionIssued", lambda b: {**b, "plan": "x"}, "another plan"),
    "dearer": (
        "RebalanceInstructionIssued",
        lambda b: {**b, "expected_cost": 0.0},
        "no instruction asked for",
    ),
    "no instruction": ("RebalanceInstructionIssued", lambda b: None, "no instruction asked for"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_record_forged_by_whoever_seals_it_is_named(house, after, forge, name):
    where, change, why = FORGERIES[name]
    made = forge(after.log, lambda e: change(e.body) if e.name == where else e.body)
    if why is None:
        assert one_quarter.walk(made, house.plan, house.roster)
        return
    with pytest.raises((TrailBroken, ValueError), match=why):
        one_quarter.walk(made, house.plan, house.roster)


def test_a_seal_by_another_key_is_named(house, after, forge):
    roster = {**house.roster, "operations": house.roster[house.researcher]}
    with pytest.raises(TrailBroken, match="not with the key"):
        one_quarter.walk(after.ledger, house.plan, roster)


def test_a_balance_changed_in_the_table_is_named(house, after):
    fund = next(iter(after.ledger.holdings()))
    after.ledger.connection.execute(
        "UPDATE balances SET quantity = quantity + 1000 WHERE account = 'plan' AND asset = ?",
        (fund,),
    )
    with pytest.raises(ValueError, match=fund):
        one_quarter.walk(after.ledger, house.plan, house.roster)


def test_a_release_is_made_again_to_the_last_digit_kept(house, after):
    first = after.log.events("optimisation", "PortfolioOptimized")[0]
    assert one_quarter.reperform(first, house.plan) == []
    moved = weights_moved(first.body)["values"]["suite"]["models"][0]
    body = {**first.body}
    body["values"] = {
        **body["values"],
        "suite": {
            **body["values"]["suite"],
            "models": [moved, *body["values"]["suite"]["models"][1:]],
        },
    }
    changed = type(first)(**{**first.__dict__, "body": body})
    assert any("weights" in line for line in one_quarter.reperform(changed, house.plan))


def test_keys_that_were_replaced_still_verify_what_they_signed(house, after):
    from portlib.stewardship.governance.signatures import Key, SignatureError, in_force

    old = house.roster["operations"]
    new = house.roster["plan design"]
    turn = house.now + 48 * quarter.pd.Timedelta(hours=1)
    keys = {role: [Key(address)] for role, address in house.roster.items()}
    keys["operations"] = [Key(old, None, turn), Key(new, turn + quarter.pd.Timedelta(seconds=1))]
    assert one_quarter.walk(after.ledger, house.plan, keys)
    revoked = {**keys, "operations": [Key(old, None, house.now - quarter.pd.Timedelta(days=1))]}
    with pytest.raises(TrailBroken, match="operations"):
        one_quarter.walk(after.ledger, house.plan, revoked)
    both = {"operations": [Key(old), Key(new)]}
    with pytest.raises(SignatureError, match="two keys"):
        in_force(both, house.now)


def test_a_seal_over_another_head_is_named(house, after, forge):
    """A line changed without the key: the old seals are true signatures, of heads that are gone."""

    def changed(event):
        return (
            {**event.body, "reason": "another"} if event.name == "RebalanceSignal" else event.body
        )

    log = Ledger(":memory:").log
    for event in after.log.events():
        log.append(event.topic, event.name, at=event.at, actor=event.actor, body=changed(event))
    with pytest.raises(TrailBroken, match="signs another head"):
        one_quarter.walk(type(forge(after.log, changed))(log), house.plan, house.roster)
