"""``--instance-url`` and ``--all`` in a real IPython shell."""

from __future__ import annotations

import pytest

from jupyter_flowauth import wiring
from jupyter_flowauth.around import accounts
from jupyter_flowauth.user_agents.loopback import LoopbackUserAgent


@pytest.fixture
def instances(shell, school, monkeypatch):
    """A notebook on a desktop with a browser, and a service with instances."""
    monkeypatch.setattr(wiring, "choose_user_agent", lambda *_, **__: LoopbackUserAgent(school.server.browser))
    school.configure()
    shell.run("%load_ext jupyter_flowauth")
    return school.server


def test_instances_are_logged_in_to_side_by_side_and_out_all_at_once(instances, shell):
    a, b = instances.instance("a"), instances.instance("b")
    shell.run(f"%login --instance-url {a}")
    first = shell.names["auth"].token()
    shell.run(f"%login --instance-url {b}")
    assert (shell.names["auth"].provider.instance, shell.names["auth"].token() != first) == (b, True)
    listed = shell.run("%whoami --all")
    assert all(f"alice at {instance}, by {instances.issuer} (school), 1 scope" in listed for instance in (a, b))
    said = shell.run("%logout --all")
    assert said.count("alice is logged out") == 2
    assert accounts() == ()
    assert "there was nothing to forget" in shell.run("%logout --all")


def test_an_instance_that_is_none_is_one_sentence(instances, shell):
    assert "looks like https://school.example.org" in shell.run("%login --instance-url school")
