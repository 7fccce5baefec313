"""A pseudo-language for JupyterLab: every message of ours is in brackets, so that whatever is not, nobody has translated."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Route

LABEXTENSION = Path(__file__).parents[2] / "labextension"
_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_SINGLE = re.compile(rf"\b__\(\s*({_STRING})")
_PLURAL = re.compile(rf"\b_n\(\s*({_STRING}),\s*({_STRING})")
_LEFT = """home => {
  const isSeen = element => element.checkVisibility({ visibilityProperty: true });
  const attributes = ['aria-label', 'title', 'placeholder', 'alt'];
  const said = [];
  const walk = node => {
    if (node.nodeType === Node.TEXT_NODE) {
      said.push(node.data);
    } else if (node.nodeType === Node.ELEMENT_NODE && node.localName !== 'code' && isSeen(node)) {
      said.push(...attributes.map(name => node.getAttribute(name) ?? ''));
      // A long word that may break is one word.
      const isOne = [...node.children].every(child => child.localName === 'wbr');
      isOne ? said.push(node.textContent) : node.childNodes.forEach(walk);
    }
  };
  walk(home);
  return said;
}"""


def build_pack() -> dict[str, Any]:
    """Return a language pack with every message that a translator's tool would find in our sources."""
    collector = LABEXTENSION / "scripts" / "collect_sentences.py"
    pot = subprocess.run([sys.executable, collector, "--pot"], capture_output=True, text=True, check=True).stdout
    messages: dict[str, Any] = {}
    for line in pot.splitlines():
        if line.startswith("msgid "):
            messages[json.loads(line[6:])] = ""
    for path in (LABEXTENSION / "src").rglob("*.ts"):
        if "__tests__" not in path.parts:
            messages |= _messages_of(path.read_text(encoding="utf-8"))
    header = {"domain": "jupyter_flowauth", "language": "eo", "plural_forms": "nplurals=2; plural=(n != 1);"}
    return {"": header, **{message: _bracketed(message, plural) for message, plural in messages.items()}}


def _messages_of(source: str) -> dict[str, str]:
    """Return the messages in a TypeScript file, each with its plural, or ''."""
    singles = {ast.literal_eval(message): "" for message in _SINGLE.findall(source)}
    own = re.search(r"OWN_SENTENCES[^=]*= \[(.*?)\]", source)
    for name in re.findall(r"\w+", own[1]) if own else ():
        singles[ast.literal_eval(re.findall(rf"const {name} = ({_STRING})", source)[0])] = ""
    return singles | {ast.literal_eval(one): ast.literal_eval(many) for one, many in _PLURAL.findall(source)}


def _bracketed(message: str, plural: str) -> list[str]:
    return [f"⟦{text}⟧" for text in (message, plural) if text]


def speak(page: Page) -> None:
    """Let the front end that is opened next in a page speak the pseudo-language."""
    answer = {"data": {"jupyter_flowauth": build_pack()}, "message": ""}

    def give(route: Route) -> None:
        route.fulfill(json=answer)

    page.route("**/api/translations/*", give)


def untranslated(place: Locator, *data: str) -> list[str]:
    """Return the texts that hold a letter outside brackets.

    :param data: names, addresses and commands, which are the same in every language.
    """
    return [text for text in place.evaluate(_LEFT) if re.search(r"[^\W\d_]", _without(text, data))]


def _without(text: str, data: tuple[str, ...]) -> str:
    before = None
    while before != text:  # the brackets are nested
        before, text = text, re.sub(r"⟦[^⟦⟧]*⟧", "", text)
    for word in sorted(data, key=len, reverse=True):
        text = text.replace(word, "")
    return text
