"""What docs/jupyterhub.md says for Zero to JupyterHub, read as the chart and as Kubernetes would read it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

PAGE = Path(__file__).parents[2] / "docs" / "jupyterhub.md"


def read_blocks() -> list[list[Any]]:
    """Return the documents of each YAML block on the page: the chart's values first, then the manifests."""
    texts = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [list(YAML(typ="safe", pure=True).load_all(text)) for text in texts]


def read_values() -> Any:
    ((values,), _) = read_blocks()
    return values


def read_manifests() -> dict[str, Any]:
    """Return the manifests by kind."""
    return {manifest["kind"]: manifest for manifest in read_blocks()[1]}


def build_hub_config(token: str, address: str) -> str:
    """Return the part of ``jupyterhub_config.py`` that the chart makes of the values: names from keys, the token from its secret.

    :param address: where the service runs here.
    """
    hub = read_values()["hub"]
    lines = [
        f"c.JupyterHub.services.append({ {'name': name, **service, 'api_token': token, 'url': address}!r})"
        for name, service in hub["services"].items()
    ]
    lines += [f"c.JupyterHub.load_roles.append({ {'name': name, **role}!r})" for name, role in hub["loadRoles"].items()]
    return "\n".join(lines)


def read_container() -> Any:
    (container,) = read_manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]
    return container


def build_environment(token: str, hub_port: int) -> dict[str, str]:
    """Return a container's environment, with the token that the secret holds and the Hub's address here."""
    environment = {variable["name"]: variable.get("value", token) for variable in read_container()["env"]}
    return environment | {"JUPYTERHUB_API_URL": environment["JUPYTERHUB_API_URL"].replace("hub:8081", f"127.0.0.1:{hub_port}")}
