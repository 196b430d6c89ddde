"""The folders are floors: who imports whom, who may run generated code, and what no module does."""

from __future__ import annotations

import ast
import doctest
import inspect
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from bpkit.core.shown import SHOWN, Shown

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "bpkit"
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

# From the ground up: a floor imports from those before it, and what is named beside it or beside those.
FLOORS = {
    "core": {"sympy", "numpy", "mpmath"},
    "mistakes": set(),
    "show": {"matplotlib"},
    "examples": set(),
    "page": {"nbformat"},
    "apps": {"anywidget", "ipywidgets", "traitlets"},
    "exercises": {"charset_normalizer", "jinja2", "openpyxl"},
    "site": {"nbconvert"},
    "cli": {"click", "tqdm", "jupyterlab", "jupyter_client", "jupyter_server"},
}

# Inside of exercises.
ROOMS = ["questions", "sheets", "editions", "marking", "panels"]

# A notebook's own machinery, which is there when a notebook runs: imported where it is used, never with the module.
IN_A_NOTEBOOK = {"IPython"}

# Who runs Python that bpkit has written itself, from a derivation's lines: one function of one module.
WATCHES_ITS_PARENT = "exercises/sheets/processes.py"
RUNS_GENERATED_CODE = "core/program.py"
LONGEST = 450
# A learner's program that may never end runs in a thread, which can be left; the generators that it draws from, it gets
# back as they were.
RUNS_LEARNERS_CODE = {"mistakes/programs/running.py", "mistakes/programs/keeping.py"}
# Reading their files can run code.
UNPICKLING = {"pickle", "shelve", "marshal", "dill", "joblib", "cloudpickle", "pandas"}


def of_every_module(test: Callable[[str], None]) -> Callable[[], None]:
    """One test for all modules: several hundred tests of a millisecond each would take longer to report than to run."""

    def run() -> None:
        for module in MODULES:
            test(module)

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"), module)


@cache
def nodes(module: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(module)))


def name_of(module: str) -> str:
    """The module as it is imported."""
    return f"bpkit/{module}".removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def floor(module: str) -> str:
    """The folder that a module lives in; ``__init__.py`` and ``__main__.py`` are the top floor."""
    return module.split("/")[0] if "/" in module else "cli"


@cache
def parents(module: str) -> dict[ast.AST, ast.AST]:
    return {child: node for node in nodes(module) for child in ast.iter_child_nodes(node)}


@cache
def imports(module: str) -> list[tuple[ast.stmt, str]]:
    """Every import of a module, wherever it stands, with the full name of what is imported."""
    return [*_imports(module)]


def _imports(module: str) -> Iterator[tuple[ast.stmt, str]]:
    for node in nodes(module):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} line {node.lineno}: write the import in full"
            if node.module == "bpkit":
                yield from ((node, f"bpkit.{alias.name}") for alias in node.names)
            else:
                yield node, str(node.module)


def for_types_only(node: ast.AST, up: dict[ast.AST, ast.AST]) -> bool:
    while node in up:
        node = up[node]
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            return True
    return False


def climbing(module: str) -> list[str]:
    """The imports of a module that go up."""
    order, here, up = list(FLOORS), floor(module), parents(module)
    found = []
    for node, name in imports(module):
        if not name.startswith("bpkit.") or for_types_only(node, up):
            continue
        there = name.split(".")[1]
        if there not in order:  # bpkit itself, bpkit.version and the like
            continue
        if order.index(there) > order.index(here):
            found.append(f"{module} line {node.lineno}: {here} imports {name}")
    return found


@of_every_module
def test_no_import_climbs(module: str) -> None:
    if module != "__init__.py":
        assert climbing(module) == []


@of_every_module
def test_the_folders_of_exercises_are_floors_too(module: str) -> None:
    _, *folder, _ = ["", *module.split("/")]
    if folder[:1] == ["exercises"] and folder[1:2] in [[room] for room in ROOMS]:
        above = ROOMS[ROOMS.index(folder[1]) + 1 :]
        up = parents(module)
        for node, name in imports(module):
            if name.startswith("bpkit.exercises.") and not for_types_only(node, up):
                assert name.split(".")[2] not in above, f"{module} line {node.lineno}: {name}"


@of_every_module
def test_the_lowest_floors_hide_no_import(module: str) -> None:
    """An import inside a function hides a cycle: on the lowest floors all stand at the top, where Python sees one."""
    if floor(module) in ("core", "mistakes"):
        up = parents(module)
        for node, name in imports(module):
            assert node in tree(module).body or for_types_only(node, up), f"{module} line {node.lineno}: {name}"


