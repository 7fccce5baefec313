"""The same on JupyterHub 5, whose relay and users' servers are its own: a login, one user's attack on another, and a shared server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from . import test_attacks, test_login
from .world import ROOT, HubWorld, running_hub

PYTHON = ROOT / ".venv-hub5" / "bin" / "python"

test_users_and_servers_log_in = test_login.test_users_and_servers_log_in_at_the_same_time_through_one_uri
test_an_address_that_bob_made = test_attacks.test_an_address_that_bob_made_gives_him_nothing_of_alices
test_even_alices_own_name_in_bobs_link = test_attacks.test_even_alices_own_name_in_bobs_link_leads_to_no_server_but_hers
test_a_guest_in_a_shared_server = test_attacks.test_a_guest_in_a_shared_server_is_not_logged_in_there


@pytest.fixture(scope="module")
def one_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubWorld]:
    if not PYTHON.exists():
        pytest.skip("no JupyterHub 5 here: make setup installs it into .venv-hub5")
    with running_hub(tmp_path_factory.mktemp("hub5"), python=PYTHON) as world:
        yield world


@pytest.fixture(scope="module")
def visits() -> dict[tuple[str, str], Any]:
    """The cookies of this Hub, and not of the newer one."""
    return {}


def test_it_is_jupyterhub_5(hub: HubWorld):
    assert hub.call("")["version"].startswith("5.")
