"""Does an archive of the book hold together, and does a claim come out the same a second time?

``make archive`` packs a checkout, the notebooks that it executed, the site and a manifest. `check`
asks that

    SHA-256 of each file = the manifest's, and the names are the manifest's, each once;
    the register         = what the executed notebooks say, claim by claim;
    each notebook's code = its source's;
    the bill of materials names what the lock names, and its signature, where it has one, fits.

`perform` executes the chapter of one claim again, from the archive's own sources, under the
environment that the archive's lock names, and sets what it measures beside what was filed.

Left out: who packed the archive (compare its SHA-256 with one that came another way); whether the
site's pages say what the register says; Python's version and the machine, which no lock fixes; an
imported history, which no archive holds. `perform` runs the archive's code: see first whose it is.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portlib import evidence, surroundings

MANIFEST = "MANIFEST.json"
REGISTER = "site/evidence.json"
LOCK = "requirements.lock"
BILL, SIGNATURE = "sbom.cdx.json", "sbom.signature.json"
#: What reading a damaged archive raises: a checksum, a stream, its length, or how it is packed.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
#: Seconds that one cell of a chapter may take.
PATIENCE = 600


class ReperformError(ValueError):
    """A claim that cannot be performed again; says what stands in the way."""


@dataclass(frozen=True)
class Performed:
    """A claim, as it was filed and as it came out again."""

    claim: str
    statement: str
    outcome: str
    filed: float
    again: float | None
    moved: float | None
    bound: str
    said: str = ""


def altered(archive: Path) -> list[str]:
    """What of an archive's files is not as its manifest says: missing, added, twice or changed."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return _altered(opened)
    except (OSError, *DAMAGED) as error:
        return [f"{archive} cannot be read: {str(error) or type(error).__name__}"]


def _altered(opened: zipfile.ZipFile) -> list[str]:
    try:
        told = json.loads(opened.read(MANIFEST))
        manifest = {name: entry["sha256"] for name, entry in told.items()}
    except (KeyError, ValueError, AttributeError, TypeError):
        return [f"{MANIFEST} is missing, or no manifest of this archive"]
    listed = opened.namelist()
    names = set(listed) - {MANIFEST}
    found = [f"{name} is there twice" for name in sorted(set(listed)) if listed.count(name) > 1]
    found += [f"{name} is not in the manifest" for name in sorted(names - set(manifest))]
    found += [f"{name} is missing" for name in sorted(set(manifest) - names)]
    for name in sorted(names & set(manifest)):
        try:
            same = hashlib.sha256(opened.read(name)).hexdigest() == manifest[name]
        except DAMAGED:
            same = False
        if not same:
            found.append(f"{name} is not what the manifest says")
    return found


def check(archive: Path) -> list[str]:
    """What of an archive does not hold together; nothing where all of it does.

    Parameters
    ----------
    archive : Path
        What ``make archive`` wrote.

    Returns
    -------
    list of str
        A fault a line, by the file's or the claim's name. Where files are not the manifest's, what
        they say is not compared.

    Examples
    --------
    >>> check(Path("no such file"))
    ["no such file cannot be read: [Errno 2] No such file or directory: 'no such file'"]

    A small archive: two chapters as they were executed, with their sources, a library, the lock
    with its bill of materials, and the register.

    >>> place = tempfile.TemporaryDirectory()
    >>> def sha(held):
    ...     return hashlib.sha256(held).hexdigest()
    >>> def packed(content, manifest=None):
    ...     told = {name: {"sha256": sha(held)} for name, held in content.items()}
    ...     target = Path(place.name, "book.zip")
    ...     with zipfile.ZipFile(target, "w") as opened:
    ...         for name, held in content.items():
    ...             opened.writestr(name, held)
    ...         opened.writestr(MANIFEST, json.dumps(told) if manifest is None else manifest)
    ...     return target
    >>> check(packed({"a.txt": b"a"}, "[]")) == check(packed({}, "{"))
    True
    >>> check(packed({"a.txt": b"a"}, '{"b.txt": {"sha256": ""}}'))
    ['a.txt is not in the manifest', 'b.txt is missing']
    """
    if found := altered(archive):
        return found
    with zipfile.ZipFile(archive) as opened, tempfile.TemporaryDirectory() as folder:
        notebooks = _notebooks(opened)
        paths = [Path(opened.extract(name, folder)) for name in notebooks]
        try:
            said = evidence.collect(paths).as_dict()
            filed = json.loads(opened.read(REGISTER))["chapters"]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return [f"{REGISTER} or a notebook is not of this book: {error}"]
        return [
            *_disagreements(filed, json.loads(json.dumps(said, default=str))),
            *(fault for name in notebooks for fault in _other_code(opened, name)),
            *_bill_faults(opened),
        ]


