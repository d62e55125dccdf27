"""What the pages are made of: figures set into the page, pictures of told tables, formulas, the
case for a requirement."""

import json
import re
import sys
from collections import namedtuple
from pathlib import Path

import matplotlib as mpl
import pytest
from docutils import nodes
from docutils.utils import new_document
from sphinx import addnodes

from portlib import evidence, figures
from portlib.retirement import simulation
from tools import moved

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

import prudent
import prudent_cells
import prudent_examples
import prudent_math
import prudent_matrix
import prudent_moved
import prudent_pictures
import prudent_reference

mpl.use("agg")


def drawn(tmp_path: Path, width: float) -> str:
    fig, ax = figures.axes(width, 3.0, xlabel="years")
    ax.plot([0, 1], [0, 1], color=figures.COLORS[0])
    fig.savefig(tmp_path / "a.svg")
    return (tmp_path / "a.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [4.0, 5.2, 9.0])
def test_a_figure_follows_the_page_and_keeps_its_lettering_on_a_phone(
    tmp_path: Path, width: float
) -> None:
    page = prudent_pictures.inlined(drawn(tmp_path, width), 'A "line"', "f1")
    assert page.startswith('<svg class="figure" role="img" aria-label="A &quot;line&quot;"')
    assert "<text" in page and ">years</text>" in page
    assert "var(--fig-blue, #0072b2)" in page
    ids = set(re.findall(r' id="([^"]+)"', page))
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', page))
    assert ids == used and all(id.startswith("f1-") for id in ids)
    own = float(re.search(r'viewBox="0 0 ([\d.]+)', page)[1])
    shrunk = min(1.0, prudent_pictures.PHONE / own)
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", page)]
    assert sizes and min(sizes) * shrunk >= 9


@pytest.mark.parametrize(
    ("page", "set_as"),
    [
        ("<td>the plan's and others' own</td>", "<td>the plan’s and others’ own</td>"),
        ("<p>a survey of advisers&#x27; and it&#39;s</p>", "<p>a survey of advisers’ and it’s</p>"),
        ("<td>the plan's 'as others' too</td>", "<td>the plan’s 'as others' too</td>"),
        ("<p title=\"plan's\">a<code>'s'</code></p>", "<p title=\"plan's\">a<code>'s'</code></p>"),
        ("<pre>x <b>isn't</b> y</pre> it's", "<pre>x <b>isn't</b> y</pre> it’s"),
        ("<script>let a='b'+c's'</script>", "<script>let a='b'+c's'</script>"),
        ("<svg><text>plan's</text></svg>it's", "<svg><text>plan's</text></svg>it’s"),
    ],
)
def test_apostrophes_of_tables_look_as_those_of_prose(page: str, set_as: str) -> None:
    assert prudent.apostrophes(page) == set_as


def test_a_fund_is_called_by_its_name_save_in_code() -> None:
    doctree = new_document("page")
    doctree += nodes.paragraph("", "37% LCIDX, 2% A&B")
    doctree += nodes.literal_block("", "hold(LCIDX)")
    doctree += prudent_cells.raw("<td title='LCIDX'>LCIDX</td>")
    prudent_cells.name_funds(doctree, {"LCIDX": "Large & Cap"})
    said, code, cell = (node.astext() for node in doctree)
    assert (said, code) == ("37% Large & Cap, 2% A&B", "hold(LCIDX)")
    assert cell == "<td title='LCIDX'>Large &amp; Cap</td>"


def test_a_message_names_funds_and_classes_and_signed_data_keeps_its_codes() -> None:
    doctree = new_document("page")
    doctree += nodes.literal_block("", "LCIDX to us_reits, 'us_reits'", language="myst-ansi")
    doctree += nodes.literal_block("", '{"us_reits": 1}', language="myst-ansi")
    doctree += nodes.literal_block("", "hold(LCIDX)", language="ipython3")
    names = {"LCIDX": "Large Cap", "us_reits": "listed real estate"}
    prudent_cells.name_printed(doctree, names)
    assert [node.astext() for node in doctree] == [
        "Large Cap to listed real estate, 'listed real estate'",
        '{"us_reits": 1}',
        "hold(LCIDX)",
    ]


def test_a_mark_s_tags_are_made_those_of_a_line_and_its_words_stay() -> None:
    mark = nodes.raw("", "<div class='claim'>diversified, by a <b>divisor</b></div>", format="html")
    outputs = nodes.container("", nodes.container("", mark))
    _, _, (shown,) = prudent_cells.parts(nodes.container("", outputs))
    assert shown.astext() == "<span class='claim'>diversified, by a <b>divisor</b></span>"


def test_arguments_on_lines_of_their_own_are_no_list() -> None:
    one = '<dd><em class="sig-param"><span>x</span></em>,</dd>\n'
    f = '<dt class="sig sig-object"><span class="pre">f</span>('
    written = f"{f}<dl>\n{one}{one}</dl>)</dt><dd><dl><dt>a</dt><dd>b</dd></dl></dd>"
    made = prudent_reference.in_lines(written)
    line = one.replace("<dd>", "<span class='sig-line'>").replace("</dd>", "</span>")
    f = '<dt class="sig sig-object">f('
    assert made == f"{f}{line}{line})</dt><dd><dl><dt>a</dt><dd>b</dd></dl></dd>"


def test_a_field_that_nobody_explained_and_a_long_value_are_left_out_of_the_reference() -> None:
    Pair = namedtuple("Pair", ["first"])
    assert prudent_reference.skip(None, "class", "first", Pair.first) is True
    assert prudent_reference.skip(None, "class", "count", Pair.count) is None
    shown = {}
    for value in ("1e-12", "{" + "'a': 1, " * 20 + "}"):
        signature = addnodes.desc_signature("", "", nodes.Text("NAME"))
        signature += addnodes.desc_annotation("", f" = {value}")
        entry = addnodes.desc("", signature, addnodes.desc_content())
        prudent_reference.shorten(None, "py", "data", entry[1])
        shown[value] = signature.astext()
    assert list(shown.values()) == ["NAME = 1e-12", "NAME"]
    content = addnodes.desc_content("", nodes.paragraph("", "Its tax, in dollars."))
    content += nodes.paragraph("", f"alias of {'Callable' * 20}")
    prudent_reference.shorten(None, "py", "data", addnodes.desc("", content)[0])
    assert content.astext() == "Its tax, in dollars."


def test_a_told_table_is_drawn_with_its_figures() -> None:
    table = {"columns": ["shares", "bonds"], "index": ["growth <1>"], "rows": [[0.6, 0.4]]}
    bars = prudent_pictures.stacked(table)
    assert "aria-label='growth &lt;1&gt;: shares 60%, bonds 40%'" in bars
    spans = prudent_pictures.ranges(
        {"columns": ["low", "mid", "high"], "index": ["a"], "rows": [[1e4, 2e4, 3e4]]}
    )
    assert "<strong>20,000</strong> <small>10,000 to 30,000</small>" in spans
    path = prudent_pictures.path(
        {"columns": ["d"], "index": ["40", "0", "-30"], "rows": [[0.9], [0.5], [0.4]]},
        alt="falls",
        ticks={40: "before", -30: "after"},
    )
    assert path.count("class='line") == 1 and 'aria-label="falls"' in path


@pytest.mark.parametrize(
    "tex", [r"a &= b \\ c &= d", r"\begin{gathered} a = b \\ c = d \end{gathered}"]
)
def test_lines_of_a_formula_stand_below_each_other(tex: str) -> None:
    made = prudent_math.mathml(tex, block=True)
    assert made.count("<mtr>") == 2 and "<mi>&</mi>" not in made


def test_a_requirement_is_led_by_the_check_it_names_or_the_one_that_is_about_it_alone() -> None:
    def claim(id: str, *answers: str) -> evidence.Claim:
        return evidence.Claim(id, "s", 0, "at most", 1, "", "identity", answers, "c")

    pairs = [("x", claim("AA-01", "CM-01", "CM-02")), ("x", claim("AA-02", "CM-01"))]
    assert prudent_matrix.lead({}, pairs)[1].id == "AA-02"
    assert prudent_matrix.lead({"lead": "AA-01"}, pairs)[1].id == "AA-01"
    assert prudent_matrix.lead({}, []) is None


def test_bounds_are_numbers_of_their_own() -> None:
    def bounds(relation: str, bound: object) -> tuple[object, object]:
        made = evidence.Claim("AA-01", "s", 0, relation, bound, "", "identity", ("CM-01",), "c")
        return prudent_matrix.bounds(made)

    assert bounds("at most", 2) == ("", 2)
    assert bounds("at least", 2) == (2, "")
    assert bounds("equals", 2) == (2, 2)
    assert bounds("between", (1, 2)) == (1, 2)


def test_a_chapter_says_what_moved_since_the_last_version_for_the_same_plan(tmp_path: Path) -> None:
    claim = {"id": "AB-01", "statement": "Less than <one>.", "unit": "one", "measured": 0.25}
    numbers = {"share": 0.5, "rest": 1e-13, "run_seconds": 3.0, "who": "A & B"}
    register = {"part": {"claims": [claim], "numbers": numbers}}
    made = {"version": "1.0.0", "commit": "0123456789abc", "plan": "Ours"}
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps({"made_from": made, "chapters": register}), encoding="utf-8")
    (tmp_path / "book").mkdir()
    assert moved.keep(file, tmp_path / "book" / "last_version.json") == 4

    told = {**numbers, "rest": 2e-13, "run_seconds": 9.0}
    now = {"part": {"claims": [claim], "numbers": told}, "late": register["part"]}
    said = prudent_moved.note("part", now, tmp_path, "Ours")
    assert "None of 4 numbers moved since version 1.0.0" in said
    assert "new since version 1.0.0" in prudent_moved.note("late", now, tmp_path, "Ours")
    assert prudent_moved.note("part", now, tmp_path, "Theirs") == ""

    later = {"claims": [{**claim, "measured": 0.75}], "numbers": {"share": 0.5, "who": "A & C"}}
    said = prudent_moved.note("part", {"part": later}, tmp_path, "Ours")
    assert "3 of 4 numbers" in said
    assert re.findall("<td>(.*?)</td>", said) == [
        *("<a href='#AB-01'>AB-01</a> Less than &lt;one&gt;.", "0.25", "0.75"),
        *("rest", "0", "–"),
        *("who", "A &amp; B", "A &amp; C"),
    ]


