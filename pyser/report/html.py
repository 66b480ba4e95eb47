"""Pieces of HTML: text with the marks of Markdown that reports use, tables, figures."""

import re
from html import escape

_MARKS = [
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
]


def inline(text):
    """A line of text as HTML: escaped, with ```code``` and ``**strong**``."""
    text = escape(text, quote=False)
    for mark, replacement in _MARKS:
        text = mark.sub(replacement, text)
    return text


def paragraph(text, kind=""):
    """``<p>`` of the CSS class ``kind``."""
    return f'<p class="{kind}">{inline(text)}</p>' if kind else f"<p>{inline(text)}</p>"


def bullets(lines):
    """``<ul>`` of lines, empty without any."""
    items = "".join(f"<li>{inline(line)}</li>" for line in lines)
    return f'<ul class="items">{items}</ul>' if items else ""


def table_html(table, caption):
    """A tables.Table; it scrolls sideways where the window is narrow, by keyboard too."""
    sides = ["left" if heading.endswith("<") else "right" for heading in table.headings]
    names = [inline(heading.rstrip("<>")) for heading in table.headings]
    head = "".join(
        f'<th scope="col" class="{side}">{name}</th>'
        for side, name in zip(sides, names, strict=True)
    )
    body = "\n".join(f"<tr>{_row(row, sides)}</tr>" for row in table.rows)
    label = escape(caption, quote=True)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">\n<table>'
        f"<caption>{inline(caption)}</caption><thead><tr>{head}</tr></thead>\n"
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(cells, sides):
    first = f'<th scope="row" class="left">{inline(cells[0])}</th>'
    rest = zip(cells[1:], sides[1:], strict=True)
    return first + "".join(f'<td class="{side}">{inline(cell)}</td>' for cell, side in rest)


def figure(drawing, caption, kind=""):
    """``<figure>`` of a Drawing; what does not fit into a narrow window scrolls."""
    classes = f"chart {kind}".strip()
    words = f"<figcaption>{inline(caption)}</figcaption>" if caption else ""
    width = f"{drawing.width:.0f}"
    return (
        f'<figure class="{classes}" style="width:{width}px">'
        f'<div class="canvas">{drawing.svg()}</div>{words}</figure>'
    )


def figures(items):
    """Figures side by side as far as there is room."""
    return f'<div class="figures">{"".join(items)}</div>'
