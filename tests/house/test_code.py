"""House rules for code that no linter knows. Each is a function that lists what breaks it."""

import ast
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 600
# numba's cache goes stale when one compiled module is inlined into another: the kernel is one file.
# The verifier is one file so that an auditor can carry it to another machine.
LONG_FILES = {
    "src/fengkong/features/kernel.py": 1500,
    "src/fengkong/links/kernel.py": 950,
    "src/fengkong/ledger/verifier.py": 750,
}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers"}
# One loop each, compiled by numba, where a call would cost more than it explains.
COMPILED_MODULES = {"features/kernel.py", "links/kernel.py", "rules/machine.py"}
PURE_ROOMS = {
    *("core", "events", "features", "links", "rules", "scoring", "screening", "decisions"),
    *("evaluation", "credit", "markets", "indicators", "response", "ledger", "simulation"),
}
IMPURE_MODULES = {
    *("asyncio", "django", "http", "httpx", "multiprocessing", "random", "requests", "secrets"),
    *("socket", "subprocess", "threading", "time", "urllib", "uuid", "uvicorn"),
}
CLOCK_CALLS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today"),
}

HIDDEN_STATE = re.compile(r"(np|numpy)\.random\.(?!default_rng)[a-z]")

FUNCTION_NODES = (ast.FunctionDef, ast.AsyncFunctionDef)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a module, methods and inner ones included."""
    return (node for node in ast.walk(tree) if isinstance(node, FUNCTION_NODES))


def nameless_modules(path: str, _tree: ast.Module) -> Iterator[str]:
    """Modules and folders whose name says nothing: a noun is missing."""
    for part in Path(path).with_suffix("").parts:
        if part.strip("_") in NAMELESS:
            yield f"{path}: {part!r} names no thing of the field"


def undocumented(path: str, tree: ast.Module) -> Iterator[str]:
    """Public functions, classes and modules without a docstring."""
    if "/migrations/" in path:  # Django writes them
        return
    if ast.get_docstring(tree) is None and tree.body:
        yield f"{path}: the module has no docstring"
    for node in tree.body:
        if (
            isinstance(node, (*FUNCTION_NODES, ast.ClassDef))
            and not node.name.startswith("_")
            and ast.get_docstring(node) is None
        ):
            yield f"{path}:{node.lineno}: {node.name} has no docstring"


def long_functions(path: str, tree: ast.Module) -> Iterator[str]:
    """Functions of more lines than fit on a screen, docstrings not counted."""
    if path in COMPILED_MODULES:
        return
    for node in functions(tree):
        body = node.body
        first = body[0]
        if len(body) > 1 and ast.get_docstring(node) is not None:
            first = body[1]
        lines = (node.end_lineno or 0) - first.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            yield f"{path}:{node.lineno}: {node.name} has {lines} lines"


def swallowed_errors(path: str, tree: ast.Module) -> Iterator[str]:
    """`except:` and `except Exception`, which make a broken rule look like a safe customer.

    One that ends with a bare `raise` swallows nothing: it tidies up on the way.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        last = node.body[-1]
        if isinstance(last, ast.Raise) and last.exc is None:
            continue
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        names = {ast.unparse(kind) if kind is not None else "everything" for kind in kinds}
        for name in sorted(names & {"Exception", "BaseException", "everything"}):
            yield f"{path}:{node.lineno}: catches {name}"


def evaluated_text(path: str, tree: ast.Module) -> Iterator[str]:
    """Text run as code, and pickles, which are code in disguise."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"eval", "exec", "compile"}:
            yield f"{path}:{node.lineno}: calls {ast.unparse(node.func)}"
        for module in imported_modules(node):
            if module.split(".")[0] in {"pickle", "marshal", "shelve", "dill", "cloudpickle"}:
                yield f"{path}:{node.lineno}: imports {module}"


def impurities(path: str, tree: ast.Module) -> Iterator[str]:
    """Clocks, dice without a seed, and the outside world in a pure room."""
    if path.split("/", maxsplit=1)[0] not in PURE_ROOMS:
        return
    for node in ast.walk(tree):
        for module in imported_modules(node):
            if module.split(".")[0] in IMPURE_MODULES:
                yield f"{path}:{node.lineno}: imports {module}"
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            seeded = bool(node.args or node.keywords)
            dice = name.removeprefix("numpy.").removeprefix("np.").removeprefix("random.")
            if name in CLOCK_CALLS:
                yield f"{path}:{node.lineno}: reads the clock with {name}"
            elif dice in {"default_rng", "SeedSequence", "PCG64"} and not seeded:
                yield f"{path}:{node.lineno}: {name} without a seed"
            elif HIDDEN_STATE.match(name):
                yield f"{path}:{node.lineno}: {name} has hidden state"


def imported_modules(node: ast.AST) -> list[str]:
    """The absolute module names that an import statement asks for."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module]
    return []


