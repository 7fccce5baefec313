"""A client's own requests to an issuer's endpoints, with the proof of who it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ProviderError
from .bounded import TRIES
from .bounded_http import REQUEST_SECONDS, HttpAnswer, origin_of, send
from .client_auth import ClientCredentials
from .keycloak_words import explain
from .oauth_answers import refusal
from .oidc_discovery import Metadata


@dataclass(frozen=True, slots=True)
class OidcCalls:
    """What one client asks of one issuer."""

    title: str
    metadata: Metadata
    credentials: ClientCredentials

    def post(
        self,
        endpoint: str,
        form: Mapping[str, str],
        *,
        expects_json: bool = True,
        seconds: float = REQUEST_SECONDS,
        tries: int = TRIES,
    ) -> Mapping[str, Any]:
        """Return what the endpoint answers to a form.

        :param tries: how often it is sent at most, where the provider certainly did nothing.
        :param expects_json: whether the answer must be a JSON object; else an empty mapping stands for it.
        :raises ProviderError: if it refuses, fails, or answers something else.
        """
        answer = self.send(endpoint, form, seconds=seconds, tries=tries)
        content = answer.json()
        if answer.status == 200 and isinstance(content, dict) and not isinstance(content.get("error"), str):
            return content
        if answer.status == 200 and not expects_json:
            return {}
        raise self.judge(answer, endpoint)

    def send(self, endpoint: str, form: Mapping[str, str], *, seconds: float = REQUEST_SECONDS, tries: int = TRIES) -> HttpAnswer:
        """Return the answer to a form, not judged.

        :raises ProviderError: if nothing came back.
        """
        supported = self.metadata.document.get("token_endpoint_auth_methods_supported")
        body, headers = self.credentials.sign(endpoint, form, supported=supported, audience=self.metadata.issuer)
        return send("POST", endpoint, provider=self.title, body=body, headers=headers, seconds=seconds, tries=tries)

    def judge(self, answer: HttpAnswer, endpoint: str) -> ProviderError:
        """Return the error that an answer is."""
        content = answer.json()
        if answer.status == 200 or 300 <= answer.status < 400:
            what = "a redirect, which was not followed" if answer.status != 200 else "something else than was asked for"
            if isinstance(content, dict) and isinstance(content.get("error"), str):
                return refusal(self.title, 400, content)
            return ProviderError(f"{origin_of(endpoint)} answered with {what}; nothing was kept; try again later", status=answer.status)
        words = content if isinstance(content, dict) else {}
        reason = explain(words.get("error"), words.get("error_description"))
        return refusal(self.title, answer.status, content, retry_after=answer.header("retry-after"), reason=reason)
