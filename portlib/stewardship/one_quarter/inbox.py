"""What was sent to the plan, and what of it may be heard?

An inbox is a folder of letters, one JSON file each: a signed statement (`Signed.to_json`) under
``statement``, and for a certificate the fields that it certifies under ``fields``. Letters are read
in the order of their names. A letter that cannot be read stops no other.

A view is heard if `Office.accept_view` accepts it (signature, role, days, turn), if it is about
classes that the plan has assumptions for, and if it alone moves the prior no more than the policy
allows. With prior variance ``v = tau p'Sigma p`` of the view's portfolio and its own variance
``omega``, that part of the way is

    v / (v + omega)        at most `view_confidence_limit`,

so that certainty, ``omega = 0``, is refused whoever signs it.

Left out: how letters arrive, and whether what they say is wise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from portlib.construction.black_litterman import posterior
from portlib.construction.views import View, ViewError
from portlib.plan import Plan
from portlib.records import Assumptions
from portlib.schema import strict_json
from portlib.stewardship.governance import certificates, signatures
from portlib.stewardship.governance.approvals import GovernanceError
from portlib.stewardship.governance.model_registry import Pins
from portlib.stewardship.governance.office import Office
from portlib.stewardship.governance.signatures import SignatureError, Signed

ACCEPTED = "accepted"


@dataclass(frozen=True)
class Letter:
    """One signed statement by the name under which it came; `fields` are a certificate's."""

    name: str
    signed: Signed
    fields: Mapping[str, Any] = field(default_factory=dict)


def read(folder: Path) -> tuple[list[Letter], dict[str, str]]:
    """The letters of a folder in the order of their names, and why each of the others is none.

    A folder that does not exist is an empty inbox.

    Examples
    --------
    >>> read(Path("no such folder"))
    ([], {})

    Letters come in the order of their names, and one that is none stops no other.

    >>> import json, tempfile
    >>> message = {"number": 7, "digest": "0f" * 32, "role": "chair", "nonce": 1}
    >>> message |= {"validFrom": 0, "validUntil": 9}
    >>> statement = {"kind": "LogHead", "message": message, "signer": "0x1", "signature": "0x2"}
    >>> written = {
    ...     "b.json": json.dumps({"statement": statement, "fields": {"x": 1}}),
    ...     "a.json": json.dumps({"statement": statement}),
    ...     "c.json": json.dumps({"fields": {}}),
    ...     "d.json": json.dumps({"statement": statement, "note": 1, "also": 2}),
    ...     "e.json": json.dumps({"statement": statement, "fields": [1]}),
    ...     "f.json": "{",
    ...     "g.json": json.dumps([statement]),
    ...     "h.txt": "no letter",
    ...     "i.json": json.dumps({"statement": statement, "note": 1}),
    ...     "j.json": json.dumps({"statement": statement | {"message": {"number": 7}}}),
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, text in written.items():
    ...         _ = Path(folder, name).write_text(text)
    ...     Path(folder, "old.json").mkdir()
    ...     _ = Path(folder, "old.json", "z.json").write_text(written["a.json"])
    ...     letters, unread = read(Path(folder))
    >>> [(letter.name, letter.signed.kind, letter.fields) for letter in letters]
    [('a.json', 'LogHead', {}), ('b.json', 'LogHead', {'x': 1})]
    >>> list(unread)
    ['c.json', 'd.json', 'e.json', 'f.json', 'g.json', 'i.json', 'j.json', 'old.json']
    >>> unread["c.json"], unread["i.json"]
    ('not read: it has no statement', "not read: it has an unknown part 'note'")
    >>> unread["d.json"], unread["e.json"]
    ("not read: it has an unknown part 'also'", 'not read: its fields are no mapping')
    >>> unread["j.json"]
    'not read: LogHead: fields missing or unknown: digest, nonce, role, validFrom, validUntil'
    """
    letters = []
    unread = {}
    for path in sorted(folder.glob("*.json")):
        try:
            content = strict_json(path.read_bytes(), "the letter")
            if not isinstance(content, Mapping) or not {"statement"} <= set(content):
                raise SignatureError("it has no statement")
            if strange := sorted(set(content) - {"statement", "fields"}):
                raise SignatureError(f"it has an unknown part {strange[0]!r}")
            fields = content.get("fields", {})
            if not isinstance(fields, Mapping):
                raise SignatureError("its fields are no mapping")
            signed = signatures.from_json(content["statement"])
        except (OSError, ValueError) as error:
            unread[path.name] = f"not read: {error}"
            continue
        letters.append(Letter(path.name, signed, dict(fields)))
    return letters, unread


