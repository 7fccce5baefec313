"""The little of Globus Compute's service that registering a function takes."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from .refusals import ApiRefusal
from .resource import BearerHandler
from .services import COMPUTE, COMPUTE_ALL
from .web import SandboxHandler


class ComputeVersionHandler(SandboxHandler):
    """The versions that the service works with, which its SDK asks for first of all."""

    endpoint = "compute_version"

    def get(self) -> None:
        """Say that any version will do."""
        self.finish({"api": "1.0.0", "min_sdk_version": "2.0.0", "min_ep_version": "2.0.0"})


class FunctionsHandler(BearerHandler):
    """Globus Compute's register of functions."""

    endpoint = "functions"
    resource_server = COMPUTE

    def post(self) -> None:
        """Give a function an id; its code is not looked at."""
        self.require(COMPUTE_ALL)
        try:
            name = str(json.loads(self.request.body)["function_name"])
        except (ValueError, KeyError, TypeError):
            raise ApiRefusal(422, {"status": "Failed", "code": 0, "reason": "function_name is wanted"}) from None
        function_id = str(uuid4())
        self.state.functions[function_id] = name
        self.finish({"function_uuid": function_id})

    def unauthorized(self) -> dict[str, Any]:
        """Return Compute's body for 401."""
        return {"status": "Failed", "code": 1, "reason": "Credentials are expired or invalid", "http_status_code": 401}

    def lacking(self, any_of: tuple[str, ...]) -> dict[str, Any]:
        """Return Compute's body for 403."""
        return {"status": "Failed", "code": 2, "reason": f"The token lacks the scope {any_of[0]}", "http_status_code": 403}