@of_every_module
def test_third_party_imports_stay_on_their_floor(module: str) -> None:
    if module == "__init__.py":
        return
    order, allowed = list(FLOORS), {"bpkit"}
    for name in order[: order.index(floor(module)) + 1]:
        allowed |= FLOORS[name]
    for node, name in imports(module):
        top = name.split(".")[0]
        later = top in IN_A_NOTEBOOK and floor(module) != "core" and node not in tree(module).body
        assert top in allowed or top in sys.stdlib_module_names or later, f"{module} line {node.lineno}: {name}"


def test_the_package_itself_imports_the_two_lowest_floors_alone() -> None:
    up = parents("__init__.py")
    for node, name in imports("__init__.py"):
        if name.startswith("bpkit.") and not for_types_only(node, up):
            assert name.split(".")[1] in ("core", "mistakes"), name


def test_a_climbing_import_would_be_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The test that finds nothing can find something."""
    (tmp_path / "core").mkdir()
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    bad = {
        "core/a.py": "from bpkit.show.diagram import diagram\n",
        "core/b.py": "def f(self):\n    from bpkit.show.diagram import diagram\n    return diagram(self)\n",
        "core/c.py": "from bpkit import apps\n",
        "core/d.py": "def f(self):\n    from bpkit.apps import training\n    return training(self)\n",
        "core/e.py": "import bpkit.cli\n",
    }
    good = "from bpkit.core.text import text\nif TYPE_CHECKING:\n    from bpkit.show.drawing import Drawing\n"
    for module, source in {**bad, "core/good.py": good}.items():
        (tmp_path / module).write_text(source)
        assert bool(climbing(module)) == (module in bad), module


def test_results_show_themselves_by_the_table_alone() -> None:
    """The one way up: each class that shows itself has a row, and each row a class and functions that are there."""
    for module in MODULES:
        if module.startswith(("core/", "mistakes/", "examples/")):
            import_module(name_of(module))
    classes = {one.__name__: one for one in Shown.__subclasses__()}
    assert classes.keys() == SHOWN.keys()
    for name, row in SHOWN.items():
        for method, where in row.items():
            target, _, function = where.partition(":")
            assert target.split(".")[0] in ("core", "show"), where
            shower = getattr(import_module(f"bpkit.{target}"), function)
            own = classes[name].__dict__[method]
            own = own.fget if isinstance(own, property) else own
            assert callable(own), (name, method)  # else an older IPython prints paths as a tuple
            theirs = [*inspect.signature(shower).parameters.values()][1:]
            ours = [*inspect.signature(own).parameters.values()][1:]  # it takes no more than what shows it
            assert [(one.name, one.default) for one in ours] == [(o.name, o.default) for o in theirs][: len(ours)]
            assert inspect.getdoc(shower), where


@of_every_module
def test_no_other_module_imports_by_name(module: str) -> None:
    """Those of packages aside, which load their own parts."""
    for _, name in calls(module):
        loads = module in ("core/shown.py", "core/folder.py") or module.endswith("__init__.py")
        assert loads or not name.endswith("import_module"), module


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, bpkit as bp; p = bp.Problem(bp.Network(1, 1), {'w1': 1, 'b1': 0}, [1], [0]);"
        "bp.evaluate(p); bp.train(p, 2); bp.check_gradient(p); bp.derive(p.network);"
        "print([m for m in ('matplotlib', 'ipywidgets', 'IPython', 'nbformat', 'nbconvert') if m in sys.modules]);"
        "bp.apps.predict; print([m for m in ('nbformat', 'jsonschema', 'nbconvert') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n[]\n"
    assert done.stderr == ""


@cache
def calls(module: str) -> list[tuple[ast.Call, str]]:
    return [(node, ast.unparse(node.func)) for node in nodes(module) if isinstance(node, ast.Call)]


@of_every_module
def test_code_is_run_only_where_bpkit_has_written_it(module: str) -> None:
    """No text of a user's becomes code: no eval, no parsing by SymPy, exec in few places of few lines."""
    for node, name in calls(module):
        last = name.split(".")[-1]
        where = f"{module} line {node.lineno}: {name}"
        assert last not in ("eval", "parse_expr", "parse_latex", "system"), where
        assert name not in ("__import__", "sp.S", "sympy.S"), where
        if name == "exec":
            assert module == RUNS_GENERATED_CODE, where
        if last == "sympify":
            assert "strict=True" in ast.unparse(node), where


