"""Whatever was changed in the record is named, also by whoever holds the key that seals it."""

import json
from dataclasses import replace

import pytest

from portlib.stewardship import one_quarter
from portlib.stewardship.audit_log import ChainBroken, Head
from portlib.stewardship.governance import certificates, model_registry
from portlib.stewardship.one_quarter import TrailBroken, quarter, trail
from portlib.stewardship.settlement.ledger import Ledger

from .conftest import HOUR


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


def locked_as(**changes):
    return lambda b: {**b, "content": {**b["content"], **changes}}


def leg_larger(body):
    first, *rest = body["content"]["legs"]
    return locked_as(legs=[{**first, "cents": first["cents"] + 1}, *rest])(body)


def moved_otherwise(at, change):
    """One of an event's transfers, with another quantity or other accounts."""

    def made(body):
        moves = [list(move) for move in body["transfers"]]
        chosen = at(moves)
        chosen[:] = change(*chosen)
        return {**body, "transfers": moves}

    return made


def first_fund(moves):
    return next(move for move in moves if move[2] != "USD")


def last_cash(moves):
    return [move for move in moves if move[2] == "USD"][-1]


def more(source, target, asset, quantity):
    return source, target, asset, quantity + 1


def moving(body):
    return {**body, "transfers": [["outside", "plan", "USD", 1]]}


#: What settlement may do with holdings, one thing at a time done otherwise.
UNSETTLED = {
    "finality moves a share more": (
        "SettlementFinalized",
        moved_otherwise(first_fund, more),
        "was due",
    ),
    "finality pays a cent more": ("SettlementFinalized", moved_otherwise(last_cash, more), "USD"),
    "finality pays another": (
        "SettlementFinalized",
        moved_otherwise(last_cash, lambda s, t, a, q: (s, "friend", a, q)),
        "was due",
    ),
    "finality moves nothing": ("SettlementFinalized", lambda b: {**b, "transfers": []}, "was due"),
    "finality of another order": (
        "SettlementFinalized",
        lambda b: {**b, "instruction": "x"},
        "not open",
    ),
    "rolled back and yet traded": ("SettlementFinalized", None, "was due"),
    "a leg for a cent more": ("LegConfirmed", lambda b: {**b, "cents": b["cents"] + 1}, "was due"),
    "a leg beyond the tolerance": (
        "LegConfirmed",
        lambda b: {**b, "cents": 2 * b["cents"]},
        "beyond the order's tolerance",
    ),
    "a leg twice": ("LegConfirmed", lambda b: {**b, "leg": 0}, "confirmed before"),
    "a leg that is none": ("LegConfirmed", lambda b: {**b, "leg": 10**6}, "which is none"),
    "a leg before the first": ("LegConfirmed", lambda b: {**b, "leg": -1}, "which is none"),
    "a leg of another order": ("LegConfirmed", lambda b: {**b, "order": "x"}, "not open"),
    "no lock": ("EscrowLocked", lambda b: None, "not open"),
    "a confirmation that moves": ("LegConfirmed", moving, "may not"),
    "a wait that moves": ("PendingFinality", moving, "may not"),
    "an instruction that moves": ("ResultAccepted", moving, "may not"),
    "a deposit from the plan": (
        "Deposited",
        moved_otherwise(lambda m: m[0], lambda s, t, a, q: (t, s, a, q)),
        "from outside to plan",
    ),
    "a deposit of less than nothing": (
        "Deposited",
        moved_otherwise(lambda m: m[0], lambda s, t, a, q: (s, t, a, -q)),
        "from outside to plan",
    ),
    "escrow of another order": (
        "EscrowLocked",
        moved_otherwise(lambda m: m[0], lambda s, t, a, q: (s, "escrow:x", a, q)),
        "from plan to escrow",
    ),
}


@pytest.mark.parametrize("name", UNSETTLED)
def test_finality_is_held_against_the_confirmed_legs(house, after, forge, name):
    """Whoever writes the record anew writes the tables anew too, so that they agree with it."""
    where, change, why = UNSETTLED[name]
    made = forge(after.log, lambda e: change(e.body) if change and e.name == where else e.body)
    if change is None:
        made = renamed(made, where, "SettlementRolledBack")
    with pytest.raises(TrailBroken, match=why):
        one_quarter.walk(made, house.plan, house.roster)


