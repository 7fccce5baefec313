"""What a person pasted, judged: a bare code, or the whole address of the page where the browser ended."""

from __future__ import annotations

import re
from dataclasses import replace

from ..code_grant import (
    LONGEST_RESPONSE_VALUE,
    AuthorizationResponse,
    matches_redirect_uri,
    parse_redirected_address,
    validate_issuer,
    validate_state,
)
from ..errors import ProviderError, StateMismatch
from ..records import LoginRequest, Opening
from .guards import Refusal

_CODE = re.compile(rf"[A-Za-z0-9._~+/=-]{{4,{LONGEST_RESPONSE_VALUE}}}")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def judge_paste(pasted: str, request: LoginRequest, opening: Opening | None) -> AuthorizationResponse:
    """Return the answer that was pasted, if it belongs to this login.

    :raises Refusal: otherwise; the login goes on waiting.
    """
    text = pasted.strip()
    return _judge_address(text, request, opening) if _ADDRESS.match(text) else _judge_code(text, request, opening)


def _judge_address(address: str, request: LoginRequest, opening: Opening | None) -> AuthorizationResponse:
    try:
        response = parse_redirected_address(address)
        validate_state(request.authorization.state, response.state)
        validate_issuer(request.authorization, response.iss)
    except (ProviderError, StateMismatch) as error:
        raise Refusal(400, "", f"{error.message[:1].upper()}{error.message[1:]}.") from None
    except ValueError:
        raise Refusal(400, "", "That isn't the address of a page. Copy it whole, from http to its end.") from None
    is_opened = opening is not None and response.redirect_uri == opening.redirect_uri
    if not is_opened and not matches_redirect_uri(response.redirect_uri, request.authorization.redirect_uris):
        raise Refusal(400, "", "That is the address of another page than the one the login ends on. Nothing was kept.")
    if not response.code and not response.error:
        raise Refusal(400, "", "There is no code in that address. Copy the address of the page after you agreed.")
    return replace(response, state_checked=True)


def _judge_code(code: str, request: LoginRequest, opening: Opening | None) -> AuthorizationResponse:
    """Accept a bare code only where a page shows such codes: PKCE and the nonce stand in for the state, which it hasn't."""
    code_page = request.authorization.code_page
    if code_page is None or (opening is not None and opening.redirect_uri != code_page):
        raise Refusal(400, "", "A code alone isn't enough here: paste the whole address of the page where you ended.")
    if not _CODE.fullmatch(code):
        raise Refusal(400, "", "That isn't a code. Copy it from the provider's page, without anything around it.")
    return AuthorizationResponse(redirect_uri=code_page, code=code, state_checked=True)
