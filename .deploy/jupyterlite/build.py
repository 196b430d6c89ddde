"""Builds the kit as a page that needs no server: ``python .deploy/jupyterlite/build.py site``.

Needs the extra `site`, and pip's index. The page itself loads its Python, Pyodide, from the network when somebody opens
it; ``--pyodide FOLDER`` puts a copy of Pyodide into the site instead.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

ROOT = Path(__file__).resolve().parents[2]
# Pure Python that Pyodide does not bring along. What it does bring (NumPy, SymPy, Matplotlib, ..) it loads by itself.
PURE = (
    "anywidget autograd charset-normalizer click comm et_xmlfile fastjsonschema ipywidgets jupyter_core"
    " jupyterlab_widgets nbformat openpyxl psygnal tqdm"
)
INSTALL = "%pip install -q bpkit"


def lessons(folder: Path) -> None:
    """Copy the lessons; each gets a first cell that brings the kit into the page's own Python."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        first = next(i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")
        notebook.cells.insert(first, nbformat.v4.new_code_cell(INSTALL, id="install"))
        nbformat.write(notebook, folder / path.name)


def wheels(folder: Path) -> list[str]:
    """Build the kit's own wheel and fetch the others."""
    pip = [sys.executable, "-m", "pip"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)], check=True)
    pure = ["--no-deps", "--only-binary=:all:", "--platform=any", "--python-version=314"]
    subprocess.run([*pip, "download", "-q", *pure, "-d", str(folder), *PURE.split()], check=True)
    return sorted(str(path) for path in folder.glob("*.whl"))


def build(site: Path, pyodide: Path | None) -> None:
    """Build the site from the lessons and the wheels, in folders of its own."""
    with TemporaryDirectory() as work:
        contents, packages = Path(work) / "contents", Path(work) / "wheels"
        for folder in (contents, packages):
            folder.mkdir()
        lessons(contents)
        options = [f"--contents={contents}", f"--output-dir={site.resolve()}"]
        options += [f"--piplite-wheels={wheel}" for wheel in wheels(packages)]
        if pyodide:  # where the build looks for one
            shutil.copytree(pyodide, Path(work) / "static" / "pyodide")
        command = [sys.executable, "-m", "jupyter", "lite", "build", "--apps=lab", *options]
        subprocess.run(command, check=True, cwd=work)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("site", type=Path, help="the folder for the site")
    parser.add_argument("--pyodide", type=Path, metavar="FOLDER", help="a copy of Pyodide to put into the site")
    arguments = parser.parse_args()
    build(arguments.site, arguments.pyodide)
