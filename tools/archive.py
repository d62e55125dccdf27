"""The reviewer's file: a checkout, its executed notebooks, the site and a bill of materials, in one
archive.

    python -m tools.archive [--key FILE --role ROLE]      reads the last `make book`; writes
    `_build/reviewers-file.zip`

Unpacked, it is a checkout that can be run again: `prudent reperform` does so for any claim.

`MANIFEST.json` inside lists every other file with its SHA-256 and, where a file carries the time at
which it was made or how long something took, a second SHA-256 of its text without them (`steady`).
Two archives of the same commit, lock and data agree in every `steady` hash, or in the plain one
where there is no `steady`. Names, order and the dates in the archive are fixed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from portlib import reperform
from tools import clock, depends, executions, sbom

ROOT = Path(__file__).resolve().parents[1]
#: What changes from run to run in a page or notebook: when it was executed, how long things took
#: and how often a kill by the clock met a writer, and the ids and addresses that cells, tables and
#: objects are given at random.
MOVING = (
    re.compile(r"executed \d{4}-\d\d-\d\d \d\d:\d\d UTC"),
    re.compile(r'"iopub[\w.]*": "[^"]*"|"shell\.execute_reply[\w.]*": "[^"]*"'),
    re.compile(rf'"{clock.NAMES}": [\d.e+-]+'),
    re.compile(r'<span class="pasted-text">[^<]*</span>'),
    re.compile(r'"id": "[0-9a-f-]{8,36}"|T_[0-9a-f]{5,10}(?![0-9a-f])| at 0x[0-9a-f]+'),
    re.compile(r"[\d.e-]+(?= \(at most [\d.e-]+\) seconds)|,[\d.e-]+(?=,at most,[\d.e-]+,seconds)"),
    re.compile(r'"measured": [\d.e-]+(?=[^{}]*"unit": "seconds")'),
    re.compile(r"killed at a random moment</th>.*?</tr>", re.DOTALL),
    re.compile(r'"application/papermill.record/text/plain": "[^"]*"|\s*"\d+ of \d+ windows\\n",?'),
)
TEXT = {".html", ".ipynb", ".json", ".csv", ".js", ".txt", ".inv"}
#: Earliest date that the format can hold; every file bears it.
DATE = (1980, 1, 1, 0, 0, 0)


def contents(root: Path) -> Iterator[tuple[str, Path]]:
    """Names in the archive and where the files are; the run stops by name where one is missing."""
    site, run = root / "_build" / "html", root / ".run" / "book"
    if not (site / "index.html").is_file():
        raise SystemExit(f"{site}: there is no book yet; make book first")
    pages = (path for path in sorted(site.rglob("*")) if path.is_file())
    yield from ((f"site/{path.relative_to(site).as_posix()}", path) for path in pages)
    for path in sorted((run / "notebooks").rglob("*.ipynb")):
        yield f"notebooks/{path.relative_to(run / 'notebooks').as_posix()}", path
    for name in ("requirements.lock", "pyproject.toml", "README.md", "CHANGELOG.md"):
        yield name, root / name
    # of imported history the lock alone: others hold the rights in the files
    imported = root / "data" / "fetched"
    for folder in (*executions.READ, "book", "notebooks"):
        for path in depends.files(root / folder, "*"):
            ours = imported not in path.parents or path.name == "lock.yml"
            if ours and path.suffix not in {".pyc", ".ipynb"}:
                yield path.relative_to(root).as_posix(), path


def steady(name: str, content: bytes) -> str | None:
    """SHA-256 of a text without times of execution and durations; None where it has none of
    them."""
    if Path(name).suffix not in TEXT:
        return None
    text = content.decode("utf-8", errors="replace")
    still = text
    for pattern in MOVING:
        still = pattern.sub("", still)
    return None if still == text else hashlib.sha256(still.encode()).hexdigest()


def write(
    root: Path,
    target: Path,
    *,
    key: bytes | None = None,
    role: str = "",
    at: datetime | None = None,
) -> int:
    """Write the archive, whole or not at all; return how many files it holds.

    With a `key` the bill of materials is signed by its `role`, as of `at`.
    """
    files: dict[str, Path | bytes] = dict(contents(root))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    packages = sbom.bill(root, project["project"]["version"])
    signed = sbom.signature(
        packages, root / "data" / "plan", key, role=role, at=at or datetime.now(UTC)
    )
    files |= {reperform.BILL: packages, reperform.SIGNATURE: signed}
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    try:
        _pack(files, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return len(files)


def _pack(files: Mapping[str, Path | bytes], target: Path) -> None:
    manifest: dict[str, dict[str, str | int]] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            held = files[name]
            content = held if isinstance(held, bytes) else held.read_bytes()
            manifest[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            if (still := steady(name, content)) is not None:
                manifest[name]["steady"] = still
            archive.writestr(zipfile.ZipInfo(name, DATE), content, zipfile.ZIP_DEFLATED, 6)
        listing = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
        archive.writestr(zipfile.ZipInfo("MANIFEST.json", DATE), listing, zipfile.ZIP_DEFLATED, 6)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the reviewer's file and check that it holds together."""
    parser = argparse.ArgumentParser(description="Pack the reviewer's file.")
    parser.add_argument("--key", type=Path, help="file with 64 hex digits; none: left unsigned")
    parser.add_argument("--role", default="analyst", help="whose key it is")
    given = parser.parse_args(arguments)
    target = ROOT / "_build" / "reviewers-file.zip"
    try:
        text = given.key.read_text(encoding="utf-8") if given.key else None
        key = None if text is None else bytes.fromhex(text.strip().removeprefix("0x"))
        count = write(ROOT, target, key=key, role=given.role)
    except (OSError, ValueError) as error:
        raise SystemExit(f"the archive was not written: {error}") from None
    if wrong := reperform.check(target):
        raise SystemExit("\n".join(wrong))
    size = target.stat().st_size / 1e6
    print(
        f"== {target}: {count} files, {size:.1f} MB, SHA-256 "
        f"{hashlib.sha256(target.read_bytes()).hexdigest()}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
