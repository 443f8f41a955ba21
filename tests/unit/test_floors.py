"""The floors of `registry/`, and what the everyday commands may load."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.unit import builders

ROOT = Path(__file__).resolve().parents[2]

GROUND, FIRST, SECOND, THIRD, VERBS = range(5)
FLOORS = {
    **dict.fromkeys(("errors", "digest", "files", "progress", "resources", "problem", "parallel", "units"), GROUND),
    **dict.fromkeys(("hashing", "partial", "content", "together", "apart", "interrupts"), GROUND),
    **dict.fromkeys(("card", "schema", "target", "dataset", "settings"), FIRST),
    **dict.fromkeys(("golden", "golden_rules", "lineage_rules", "admission", "licences", "rulebook"), FIRST),
    **dict.fromkeys(("blanks", "card_text", "splice", "amend", "leaves"), FIRST),
    **dict.fromkeys(
        ("document", "rules", "plausible", "lock", "excerpt", "policy", "keys", "configuration"), FIRST
    ),
    **dict.fromkeys(("catalog", "store", "inspect", "runtime", "lineage", "device"), SECOND),
    **dict.fromkeys(("figures", "support", "constraints", "violation", "manifest", "reach", "recipe"), SECOND),
    **dict.fromkeys(
        ("signature", "attachment", "beside", "capacity", "conditions", "operators", "samples", "plotting"), SECOND
    ),
    **dict.fromkeys(("parents", "resolve", "ranges", "transfer", "obtain", "published", "trust"), THIRD),
    **dict.fromkeys(("selection", "moving"), THIRD),
    **dict.fromkeys(("pictures", "preparation", "class_map", "segmenter", "drawing"), THIRD),
    **dict.fromkeys(
        ("footprint", "metrics", "facts", "claims", "fit", "compare", "judgement", "entry", "accuracy"), THIRD
    ),
    **dict.fromkeys(("evaluation", "evaluation_state", "deviation", "report", "training", "quantization"), THIRD),
    **dict.fromkeys(("pipeline", "vendors", "deployment", "benchmark", "pareto", "entry", "accuracy"), THIRD),
    **dict.fromkeys(("consistency", "submission", "scaffold", "diagnosis"), THIRD),
    **dict.fromkeys(("validate", "fetch", "verify", "repair", "evaluate", "predict", "quantize", "train"), VERBS),
    **dict.fromkeys(("publish", "yank", "deploy", "bench", "replicate", "bundle", "collect"), VERBS),
    **dict.fromkeys(("sign", "authenticate", "selftest", "record", "synchronise", "install"), VERBS),
    **dict.fromkeys(("check", "doctor"), VERBS),
}
"""Floor of each module or package directly below `registry`."""

HEAVY = (
    "tensorflow",
    "mlflow",
    "ray",
    "boto3",
    "cryptography",
    "botocore",
    "numpy",
    "onnxruntime",
    "onnx",
    "tf2onnx",
    "keras",
    "ai_edge_litert",
    "numpy",
    "PIL",
    "jinja2",
    "requests",
    "jsonschema",
    "yaml",
    "tqdm",
)
AT_HOME = {
    "registry.document": {"yaml"},
    "registry.card_text": {"yaml"},
    "registry.schema": {"jsonschema"},
    "registry.leaves": {"jsonschema"},
}
"""Modules that are nothing without their heavy import, and are themselves imported only where needed."""

CARRIED = {"registry.deployment.linux.segment"}
"""Programs that are copied into packages as they are, and imported by nobody."""


def modules(package: str) -> list[str]:
    """Names of all modules of a package, by its files."""
    paths = sorted((ROOT / package).rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    return [name.removesuffix(".__init__") for name in names if name not in CARRIED]


REGISTRY = modules("registry")
ALL = REGISTRY + modules("cli")


@functools.cache
def tree_of(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(module: str, node: ast.AST) -> Iterator[str]:
    """Modules that an import statement names, `from package import module` included."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        source = node.module or module
        for alias in node.names:
            full = f"{source}.{alias.name}"
            yield full if full in ALL else source


def imports_of(module: str) -> set[str]:
    """Everything that a module imports, wherever in it."""
    return {name for node in ast.walk(tree_of(module)) for name in imported(module, node)} - {module}


def imports_on_loading(module: str) -> set[str]:
    """What a module imports when it is loaded itself: not in functions, not for type checkers only."""
    waiting: list[ast.AST] = list(tree_of(module).body)
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        found |= set(imported(module, node))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
    return found


def own_part(module: str) -> str:
    """The part below `registry` that a floor belongs to."""
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("module", ALL)
def test_one_module_knows_mlflow(module: str) -> None:
    knows = "mlflow" in {name.split(".")[0] for name in imports_of(module)}
    assert knows is (module == "registry.lineage.connection")


def test_the_walk_finds_imports_wherever_they_stand() -> None:
    assert {"registry.catalog.scan", "registry.catalog.compile"} <= imports_of("registry.catalog.index")
    assert "registry.catalog.scan" in imports_on_loading("registry.catalog.index")
    assert "registry.catalog.compile" not in imports_on_loading("registry.catalog.index")