def _notebooks(opened: zipfile.ZipFile) -> list[str]:
    """The executed chapters; the site has copies of them."""
    return sorted(
        n for n in opened.namelist() if n.endswith(".ipynb") and not n.startswith("site/")
    )


def _disagreements(filed: Mapping[str, Any], said: Mapping[str, Any]) -> list[str]:
    """Where the register and the notebooks differ, by chapter, claim and number."""
    found = [f"chapter {name} is in the register alone" for name in sorted({*filed} - {*said})]
    found += [f"chapter {name} is not in the register" for name in sorted({*said} - {*filed})]
    for name in sorted({*filed} & {*said}):
        for kind, what in (("claim", "claims"), ("number", "numbers")):
            ours, theirs = filed[name][what], said[name][what]
            if kind == "claim":
                ours, theirs = ({c["id"]: c for c in claims} for claims in (ours, theirs))
            found += [
                f"{name}: {kind} {key} is not the notebook's"
                for key in sorted({*ours} | {*theirs})
                if ours.get(key) != theirs.get(key)
            ]
    return found


def _other_code(opened: zipfile.ZipFile, name: str) -> list[str]:
    """Cells of an executed notebook that its source does not hold."""
    try:
        source = opened.read(name.removesuffix(".ipynb") + ".md").decode()
    except KeyError:
        return [f"{name}: its source is missing"]
    code = [c for c in json.loads(opened.read(name))["cells"] if c["cell_type"] == "code"]
    return [
        f"{name}: code cell {number} is not in its source"
        for number, cell in enumerate(code, start=1)
        if "".join(cell["source"]) not in source
    ]


# ---- packages ------------------------------------------------------------------------------------


def locked(lock: str) -> list[tuple[str, str, str, list[str]]]:
    """A lock's entries: package, version, marker (empty: everywhere) and SHA-256 of its files.

    Examples
    --------
    >>> locked("numpy==2.0 ; sys_platform == 'linux' --hash=sha256:0a --hash=sha256:0b")
    [('numpy', '2.0', "sys_platform == 'linux'", ['0a', '0b'])]
    >>> lines = "# by hand\\n\\n a == 1 \\\\\\n    --hash=sha256:0c\\nb==2.1;x\\n"
    >>> locked(lines)
    [('a', '1', '', ['0c']), ('b', '2.1', 'x', [])]
    >>> locked("a==1 --hash=sha256:0c  \\n  # no\\n\\n  d == 4 --hash=sha256:0d \\n")
    [('a', '1', '', ['0c']), ('d', '4', '', ['0d'])]
    >>> locked("numpy>=2.0 --hash=sha256:0a")
    Traceback (most recent call last):
    ...
    portlib.reperform.ReperformError: requirements.lock: numpy>=2.0 is pinned to no version
    """
    found = []
    for line in lock.replace("\\\n", " ").splitlines():
        pin, *hashes = re.split(r"\s+--hash=sha256:", line.strip())
        if not pin or pin.startswith("#"):
            continue
        package, _, marker = (part.strip() for part in pin.partition(";"))
        name, is_pin, version = package.partition("==")
        if not is_pin:
            raise ReperformError(f"{LOCK}: {package} is pinned to no version")
        found.append((name.strip(), version.strip(), marker, hashes))
    return found