RULES = [
    nameless_modules,
    undocumented,
    long_functions,
    swallowed_errors,
    evaluated_text,
    impurities,
]
LONG_BODY = "\n".join(f"    x = {number}" for number in range(FUNCTION_LINES_MAX + 1))
DOCUMENTED = '"""A module."""\n'
PLANTED = [
    (nameless_modules, "rules/utils.py", ""),
    (nameless_modules, "common/money.py", ""),
    (undocumented, "rules/words.py", "def shout():\n    pass\n"),
    (undocumented, "rules/words.py", DOCUMENTED + "class Word:\n    pass\n"),
    (undocumented, "rules/words.py", DOCUMENTED + "async def shout():\n    pass\n"),
    (long_functions, "rules/words.py", "def shout():\n" + LONG_BODY),
    (swallowed_errors, "cli/main.py", "try:\n    f()\nexcept Exception:\n    pass\n"),
    (swallowed_errors, "cli/main.py", "try:\n    f()\nexcept:\n    pass\n"),
    (swallowed_errors, "cli/main.py", "try:\n    f()\nexcept (KeyError, Exception):\n    pass\n"),
    (evaluated_text, "cli/main.py", "eval('1')"),
    (evaluated_text, "cli/main.py", "exec('1')"),
    (evaluated_text, "cli/main.py", "def f():\n    import pickle"),
    (impurities, "features/state.py", "import time"),
    (impurities, "features/state.py", "def f():\n    from random import choice"),
    (impurities, "rules/dates.py", "datetime.now()"),
    (impurities, "rules/dates.py", "datetime.datetime.now(tz=UTC)"),
    (impurities, "rules/dates.py", "date.today()"),
    (impurities, "simulation/dice.py", "np.random.default_rng()"),
    (impurities, "simulation/dice.py", "np.random.normal(0, 1)"),
    (impurities, "simulation/dice.py", "PCG64()"),
]
ALLOWED = [
    (nameless_modules, "rules/baseline.py", ""),
    (undocumented, "rules/words.py", DOCUMENTED + "def _quietly():\n    pass\n"),
    (long_functions, "features/kernel.py", "def step():\n" + LONG_BODY),
    (swallowed_errors, "cli/main.py", "try:\n    f()\nexcept KeyError:\n    pass\n"),
    (swallowed_errors, "cli/main.py", "try:\n    f()\nexcept:\n    g()\n    raise\n"),
    (evaluated_text, "cli/main.py", "re.compile('a')"),
    (impurities, "cli/main.py", "import time"),
    (impurities, "simulation/dice.py", "np.random.default_rng(7)"),
    (impurities, "simulation/dice.py", "np.random.Generator(PCG64(seed))"),
]

Rule = Callable[[str, ast.Module], Iterator[str]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_source_keeps_the_rule(rule: Rule, source_trees: Mapping[str, ast.Module]) -> None:
    found = list(itertools.chain.from_iterable(rule(*item) for item in source_trees.items()))
    assert not found, "\n".join([rule.__doc__ or "", *found])


@pytest.mark.parametrize(("rule", "path", "source"), PLANTED)
def test_rule_sees_a_planted_violation(rule: Rule, path: str, source: str) -> None:
    assert list(rule(path, ast.parse(source)))


@pytest.mark.parametrize(("rule", "path", "source"), ALLOWED)
def test_rule_lets_good_code_pass(rule: Rule, path: str, source: str) -> None:
    assert not list(rule(path, ast.parse(source)))


def test_no_file_is_too_long(tracked_files: list[Path], root: Path) -> None:
    lengths = {
        path.relative_to(root).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked_files
        if path.suffix == ".py"
    }
    limits = {path: LONG_FILES.get(path, FILE_LINES_MAX) for path in lengths}
    assert {path: lines for path, lines in lengths.items() if lines > limits[path]} == {}
