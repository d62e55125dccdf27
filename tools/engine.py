"""A plan's folder under another engine: ``make test ENGINE=ERC``.

    python -m tools.engine ERC            the example plan; prints the folder
    python -m tools.engine ERC plans/tsp  another plan

The folder is a copy in ``_build/engines`` whose ``policy.yml`` decides the engine and nothing else
anew: what is run on it is run as for any other plan, under the same checks.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import yaml

from portlib import data, policy
from portlib.construction import ENGINES

ROOT = Path(__file__).resolve().parents[1]


def folder(engine: str, plan: Path, into: Path) -> Path:
    """The copy; the same folder for the same engine and plan.

    Raises
    ------
    DataError
        For a name that is no engine, by the policy's own check.
    """
    place = into / engine / plan.resolve().name
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(plan, place)
    own = place / "policy.yml"
    entries = (yaml.safe_load(own.read_text(encoding="utf-8")) or {}) if own.exists() else {}
    entry = dict(policy.read().entries["optimizer"])
    entries["optimizer"] = {
        **entry,
        "value": engine,
        "reason": "To see that the book holds under it.",
    }
    own.write_text(yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")
    policy.read(place)
    return place


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("engine", choices=sorted(ENGINES))
    parser.add_argument("plan", nargs="?", type=Path, default=data.ROOT / "plan")
    given = parser.parse_args()
    print(folder(given.engine, given.plan, ROOT / "_build" / "engines"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
