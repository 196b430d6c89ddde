"""A page with everything inline: it lives from a disk, a stick or a learning system, and asks nothing of a network."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from gzip import compress
from html import escape
from pathlib import Path
from typing import Any
from uuid import uuid4

from bpkit.core.errors import BpkitError
from bpkit.page.module import inline

LONG = 24  # characters of a sentence
MOST_PLAIN = 150_000  # characters of an app's spec; a longer one, as a large network has, is packed
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
    r"""Text that may stand inside a script element, whatever it holds.

    >>> in_script("</script>")
    '<\\/script>'
    """
    return text.replace("</", "<\\/").replace("<!--", "<\\!--")


def holder(spec: Mapping[str, Any], still: str = "") -> str:
    """The element that becomes an app: it holds the app's spec, and what stands there until then.

    >>> holder({"name": "training"}).startswith('<bpkit-app><script type="application/json">')
    True
    """
    text, kind = data(spec), "json"
    if len(text) > MOST_PLAIN:
        text, kind = b64encode(compress(text.encode(), mtime=0)).decode(), "json+gzip"
    return f'<bpkit-app>{still}<script type="application/{kind}">{text}</script></bpkit-app>'


def data(found: Any) -> str:
    r"""Data as JSON for a script element, which no text in it can end; what it says often it says once, by number.

    >>> data(["</script>", "a sentence so long that it has a number", "a sentence so long that it has a number"])
    '{"words":["a sentence so long that it has a number"],"data":["<\\/script>","§0","§0"]}'
    """
    counts = Counter(_sentences(found))
    words = [one for one, count in counts.items() if count > 1]
    whole = {"words": words, "data": _numbered(found, {one: f"§{place}" for place, one in enumerate(words)})}
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    return text.replace("</", "<\\/").replace("<!", "\\u003c!").replace("<s", "\\u003cs").replace("<S", "\\u003cS")


def _sentences(found: Any) -> Iterator[str]:
    """All texts that are long enough to be worth a number.

    >>> [*_sentences({"one": "short", "two": ["a sentence that is long enough to be worth a number of its own"]})]
    ['a sentence that is long enough to be worth a number of its own']
    """
    if isinstance(found, str):
        if len(found) > LONG:
            yield found
    elif isinstance(found, dict | list | tuple):
        for one in found.values() if isinstance(found, dict) else found:
            yield from _sentences(one)


def _numbered(found: Any, numbers: Mapping[str, str]) -> Any:
    if isinstance(found, dict):
        return {key: _numbered(one, numbers) for key, one in found.items()}
    if isinstance(found, list | tuple):
        return [_numbered(one, numbers) for one in found]
    return numbers.get(found, found) if isinstance(found, str) else found


def page(title: str, body: str) -> str:
    """A whole page around some HTML."""
    script = in_script(inline("bpkit.js"))
    return PAGE.format(mark=MARK, title=escape(title), style=inline("bpkit.css"), body=body, script=script)


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
