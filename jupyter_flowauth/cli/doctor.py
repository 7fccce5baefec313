"""``jupyter flowauth doctor``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click

from .exits import FAILED, OK
from .findings import SIGNS, Finding, look
from .options import json_option, login_options
from .printing import answer, answer_json, hang, paint, to_shell_words


@click.command("doctor")
@login_options
@click.option("--offline", is_flag=True, help="Leave out what asks the provider.")
@json_option
def command(offline: bool, as_json: bool, **choice: str | None) -> int:
    """Look for what keeps logins from working, and say what to do.

    The way you would be asked, and why not otherwise; versions; the configuration; where tokens rest; the extensions; proxies; then the
    provider: is it reached, do the clocks agree, does it know the redirect URI. What it prints holds no secret, no name of yours and no
    path of your home: paste it into an issue. Exits with 1 if something is broken; a warning breaks nothing.

    \b
    Examples:
      jupyter flowauth doctor
      jupyter flowauth doctor --provider school
      jupyter flowauth doctor --json | jq '.findings[] | select(.mark == "broken")'
    """
    findings: list[Finding] = []
    for found in _examine(choice, offline):
        findings.append(found.redacted())
        if not as_json:
            _show(findings)
    is_broken = any(finding.mark == "broken" for finding in findings)
    if as_json:
        rows = [{"about": f.about, "mark": f.mark, "sentence": f.sentence, "advice": f.advice} for f in findings]
        answer_json({"is_broken": is_broken, "findings": rows})
    else:
        broken, warnings = (sum(finding.mark == mark for finding in findings) for mark in ("broken", "warning"))
        answer(f"\n{broken} broken, {warnings} warning{'' if warnings == 1 else 's'}, {len(findings)} looked at.")
    return FAILED if is_broken else OK


def _examine(choice: dict[str, str | None], offline: bool) -> Iterator[Finding]:
    from . import doctor_local as local
    from . import doctor_provider as provider

    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("way to ask", lambda: local.check_ladder(choice)),
        ("versions", local.check_versions),
        ("configuration", local.check_configuration),
        ("environment", local.check_environment),
        ("storage", local.check_storage),
        ("logins", local.check_logins),
        ("extensions", local.check_extensions),
    ]
    if not offline:
        checks.append(("provider", lambda: provider.check_provider(choice)))
    for about, check in checks:
        yield from look(about, check)


def _show(findings: list[Finding]) -> None:
    """Show the newest finding, under its heading if it is the first of its kind."""
    finding = findings[-1]
    if len(findings) == 1 or findings[-2].about != finding.about:
        answer(paint(f"{'' if len(findings) == 1 else chr(10)}{finding.about.capitalize()}", "blue", bold=True))
    sign, color = SIGNS[finding.mark]
    answer(hang(to_shell_words(finding.sentence), sign=f"  {paint(sign, color, bold=True)} ", indent=4))
    if finding.advice:
        answer(f"    → {to_shell_words(finding.advice)}")  # not wrapped: it is often a command to copy
