"""The modules of a folder: a file that is put there is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from bpkit.core.folder import modules_in


def test_every_module_is_found_some_first_and_none_that_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "shelf").mkdir()
    for name in ("__init__", "a", "b", "c", "d"):
        (tmp_path / f"shelf/{name}.py").write_text(f"name = {name!r}\n")
    (tmp_path / "shelf/folder").mkdir()
    (tmp_path / "shelf/folder/__init__.py").write_text("1 / 0\n")  # what is broken in there breaks nothing here
    assert [one.name for one in modules_in("shelf")] == ["a", "b", "c", "d"]
    assert [one.name for one in modules_in("shelf", first=("c", "b"), without=("d",))] == ["c", "b", "a"]
    with pytest.raises(ModuleNotFoundError, match=r"shelf\.e"):
        modules_in("shelf", first=("e",))
