"""``jupyter flowauth storage``: where tokens rest."""

from __future__ import annotations

import click

from .options import json_option
from .printing import answer, answer_json, say


@click.group("storage")
def command() -> None:
    """Say where tokens rest, or move them.

    \b
    Examples:
      jupyter flowauth storage show
      jupyter flowauth storage move --to keyring
    """


@command.command()
@json_option
def show(as_json: bool) -> None:
    """Say where tokens rest, and how many logins there are.

    \b
    Examples:
      jupyter flowauth storage show
      jupyter flowauth storage show --json
    """
    from .. import wiring

    store = wiring.open_store()
    count = len(store.accounts())
    if as_json:
        return answer_json({"location": store.location, "logins": count})
    return answer(f"{store.location}: {count} login{'' if count == 1 else 's'}")


@command.command()
@click.option("--to", "target", required=True, metavar="WHERE", help="`file`, `keyring`, or the absolute path of a folder.")
@json_option
def move(target: str, as_json: bool) -> None:
    """Move every login to another storage, all or nothing, and use that one from now on.

    Kernels and servers that run already go on with the old place: restart them.

    \b
    Examples:
      jupyter flowauth storage move --to keyring
      jupyter flowauth storage move --to /var/tmp/me/flowauth
    """
    from .. import wiring

    say(f"Moving the logins from {wiring.open_store().location} ...")
    moved, path = wiring.move_storage(target)
    location = wiring.open_store().location
    say(f"Moved {moved} login{'' if moved == 1 else 's'} to {location}; {path} says so from now on.")
    say("Restart the kernels and servers that run: they still look in the old place.")
    if as_json:
        answer_json({"location": location, "moved": moved, "configured_in": str(path)})