def test_generated_code_runs_in_one_place() -> None:
    assert [module for module in MODULES for _, name in calls(module) if name == "exec"] == [RUNS_GENERATED_CODE]
    [function] = [
        node
        for node in ast.walk(tree(RUNS_GENERATED_CODE))
        if isinstance(node, ast.FunctionDef) and "exec(" in ast.unparse(node)
    ]
    assert function.name == "compiled"


@of_every_module
def test_what_no_module_does(module: str) -> None:
    for node, name in imports(module):
        if module == "exercises/panels/panel.py" and ast.unparse(node) == "from threading import RLock":
            continue  # no thread of ours, but a kernel has two
        if module == WATCHES_ITS_PARENT and name == "threading":
            continue  # a worker's, which waits for the end of the command that it works for
        if module in RUNS_LEARNERS_CODE and name.split(".")[0] in ("random", "threading"):
            continue
        assert "pyplot" not in name, module
        assert name.split(".")[0] not in ("random", "threading", "_thread", "asyncio", "sched", "requests"), module
        assert name.split(".")[0] not in UNPICKLING, module
        assert not name.startswith(("urllib.request", "http.", "socket", "ftplib", "smtplib", "xmlrpc")), module
    for node, name in calls(module):
        where = f"{module} line {node.lineno}: {name}"
        assert name not in ("np.load", "numpy.load", "yaml.load"), where
        assert name != "print", where
        assert not name.endswith((".Output", "Timer")), where
        assert not name.endswith("Thread") or module in ("mistakes/programs/running.py", WATCHES_ITS_PARENT), where
        assert name != "Output", where
        if name.startswith(("np.random.", "numpy.random.")) and not name.endswith(("get_state", "set_state")):
            assert name.endswith(("default_rng", "Generator")), where
            assert node.args, f"{where}: without a seed"
    for node in nodes(module):
        assert not isinstance(node, ast.Global | ast.Nonlocal), f"{module} line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{module} line {node.lineno}: a bare except"


MUTABLE = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
MUTATING = {"append", "extend", "update", "setdefault", "pop", "popitem", "add", "clear", "remove", "insert", "discard"}


@of_every_module
def test_no_state_at_module_level(module: str) -> None:
    """A table at module level is a constant: written in capitals, and never changed."""
    tables = set()
    for line in tree(module).body:
        if isinstance(line, ast.Assign | ast.AnnAssign):
            targets = line.targets if isinstance(line, ast.Assign) else [line.target]
            names = {ast.unparse(target) for target in targets}
            if isinstance(line.value, MUTABLE):
                tables |= names
                assert all(name.isupper() or name == "__all__" for name in names), (module, names)
    for node in nodes(module):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Delete):
            targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
            for target in targets:
                assert not (isinstance(target, ast.Subscript) and ast.unparse(target.value) in tables), module
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATING:
            assert ast.unparse(node.func.value) not in tables, module


@of_every_module
def test_no_module_is_too_long_to_read(module: str) -> None:
    lines = len((PACKAGE / module).read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{module}: {lines} lines"


def test_a_module_can_be_found_by_its_name() -> None:
    """No two share a file name."""
    names = Counter(module.split("/")[-1] for module in MODULES)
    assert [name for name, times in names.items() if times > 1 and name != "__init__.py"] == []


@of_every_module
def test_every_module_says_what_it_is_for(module: str) -> None:
    """In its docstring; and so does each public class."""
    assert ast.get_docstring(tree(module)), module
    for node in tree(module).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{module}: {node.name}"


@of_every_module
def test_a_docstring_says_more_than_a_name(module: str) -> None:
    """Four words add nothing to a good name: write a sentence, or none."""
    for node in nodes(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            told = ast.get_docstring(node)
            assert told is None or len(told.split()) > 4, f"{module}: {told}"


@of_every_module
def test_the_examples_in_docstrings_run(module: str) -> None:
    """All of them: doctest by itself would not look into properties that are computed once."""
    runner, said = doctest.DocTestRunner(verbose=False), list[str]()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            name, told = getattr(node, "name", module), ast.get_docstring(node) or ""
            if ">>>" in told:
                names = dict(vars(import_module(name_of(module))))
                runner.run(doctest.DocTestParser().get_doctest(told, names, name, module, 0), out=said.append)
    assert said == [], "".join(said)