def hear(
    office: Office,
    plan: Plan,
    letters: Sequence[Letter],
    prior: Assumptions,
    made_by: Pins,
    at: datetime,
) -> dict[str, str]:
    """What became of each letter, by its name: `ACCEPTED`, or the refusal, which the log has too.

    Parameters
    ----------
    prior : Assumptions
        Of the classes, before any view.
    made_by : Pins
        Of the model in use, which a certificate must name.

    Examples
    --------
    A view that says how unsure it is is heard; certainty is not, whoever signs it, and neither is a
    class that nobody has assumptions for. The log has both.

    >>> from datetime import UTC, timedelta
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from portlib.stewardship.audit_log import AuditLog
    >>> decided = {"black_litterman_tau": 0.05, "view_confidence_limit": 0.5}
    >>> decided |= {"certifier_roles": ["expert"], "model_owners": {"estimation": "research"}}
    >>> plan = SimpleNamespace(policy=decided)
    >>> keys = signatures.demonstration_keys(
    ...     ("research", "expert", "chair"), np.random.default_rng(1)
    ... )
    >>> roster = {role: signatures.address(key) for role, key in keys.items()}
    >>> at, ours = datetime(2026, 11, 29, tzinfo=UTC), "ab" * 32
    >>> office = Office(AuditLog(), ours, roster, ("chair",), 1, timedelta(0), ("research",))
    >>> pins = Pins("c0" * 32, "d1" * 32, "e2" * 32, ours)
    >>> office.log.append(
    ...     "models", "ModelRegistered", at=at, actor="x", body={"pins": {"plan": ours}}
    ... ).number
    1
    >>> prior = Assumptions(["US", "EU"], [0.07, 0.06], [[0.04, 0.02], [0.02, 0.05]])

    It goes on in ``inbox.md``.
    """
    said = {}
    for letter in letters:
        try:
            _one(office, plan, letter, prior, made_by, at)
        except (GovernanceError, SignatureError, ViewError) as error:
            said[letter.name] = f"{type(error).__name__}: {error}"
        else:
            said[letter.name] = ACCEPTED
    return said


def _one(
    office: Office, plan: Plan, letter: Letter, prior: Assumptions, made_by: Pins, at: datetime
) -> None:
    if letter.signed.kind == "Approval":
        office.approve(letter.signed, at)
    elif letter.signed.kind == "Certificate":
        certificates.certify(
            office,
            letter.fields,
            letter.signed,
            made_by,
            at,
            certifiers=plan.policy["certifier_roles"],
            developers=sorted(set(plan.policy["model_owners"].values())),
        )
    else:
        claimed = {"claimed by": letter.signed.role, "number": letter.signed.nonce}
        with office.refusing("views", "ViewRefused", at, "portlib", claimed):
            weighable(signatures.view_of(letter.signed), plan, prior)
        office.accept_view(letter.signed, at)


def weighable(view: View, plan: Plan, prior: Assumptions) -> float:
    """How far the view alone would move the prior, from 0 (not at all) to 1 (all the way).

    ViewError for a class without assumptions, and above the policy's `view_confidence_limit`.

    Parameters
    ----------
    view : View
    plan : Plan
        Whose policy limits a view.
    prior : Assumptions
        Of the classes.

    Returns
    -------
    float
        Decimal.

    Examples
    --------
    The prior variance of US over EU is 0.05 * (0.04 + 0.05 - 0.04) = 0.0025: a view as unsure as
    that goes half of the way, which the policy just allows.

    >>> from types import SimpleNamespace
    >>> plan = SimpleNamespace(policy={"black_litterman_tau": 0.05, "view_confidence_limit": 0.5})
    >>> prior = Assumptions(["US", "EU"], [0.07, 0.06], [[0.04, 0.02], [0.02, 0.05]])
    >>> def view(variance):
    ...     portfolio = {"US": 1.0, "EU": -1.0}
    ...     return View("US", portfolio, 0.02, "research", "2026-11-28", "so", variance=variance)
    >>> (
    ...     round(weighable(view(0.0025), plan, prior), 9),
    ...     round(weighable(view(0.0225), plan, prior), 9),
    ... )
    (0.5, 0.1)
    >>> weighable(view(0.0024), plan, prior)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.construction.views.ViewError: view 'US' would move the prior 51% of the way, ...

    Under another policy, of twice the doubt about the prior, 0.005, and a fifth of the way:

    >>> other = SimpleNamespace(policy={"black_litterman_tau": 0.1, "view_confidence_limit": 0.2})
    >>> round(weighable(view(0.02), other, prior), 9)
    0.2
    >>> strange = View("x", {"gold": 1.0, "US": 1.0, "art": -1.0}, 0.0, "desk", "2026-11-28", "so")
    >>> for told in (view(0.019), strange):
    ...     try:
    ...         weighable(told, other, prior)
    ...     except ViewError as error:
    ...         print(str(error).replace("(view_confidence_limit); say how unsure it is", "..."))
    view 'US' would move the prior 21% of the way, and the policy lets one view move it 20% ...
    view 'x' is about art, gold, which the plan has no assumptions for; it has US, EU
    """
    if unknown := sorted(set(view.portfolio) - set(prior.labels)):
        raise ViewError(
            f"view {view.name!r} is about {', '.join(unknown)}, which the plan has no assumptions "
            f"for; it has {', '.join(prior.labels)}"
        )
    weighed = posterior(prior, [view], plan.policy["black_litterman_tau"])
    share = float(weighed.compromise()["share alone"].iloc[0])
    limit = plan.policy["view_confidence_limit"]
    if share > limit + 1e-12:
        raise ViewError(
            f"view {view.name!r} would move the prior {share:.0%} of the way, and the policy lets "
            f"one view move it {limit:.0%} (view_confidence_limit); say how unsure it is"
        )
    return share


