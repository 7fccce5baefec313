"""The house's plan (DESIGN.md, 3) as a test: who may import whom, and what, how names are exported, what is documented."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "jupyter_flowauth"

# The domain, in its order: a file imports only from those before it, and nothing but the standard library besides.
DOMAIN = (
    "errors",
    "clean_errors",
    "secret",
    "pkce",
    "scopes",
    "consents",
    "flow_needs",
    "refusals",
    "tokens",
    "code_grant",
    "instances",
    "endings",
    "records",
    "device_grant",
    "ports",
    "deadline",
    "device_login",
    "given_tokens",
    "refresh",
    "moving",
    "held_tokens",
    "authorizers",
    "keeping",
    "hub_tokens",
    "client_grant",
    "login_outcomes",
    "login_context",
    "asking",
    "login",
    "pending_login",
    "logout",
    "flow_ports",
    "flow_mending",
    "flow_runs",
    "flows",
    "flow_changes",
    "status",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What the files of one place may import of ours besides their own folder, and of third parties' packages."""

    ours: frozenset[str]
    theirs: frozenset[str] = field(default_factory=frozenset)


def rule(ours: str, theirs: str = "") -> Rule:
    """Read a rule from words: `domain` stands for all of DOMAIN."""
    words = ours.replace("domain", " ".join(DOMAIN))
    return Rule(frozenset(words.split()), frozenset(theirs.split()))


FOLDERS = {
    "providers": rule("domain", "globus_sdk jwt requests authlib joserfc"),
    "storage": rule("domain", "filelock keyring psutil"),
    "user_agents": rule("domain"),
    "kernel": rule("domain auth around", "IPython ipywidgets anywidget traitlets"),
    "server": rule("domain relay_protocol", "jupyter_server tornado traitlets jupyter_core"),
    # prometheus_client comes with jupyterhub, whose own metrics it makes.
    "hub": rule("domain wiring relay_protocol", "tornado jupyterhub traitlets prometheus_client"),
    # Each file besides: the library that it is named after (see `theirs_of`).
    "integrations": rule("domain auth"),
    # The doctor asks Jupyter's own libraries what is enabled, and packaging whether a version will do; `provider` writes the configuration.
    "cli": rule(
        "domain auth around wiring configuration own_clients relay_protocol",
        "click jupyter_core jupyter_server jupyterlab_server packaging",
    ),
    "sandbox": rule("domain", "tornado jwt cryptography"),
}
ROOT_FILES = {
    # The schema of the configuration file is made of traitlets, whose help is its manual.
    "configuration": rule("errors", "traitlets jupyter_core"),
    # What a user's server and the relay tell each other: neither imports the other. Never imported in a kernel.
    "relay_protocol": rule("domain", "cryptography"),
    # The composition root, and the part of it that chooses the provider: they alone choose among the adapters.
    "provider_choice": rule("domain configuration providers storage", "jupyter_core"),
    # The part of it for service accounts.
    "own_clients": rule("domain configuration provider_choice providers storage"),
    "wiring": rule("domain configuration provider_choice auth " + " ".join(FOLDERS), "jupyter_core"),
    "auth": rule("domain wiring around"),
    "around": rule("domain wiring"),
    # Exports the public names from wherever they live, each when it is first used.
    "__init__": rule("domain auth providers integrations server kernel"),
}
# A file that may import more than its place, and why.
EXCEPTIONS = {
    # A process's own composition root.
    ("server/extension", "wiring"),
    # It names them: the class of an ``auth`` that is made in a thread of the server's, and the sandbox's client, which the demo configures.
    ("server/extension", "auth"),
    ("cli/demo_folder", "sandbox"),
    # Names the type of what wiring builds and auth hands out; imported for the type checker alone.
    ("auth", "integrations"),
}


# An integration with two libraries, and why.
NAMED_TWICE = {
    # One object that both take, whichever is installed; httpx brings anyio, whose threads serve every event loop that httpx does.
    "integrations/bearer": frozenset({"requests", "httpx", "anyio"}),
    # A token response of the SDK's is made of a response of the library beneath it.
    "integrations/globus_app": frozenset({"requests"}),
}


def modules_of(package: Path) -> list[Path]:
    """List the package's own modules, without what is built into it."""
    return [path for path in sorted(package.rglob("*.py")) if path.relative_to(package).parts[0] != "labextension"]


def name_of(path: Path, package: Path) -> str:
    return path.relative_to(package).with_suffix("").as_posix()


