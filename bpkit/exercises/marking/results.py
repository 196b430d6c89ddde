"""Writes what marking leaves: over its own earlier results, never over what a person has changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from bpkit.core.errors import BpkitError
from bpkit.exercises.marking.records import MARKS
from bpkit.exercises.sheets.files import write

WRITTEN = ".bpkit-written.txt"  # what marking wrote into a folder, a digest and a name on each line
# Kept line by line whoever changed it, so that it may always be written.
_MERGED = (MARKS,)


class Results:
    """The folder of the results, and what of it the kit wrote itself.

    ``force`` allows overwriting pages that a person has changed. Other commands that leave files in the folder write
    them in the same way.
    """

    def __init__(self, folder: Path, force: bool = False) -> None:
        self.folder, self.force = folder, force
        self._known: dict[str, set[str]] = {}
        with suppress(OSError, UnicodeDecodeError):
            for line in (folder / WRITTEN).read_text("utf-8").splitlines():
                digest, _, name = line.partition(" ")
                self._known.setdefault(name, set()).add(digest)

    def changed(self, names: Iterable[str]) -> list[str]:
        """The files among these that the kit wrote and a person has changed since."""
        return [name for name in names if self._known.get(name) and self._there(name) and not self.own(name)]

    def check(self, names: Iterable[str]) -> None:
        """Raise ``BpkitError`` before anything is written, where a file has been changed and must not be lost."""
        changed = [] if self.force else self.changed(name for name in names if name not in _MERGED)
        if changed:
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            raise BpkitError(
                f"{self.folder / changed[0]}{more}: changed since the kit wrote it; move it away, or allow overwriting "
                "(--force)"
            )

    def write(self, name: str, content: str | bytes) -> bool:
        """Write one file whole or not at all; raises ``BpkitError`` where that would lose what is not the kit's."""
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        own = name in _MERGED or self.own(name)
        self._note(name, _digest(data))  # first: interrupted after this, the file is there or still the old one
        return write(self.folder / name, data, self.force or own)

    def remember(self, name: str) -> None:
        """Take a file in the folder that the kit has just written in another way for one of its own."""
        self._note(name, self._digest_of(name))
        self.close()

    def written(self, files: Iterable[tuple[str, str | bytes]]) -> Iterator[str]:
        """Write files one after the other, giving the name of each."""
        for name, content in files:
            self.write(name, content)
            yield name

    def tidy(self, folder: str, keep: Iterable[str]) -> None:
        """Remove what the kit wrote into one of its folders for learners who have no such file any more."""
        for name in sorted(self._known.keys() - set(keep)):
            if name.startswith(f"{folder}/") and self.own(name):
                (self.folder / name).unlink(missing_ok=True)
                del self._known[name]

    def close(self) -> None:
        """Keep only what is needed to know the files again."""
        lines = [f"{digest} {name}\n" for name in self._known if (digest := self._digest_of(name))]
        if lines:
            write(self.folder / WRITTEN, "".join(lines), True)

    def _note(self, name: str, digest: str) -> None:
        if digest in self._known.setdefault(name, set()):
            return
        self._known[name].add(digest)
        with suppress(OSError):  # writing the file itself will say it
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / WRITTEN).open("a", encoding="utf-8") as file:
                file.write(f"{digest} {name}\n")

    def _there(self, name: str) -> bool:
        path = self.folder / name
        return path.is_symlink() or path.exists()

    def own(self, name: str) -> bool:
        """True for a file that is as the kit wrote it."""
        return (digest := self._digest_of(name)) != "" and digest in self._known.get(name, ())

    def _digest_of(self, name: str) -> str:
        path = self.folder / name
        try:
            return "" if path.is_symlink() else _digest(path.read_bytes())
        except OSError:
            return ""


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