def in_force(office: Office, at: datetime) -> tuple[View, ...]:
    """The newest version of each view that the log accepted and that still holds, by name.

    They are read from the log and every signature is checked again, so that nothing reaches an
    optimiser that was not heard. A newer version replaces an older one also when it has expired.
    What was signed for the plan as it was, before a change of plan or policy was registered, must
    be signed again.
    """
    newest: dict[str, Signed] = {}
    since = _registered_since(office)
    for event in office.log.events("views", "ViewAccepted"):
        if event.number < since:
            continue
        signed = signatures.from_json(event.body["signed"])
        signatures.verify(signed, _roster(office), plan=office.plan, at=event.at)
        newest[event.body["view"]] = signed
    holding = [
        signed for signed in newest.values() if at.timestamp() <= signed.message["validUntil"]
    ]
    return tuple(
        sorted((signatures.view_of(signed) for signed in holding), key=lambda view: view.name)
    )


def _registered_since(office: Office) -> float:
    """Number of the event since which models are registered for the office's plan; infinite where
    the last one is for another."""
    since = math.inf
    for event in office.log.events("models", "ModelRegistered"):
        mine = event.body["pins"]["plan"] == office.plan
        since = min(since, event.number) if mine else math.inf
    return since


def _roster(office: Office) -> dict[str, str]:
    return {role: office.roster[role] for role in office.view_authors}


def expected(plan: Plan, prior: Assumptions, views: Sequence[View]) -> Assumptions:
    """The classes' assumptions after the views: means of Black and Litterman, covariance as it was.

    Without views the prior itself. ViewError as `posterior` does, for views that contradict each
    other.

    Parameters
    ----------
    plan : Plan
    prior : Assumptions
        Of the classes.
    views : sequence of View

    Returns
    -------
    Assumptions

    Examples
    --------
    Half of the way from 1% to 2% for US over EU: each mean moves by its covariance with that
    difference, 0.02 and -0.03 of 0.05. Without a view the prior stays.

    >>> from types import SimpleNamespace
    >>> plan = SimpleNamespace(policy={"black_litterman_tau": 0.05})
    >>> prior = Assumptions(["US", "EU"], [0.07, 0.06], [[0.04, 0.02], [0.02, 0.05]])
    >>> portfolio = {"US": 1.0, "EU": -1.0}
    >>> view = View("US", portfolio, 0.02, "research", "2026-11-28", "so", variance=0.0025)
    >>> after = expected(plan, prior, [view])
    >>> after.mu.round(9).tolist()  # 0.07 + 0.4 * 0.005, 0.06 - 0.6 * 0.005
    [0.072, 0.057]
    >>> after.sigma.tolist() == prior.sigma.tolist(), expected(plan, prior, []) is prior
    (True, True)

    With twice the doubt about the prior as much of twice the variance, or by two of four times:

    >>> plan.policy["black_litterman_tau"] = 0.1
    >>> for variances in ([0.005], [0.01, 0.01]):
    ...     said = [View(f"{k}", portfolio, 0.02, "desk", "2026-11-28", "so", variance=x)
    ...             for k, x in enumerate(variances)]
    ...     expected(plan, prior, said).mu.round(9).tolist()
    [0.072, 0.057]
    [0.072, 0.057]
    """
    if not views:
        return prior
    after = posterior(prior, views, plan.policy["black_litterman_tau"])
    return after.assumptions("prior")
