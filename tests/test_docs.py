"""The manual says what is so: the tests that it names are there, and so are its links, errors and names."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import jupyter_flowauth
from jupyter_flowauth import FlowAuth, errors
from jupyter_flowauth.flow_runs import FlowRun
from jupyter_flowauth.flows import DeployedFlow
from jupyter_flowauth.user_agents.ladder import choose_rung
from jupyter_flowauth.wiring import USER_AGENTS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SECURITY = (DOCS / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:tests|labextension)/[\w/.]+)::([^`\n]+)`", SECURITY)))
LISTED_ATTACKS = range(1, 28)
# What FlowAuth hands to the widget and to the integrations: no notebook needs it.
FOR_INTEGRATIONS = {"Any", "None", "HeldTokens", "KnownFlows", "Provider"}
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


@pytest.mark.parametrize("file,name", NAMED)
def test_a_test_that_the_security_page_names_exists(file: str, name: str) -> None:
    pattern = rf"def {re.escape(name)}\b" if file.endswith(".py") else rf"(?:it|test)\(\s*['\"]{re.escape(name)}['\"]"
    assert re.search(pattern, (ROOT / file).read_text(encoding="utf-8")), f"{file} has no {name}"


def test_every_attack_names_its_tests() -> None:
    sections = re.split(r"^## (?=\d+\.)", SECURITY, flags=re.MULTILINE)[1:]
    assert [int(section.partition(".")[0]) for section in sections] == list(LISTED_ATTACKS)
    for section in sections:
        assert all(mark in section for mark in ("**Attack.**", "**Defence.**", "**Tests.**", "::")), section[:60]


def test_the_view_sends_and_hears_no_messages_between_windows() -> None:
    forbidden = re.compile(r"postMessage|BroadcastChannel|localStorage|sessionStorage|addEventListener\(\s*'(?:message|storage)'|innerHTML")
    sources = [path for path in (ROOT / "labextension" / "src").rglob("*.ts") if "__tests__" not in path.parts]
    assert sources
    assert [path.name for path in sources if forbidden.search(path.read_text(encoding="utf-8"))] == []


def test_every_public_name_is_on_the_api_page() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    assert "automodule:: jupyter_flowauth.errors" in page
    others = [name for name in jupyter_flowauth.__all__ if not hasattr(errors, name)]
    assert [name for name in others if not re.search(rf"\b{name}\b", page)] == []


def test_what_a_notebook_is_given_is_on_the_api_page() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    given = {name for owner in (FlowAuth, DeployedFlow, FlowRun) for member in vars(owner).values() for name in returned(member)}
    assert given >= {"AuthorizersByScope", "DeployedFlow", "FlowRun", "ConsentTree"}
    assert [name for name in sorted(given - FOR_INTEGRATIONS) if not re.search(rf"autoclass:: [\w.]*\b{name}\b", page)] == []


def returned(member: object) -> list[str]:
    """Return the classes that a public method or property says it returns."""
    function = member.fget if isinstance(member, property) else member
    is_public = inspect.isfunction(function) and not function.__name__.startswith("_")
    return re.findall(r"\b[A-Z]\w+", inspect.signature(function).return_annotation) if is_public else []


def test_every_file_of_the_domain_and_every_folder_is_on_the_map() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    package = ROOT / "jupyter_flowauth"
    files = [path.stem for path in package.glob("*.py") if path.stem != "__init__"]
    folders = [f"{path.name}/" for path in package.iterdir() if (path / "__init__.py").exists()]
    assert [name for name in (*files, *folders) if f"`{name}`" not in page] == []


def test_every_error_is_on_the_troubleshooting_page() -> None:
    page = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    leaves = [name for name in jupyter_flowauth.__all__ if isinstance(getattr(errors, name, None), type) and name != "FlowAuthError"]
    assert [name for name in leaves if f"`{name}`" not in page] == []


def test_every_way_to_ask_is_on_the_map() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    ladder = page.partition("## Which way is the person asked?")[2]
    ways = [way for way in USER_AGENTS if way != "none"]
    assert [way for way in ways if f"`{way}`" not in ladder or f"`{way}.py`" not in page] == []


@pytest.mark.parametrize("page", ["python.md", "shell.md"])
def test_what_a_program_can_be_given_is_told_where_nobody_is_there(page: str) -> None:
    with pytest.raises(errors.InteractionRequired) as nobody:
        choose_rung((), ("openid",))
    variables = set(re.findall(r"FLOWAUTH_\w+", str(nobody.value)))
    assert len(variables) == 4
    assert {name for name in variables if name not in (DOCS / page).read_text(encoding="utf-8")} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)|(?:src|srcset)=\"([^\"]+)\"", page.read_text(encoding="utf-8"))
    targets = [first or second for first, second in links if "://" not in (first or second)]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_readme_begins_with_something_to_run() -> None:
    beginning = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:24]
    assert any(line.startswith("%login") for line in beginning)


def test_the_drawing_is_what_its_script_draws(tmp_path: Path) -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("sequence", DOCS / "_tools" / "sequence.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (DOCS / "_static" / "one-login.svg").read_text(encoding="utf-8") == script.draw()
