"""Does the record of a plan hold, from its first line to its last, and if not, where does it break?

A chain of hashes shows that nobody changed a line afterwards. It does not show that what the lines
say was allowed. `walk` reads the log in order and asks of every event what had to stand before it::

    signed statement      signature, key of the role, days and turn, checked again
    policy changed        proposed, approved by enough others, the waiting time over
    model certified       by a role that may, over these very words
    portfolio released    policy and mandate adopted, model registered with these hashes, certified,
                          not halted, within every limit, views accepted and still holding, values
                          give the digest
    result accepted       the release that it accepts
    instruction           its target is the released one, under the plan, policy and mandate named
    settlement            the instruction that it carries out; each leg confirmed once and within
                          the tolerance; finality moves what was confirmed, and no more; an end
                          without it gives back what was locked; balances computed again
    alert closed          the alert that it closes
    log sealed            the head that was signed is the head that stood there

The first that does not hold is named. `reperform` makes a release again from the assumptions that
stand in it, and says what comes out otherwise.

Left out: everything that never reached the log.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from portlib import history
from portlib.plan import Plan
from portlib.retirement import model_portfolios, plan_menu
from portlib.stewardship.audit_log import AuditError, AuditLog, Event, Head, canonical
from portlib.stewardship.governance import signatures
from portlib.stewardship.governance.approvals import one_person, same
from portlib.stewardship.governance.certificates import (
    FIELDS,
    NotCertified,
    certificate_content,
    missing,
)
from portlib.stewardship.governance.circuit_breakers import breaches, risk_limits, risk_measures
from portlib.stewardship.governance.model_registry import (
    Pins,
    disagreements,
    policy_values,
    result_digest,
)
from portlib.stewardship.governance.signatures import Key
from portlib.stewardship.one_quarter.quarter import MODEL, assumptions_of, portfolios, suite_of
from portlib.stewardship.settlement import Leg, Order
from portlib.stewardship.settlement.ledger import CASH, OUTSIDE, PLAN, Ledger, replay

#: The only events that move anything, and whence to where (an order's escrow is its own); what ends
#: an order is held to what it must have moved.
MOVING = {
    "Deposited": (OUTSIDE, PLAN),
    "EscrowLocked": (PLAN, "escrow:{}"),
    "SettlementFinalized": None,
    "SettlementRolledBack": None,
}


class TrailBroken(AuditError):
    """The first event that does not hold; `event` is its number, the message says why."""

    def __init__(self, event: int, why: str) -> None:
        super().__init__(why)
        self.event = event


def walk(
    ledger: Ledger,
    plan: Plan,
    roster: Mapping[str, str] | Mapping[str, Sequence[Key]],
    *,
    head: Head | None = None,
) -> dict[str, int]:
    """Check the whole record; how many events of each name were found to hold.

    Parameters
    ----------
    ledger : Ledger
        Holdings and log.
    plan : Plan
        Whose record it is.
    roster : mapping of role to address, or to its keys
        A signature is held against the key that counted when it was heard.
    head : Head, optional
        One that was kept elsewhere.

    Raises
    ------
    ChainBroken
        A line was changed, dropped, moved or cut.
    TrailBroken
        An event lacks what had to stand before it.
    LedgerBroken
        A balance, an order or a message is not what the log says.

    Examples
    --------
    The chain is whole, and yet the record does not hold: nobody released what was to be traded.

    >>> from datetime import UTC, datetime
    >>> from portlib import plan as plans
    >>> ledger, at = Ledger(":memory:"), datetime(2026, 11, 29, tzinfo=UTC)
    >>> event = ledger.log.append(
    ...     "rebalancing", "RebalanceInstructionIssued", at=at, actor="nobody", body={}
    ... )
    >>> walk(ledger, plans.read(), {})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    portlib.stewardship.one_quarter.trail.TrailBroken: event 1 ... before any portfolio was released

    It goes on in ``trail.md``.
    """
    ledger.log.verify(head)
    events = ledger.log.events()
    past = _Past(plan, roster)
    counted: dict[str, int] = {}
    for event in events:
        try:
            past.take(event)
        except TrailBroken:
            raise
        except (ValueError, KeyError, TypeError) as error:
            why = f"event {event.number} ({event.name}): {error}"
            raise TrailBroken(event.number, why) from error
        counted[event.name] = counted.get(event.name, 0) + 1
    if not events:
        raise TrailBroken(0, "the log has no line: nothing was adopted into it")
    if past.registered and past.registered["pins"]["plan"] != plan.fingerprint:
        raise TrailBroken(len(events), past.other_plan())
    ledger.check(head)
    return counted


class _Past:
    """What stands before an event, read in order."""

    def __init__(self, plan: Plan, roster: Mapping[str, str] | Mapping[str, Sequence[Key]]) -> None:
        self.plan = plan
        self.roster = roster
        self.events: dict[int, Event] = {}
        self.digests: dict[int, str] = {0: "0" * 64}
        self.used: dict[str, list[int]] = {}
        self.policy: dict[str, Any] = {}
        self.mandates: Mapping[str, Any] = {}
        self.registered: Mapping[str, Any] = {}
        self.certified: Event | None = None
        self.halted = 0  # the number of the halt that stands
        self.enacted: set[int] = set()
        self.views: dict[str, Event] = {}
        self.release: Event | None = None
        self.instructions: dict[str, Event] = {}
        self.locked: dict[str, Event] = {}
        self.filled: dict[str, dict[int, int]] = {}
        self.alerts: set[int] = set()

    def take(self, event: Event) -> None:
        """Check one event against what came before it, and remember it."""
        if "signed" in event.body:
            self._signed(event)
        self._moves(event)
        check: Callable[[Event], None] | None = getattr(self, f"_{_snake(event.name)}", None)
        if check is not None:
            check(event)
        self.events[event.number] = event
        self.digests[event.number] = event.link.digest

    @property
    def _domain(self) -> str:
        """The plan that statements name: the one for which the model is registered then."""
        return str(self.registered["pins"]["plan"]) if self.registered else self.plan.fingerprint

    def other_plan(self) -> str:
        """That the last registration is for another plan, and where the two are apart."""
        given, kept = policy_values(self.plan.policy), self.policy
        apart = [
            name
            for name in sorted({*given, *kept})
            if canonical(given.get(name)) != canonical(kept.get(name))
        ]
        where = (
            f"its policy differs in {', '.join(apart)}"
            if apart
            else "its policy is the log's; its rules, menu, people or inputs differ"
        )
        pins = self.registered["pins"]["plan"]
        return (
            f"the log's last registration is for another plan ({pins[:10]}) than the one given "
            f"({self.plan.fingerprint[:10]}): {where}"
        )

    # ---- each kind

    def _signed(self, event: Event) -> None:
        signed = signatures.from_json(event.body["signed"])
        roster = signatures.in_force(self.roster, event.at)
        if signed.role not in roster:
            self._no(event, f"is signed as {signed.role}, {self._keyless(signed.role, event.at)}")
        signatures.verify(signed, roster, plan=self._domain, at=event.at)
        used = self.used.setdefault(signed.role, [])
        signatures.in_turn(signed, used)
        if (signed.role, signed.nonce) != (event.body["role"], event.body["nonce"]):
            self._no(event, "is noted under another role or number than was signed")
        used.append(signed.nonce)

    def _keyless(self, role: str, at: datetime) -> str:
        """Why a role of the roster has no key at a moment."""
        keys = self.roster.get(role)
        if keys is None or isinstance(keys, str):
            return f"whom the roster does not name; it names {', '.join(self.roster)}"
        spans = ", ".join(
            f"{key.address[:10]} from {_moment(key.first)} to {_moment(key.last)}" for key in keys
        )
        return f"of whose keys none counted on {_moment(at)}: {spans}"

    def _policy_adopted(self, event: Event) -> None:
        if self.policy:
            self._no(event, "a policy was adopted before")
        self.policy = dict(event.body["values"])

    def _policy_changed(self, event: Event) -> None:
        proposed = self.events.get(event.body["of"])
        if proposed is None or proposed.name != "PolicyChangeProposed":
            self._no(event, "changes what nobody proposed")
            return
        said = (event.body["entry"], event.body["value"])
        if said != (proposed.body["entry"], proposed.body["value"]):
            self._no(event, f"is not the change of event {proposed.number}")
        last = self._quorum(event, proposed)
        if event.body["of"] in self.enacted:
            self._no(event, f"enacts event {proposed.number} a second time")
        if canonical(self.policy.get(said[0])) != canonical(proposed.body["from"]):
            self._no(event, f"{said[0]} was changed after event {proposed.number} was written")
        opens = last.at + timedelta(hours=self.policy["policy_timelock_hours"])
        if event.at < opens:
            self._no(event, f"was enacted before its waiting time ended, {opens:%Y-%m-%d %H:%M}")
        self.policy[event.body["entry"]] = event.body["value"]
        self.enacted.add(proposed.number)

    def _resumed(self, event: Event) -> None:
        halted = self.events.get(event.body["of"])
        if halted is None or halted.name != "Halted":
            self._no(event, "lifts no halt")
            return
        if halted.number != self.halted:
            self._no(event, f"lifts the halt of event {halted.number}, which does not stand")
        self._quorum(event, halted)
        self.halted = 0

    def _quorum(self, event: Event, about: Event) -> Event:
        """The last approval that was needed, by as many roles but the proposer's as must.

        Who ran the machine when it halted proposed nothing.
        """
        proposer = about.actor if about.name == "PolicyChangeProposed" else None
        counting: list[Event] = []
        people: set[str] = set()  # a role counts once, and a key, under whatever role it signs
        for approval in self.events.values():
            if approval.name != "Approved" or approval.body["of"] != about.number:
                continue
            role = approval.body["role"]
            person = {same(role), same(approval.body["signed"]["signer"])}
            own = proposer is not None and one_person(
                proposer, role, signatures.in_force(self.roster, approval.at)
            )
            if role in self.policy["approval_roles"] and not person & people and not own:
                counting.append(approval)
                people |= person
        needed = self.policy["approvals_needed"]
        if len(counting) < needed:
            self._no(event, f"{len(counting)} roles approved event {about.number}; {needed} must")
        return counting[needed - 1]

    def _approved(self, event: Event) -> None:
        about = self.events.get(event.body["of"])
        signed = signatures.from_json(event.body["signed"])
        if about is None or signed.message["content"].hex() != about.link.digest:
            self._no(event, "approves another event than was signed for")

    def _halted(self, event: Event) -> None:
        self.halted = event.number

    def _mandate_adopted(self, event: Event) -> None:
        before = int(self.mandates.get("version", 0))
        if event.body["version"] != before + 1:
            self._no(event, f"is version {event.body['version']}, and {before} stood before it")
        self.mandates = event.body

    def _model_registered(self, event: Event) -> None:
        if event.body["model"] != MODEL:
            return
        self.registered = event.body
        if event.body["pins"]["policy"] != self.plan.policy.fingerprint:
            return  # what another policy said is not at hand
        given = policy_values(self.plan.policy)
        for name in sorted({*given, *self.policy}):
            if canonical(given.get(name)) != canonical(self.policy.get(name)):
                self._no(event, f"names a policy with another {name} than the log's")

    def _model_certified(self, event: Event) -> None:
        signed = signatures.from_json(event.body["signed"])
        fields = event.body["fields"]
        if event.body["role"] not in self.policy["certifier_roles"]:
            self._no(event, f"{event.body['role']} may not certify")
        if lost := missing(fields, FIELDS):
            self._no(event, f"the certificate does not say its {', '.join(lost)}")
        content = certificate_content(fields)
        if signed.kind != "Certificate" or any(signed.message[k] != v for k, v in content.items()):
            self._no(event, "the certificate does not say what was signed")
        self.certified = event

    def _view_accepted(self, event: Event) -> None:
        view = signatures.view_of(signatures.from_json(event.body["signed"]))
        noted = (event.body["view"], event.body["version"], event.body["fingerprint"])
        if noted != (view.name, view.version, view.fingerprint):
            self._no(event, "is noted as another view than was signed")
        if event.body["role"] not in self.policy["view_authors"]:
            self._no(event, f"{event.body['role']} is not heard on views")
        if view.author != event.body["role"]:
            self._no(event, f"is by {view.author}, and {event.body['role']} signed it")
        known = self.views.get(view.name)
        if known is not None and view.version <= known.body["version"]:
            self._no(event, f"is version {view.version} after {known.body['version']}")
        self.views[view.name] = event

    def _portfolio_optimized(self, event: Event) -> None:
        if event.body["model"] != MODEL:
            return
        values = event.body["values"]
        made_by = Pins(**event.body["pins"])
        if self.halted:
            self._no(event, "was released while a halt stood")
        if not self.policy:
            self._no(event, "was released before a policy was adopted")
        if not self.registered:
            self._no(event, "was released before its model was registered")
        known = self.registered["pins"]
        if apart := [name for name, pin in event.body["pins"].items() if known.get(name) != pin]:
            self._no(event, f"was made by other {' and '.join(apart)} than what was registered")
        if result_digest(values, self.registered["digits"]) != event.body["digest"]:
            self._no(event, "its values do not give its digest")
        if values["mandates"] != self.mandates.get("version"):
            self._no(event, "was made under another version of the mandates than the one adopted")
        if self.mandates.get("policy") != made_by.policy:
            self._no(event, "was made under mandates of another policy")
        for model in values["suite"]["models"]:
            if model["mandate"] != self.mandates["mandates"].get(model["posture"]):
                self._no(event, f"{model['posture']}: its mandate is not the one adopted")
        self._within_limits(event, values)
        self._certificate(event, made_by)
        self._views_used(event, values["views"])
        self.release = event

    def _within_limits(self, event: Event, values: Mapping[str, Any]) -> None:
        made = portfolios(values)
        before = None if self.release is None else portfolios(self.release.body["values"])
        measured = risk_measures(made, values["assumptions"]["rf"], before)
        for name, (value, limit) in breaches(
            measured, risk_limits(made, policy=self.policy)
        ).items():
            self._no(event, f"was released though {name} is {value:.4g}, beyond {limit:.4g}")

    def _certificate(self, event: Event, made_by: Pins) -> None:
        filed = self.certified
        if filed is None or filed.body["fields"]["model"] != made_by.model:
            raise NotCertified("no certificate of this model stood before the release")
        if event.at.timestamp() > filed.body["signed"]["message"]["validUntil"]:
            self._no(event, f"the certificate of event {filed.number} had ended")

    def _views_used(self, event: Event, used: Mapping[str, str]) -> None:
        for name, fingerprint in used.items():
            accepted = self.views.get(name)
            if accepted is None or accepted.body["fingerprint"] != fingerprint:
                self._no(event, f"used view {name!r}, which was not accepted in that version")
            elif event.at.timestamp() > accepted.body["signed"]["message"]["validUntil"]:
                self._no(event, f"used view {name!r} after it had ended")

    def _result_accepted(self, event: Event) -> None:
        if event.body["model"] != MODEL:
            return
        if self.release is None or event.body["digest"] != self.release.body["digest"]:
            self._no(event, "accepts a result that was not the one released")
            return
        if event.body["pins"] != Pins(**self.release.body["pins"]).fingerprint:
            self._no(event, "names other code, data, policy or plan than the release")

    def _rebalance_instruction_issued(self, event: Event) -> None:
        if self.release is None:
            self._no(event, "was issued before any portfolio was released")
            return
        told = event.body
        model = suite_of(self.release)[told["account"]]
        aim = {fund: weight for fund, weight in model.weights.items() if weight > 0}
        target = {fund: weight for fund, weight in told["target"].items() if weight > 0}
        if disagreements(aim, target, 1e-12):
            self._no(event, "its target is not the portfolio that was released")
        pins = self.release.body["pins"]
        for name in ("plan", "policy"):
            if told[name] != pins[name]:
                self._no(event, f"names another {name} than the release")
        if told["mandate"] != model.mandate:
            self._no(event, "names another mandate than the release")
        if self.halted:
            self._no(event, "was issued while a halt stood")
        self.instructions[_fingerprint(told)] = event

    def _escrow_locked(self, event: Event) -> None:
        asked = self.instructions.get(event.body["instruction"])
        if asked is None:
            self._no(event, "locks an order that no instruction asked for")
            return
        order, told = event.body["content"], asked.body
        locked = [order[name] for name in ("id", "legs", "tolerance", "hours")]
        meant = [told[name] for name in ("legs", "price_tolerance", "deadline_hours")]
        if canonical(locked) != canonical([event.body["instruction"], *meant]):
            self._no(event, "locks another order than the instruction's")
        if order["id"] in self.filled:
            self._no(event, "locks an order that was locked before")
        self.locked[order["id"]] = event
        self.filled[order["id"]] = {}

    def _leg_confirmed(self, event: Event) -> None:
        told = event.body
        order, filled = self._open(event, told["order"])
        if not 0 <= told["leg"] < len(order.legs) or told["leg"] in filled:
            self._no(event, f"confirms leg {told['leg']}, which is none or was confirmed before")
        if not order.within(told["leg"], told["cents"]):
            self._no(event, f"confirms leg {told['leg']} beyond the order's tolerance")
        filled[told["leg"]] = told["cents"]

    def _pending_finality(self, event: Event) -> None:
        order, filled = self._open(event, event.body["instruction"])
        if len(filled) < len(order.legs):
            self._no(event, f"{len(filled)} of {len(order.legs)} legs were confirmed")

    def _settlement_finalized(self, event: Event) -> None:
        self._pending_finality(event)
        order, filled = self._open(event, event.body["instruction"])
        plan: Counter[str] = Counter({leg.fund: leg.micro_shares for leg in order.legs})
        for number, leg in enumerate(order.legs):
            plan[CASH] += filled[number] if leg.micro_shares < 0 else -filled[number]
        self._ends(event, {asset: quantity for asset, quantity in plan.items() if quantity})

    def _settlement_rolled_back(self, event: Event) -> None:
        self._open(event, event.body["instruction"])
        self._ends(event, {})

    def _open(self, event: Event, order: str) -> tuple[Order, dict[int, int]]:
        """An order that was locked and has not ended, and the cents confirmed by leg."""
        if order not in self.locked:
            self._no(event, "is about an order that is not open")
        told = self.locked[order].body["content"]
        legs = [Leg(**leg) for leg in told["legs"]]
        return Order(told["id"], legs, told["tolerance"], told["hours"]), self.filled[order]

    def _ends(self, event: Event, plan: Mapping[str, int]) -> None:
        """From lock to end the plan's holdings moved by so much, and the escrow is empty."""
        due = {(PLAN, asset): quantity for asset, quantity in plan.items()}
        due |= {(OUTSIDE, asset): -quantity for asset, quantity in plan.items()}
        moved = replay([self.locked.pop(event.body["instruction"]), event])
        for account, asset in sorted({*due, *moved}):
            had, meant = moved.get((account, asset), 0), due.get((account, asset), 0)
            if had != meant:
                self._no(event, f"moved {had} of {asset} at {account}, and {meant} was due")

    def _moves(self, event: Event) -> None:
        """What an event may move at all."""
        moves = event.body.get("transfers", [])
        if moves and event.name not in MOVING:
            self._no(event, "moves holdings, which it may not")
        if between := MOVING.get(event.name):
            source, target = (one.format(event.body["instruction"]) for one in between)
            if any(move[:2] != [source, target] or move[3] <= 0 for move in moves):
                self._no(event, f"moves holdings otherwise than from {source} to {target}")

    def _alert_raised(self, event: Event) -> None:
        self.alerts.add(event.number)

    def _alert_closed(self, event: Event) -> None:
        if event.body["of"] not in self.alerts:
            self._no(event, "closes no open alert")
        self.alerts.discard(event.body["of"])

    def _log_sealed(self, event: Event) -> None:
        head = signatures.head_of(signatures.from_json(event.body["signed"]))
        if head != Head(event.number - 1, self.digests.get(event.number - 1, "")):
            self._no(event, "signs another head than the one that stood before it")

    def _no(self, event: Event, why: str) -> None:
        raise TrailBroken(event.number, f"event {event.number} ({event.name}): {why}")