def differing(lock: str) -> list[str]:
    """What this environment has other than a lock says, by package.

    Examples
    --------
    What is pinned for another system is not asked for; a version may be written in two ways:

    >>> from importlib.metadata import version
    >>> here = version("numpy")
    >>> differing(f"numpy=={here}"), differing(f"numpy=={here}.0")
    ([], [])
    >>> other = "; sys_platform == 'nowhere'"
    >>> lock = f"numpy==999.1; python_version > '3'\\nno-such-package==2.0\\nnumpy==1.0 {other}"
    >>> differing(lock) == [f"numpy 999.1 (here: {here})", "no-such-package 2.0 (here: none)"]
    True
    >>> differing("numpy==0.1") == [f"numpy 0.1 (here: {here})"]
    True
    """
    from importlib.metadata import PackageNotFoundError, version

    from packaging.markers import Marker
    from packaging.version import Version

    found = []
    for name, wanted, marker, _ in locked(lock):
        if marker and not Marker(marker).evaluate():
            continue
        try:
            here = version(name)
        except PackageNotFoundError:
            here = ""
        if not here or Version(here) != Version(wanted):
            found.append(f"{name} {wanted} (here: {here or 'none'})")
    return found


def _bill_faults(opened: zipfile.ZipFile) -> list[str]:
    """Where the bill of materials is not the lock's, or its signature is not of this bill."""
    if not {LOCK, BILL, SIGNATURE} <= set(opened.namelist()):
        return [f"{LOCK}, {BILL} or {SIGNATURE} is missing"]
    try:
        pins = {(name, version) for name, version, *_ in locked(opened.read(LOCK).decode())}
        components = json.loads(opened.read(BILL))["components"]
        billed = {(each["name"], each["version"]) for each in components}
        signed_by(opened)
    except (KeyError, TypeError, ValueError) as error:
        return [f"{BILL}: {error}"]
    return [f"{BILL}: {name} {version} is not in both" for name, version in sorted(pins ^ billed)]


def signed_by(opened: zipfile.ZipFile, roster: Mapping[str, Any] | None = None) -> str:
    """Who signed the bill of materials, by role and address, or that it is unsigned.

    Parameters
    ----------
    opened : ZipFile
        An archive.
    roster : mapping, optional
        By role an address, or dated keys, as `signatures.roster_from_json` reads it. With it the
        bill must be signed, with the key that counted for the role when it was.

    Raises
    ------
    ValueError
        For a signature that is not of this very file, and one that the roster does not know.
    """
    from portlib.stewardship.governance import signatures

    kept = json.loads(opened.read(SIGNATURE))
    if not kept["signed"]:
        if roster is not None:
            raise ReperformError("the bill of materials is unsigned, and a roster was handed in")
        return "unsigned"
    letter = signatures.from_json(kept["statement"])
    of_this = hashlib.sha256(opened.read(BILL)).digest()
    if letter.kind != "Approval" or letter.message.get("content") != of_this:
        raise ReperformError("the signature is of another bill of materials")
    if signatures.recover(letter, kept["plan"]) != letter.signer:
        raise ReperformError("the signature is not the signer's")
    if roster is not None:
        at = datetime.fromtimestamp(letter.message["validFrom"], UTC)
        known = signatures.in_force(signatures.roster_from_json(roster), at)
        signatures.verify(letter, known, plan=kept["plan"], at=at)
    return f"signed by {letter.role}, {letter.signer}"


# ---- performing a claim again --------------------------------------------------------------------


