"""A page with everything inline: it lives from a disk, a stick or a learning system, and asks nothing of a network."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from uuid import uuid4

from bpkit.core.errors import BpkitError
from bpkit.page.module import text_of

MARK = '<meta name="generator" content="bpkit">'
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{mark}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body class="bpkit-page">
<main>
<h1>{title}</h1>
{body}
</main>
<script type="module">
{script}
</script>
</body>
</html>
"""


def in_script(text: str) -> str:
    """Text that may stand inside a script element, whatever it holds."""
    return text.replace("</", "<\\/").replace("<!--", "<\\!--")


def holder(spec: Mapping[str, Any]) -> str:
    """The element that becomes an app: it holds the app's spec."""
    data = json.dumps(spec, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<bpkit-app><script type="application/json">{data}</script></bpkit-app>'


def page(title: str, body: str) -> str:
    """A whole page around some HTML."""
    script = in_script(text_of("bpkit.js"))
    return PAGE.format(mark=MARK, title=escape(title), style=text_of("bpkit.css"), body=body, script=script)


def save(path: str | os.PathLike[str], text: str) -> None:
    """Write a page whole or not at all, also over an earlier page of the kit's, but over nothing else.

    Errors: ``BpkitError`` for a file that is no page of the kit's, and for a place that cannot be written.
    """
    where = Path(path)
    part = where.with_name(f".bpkit-{uuid4().hex}.part")
    try:
        if where.exists() and MARK not in where.read_text(encoding="utf-8", errors="replace")[:500]:
            raise BpkitError(
                f"save: expected a new file, or a page saved before, got {str(path)!r}; choose another name"
            )
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(where)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise BpkitError(
            f"save: expected a file name in a folder that can be written, got {str(path)!r} "
            f"({error.strerror}); write app.save('training.html')"
        ) from None
