"""What the instructor's pages show: tables, and links that save a file from the page."""

from __future__ import annotations

import base64
import csv
import io
from html import escape
from pathlib import Path

from bpkit.exercises.templates import table

# What a Jupyter server lets through in one piece; it drops more than a megabyte a second.
MOST_BYTES = 1_500_000

STYLE = """<style>
.bpkit-question table { border-collapse: collapse; margin: .5em 0; font-variant-numeric: tabular-nums }
.bpkit-question th, .bpkit-question td { font-weight: 400; text-align: left; padding: 1px 12px 1px 4px;
  border-bottom: 1px solid var(--jp-border-color2, #ccc) }
.bpkit-question thead th { color: var(--jp-ui-font-color2, #59636e) }
.bpkit-question table.lines td { border: 0; vertical-align: top }
.bpkit-question table.lines small { color: var(--jp-ui-font-color2, #59636e) }
.bpkit-question p { margin: .4em 0 }
.bpkit-question math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", "DejaVu Math TeX Gyre", math,
  serif; font-size: 1.08em }
.bpkit-report table { border-collapse: collapse; margin: .5em 0 }
.bpkit-report caption { text-align: left; font-weight: 600; padding: .2em 0 }
.bpkit-report th, .bpkit-report td { text-align: left; vertical-align: top; padding: 2px 10px 2px 4px;
  border-bottom: 1px solid var(--jp-border-color2, #ccc) }
.bpkit-report p { margin: .4em 0 }
.bpkit-report :is(th, td).number { text-align: right; font-variant-numeric: tabular-nums }
.bpkit-report .scroll { overflow-x: auto } .bpkit-report tbody th { font-weight: 400 }
.bpkit-report math { math-style: normal }
.bpkit-report h2 { font-size: 1.15em; margin: 1.2em 0 .4em } .bpkit-report h3 { font-size: 1em; margin: 1em 0 .3em }
.bpkit-report .earned { font-weight: 400; color: var(--jp-ui-font-color2, #59636e) }
.bpkit-report .earned::before { content: "· " }
.bpkit-report figure { margin: .5em 0; max-width: 560px }
.bpkit-report .given { border-left: 3px solid var(--jp-border-color1, #8a8a8a); margin: .6em 0; padding-left: 10px }
.bpkit-report table.lines td { border: 0 }
.bpkit-report pre { background: none; padding: 0; color: inherit }
.bpkit-app a.bpkit-download { color: var(--jp-content-link-color, #1565c0); text-decoration: underline }
.bpkit-app textarea, .bpkit-app input[type=text] { font-family: var(--jp-ui-font-family, sans-serif) }
</style>"""


def csv_table(caption: str, text: str) -> str:
    r"""A table in CSV as one in HTML.

    >>> "<td>0.2335</td>" in csv_table("The loss", "question,E\nloss,0.2335\n")
    True
    """
    head, *rows = csv.reader(io.StringIO(text))
    return table(caption, head, rows)


def download(path: Path, words: str) -> str:
    """A link that saves a file from the page itself; for one too large for that, where to find it.

    >>> download(Path("no_such_file.zip"), "Save the zip")
    ''
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            return f"<p>{escape(words)}: right-click {escape(path.as_posix())} in the file browser, Download.</p>"
        data = base64.b64encode(path.read_bytes()).decode()
    except OSError:
        return ""
    kind = {".zip": "application/zip", ".csv": "text/csv"}.get(path.suffix, "application/octet-stream")
    return (
        f"<p><a class='bpkit-download' download='{escape(path.name)}' href='data:{kind};base64,{data}'>"
        f"{escape(words)}</a> ({size / 1000:.0f} kB)</p>"
    )