@pytest.mark.parametrize("module", REGISTRY)
def test_a_module_has_a_floor(module: str) -> None:
    assert module == "registry" or own_part(module) in FLOORS, "give the module a floor, as design.md has them"


@pytest.mark.parametrize("module", REGISTRY)
def test_a_module_imports_nothing_from_above(module: str) -> None:
    own = FLOORS.get(own_part(module), GROUND)
    for other in imports_of(module):
        if other.startswith("registry."):
            floor = FLOORS[own_part(other)]
            assert floor <= own, f"{module} imports {other} from a floor above"
            same_verb = own_part(other) == own_part(module)
            assert floor < VERBS or same_verb, f"{module} imports the verb {other}"


def test_nobody_imports_a_program_that_is_carried_along() -> None:
    assert [module for module in ALL if imports_of(module) & CARRIED] == []


def test_there_are_no_circles() -> None:
    TopologicalSorter({module: imports_of(module) & set(ALL) for module in ALL}).prepare()


@pytest.mark.parametrize("module", [name for name in REGISTRY if FLOORS.get(own_part(name)) == GROUND])
def test_the_ground_floor_needs_the_standard_library_only(module: str) -> None:
    foreign = {name.split(".")[0] for name in imports_of(module)} - {"registry", *sys.stdlib_module_names}
    assert foreign == set()


@pytest.mark.parametrize("module", REGISTRY)
def test_the_library_knows_no_command_line(module: str) -> None:
    assert {name.split(".")[0] for name in imports_of(module)}.isdisjoint({"cli", "click"})


@pytest.mark.parametrize("module", REGISTRY)
def test_the_library_never_prints_and_never_reads_the_environment(module: str) -> None:
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in ("print", "input", "sys.stdout.write", "sys.stderr.write")
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in ("os.environ", "os.getenv", "os.environb", "sys.stdout", "sys.stderr")
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            assert {alias.name for alias in node.names}.isdisjoint({"environ", "getenv", "environb"})


@pytest.mark.parametrize("module", ALL)
def test_imports_are_absolute(module: str) -> None:
    relative = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.ImportFrom) and node.level]
    assert relative == []


@pytest.mark.parametrize("module", ALL)
def test_heavy_imports_wait_until_they_are_needed(module: str) -> None:
    loaded = {name.split(".")[0] for name in imports_on_loading(module)}
    assert loaded & set(HEAVY) <= AT_HOME.get(module, set())


PROBE = """
import json, sys
from cli.main import main
code = main(sys.argv[1:])
sys.stdout.flush()
print("\\nMODULES", json.dumps(sorted(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cards, a mirror, a policy, and a warm cache and catalogue."""
    place = tmp_path_factory.mktemp("everyday")
    data = b"\x1c\x00\x00\x00TFL3" + bytes(600)
    digest = hashlib.sha256(data).hexdigest()
    blob = place / "mirror" / "blobs" / "sha256" / digest
    blob.parent.mkdir(parents=True)
    blob.write_bytes(data)
    file = builders.artifact(size=len(data), sha256=digest)
    builders.write_card(place / "cards", builders.card(builders.variant(artifacts=[file])))
    builders.write_target(place / "cards", builders.target())
    builders.write_dataset(place / "cards", builders.dataset())
    # a policy is read, its keys only where a signature is judged
    (place / "zoo.toml").write_text('[trust.acme]\nkeys = ["missing.pub"]\n', encoding="utf-8")
    modules_loaded(place, "pull", "net", "--target", "board", "--mirror", "mirror")
    return place


def modules_loaded(place: Path, *arguments: str) -> set[str]:
    """Run a command in a process of its own, which says at its end what modules it had loaded."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZOO_", "XDG_"))}
    settings = {"ZOO_CARDS": "cards", "ZOO_CACHE": "cache", "ZOO_OFFLINE": "1", "HOME": str(place)}
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        cwd=place,
        env={**kept, **settings, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout
    return set(json.loads(result.stderr.rpartition("MODULES ")[2]))


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "--version",
        "list",
        "list net --target board --sort name --publisher acme",
        "list --format json",
        "list --format csv",
        "show acme/net/small",
        "show net --format json",
        "targets",
        "datasets",
        "pull net --target board",
        "pull net --target board --locked",
        "pull net --target board --why --dry-run",
    ],
)
def test_everyday_commands_load_nothing_heavy(place: Path, command: str) -> None:
    loaded = modules_loaded(place, *command.split())
    assert "cli.main" in loaded
    assert (
        loaded & {"registry.transfer", "registry.partial", "registry.together", "registry.store.connections"}
        == set()
    )
    assert loaded & set(HEAVY) == set()


def test_the_doctor_looks_without_loading_what_it_looks_at(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    loaded = modules_loaded(tmp_path, "doctor", "--mirror", "cards", "--mirror", "https://models.invalid")
    assert "registry.doctor" in loaded
    assert loaded & set(HEAVY) == set()


def test_the_probe_sees_what_is_loaded(place: Path) -> None:
    assert {"yaml", "jsonschema"} <= modules_loaded(place, "validate", "cards", "--format", "json")