def renamed(made, name, other):
    """The record up to the event of that name, which bears the other."""
    log = Ledger(":memory:").log
    for event in made.log.events():
        ends = event.name == name
        log.append(
            event.topic,
            other if ends else event.name,
            at=event.at,
            actor=event.actor,
            body=event.body,
        )
        if ends:
            break
    return type(made)(log)


def test_a_confirmation_left_out_is_named_by_what_waits_for_it(house, after, forge):
    (last,) = [e for e in after.log.events() if e.name == "LegConfirmed"][-1:]
    made = forge(after.log, lambda e: None if e.number == last.number else e.body)
    with pytest.raises(TrailBroken, match="legs were confirmed"):
        one_quarter.walk(made, house.plan, house.roster)


def test_an_order_is_locked_once(house, after):
    past = trail._Past(house.plan, house.roster)
    (asked,) = after.log.events("rebalancing", "RebalanceInstructionIssued")
    (locked,) = after.log.events("settlement", "EscrowLocked")
    past.instructions[locked.body["instruction"]] = asked
    past.take(locked)
    with pytest.raises(TrailBroken, match="locked before"):
        past.take(locked)


def test_an_order_that_is_given_up_gives_back_what_it_locked(house, after):
    """Locked and failed as the controller does it, the record holds; with a cent kept, not."""
    locked = after.log.events("settlement", "EscrowLocked")[0].body
    past = trail._Past(house.plan, house.roster)
    event = after.log.events("settlement", "EscrowLocked")[0]
    past.locked[locked["instruction"]], past.filled[locked["instruction"]] = event, {}
    back = [[t, s, a, q] for s, t, a, q in locked["transfers"]]
    for moves, holds in ((back, True), (back[1:], False)):
        body = {"instruction": locked["instruction"], "transfers": moves}
        given_up = replace(event, name="SettlementRolledBack", body=body)
        if holds:
            past.take(given_up)
            with pytest.raises(TrailBroken, match="not open"):
                past.take(given_up)
            past.locked[locked["instruction"]] = event
        else:
            with pytest.raises(TrailBroken, match="and 0 was due"):
                past.take(given_up)


