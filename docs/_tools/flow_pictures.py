"""Draws a flow's two prompts, and its change: ``python docs/_tools/flow_pictures.py`` writes two drawings to ``docs/_static/``."""

from __future__ import annotations

from html import escape
from pathlib import Path

from jupyter_flowauth.consents import ConsentLine, ConsentTree
from jupyter_flowauth.flow_needs import ActionProvider, FlowDocument, build_flow_tree

TARGET = Path(__file__).parents[1] / "_static"
STYLE = (
    "<style>.flow-picture{font:13px system-ui,sans-serif;fill:currentColor;stroke:none}"
    ".flow-picture .box{fill:none;stroke:currentColor;opacity:.35}.flow-picture .ask{fill:none;stroke:#1976d2;stroke-width:2}"
    ".flow-picture .new{fill:#1976d2;font-weight:600}.flow-picture .dim{opacity:.65;font-size:11px}"
    ".flow-picture .arrow{stroke:currentColor;opacity:.6;fill:none;marker-end:url(#flow-picture-head)}</style>"
    '<defs><marker id="flow-picture-head" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8z" fill="currentColor"/></marker></defs>'
)
# what happens, who is asked for what (or nothing): left to right
STEPS = (
    ("deploy", "first prompt", "deploy, see and watch flows"),
    ("run", "second prompt", "the flow's own scope"),
    ("run again", "", ""),
    ("change it", "", ""),
    ("run", "one prompt more", "what is new alone"),
    ("run again", "", ""),
)
COLUMN, BOX, TOP = 150, 118, 20
FLOW_ID = "0d2b1f0c-8a3c-4c34-9e0c-0d9b7d0d6a11"


def draw_steps() -> str:
    """Return what a flow's life asks of the person."""
    parts = []
    for number, (what, asked, words) in enumerate(STEPS):
        x = 26 + number * COLUMN
        parts.append(f'<rect class="{"ask" if asked else "box"}" x="{x}" y="{TOP}" width="{BOX}" height="34" rx="6"/>')
        parts.append(f'<text x="{x + BOX // 2}" y="{TOP + 22}" text-anchor="middle">{escape(what)}</text>')
        parts.append(f'<text class="new" x="{x + BOX // 2}" y="{TOP + 54}" text-anchor="middle">{escape(asked)}</text>')
        parts.append(f'<text class="dim" x="{x + BOX // 2}" y="{TOP + 71}" text-anchor="middle">{escape(words)}</text>')
        if number:
            parts.append(f'<path class="arrow" d="M{x - COLUMN + BOX + 3} {TOP + 17}H{x - 4}"/>')
    label = "Deploy: first prompt. Run: second prompt. Run again: none. After a change: one prompt, for what is new. Run again: none."
    return wrap("".join(parts), label, width=len(STEPS) * COLUMN + 16, height=TOP + 84)


def changed_tree() -> ConsentTree:
    """Return what a flow lacks that uses Globus Search since it was consented to."""
    compute, search = "https://compute.actions.globus.org", "https://actions.globus.org/search/ingest"
    states = {name: {"Type": "Action", "ActionUrl": url} for name, url in (("Analyse", compute), ("Publish", search))}
    providers = {
        compute: ActionProvider(compute, "Globus Compute", "compute"),
        search: ActionProvider(search, "Globus Search (ingest)", "search"),
    }
    tree = build_flow_tree(FlowDocument(FLOW_ID, "Ingest", "1", {"States": states}), providers)
    return tree.missing_from([tree.entries[0].path, tree.entries[1].path])


def draw_tree(lines: tuple[ConsentLine, ...]) -> str:
    """Return a tree of consents as the card shows it."""
    parts = [f'<rect class="box" x="1" y="1" width="520" height="{24 + 28 * len(lines)}" rx="6"/>']
    for number, line in enumerate(lines):
        x, y = 18 + 30 * line.depth, 31 + 28 * number
        if line.depth:
            parts.append(f'<path class="box" d="M{x - 20} {y - 20}V{y - 5}H{x - 4}"/>')
        sign, kind = ("+", ' class="new"') if line.new else ("✓", "")
        parts.append(f'<text{kind} x="{x}" y="{y}">{sign} {escape(line.reason)}</text>')
    return wrap(
        "".join(parts),
        "; ".join(f"{'new' if line.new else 'granted'}: {line.reason}" for line in lines),
        width=522,
        height=26 + 28 * len(lines),
    )


def wrap(inner: str, label: str, *, width: int, height: int) -> str:
    """Return a whole drawing."""
    return (
        f'<svg class="drawing flow-picture" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}">{STYLE}{inner}</svg>\n'
    )


if __name__ == "__main__":
    (TARGET / "flow-prompts.svg").write_text(draw_steps(), encoding="utf-8")
    (TARGET / "flow-change.svg").write_text(draw_tree(changed_tree().lines()), encoding="utf-8")