def _moment(at: datetime | None) -> str:
    return "no day" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _snake(name: str) -> str:
    """``PortfolioOptimized`` as ``portfolio_optimized``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _fingerprint(body: Mapping[str, Any]) -> str:
    """The id under which settlement carries out an instruction with this body."""
    return hashlib.sha256(canonical(dict(body)).encode()).hexdigest()


def reperform(release: Event, plan: Plan, before: Event | None = None) -> list[str]:
    """Make a release again from the assumptions that it names; where the outcome differs, by path.

    Parameters
    ----------
    release, before : Event
        The release, and the one that stood before it, if any: portfolios are remade from those.
    plan : Plan
        As it was; its fingerprint must be the release's.

    Examples
    --------
    The same assumptions give the same portfolios, each release made again from the one before it; a
    weight that was written otherwise is named.

    >>> from copy import deepcopy
    >>> from datetime import UTC, datetime
    >>> from types import SimpleNamespace
    >>> from portlib import plan as plans
    >>> ours = plans.read()
    >>> classes = plan_menu.class_assumptions(ours)
    >>> seen = plan_menu.by_evidence(ours, history.open_record())
    >>> values = {
    ...     "suite": model_portfolios.suite(seen, classes).to_json(),
    ...     "assumptions": classes.to_json(),
    ... }
    >>> body = {"model": MODEL, "pins": {"plan": ours.fingerprint}, "values": values}
    >>> other = deepcopy(body)
    >>> held = other["values"]["suite"]["models"][0]["weights"]
    >>> fund = max(held, key=held.get)
    >>> held[fund] += 0.001
    >>> log, at = AuditLog(), datetime(2026, 11, 29, tzinfo=UTC)
    >>> for told in (body, body | {"model": "toy"}, other):
    ...     _ = log.append("optimisation", "PortfolioOptimized", at=at, actor="x", body=told)
    >>> found = reperform_all(log, ours)
    >>> list(found), found["1"], len(found["3"]) > 0
    (['1', '3'], [], True)
    >>> f"/models/0/weights/{fund}" in [path.split(":")[0] for path in found["3"]]
    True
    >>> reperform(SimpleNamespace(number=7, body={"pins": {"plan": "x"}}), ours)
    Traceback (most recent call last):
    ...
    portlib.stewardship.one_quarter.trail.TrailBroken: event 7: was made for another plan
    """
    if plan.fingerprint != release.body["pins"]["plan"]:
        raise TrailBroken(release.number, f"event {release.number}: was made for another plan")
    classes = assumptions_of(release)
    seen = plan_menu.by_evidence(plan, history.open_record())
    again = (
        model_portfolios.suite(seen, classes)
        if before is None
        else model_portfolios.remake(suite_of(before), seen, classes)
    )
    tolerance = plan.policy["result_tolerance"]
    return disagreements(release.body["values"]["suite"], again.to_json(), tolerance)


def reperform_all(log: AuditLog, plan: Plan) -> dict[str, list[str]]:
    """`reperform` for every release of a log, by event number: where each differs."""
    events = log.events("optimisation", "PortfolioOptimized")
    releases = [event for event in events if event.body["model"] == MODEL]
    earlier = [None, *releases]
    return {
        str(release.number): reperform(release, plan, before)
        for release, before in zip(releases, earlier, strict=False)
    }