def perform(archive: Path, claim: str) -> Performed:
    """Execute the chapter of a claim again, and set what it measures beside what was filed.

    Parameters
    ----------
    archive : Path
        One in which `check` finds nothing.
    claim : str
        As the register names it: ``MV-15``.

    Returns
    -------
    Performed
        Its `outcome` is ``equal`` (the same number, to the last bit), ``moved`` (by `moved`, in the
        claim's unit, and the bound is still met) or ``does not hold``.

    Raises
    ------
    ReperformError
        When the archive does not hold together, has no such claim or no library, when this
        environment is not the lock's, and when the chapter stops before the claim.
    """
    if found := check(archive):
        raise ReperformError(f"{archive.name} does not hold together: {'; '.join(found)}")
    with zipfile.ZipFile(archive) as opened, tempfile.TemporaryDirectory() as folder:
        notebook, filed = _find(opened, claim)
        if "portlib/__init__.py" not in opened.namelist():
            raise ReperformError(f"{archive.name} holds no portlib: there is nothing to run")
        if other := differing(opened.read(LOCK).decode()):
            raise ReperformError(
                f"this environment is not the archive's lock: {', '.join(other)}; install its "
                f"{LOCK} into an environment of its own"
            )
        root = Path(folder).resolve() / "checkout"
        opened.extractall(root, [n for n in opened.namelist() if not n.startswith("site/")])
        said = _execute(root, root / notebook)
        # an executed notebook that has no evidence table stopped on the way
        again = evidence.collect([root / notebook]).claims[Path(notebook).stem]
        found_again = [each for each in again if each.id == claim]
    if found_again:
        return compare(filed, found_again[0])
    if said.startswith(f"ClaimFailed: {claim} "):
        return _performed(filed, "does not hold", None, said)
    raise ReperformError(f"the chapter stops before {claim}: {said or 'it states no such claim'}")


def compare(filed: evidence.Claim, again: evidence.Claim) -> Performed:
    """A claim as it was filed beside the same claim measured again."""
    if not again.holds:
        return _performed(filed, "does not hold", again.measured)
    same = again.measured == filed.measured
    return _performed(filed, "equal" if same else "moved", again.measured)


def _performed(
    filed: evidence.Claim, outcome: str, again: float | None, said: str = ""
) -> Performed:
    return Performed(
        filed.id,
        filed.statement,
        outcome,
        filed.measured,
        again,
        None if again is None else again - filed.measured,
        filed.against,
        said,
    )


def _find(opened: zipfile.ZipFile, claim: str) -> tuple[str, evidence.Claim]:
    """The notebook that states a claim, and the claim as it says it."""
    with tempfile.TemporaryDirectory() as folder:
        names = _notebooks(opened)
        register = evidence.collect([Path(opened.extract(name, folder)) for name in names])
    for name in names:
        for each in register.claims[Path(name).stem]:
            if each.id == claim:
                return name, each
    known = sorted(each.id for claims in register.claims.values() for each in claims)
    alike = [id for id in known if id[:2] == claim[:2]] or known
    raise ReperformError(f"the archive has no claim {claim}; it has {', '.join(alike)}")


def _execute(root: Path, notebook: Path) -> str:
    """Execute a notebook in its place, with the checkout's library; return what stopped it."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    page = nbformat.read(notebook, as_version=4)
    for cell in page.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    page.metadata["kernelspec"] = {"name": "python3", "display_name": "python3"}
    where = {"metadata": {"path": str(notebook.parent)}}
    client = NotebookClient(page, timeout=PATIENCE, kernel_name="python3", resources=where)
    said = ""
    try:
        client.execute(env=surroundings.of_a_kernel(root))
    except CellExecutionError as error:
        said = f"{error.ename}: {error.evalue}"
    except (CellTimeoutError, DeadKernelError) as error:
        said = f"{type(error).__name__}: {error}"
    nbformat.write(page, notebook)
    return said


def report(
    archive: Path, claim: str | None = None, roster: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What ``prudent reperform`` says: the archive's hash, its faults, and a claim again.

    Parameters
    ----------
    archive : Path
    claim : str, optional
        To be performed again.
    roster : mapping, optional
        Whose signature of the bill of materials counts, as for `signed_by`.

    Returns
    -------
    dict
        ``holds`` says whether all of it does.
    """
    found = check(archive)
    told: dict[str, Any] = {"archive": archive.name, "holds": not found, "faults": found}
    if found:
        return told
    with archive.open("rb") as file:
        told["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    with zipfile.ZipFile(archive) as opened:
        told["files"] = len(opened.namelist()) - 1
        told["made_from"] = json.loads(opened.read(REGISTER)).get("made_from", {})
        try:
            told["bill_of_materials"] = signed_by(opened, roster)
        except ValueError as error:
            return told | {"holds": False, "faults": [f"{BILL}: {error}"]}
    if claim is not None:
        told["claim"] = asdict(perform(archive, claim))
        told["holds"] = told["claim"]["outcome"] != "does not hold"
    return told
