"""Pictures of this book: a chapter's figures, and small ones drawn from what chapters told.

A figure that a notebook leaves as SVG is written into the page itself, its greys and its palette as
variables of the style sheet, so that it follows the page into dark mode and a phone sets its
lettering as text. What the front page and the committee's page show is drawn here from tables that
the chapters told (`evidence.Chapter.tell`), so that it is of the same run.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

#: Colours of `portlib.figures`, and the variable of the style sheet that follows the page.
VARIABLES = {
    **dict.fromkeys(("#222222", "#262626", "#333333", "#000000"), "ink"),
    **dict.fromkeys(("#444444", "#555555", "#666666", "#777777", "#888888", "#999999"), "fine"),
    **dict.fromkeys(("#b0b0b0", "#bbbbbb", "#cccccc", "#dddddd", "#e6e6e6", "#eeeeee"), "grid"),
    "#ffffff": "ground",
    "#0072b2": "blue",
    "#d55e00": "vermilion",
    "#009e73": "green",
    "#cc79a7": "purple",
    "#e69f00": "orange",
    "#56b4e9": "sky",
    "#f0e442": "yellow",
    "#882255": "wine",
}
#: How much larger than its own units a figure is shown, how wide it is on a phone, and the smallest
#: lettering there, in pixels.
SCALE, PHONE, SMALL = 1.36, 330.0, 9.1


def inlined(svg: str, alt: str, prefix: str) -> str:
    """A notebook's SVG as an element of the page: named, coloured by the page, its ids its own."""
    start = svg.index("<svg")
    text = re.sub(
        r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>",
        "",
        svg[start:],
        flags=re.DOTALL,
    )
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    used = set(re.findall(r"(?:href=\"#|url\(#)([^\")]+)", text))
    text = re.sub(
        r'\sid="([^"]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", text
    )
    text = re.sub(r'(href="#|url\(#)([^")]+)', rf"\g<1>{prefix}-\g<2>", text)
    text = re.sub(r"#[0-9a-fA-F]{6}\b", _variable, text)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    own = float(box[1]) if box else PHONE
    least = SMALL * max(1.0, own / PHONE)

    def lettering(found: re.Match[str]) -> str:
        return f"font-size: {max(least, float(found[1])):.2f}px"

    text = re.sub(r"font-size: ([\d.]+)px", lettering, text)
    text = re.sub(r"font-family: [^;\"]*", "font-family: var(--fig-font, sans-serif)", text)
    width = own * SCALE
    head = (
        f'<svg class="figure" role="img" aria-label="{html.escape(alt, quote=True)}" '
        f'style="width: {width:.0f}px"'
    )
    text = re.sub(r'<svg([^>]*?)\swidth="[^"]*"', r"<svg\1", text, count=1)
    text = re.sub(r'<svg([^>]*?)\sheight="[^"]*"', r"<svg\1", text, count=1)
    return re.sub(r"\n+", "\n", text.replace("<svg", head, 1)).replace("</svg>\n", "</svg>")


def _variable(found: re.Match[str]) -> str:
    name = VARIABLES.get(found[0].lower())
    return f"var(--fig-{name}, {found[0]})" if name else found[0]


