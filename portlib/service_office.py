"""What is due in the plan's office today, and what do its documents say, as plain JSON?

`review` says what the shell's ``review`` does of a log; `report` and `dossier` give a document's
content, block by block, under the schema ``document``: what the PDF of the shell's ``report`` and
``dossier`` shows, for a service that lays it out itself. Figures are vectors, by name.

Left out: documents that quote the run of a plan's book, which need its site (``prudent report
--book``); laying out, which is the shell's; steps that write into a log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pandas as pd

from portlib import history, plan, schema, service
from portlib.data import DataError
from portlib.retirement import plan_menu
from portlib.service import Json

if TYPE_CHECKING:
    from portlib.documents.document import Document
    from portlib.stewardship.settlement.ledger import Ledger

DOCUMENTS = "prudent-by-construction/documents/1"
REVIEW = "prudent-by-construction/review/1"
_PRICES: Json = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e12},
}


def report(plan_: Mapping[str, Any], kinds: Sequence[str] = (), *, on: str | None = None) -> Json:
    """What the documents say that can be made of a plan alone.

    Parameters
    ----------
    plan_ : as in `service.optimize`.
    kinds : of ``policy``, ``allocation`` (a document a posture) and ``review``; all when empty.
    on : the day for which they are made; the plan's ``as_of`` when not given.

    Returns
    -------
    dict
        ``schema``; ``plan`` and ``policy`` (fingerprints); ``documents``: ``name`` and ``kind``,
        ``title``, ``plan``, ``origin``, ``made``, ``made_from``, ``facts``, ``body`` (blocks, each
        with ``is``), ``claims``, and ``figures``: SVG by the name that a block shows as ``file``.

    Raises
    ------
    DataError
        For a plan that is refused, a kind that there is not, and one that quotes a run.

    Examples
    --------
    >>> report(plan.read().to_json(), ["minutes"])
    Traceback (most recent call last):
    portlib.data.DataError: kinds[0]: 'minutes' is not one of policy, allocation, review

    It goes on in ``service_office.md``.
    """
    from portlib.documents import shelf

    known = shelf.possible(None)
    asked = {"type": "array", "items": {"enum": known}, "uniqueItems": True}
    if refused := schema.problem(
        list(kinds) if isinstance(kinds, tuple) else kinds, asked, "kinds"
    ):
        raise DataError(refused)
    given = plan.from_json(plan_)
    day, told = _made(given, on), _made_from(given)
    return _filed(given, list(shelf.make(kinds or known, given, None, made=day, made_from=told)))


def dossier(plan_: Mapping[str, Any], fund: str, *, on: str | None = None) -> Json:
    """What the dossier of one option says.

    Parameters
    ----------
    plan_, on : as in `report`.
    fund : its code in the lineup.

    Returns
    -------
    dict
        As `report`, of one document.

    Raises
    ------
    DataError
        For a plan that is refused and an option that is not on its menu.

    Examples
    --------
    >>> dossier(plan.read().to_json(), "NONE")
    Traceback (most recent call last):
    portlib.data.DataError: fund: 'NONE' is not on the menu

    It goes on in ``service_office.md``.
    """
    from portlib.documents import dossier as dossiers

    if refused := schema.problem(fund, {"type": "string", "maxLength": 200}, "fund"):
        raise DataError(refused)
    given = plan.from_json(plan_)
    if fund not in given.funds.index:
        raise DataError(f"fund: {schema.short(fund)} is not on the menu")
    seen = plan_menu.by_evidence(given, history.open_record())
    day, told = _made(given, on), _made_from(given)
    return _filed(given, [dossiers.dossier(seen, fund, made=day, made_from=told)])


def review(
    plan_: Mapping[str, Any],
    log: Ledger,
    roster: Mapping[str, Any],
    prices: Mapping[str, float],
    *,
    role: str,
    key: bytes,
    at: datetime,
    posture: str | None = None,
) -> Json:
    """What is due at a moment: calendar, drift of what is held, halts, keys; writes nothing.

    Parameters
    ----------
    plan_ : as in `service.optimize`; it is read as it stands.
    log : the audit log with its holdings, which `prudent adopt` begins.
    roster : by role, an address or dated keys.
    prices : dollars a share by fund.
    role, key : who asks, and the role's own key.
    at : now, with its zone.
    posture : whose account; the policy's default posture when not given.

    Returns
    -------
    dict
        ``schema``; ``plan`` and ``policy``; ``at``; ``posture``; ``halted``; ``due``: ``action``,
        ``rule`` and ``why``; ``status``: the shell's exit code.

    Raises
    ------
    DataError, ValueError
        For a plan, prices, a posture or a roster that cannot be meant.

    Examples
    --------
    >>> at = datetime(2026, 6, 30, 9)
    >>> review({}, None, {}, {"A": 10.0}, role="operations", key=b"", at=at)
    Traceback (most recent call last):
    portlib.data.DataError: at: 2026-06-30T09:00:00 has no zone

    It goes on in ``service_office.md``.
    """
    from portlib.stewardship import one_quarter
    from portlib.stewardship.governance import signatures

    if refused := schema.problem(prices, _PRICES, "prices"):
        raise DataError(refused)
    if at.tzinfo is None:
        raise DataError(f"at: {at.isoformat()} has no zone")
    ours = plan.from_json(plan_)
    whose = ours.policy["default_posture"] if posture is None else posture
    if refused := schema.problem(whose, service.MANDATE["posture"], "posture"):
        raise DataError(refused)
    keys = signatures.roster_from_json(dict(roster))
    desk = one_quarter.Desk(ours, log, signatures.in_force(keys, at), role, key)
    longest = timedelta(days=ours.policy["signing_key_days"])
    ending = signatures.keys_due(keys, at, longest=longest, notice=one_quarter.NOTICE)
    due = [
        *one_quarter.review(desk, whose, pd.Series(dict(prices), dtype=float), at),
        *(one_quarter.Due("renew", "key", f"{who}: {why}") for who, why in ending.items()),
    ]
    halted = desk.office.halt is not None
    status = one_quarter.REVIEW_DUE if due else one_quarter.NOTHING_DUE
    return {
        "schema": REVIEW,
        "plan": ours.fingerprint,
        "policy": ours.policy.fingerprint,
        "at": at.isoformat(),
        "posture": whose,
        "halted": halted,
        "due": [item._asdict() for item in due],
        "status": one_quarter.HALTED if halted else status,
    }


def _made(given: plan.Plan, on: str | None) -> date:
    return given.as_of if on is None else service.day(on, "on")


def _made_from(given: plan.Plan) -> dict[str, str]:
    """What a document of a plan sent as JSON is made from, as `documents.shelf.made_from`."""
    return {
        "portlib": version("portlib"),
        "plan": given.fingerprint[:10],
        "policy": given.policy.fingerprint[:10],
    }


def _filed(given: plan.Plan, documents: Sequence[Document]) -> Json:
    return {
        "schema": DOCUMENTS,
        "plan": given.fingerprint,
        "policy": given.policy.fingerprint,
        "documents": [
            {
                "name": one.name,
                **one.to_json(),
                "claims": one.claims,
                "figures": {f"{figure.name}.svg": figure.svg for figure in one.figures},
            }
            for one in documents
        ],
    }