def imports_of(path: Path, package: Path) -> set[str]:
    """List what a module imports, anywhere in it, as absolute dotted names."""
    place = [package.name, *path.relative_to(package).parent.parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = place[: len(place) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            # `from . import x` and `from package import x` name modules; the longer name does no harm where x is not one.
            found |= {f"{start}.{alias.name}" for alias in node.names}
    return found


def has_place(name: str) -> bool:
    folder, _, stem = name.rpartition("/")
    return folder in FOLDERS if folder else stem in DOMAIN or stem in ROOT_FILES


def rule_of(name: str) -> Rule:
    """Find the rule for a module, "storage/file" or "login"."""
    folder, _, _ = name.rpartition("/")
    if folder:
        return FOLDERS[folder]
    if name in DOMAIN:
        return Rule(frozenset(DOMAIN[: DOMAIN.index(name)]))
    return ROOT_FILES[name]


def theirs_of(name: str) -> frozenset[str]:
    """Name the third parties' packages that a module may import."""
    named_after = {name.rpartition("/")[2], "globus_sdk"} if name.startswith("integrations/") else set()
    return rule_of(name).theirs | named_after | NAMED_TWICE.get(name, frozenset())


def is_allowed(name: str, imported: str, package: Path) -> bool:
    """Judge one import of one module."""
    first, *rest = imported.split(".")
    if first != package.name:
        return first in sys.stdlib_module_names or first in theirs_of(name)
    # A name of the package itself (`__version__`, say) is not a module.
    target = rest[0] if rest else "__init__"
    is_module = (package / target).is_dir() or (package / f"{target}.py").is_file()
    own_folder = name.rpartition("/")[0]
    return not is_module or target == own_folder or target in rule_of(name).ours or (name, target) in EXCEPTIONS


def breaches(package: Path) -> list[str]:
    """List every import that the plan does not allow, and every module that has no place in it."""
    found = []
    for path in modules_of(package):
        name = name_of(path, package)
        if not has_place(name):
            found.append(f"{name} has no place in the plan")
            continue
        refused = [imported for imported in sorted(imports_of(path, package)) if not is_allowed(name, imported, package)]
        found += [f"{name} imports {imported}" for imported in refused]
    return found


def public_definitions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """List the public functions, classes and their public methods; not what a function keeps to itself."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.append(node)
            found += public_definitions(node) if isinstance(node, ast.ClassDef) else []
    return found


def test_every_import_is_one_the_plan_allows():
    assert breaches(PACKAGE) == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("tokens", "from .login import Login"),
        ("tokens", "import requests"),
        ("tokens", "from . import wiring"),
        ("storage/file", "from ..providers.globus import GlobusProvider"),
        ("storage/file", "import jupyter_flowauth.wiring"),
        ("storage/file", "from .. import server"),
        ("kernel/magics", "def late():\n    import tornado"),
        ("kernel/magics", "from jupyter_flowauth.server import extension"),
        ("user_agents/server", "from jupyter_server.auth import authorized"),
        ("sandbox/state", "import globus_sdk"),
        ("server/api", "from ..wiring import build_provider"),
        ("integrations/httpx", "import requests"),
        ("utils", ""),
    ],
)
def test_a_planted_breach_is_found(name, line, tmp_path):
    package = tmp_path / "jupyter_flowauth"
    for place in ["__init__", "login", "wiring", *(f"{folder}/__init__" for folder in FOLDERS), name]:
        path = package / f"{place}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line if place == name else "")
    assert len(breaches(package)) == 1


def test_nothing_loads_what_can_run_code():
    loaders = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle"}
    found = {name_of(path, PACKAGE): imports_of(path, PACKAGE) & loaders for path in modules_of(PACKAGE)}
    assert {name: names for name, names in found.items() if names} == {}


def test_folders_are_one_level_deep():
    nested = [path for path in modules_of(PACKAGE) if len(path.relative_to(PACKAGE).parts) > 2]
    assert nested == []


def test_exports_are_sorted_and_at_most_twenty():
    exported = importlib.import_module("jupyter_flowauth").__all__
    assert exported == sorted(exported)
    assert len(exported) <= 20


def test_every_exported_name_is_there():
    package = importlib.import_module("jupyter_flowauth")
    assert [name for name in package.__all__ if getattr(package, name).__name__ != name] == []
    assert set(package.__all__) <= set(dir(package))


def test_every_error_is_exported():
    package = importlib.import_module("jupyter_flowauth")
    errors = importlib.import_module("jupyter_flowauth.errors")
    leaves = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.FlowAuthError)}
    assert leaves <= set(package.__all__)


def test_a_name_that_is_not_exported_is_an_attribute_error():
    package = importlib.import_module("jupyter_flowauth")
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = package.nonsense


@pytest.mark.parametrize("path", modules_of(PACKAGE), ids=lambda path: name_of(path, PACKAGE))
def test_every_public_definition_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = [f"{node.lineno} {node.name}" for node in public_definitions(tree) if not ast.get_docstring(node)]
    assert bare == []
    assert ast.get_docstring(tree) or not tree.body


def loaded_by(code: str) -> set[str]:
    """Run code in a fresh interpreter and list the top-level modules that it has loaded."""
    report = "; import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    answer = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    return set(json.loads(answer.stdout))


# What DESIGN.md, 9, rules out, and what else would cost a kernel's start.
HEAVY = {"requests", "authlib", "joserfc", "cryptography", "jwt", "globus_sdk", "click"}
HEAVY |= {"tornado", "ipywidgets", "jupyter_server", "IPython", "anywidget"}


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import jupyter_flowauth") & HEAVY == set()


def test_importing_the_errors_loads_nothing_heavy():
    assert loaded_by("from jupyter_flowauth import ScopesMissing, LoginRequired") & HEAVY == set()


def test_making_an_auth_loads_no_server_and_no_hub():
    assert loaded_by("import jupyter_flowauth; jupyter_flowauth.FlowAuth") & {"tornado", "jupyter_server", "jupyterhub", "click"} == set()


@pytest.mark.parametrize("name", [name_of(path, PACKAGE) for path in modules_of(PACKAGE) if path.stem != "__main__"])
def test_every_module_imports(name):
    assert importlib.import_module(f"jupyter_flowauth.{name}".replace("/", ".").removesuffix(".__init__"))


def test_the_versions_agree():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert importlib.import_module("jupyter_flowauth").__version__ == declared
    assert json.loads((ROOT / "labextension" / "package.json").read_text(encoding="utf-8"))["version"] == declared


def test_the_labextensions_tests_are_at_least_half_as_long_as_its_code():
    sources = list((ROOT / "labextension" / "src").rglob("*.ts"))
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    tests = sum(count for path, count in lines.items() if "__tests__" in path.parts)
    assert tests >= (sum(lines.values()) - tests) / 2