def figure_of(notebook: Path, name: str) -> tuple[str, str, str]:
    """The SVG, the text for who cannot see it, and the caption of a named figure of an executed
    notebook; empty where it has none."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        about = cell.get("metadata", {}).get("mystnb", {})
        figure = about.get("figure", {})
        if figure.get("name") != name:
            continue
        for output in cell.get("outputs", ()):
            if svg := "".join(output.get("data", {}).get("image/svg+xml", ())):
                return svg, about.get("image", {}).get("alt", ""), figure.get("caption", "")
    return "", "", ""


# ------------------------------------------------------------------------------- drawn from tables

Table = Mapping[str, Sequence[Any]]


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _rows(table: Table) -> list[tuple[str, list[Any]]]:
    return list(zip(table["index"], table["rows"], strict=True))


def stacked(table: Table, *, smallest: float = 0.055) -> str:
    """One bar a row, divided by column: shares of one whole, with the figure in each wide part."""
    columns, rows = list(table["columns"]), _rows(table)
    kept = [j for j in range(len(columns)) if any((row[j] or 0) >= 0.005 for _, row in rows)]
    key = "".join(f"<li><i class='s{j}'></i>{html.escape(columns[j])}</li>" for j in kept)
    body = []
    for name, row in rows:
        parts, said = [], []
        for j in kept:
            share = row[j] or 0.0
            if share < 0.005:
                continue
            said.append(f"{columns[j]} {_percent(share)}")
            shown = _percent(share) if share >= smallest else ""
            parts.append(f"<i class='s{j}' style='flex-grow: {share:.4f}'><b>{shown}</b></i>")
        label = html.escape(f"{name}: {', '.join(said)}", quote=True)
        body.append(
            f"<div class='bar'><span>{html.escape(name)}</span>"
            f"<div role='img' aria-label='{label}'>{''.join(parts)}</div></div>"
        )
    return f"<div class='bars'><ul class='key'>{key}</ul>{''.join(body)}</div>"


def ranges(table: Table, *, form: str = ",.0f", mark: float | None = None, marked: str = "") -> str:
    """One row a line: its low, middle and high as a bar with a dot, on one scale from nothing."""
    rows = _rows(table)
    most = max([row[2] for _, row in rows] + [mark or 0.0]) * 1.02
    least = min(0.0, *(row[0] for _, row in rows)) * 1.05
    at = lambda value: 100 * (value - least) / (most - least)  # noqa: E731
    body = []
    for name, (low, middle, high) in rows:
        says = f"{low:{form}} to {high:{form}}"
        line = f"<em style='left: {at(mark):.2f}%'></em>" if mark is not None else ""
        body.append(
            f"<div class='span'><span>{html.escape(name)}</span>"
            f"<div aria-hidden='true'>{line}<i style='left: {at(low):.2f}%; "
            f"right: {100 - at(high):.2f}%'></i><b style='left: {at(middle):.2f}%'></b></div>"
            f"<span class='says'><strong>{middle:{form}}</strong> <small>{says}</small></span>"
            "</div>"
        )
    note = f"<p class='fine'><em class='dash'></em> {html.escape(marked)}</p>" if marked else ""
    return f"<div class='spans'>{''.join(body)}{note}</div>"


def path(table: Table, *, alt: str, ticks: Mapping[float, str]) -> str:
    """Lines over the index, as shares from nothing to all: a glidepath."""
    rows = [(float(name), row) for name, row in _rows(table)]
    first, last = rows[0][0], rows[-1][0]
    across = lambda x: 34 + 300 * (x - first) / (last - first)  # noqa: E731
    down = lambda y: 10 + 130 * (1 - y)  # noqa: E731
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(
            f"<path d='M34 {down(share):.1f}H334' class='grid'/>"
            f"<text x='29' y='{down(share) + 3.5:.1f}' text-anchor='end'>{_percent(share)}</text>"
        )
    for x, words in ticks.items():
        anchor = "start" if x == first else "end" if x == last else "middle"
        parts.append(
            f"<text x='{across(x):.1f}' y='156' text-anchor='{anchor}'>{html.escape(words)}</text>"
        )
    if min(first, last) < 0 < max(first, last):
        parts.append(f"<path d='M{across(0):.1f} 10V140' class='now'/>")
    for j, _ in enumerate(table["columns"]):
        line = "L".join(
            f"{across(x):.1f} {down(row[j]):.1f}" for x, row in rows if row[j] is not None
        )
        parts.append(f"<path d='M{line}' class='line l{j}'/>")
    return (
        f"<svg class='drawn' viewBox='0 0 340 164' role='img' "
        f'aria-label="{html.escape(alt, quote=True)}">{"".join(parts)}</svg>'
    )


def _share(x: float | str | None) -> str:
    if isinstance(x, str):
        weight, _, interval = x.partition(" ")
        return f"{html.escape(weight)}<small>{html.escape(interval)}</small>"
    return _percent(x) if x and x >= 0.005 else "·"


def shares(table: Table) -> str:
    """Shares by row and column as a table, a dot where there is none. A share that came with its
    interval, as ``27% (21 to 34%)``, keeps it, on a line of its own. What is wider than long is
    turned, so that it fits a phone."""
    if len(table["columns"]) > len(table["index"]):
        turned = [list(row) for row in zip(*table["rows"], strict=True)]
        table = {"columns": table["index"], "index": table["columns"], "rows": turned}
    columns = [html.escape(str(name)) for name in table["columns"]]
    head = "".join(f"<th scope='col'>{name}</th>" for name in columns)
    body = "".join(
        f"<tr><th scope='row'>{html.escape(name)}</th>"
        + "".join(f"<td>{_share(x)}</td>" for x in row)
        + "</tr>"
        for name, row in _rows(table)
    )
    return (
        "<div class='output'><table class='dataframe shares'><thead><tr><td></td>"
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
