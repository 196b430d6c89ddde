"""How many small mistakes in a module its tests notice. Run by hand: ``python tests/mutants.py`` [module ..].

Each mutant is the module with one place of its syntax tree changed: a comparison, an arithmetic sign, a number, a word,
a condition, what is returned, a call left out. It goes into a copy of the repository, where the tests that are about
the module run until one fails. A survivor is printed with its line: it asks for a test, unless it means the same.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIMIT = 400  # seconds that the tests of one mutant may take
SLOW = "sympy numpy mpmath matplotlib.figure hypothesis autograd nbconvert ipywidgets".split()  # to import
DETECTIVE = [
    f"mistakes/test_{about}.py" for about in "judge met public_cases diagnose programs procedures rules".split()
]
BANK = ["exercises/test_judging.py", "exercises/test_bank.py"]
BLOCKS = "attention_head block conv1d conv2d dense embedding layer_norm lstm max_pool recurrent residual".split()
MODULES: dict[str, list[str]] = {
    "core/derivation.py": ["core/test_derivation.py", "core/test_text.py", "core/test_bad_input.py"],
    "core/quantities.py": ["core/test_derivation.py", "core/test_text.py", "core/test_golden.py"],
    "core/lines.py": ["core/test_chain_rule.py", "core/test_golden.py"],
    "core/neurons.py": ["core/test_golden.py", "core/test_gradients.py"],
    "core/chain_rule.py": ["core/test_chain_rule.py", "core/test_golden.py", "core/test_derivation.py"],
    **{
        f"core/blocks/{name}.py": ["core/blocks/test_block_gradients.py", "core/blocks/test_block_errors.py"]
        for name in BLOCKS
    },
    "core/model.py": [f"core/blocks/test_block_{about}.py" for about in "errors gradients programs".split()],
    "core/updates.py": ["core/test_updates.py", "core/test_bad_input.py"],
    "core/arrays.py": ["core/test_arrays.py"],
    "core/families.py": ["core/test_families.py", "core/test_matrices.py", "core/blocks/test_block_lines.py"],
    "core/javascript.py": ["core/test_javascript.py"],
    "core/troubles.py": ["core/test_troubles.py"],
    "core/losses.py": [f"core/test_{about}.py" for about in "losses own_activation gradients extremes".split()],
    "core/functions.py": [f"core/test_{about}.py" for about in "functions own_activation bad_input extremes".split()],
    "core/numeric.py": ["core/test_gradients.py", "core/test_bad_input.py", "core/test_extremes.py"],
    "core/program.py": [f"core/test_{about}.py" for about in "gradients train text updates own_activation".split()],
    "core/runtime.py": [f"core/test_{about}.py" for about in "functions extremes own_activation magnitudes".split()],
    "core/algebra.py": ["core/test_matrices.py", "core/test_text.py", "core/test_spelled.py"],
    "core/notation.py": ["core/test_text.py", "core/test_families.py", "core/test_matrices.py"],
    "core/code.py": [f"core/test_{about}.py" for about in "functions own_activation losses javascript".split()],
    "core/matrices.py": [f"core/test_{about}.py" for about in "matrices text spelled gradients train".split()],
    "core/matrix_program.py": ["core/test_matrices.py", "core/test_gradients.py", "core/test_train.py"],
    "core/path_sums.py": ["core/test_derivation.py", "core/test_bad_input.py", "core/test_text.py"],
    "core/train.py": ["core/test_train.py", "core/test_bad_input.py", "test_app_training.py"],
    "core/numerical_gradient.py": [f"core/test_{about}.py" for about in "says_no numerical_gradient bad_input".split()],
    "mistakes/typed_number.py": ["mistakes/test_typed_number.py", "core/test_article.py", "mistakes/test_diagnose.py"],
    "mistakes/diagnose.py": [*DETECTIVE, *BANK],
    "mistakes/evidence.py": [*DETECTIVE, *BANK],
    "mistakes/question.py": [*DETECTIVE, "core/test_bad_input.py"],
    "mistakes/variants.py": DETECTIVE,
    "mistakes/hand_rounding.py": [*DETECTIVE, "exercises/test_judging.py"],
    "mistakes/nudging.py": DETECTIVE,
    "mistakes/runs.py": ["mistakes/test_runs.py"],
    "mistakes/rewrite.py": DETECTIVE,
    "mistakes/check_gradient.py": ["mistakes/test_check_gradient.py"],
    "mistakes/verdict.py": [*DETECTIVE, "mistakes/test_words.py"],
    "exercises/questions/answers.py": [*BANK, "exercises/test_fuzzed.py"],
    "mistakes/formula.py": [*BANK, "exercises/test_fuzzed.py"],
    "exercises/questions/parts.py": BANK,
    "exercises/marking/one_file.py": ["exercises/test_marking.py", "exercises/test_class.py"],
    "exercises/marking/whose.py": ["exercises/test_class.py"],
    "exercises/marking/standing.py": ["exercises/test_class.py"],
    "exercises/marking/records.py": ["exercises/test_class.py"],
    "exercises/marking/overrides.py": ["exercises/test_overrides.py", "exercises/test_class.py"],
    "core/text.py": ["core/test_text.py", "core/test_spelled.py"],
    "core/agreement.py": ["core/test_text.py", "core/test_spelled.py", "test_shown_numbers.py"],
    "core/spelling.py": ["core/test_text.py", "core/test_spelled.py"],
}  # fmt: skip
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
Change = Callable[[], None]


def changes(tree: ast.AST) -> Iterator[Change]:
    """Every place that can be changed, and how; wording of errors, docstrings, types and decorators stay."""
    if isinstance(tree, ast.Raise | ast.Assert) or (isinstance(tree, ast.If) and "TYPE_CHECKING" in ast.unparse(tree)):
        return
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "keywords") and not isinstance(tree, ast.Call):
            continue
        for number, node in enumerate(value if isinstance(value, list) else [value]):
            doc = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, ast.AST) and not doc and not isinstance(tree, ast.JoinedStr):
                yield from ways(tree, field, number, node)
                yield from changes(node)


def ways(parent: ast.AST, field: str, number: int, node: ast.AST) -> Iterator[Change]:
    def put(new: ast.AST) -> Change:
        def change() -> None:
            place = getattr(parent, field)
            ast.copy_location(new, node)
            if isinstance(place, list):
                place[number] = new
            else:
                setattr(parent, field, new)

        return change

    if type(node) in SWAPS:
        yield put(SWAPS[type(node)]())
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str) and node.value != "":
        other = {bool: lambda v: not v, str: lambda v: "XX" + v}.get(type(node.value), lambda v: v + 1)
        yield put(ast.Constant(other(node.value)))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield put(node.operand)
    if field == "test":
        yield from (put(ast.Constant(value)) for value in (True, False))
    if isinstance(parent, ast.Return):
        yield put(ast.Constant(None))
    if isinstance(node, ast.Expr | ast.AugAssign):
        yield put(ast.Pass())
    if isinstance(parent, ast.comprehension) and field == "ifs":
        yield put(ast.Constant(True))


def mutants(source: str, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Changed sources of a module, drawn by a seed, and what is changed in them."""
    old = ast.unparse(ast.parse(source))
    places = list(range(sum(1 for _ in changes(ast.parse(source)))))
    random.Random(seed).shuffle(places)
    for place in places[:count]:
        tree = ast.parse(source)
        list(changes(tree))[place]()
        new = ast.unparse(ast.fix_missing_locations(tree))
        at = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), len(old))
        start = max(at - 50, old.rfind("\n", 0, at) + 1)
        if new != old:
            yield new, f"{old[start : at + 40]!r} -> {new[start : at + 40]!r}"


