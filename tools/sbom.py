"""Of which packages does the methodology's environment consist, under which licences?

A bill of materials in CycloneDX 1.6 (ECMA-424), from `requirements.lock`: every package that it
pins, with its package URL, the SHA-256 of each file that the lock allows, and the licence that its
installed metadata states. It names no time and draws no number: the same lock and the same
environment give the same bytes.

Left out: licences of packages that are installed on other machines alone (the entry says so), which
package needs which, and whether a licence is what its text says.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import datetime
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from portlib import plan, reperform
from portlib.stewardship.governance import signatures


def bill(root: Path, version: str) -> bytes:
    """The bill of materials of a checkout's lock, as JSON."""
    lock = (root / reperform.LOCK).read_text(encoding="utf-8")
    name = uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(lock.encode()).hexdigest())
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{name}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "portlib",
                "name": "portlib",
                "version": version,
            }
        },
        "components": [_component(*entry) for entry in sorted(reperform.locked(lock))],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _component(name: str, version: str, marker: str, hashes: list[str]) -> dict[str, Any]:
    address = f"pkg:pypi/{name}@{version}"
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"{address} {marker}".strip(),
        "name": name,
        "version": version,
        "purl": address,
    }
    said = _licences(name, version)
    if said:
        entry["licenses"] = said
    # one reference a file that the lock allows; an installation has one of them
    entry["externalReferences"] = [
        {
            "type": "distribution",
            "url": f"{address}?checksum=sha256:{each}",
            "hashes": [{"alg": "SHA-256", "content": each}],
        }
        for each in hashes
    ]
    told = {} if said else {"licence": "not stated by metadata installed here"}
    if marker:
        told["marker"] = marker
    if told:
        entry["properties"] = [{"name": f"prudent:{k}", "value": v} for k, v in told.items()]
    return entry


def _licences(name: str, version: str) -> list[dict[str, Any]]:
    """What a package's own metadata says: an SPDX expression, else its classifiers, else a name."""
    try:
        said: PackageMetadata = metadata(name)
    except PackageNotFoundError:
        return []
    if said["Version"] != version:
        return []
    if "License-Expression" in said:
        return [{"expression": said["License-Expression"]}]
    classes = [text for text in said.get_all("Classifier", []) if text.startswith("License :: ")]
    names = sorted({text.split(" :: ")[-1] for text in classes} - {"OSI Approved"})
    if not names and "License" in said and (told := said["License"].strip()):
        names = [told.splitlines()[0][:200]]
    return [{"license": {"name": each}} for each in names]


def signature(
    content: bytes, plan_folder: Path, key: bytes | None, *, role: str, at: datetime
) -> bytes:
    """Who stands for a bill of materials, as JSON; without a key that it is unsigned.

    The statement is an Approval of the bill's SHA-256, under the plan's domain, for as long as the
    plan's policy keeps records; its number is the second at which it was signed.
    """
    told: dict[str, Any] = {"signed": False, "why": "no key was handed in"}
    if key is not None:
        ours = plan.read(plan_folder)
        approved = {
            "subject": "software bill of materials",
            "content": hashlib.sha256(content).digest(),
            "reason": "packed with the archive of the book",
        }
        statement = signatures.sign(
            "Approval",
            approved,
            key,
            role=role,
            nonce=int(at.timestamp()),
            plan=ours.fingerprint,
            at=at,
            days=365.25 * ours.policy["record_retention_years"],
        )
        told = {"signed": True, "plan": ours.fingerprint, "statement": statement.to_json()}
    return (json.dumps(told, indent=1, sort_keys=True) + "\n").encode()