FORGERIES = {
    "a leg larger": ("EscrowLocked", leg_larger, "another order than the instruction's"),
    "more time": ("EscrowLocked", locked_as(hours=8000), "another order than the instruction's"),
    "more room": ("EscrowLocked", locked_as(tolerance=0.5), "another order than the instruction's"),
    "another id": ("EscrowLocked", locked_as(id="x"), "another order than the instruction's"),
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
    "other policy adopted": (
        "PolicyAdopted",
        lambda b: {**b, "values": {**b["values"], "leakage_rate": 0.5}},
        "policy with another leakage_rate than the log's",
    ),
    "a value of the policy gone": (
        "PolicyAdopted",
        lambda b: {**b, "values": {k: v for k, v in b["values"].items() if k != "leakage_rate"}},
        "another leakage_rate",
    ),
    "mandates of another policy": (
        "MandateAdopted",
        lambda b: {**b, "policy": "0" * 64},
        "mandates of another policy",
    ),
    "accepted as made by others": (
        "ResultAccepted",
        lambda b: {**b, "pins": "0" * 64},
        "other code, data, policy or plan than the release",
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


def test_a_certificate_by_whoever_seals_is_named(house, after, forge):
    """With the sealing key one could certify one's own model; the role may not. The seals that
    follow are numbered on, so that nothing but the role is wrong."""
    seals = [e for e in after.log.events() if e.name == "LogSealed"]
    (filed,) = after.log.events("models", "ModelCertified")
    turn = 1 + max(e.body["nonce"] for e in seals if e.number < filed.number)

    def own(event):
        if event.name == "LogSealed" and event.number > filed.number:
            return {**event.body, "nonce": event.body["nonce"] + 1}
        if event.name != "ModelCertified":
            return event.body
        content = certificates.certificate_content(event.body["fields"])
        signed = house.sign("Certificate", content, "operations", nonce=turn, days=365.0)
        return {"fields": event.body["fields"], "role": "operations", "nonce": turn} | {
            "signed": signed.to_json()
        }

    with pytest.raises(TrailBroken, match="operations may not certify"):
        one_quarter.walk(forge(after.log, own), house.plan, house.roster)


def test_other_words_under_a_certificate_are_named(house, after, forge):
    def other(event):
        if event.name != "ModelCertified":
            return event.body
        return {**event.body, "fields": {**event.body["fields"], "conclusion": "something else"}}

    with pytest.raises(TrailBroken, match="does not say what was signed"):
        one_quarter.walk(forge(after.log, other), house.plan, house.roster)


def test_a_release_beyond_a_limit_is_named_even_with_a_digest_of_its_own(house, after, forge):
    digits = house.plan.policy["result_digits"]
    made = {}

    def wild(event):
        if event.name == "PortfolioOptimized":
            values = json.loads(json.dumps(event.body["values"]))
            values["suite"]["models"][0]["risk"] = 0.9
            made["digest"] = model_registry.result_digest(values, digits)
            return {**event.body, "values": values, "digest": made["digest"]}
        if event.name == "ResultAccepted":
            return {**event.body, "digest": made["digest"]}
        return event.body

    with pytest.raises(TrailBroken, match=r"volatility is 0\.9, beyond"):
        one_quarter.walk(forge(after.log, wild), house.plan, house.roster)


@pytest.mark.parametrize(
    ("hours", "roles", "why"),
    [(48, 2, None), (47, 2, "waiting time"), (48, 1, "1 roles approved")],
)
def test_a_change_of_policy_is_held_to_its_approvals_and_its_waiting_time(
    house, after, hours, roles, why
):
    at = house.now + 2 * HOUR
    office, log = after.office, after.log
    change = {"entry": "turnover_limit", "value": 0.15, "reason": "a test"}
    proposed = office.propose(*change.values(), at, house.researcher)
    content = {
        "subject": proposed.name,
        "content": bytes.fromhex(proposed.link.digest),
        "reason": "read",
    }
    for role in house.plan.policy["approval_roles"][:roles]:
        office.approve(house.sign("Approval", content, role, at=at), at)
    body = {"of": proposed.number, "entry": change["entry"], "value": change["value"]}
    log.append("policy", "PolicyChanged", at=at + hours * HOUR, actor="portlib", body=body)
    if why is None:
        assert one_quarter.walk(after.ledger, house.plan, house.roster)["PolicyChanged"] == 1
        return
    with pytest.raises(TrailBroken, match=why):
        one_quarter.walk(after.ledger, house.plan, house.roster)


@pytest.mark.parametrize(("tolerance", "told"), [(1e-3, False), (1e-6, True)])
def test_a_release_made_again_is_held_to_the_policy_s_tolerance(house, after, tolerance, told):
    """`result_tolerance`, in weights: a ten-thousandth off is told by who decided a millionth."""
    policy = house.plan.policy.replace(result_tolerance=tolerance)
    other = replace(house.plan, policy=policy)
    body = json.loads(json.dumps(after.log.events("optimisation", "PortfolioOptimized")[0].body))
    body["pins"]["plan"] = other.fingerprint
    weights = body["values"]["suite"]["models"][0]["weights"]
    fund = max(weights, key=weights.get)
    weights[fund] += 1e-4
    event = replace(after.log.events("optimisation", "PortfolioOptimized")[0], body=body)
    off = one_quarter.reperform(event, other)
    assert any(fund in line for line in off) is told


@pytest.mark.parametrize("days", [7, 30])
def test_a_seal_holds_for_as_many_days_as_policy_says(house, after, days):
    """`view_validity_days`, from the moment of signing."""
    policy = house.plan.policy.replace(view_validity_days=days)
    desk = replace(after, plan=replace(house.plan, policy=policy))
    message = quarter.seal(desk, house.now + 2 * HOUR).body["signed"]["message"]
    until = (house.now + 2 * HOUR).timestamp() + days * 24 * 3600
    assert message["validUntil"] == pytest.approx(until, abs=1)


@pytest.mark.parametrize(
    ("topic", "name", "why"),
    [("monitoring", "AlertClosed", "closes no open alert"), ("risk", "Resumed", "lifts no halt")],
)
def test_nothing_ends_that_did_not_begin(house, after, topic, name, why):
    at = house.now + 2 * HOUR
    after.log.append(topic, name, at=at, actor="x", body={"of": 1, "why": "planted"})
    with pytest.raises(TrailBroken, match=why) as broken:
        one_quarter.walk(after.ledger, house.plan, house.roster)
    assert broken.value.event == after.log.links[-1].number