def run(copy: Path, tests: list[str]) -> None:
    """The tests in this process, which was forked for them: what takes long to import is there already."""
    os.chdir(copy)
    sys.path[:0] = [str(copy)]
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.environ["PYTHONPATH"] = str(copy)
    with Path("tests.log").open("w") as log, redirect_stdout(log), redirect_stderr(log):
        options = ["-q", "-x", "-p", "no:cacheprovider", "-o", "addopts=", "--import-mode=importlib"]
        code = pytest.main([*options, *(f"tests/{name}" for name in tests)])
    os._exit(code)


def survives(copy: Path, tests: list[str]) -> bool:
    """Whether the tests pass, in the copy of the repository; a loop without an end is noticed too."""
    process = get_context("fork").Process(target=run, args=(copy, tests))
    process.start()
    process.join(LIMIT)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode == 0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("modules", nargs="*", default=list(MODULES), help="such as core/derivation.py; default: all")
    options.add_argument("-n", type=int, default=25, help="mutants of each module")
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("CI", None)
    for module in SLOW:
        import_module(module)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "bpkit"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        for name in asked.modules:
            path, start, noticed, drawn = copy / "bpkit" / name, time.monotonic(), 0, 0
            source = path.read_text()
            if not survives(copy, MODULES[name]):
                raise SystemExit(f"{name}: its tests fail without any change")
            for text, line in mutants(source, asked.n, asked.seed):
                path.write_text(text)
                drawn += 1
                if survives(copy, MODULES[name]):
                    print(f"survives: {name}: {line}", flush=True)
                else:
                    noticed += 1
            path.write_text(source)
            print(f"{name}: {noticed} of {drawn} noticed, {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
