from __future__ import annotations

import json
import os
import stat

import pytest

from jupyter_flowauth.configuration import FILE_NAME, ProviderSettings, Settings, build_settings, read_settings, write_setting
from jupyter_flowauth.errors import ConfigurationError

GLOBUS = {"kind": "globus", "client_id": "c"}


@pytest.fixture
def folders(tmp_path):
    """Two folders of the configuration path: the user's, which wins, and the machine's."""
    made = [tmp_path / "user", tmp_path / "machine"]
    for folder in made:
        folder.mkdir()
    return made


def write(folder, values):
    text = values if isinstance(values, str) else json.dumps(values)
    (folder / FILE_NAME).write_text(text, encoding="utf-8")


def read(folders, **environment):
    return read_settings([str(folder) for folder in folders], environment)


def refused(values):
    with pytest.raises(ConfigurationError) as caught:
        build_settings(values, source="/etc/x.json")
    assert caught.value.source == "/etc/x.json"
    return str(caught.value)


def test_without_any_file_there_are_defaults(folders):
    settings = read(folders)
    assert (settings.storage, settings.login_timeout_seconds, settings.providers, settings.default_provider) == ("file", 300.0, {}, "")


def test_the_users_file_wins_and_the_rest_is_merged(folders):
    write(folders[0], {"storage": "memory", "providers": {"globus": {"client_id": "mine"}}})
    write(folders[1], {"storage": "file", "login_timeout_seconds": 60, "providers": {"globus": GLOBUS, "other": GLOBUS}})
    settings = read(folders)
    assert (settings.storage, settings.login_timeout_seconds) == ("memory", 60)
    assert {name: provider.client_id for name, provider in settings.providers.items()} == {"globus": "mine", "other": "c"}


@pytest.mark.parametrize(
    "providers, environment, chosen, client_id",
    [
        ({}, {"FLOWAUTH_CLIENT_ID": "env"}, "globus", "env"),
        ({"school": GLOBUS}, {"FLOWAUTH_CLIENT_ID": "env"}, "school", "env"),
        ({"a": GLOBUS, "b": GLOBUS}, {"FLOWAUTH_CLIENT_ID": "env", "FLOWAUTH_PROVIDER": "b"}, "b", "env"),
        ({"a": GLOBUS, "b": GLOBUS}, {"FLOWAUTH_PROVIDER": "a"}, "a", "c"),
    ],
)
def test_the_environment_wins_over_the_files(folders, providers, environment, chosen, client_id):
    write(folders[0], {"providers": providers})
    settings = read(folders, **environment)
    assert (settings.default_provider, settings.providers[chosen].client_id) == (chosen, client_id)


def test_another_client_of_the_environment_has_nothing_of_the_files_one(folders):
    write(folders[0], {"providers": {"globus": {**GLOBUS, "redirect_uris": ["https://a.example/x"], "client_secret_file": "/s"}}})
    env = read(folders, FLOWAUTH_CLIENT_ID="env").providers["globus"]
    assert (env.client_id, env.redirect_uris, env.client_secret_file) == ("env", None, "")


def test_a_file_stays_as_it_was_read_by_another(folders):
    write(folders[0], {"providers": {"globus": GLOBUS}})
    read(folders, FLOWAUTH_CLIENT_ID="env")
    assert read(folders).providers["globus"].client_id == "c"


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"storrage": "file"}, "unknown key storrage; known are: default_provider"),
        ({"storage": 7}, "storage has to be a string, not 7"),
        ({"login_timeout_seconds": "long"}, 'login_timeout_seconds has to be a number, not "long"'),
        ({"providers": []}, "providers has to be an object, not []"),
        ({"providers": {"a b": GLOBUS}}, "the provider name 'a b' has to be letters"),
        ({"providers": {"../x": GLOBUS}}, "the provider name '../x'"),
        ({"providers": {"": GLOBUS}}, "the provider name ''"),
        ({"providers": {"x": "y"}}, "providers.x has to be an object"),
        ({"providers": {"x": {"kind": "nonsense"}}}, "providers.x.kind has to be one of globus"),
        ({"providers": {"x": {"client": "y"}}}, "unknown key providers.x.client"),
        ({"providers": {"x": {"redirect_uris": 7}}}, "providers.x.redirect_uris has to be a list of strings"),
    ],
)
def test_a_wrong_key_or_type_is_named_with_its_file(values, sentence):
    assert sentence in refused(values)
    assert refused(values).startswith("/etc/x.json: ")


def test_a_secret_is_refused_and_not_repeated():
    message = refused({"providers": {"x": {**GLOBUS, "client_secret": "SENTINEL"}}})
    assert ("client_secret_file" in message, "SENTINEL" in message) == (True, False)


@pytest.mark.parametrize("text, sentence", [("{", "can't be read as JSON"), ("[]", "has to hold a JSON object"), ("\udcff", "JSON")])
def test_a_file_that_is_none_is_named(folders, text, sentence):
    (folders[1] / FILE_NAME).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        read(folders)
    assert caught.value.source == str(folders[1] / FILE_NAME)


def test_a_folder_that_is_none_is_skipped(tmp_path):
    (tmp_path / "file").write_text("x")
    assert read([tmp_path / "file", tmp_path / "absent"]).providers == {}


@pytest.mark.parametrize("settings", [Settings, ProviderSettings])
def test_every_setting_has_a_help_that_is_the_manual(settings):
    assert all(len(trait.help) > 20 for trait in settings().traits().values())


def test_one_setting_is_changed_and_all_else_of_the_file_stays(tmp_path):
    write(tmp_path, {"storage": "memory", "login_timeout_seconds": 60})
    path, link = tmp_path / FILE_NAME, tmp_path / "link.json"
    path.chmod(0o640)
    link.symlink_to(path)
    write_setting(link, "storage", "keyring")
    assert json.loads(path.read_text()) == {"storage": "keyring", "login_timeout_seconds": 60}
    assert (stat.S_IMODE(path.stat().st_mode), link.is_symlink(), len(list(tmp_path.iterdir()))) == (0o640, True, 2)


def test_a_file_that_was_not_there_is_made(tmp_path):
    write_setting(tmp_path / "conf" / FILE_NAME, "storage", "keyring")
    assert read([tmp_path / "conf"]).storage == "keyring"


def test_a_setting_that_cannot_be_written_leaves_the_file_and_no_rest(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    write(tmp_path, {"storage": "memory"})
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ConfigurationError, match=r"No space left on device.*unchanged"):
        write_setting(tmp_path / FILE_NAME, "storage", "keyring")
    assert ([entry.name for entry in tmp_path.iterdir()], read([tmp_path]).storage) == ([FILE_NAME], "memory")
