from __future__ import annotations

import pytest

from jupyter_flowauth.errors import ConfigurationError
from jupyter_flowauth.instances import instance_host, normalize_instance


@pytest.mark.parametrize(
    "spelled, normal",
    [
        ("https://school-a.example.org", "https://school-a.example.org"),
        ("https://School-A.Example.ORG/", "https://school-a.example.org"),
        ("HTTPS://school-a.example.org:443", "https://school-a.example.org"),
        ("https://school-a.example.org.", "https://school-a.example.org"),
        ("  https://school-a.example.org//  ", "https://school-a.example.org"),
        ("https://example.org:8443/School/", "https://example.org:8443/School"),
        ("https://example.org/School/b//", "https://example.org/School/b"),
        ("http://127.0.0.1:80/", "http://127.0.0.1"),
        ("http://localhost:8000/a", "http://localhost:8000/a"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_spellings_of_one_instance_are_one(spelled, normal):
    assert normalize_instance(spelled) == normalize_instance(normal) == normal


def test_paths_are_told_apart_by_case_and_all():
    assert normalize_instance("https://x.example/A") != normalize_instance("https://x.example/a")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "school.example.org",
        "ftp://x.example",
        "https://",
        "https://x.example/?a=b",
        "https://x.example/#a",
        "https://x.example:port",
        "https://x.example/../b",
        "https://x.example/a b",
        "https://x.example\n.evil.example",
        "https://schöol.example",
        "javascript:alert(1)",
    ],
)
def test_what_is_none_is_refused_with_an_example(wrong):
    with pytest.raises(ConfigurationError, match=r"looks like https://school.example.org"):
        normalize_instance(wrong)


def test_a_password_in_it_is_refused_and_not_repeated():
    with pytest.raises(ConfigurationError) as caught:
        normalize_instance("https://alice:SENTINEL@x.example")
    assert "SENTINEL" not in str(caught.value)


def test_without_encryption_nothing_is_sent_anywhere_but_to_this_machine():
    with pytest.raises(ConfigurationError, match="isn't reached over https"):
        normalize_instance("http://x.example")


def test_its_host_has_its_port_if_that_is_not_the_default_one():
    assert instance_host(normalize_instance("https://X.example:8443/a")) == "x.example:8443"