def test_shares_that_are_wider_than_long_are_turned() -> None:
    wide = {"columns": ["a", "b", "c"], "index": ["x"], "rows": [["27% (21 to 34%)", 0.5, 0.0]]}
    page = prudent_pictures.shares(wide)
    assert re.findall(r"<th scope='(\w+)'>(\w)</th>", page) == [
        ("col", "x"),
        *(("row", name) for name in "abc"),
    ]
    assert "<td>27%<small>(21 to 34%)</small></td>" in page and "<td>·</td>" in page


def test_the_reference_leads_to_where_a_functions_examples_go_on() -> None:
    lines = ["It goes on in ``simulation.md``.", "Neither ``simulation.py`` nor `x`."]
    prudent_examples.link(None, "method", "", simulation.Outcomes.chance, None, lines)
    place = "../source/portlib/retirement/simulation.md.html#Outcomes.chance"
    assert lines == [
        f"It goes on in `simulation.md <{place}>`__.",
        "Neither ``simulation.py`` nor `x`.",
    ]
    told = ["As ``simulation.md`` beside ``simulation.py``."]
    prudent_examples.link(None, "module", "", simulation, None, told)
    assert told == ["As ``simulation.md`` beside ``simulation.py``."]


def test_examples_beside_a_module_are_a_page_with_a_place_for_each_function() -> None:
    page = prudent_examples.body(
        "# Title\n\n## `Outcomes.chance`\n\nTwo < three:\n\n```pycon\n>>> 1 < 2\nTrue\n```\n"
    )
    assert "<h2 id='Outcomes.chance'><code>Outcomes.chance</code></h2>" in page
    assert "<p>Two &lt; three:</p>" in page
    assert (
        page.count("<pre") == 1 and "<div class='highlight-pycon notranslate'><div class=" in page
    )
    assert '<span class="go">True</span>' in page
