"""The switches of the sandbox: how it behaves, and in which ways it may misbehave for a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

RefusalShape = Literal[
    "missing_scope", "gare", "transfer", "action_provider", "dependent_consent", "insufficient_scope", "session", "unnamed"
]
IdTokenFault = Literal["nonce", "aud", "iss", "alg_none", "alg_hs256", "no_sub", "other_sub", "expired", "future", "key", "at_hash"]

HOSTILE_MARKUP = "<img src=x onerror=\"alert('sandbox')\"></script><b>&amp;'\"`${7*7}"


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """What a test or the demo may ask of the sandbox; every default is the well-behaved provider.

    :param access_token_lifetime: seconds that an access token lives.
    :param code_lifetime: seconds that an authorization code can be exchanged.
    :param request_lifetime: seconds that login and consent page stay usable.
    :param rotate_refresh_tokens: each refresh answers with a new refresh token and retires the one presented.
    :param loopback_any_path: the public client may use any path on loopback, not just none.
    :param redirect_uris: further redirect URIs per client id, compared exactly.
    :param invalid_grant_status: 400 as RFC 6749 has it; 401 as `globus_sdk.testing` has it.
    :param withheld_scopes: scopes that are never granted, though asked for and agreed to.
    :param clock_offset: seconds by which the provider's clock is ahead (negative: behind).
    :param response_iss: what the authorize answer carries as `iss` (RFC 9207).
    :param advertise_iss: discovery says that authorize answers carry `iss`.
    :param id_token_faults: what is wrong with the ID tokens issued.
    :param display_names: names to show instead of a user's own, by short name (for markup).
    :param denial_description: `error_description` of a denial (for markup).
    :param refuses_at: where a run meets a missing consent: refused at the `start`, or gone `inactive` or `failed` on its way.
        (A mapped collection's is always met on the way.)
    :param refusal_shape: how that refusal is worded (see `run_refusals`).
    :param tokens_keep_consents: a flow's token is good for what was agreed to when it was issued, and no more.
    :param state_seconds: how long a run stays in each state.
    :param wait_scale: seconds that a Wait state takes for each second that it asks for.
    :param accepts_unknown_actions: a definition may name action providers that are not here; they add nothing to the flow's scope.
    :param adds_action_scopes: a deployed definition shows the ActionScope of every action.
    :param compute_outputs: what a compute function returns, by the function's name.
    :param offers_device: there is a device authorization endpoint (which Globus Auth has not; an OpenID provider's client finds it here).
    :param device_code_lifetime: seconds that a device code waits for a person.
    :param device_interval: the least seconds between two token requests for one device code.
    :param device_refusal: the `error` that the device endpoint answers with, such as `unauthorized_client`; empty for none.
    :param failing_actions: names of action providers whose actions fail.
    """

    access_token_lifetime: int = 172_800
    code_lifetime: int = 600
    request_lifetime: int = 900
    rotate_refresh_tokens: bool = True
    loopback_any_path: bool = True
    redirect_uris: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    invalid_grant_status: int = 400
    withheld_scopes: frozenset[str] | tuple[str, ...] = ()
    clock_offset: float = 0.0
    response_iss: Literal["right", "wrong", "absent"] = "right"
    advertise_iss: bool = True
    id_token_faults: tuple[IdTokenFault, ...] = ()
    display_names: Mapping[str, str] = field(default_factory=dict)
    denial_description: str = "The user did not agree"
    refuses_at: Literal["start", "inactive", "failed"] = "start"
    refusal_shape: RefusalShape = "missing_scope"
    tokens_keep_consents: bool = False
    state_seconds: float = 0.002
    wait_scale: float = 0.001
    accepts_unknown_actions: bool = False
    adds_action_scopes: bool = False
    compute_outputs: Mapping[str, Any] = field(default_factory=dict)
    offers_device: bool = True
    device_code_lifetime: int = 600
    device_interval: float = 5
    device_refusal: str = ""
    failing_actions: frozenset[str] | tuple[str, ...] = ()


@dataclass(slots=True)
class Fault:
    """What an endpoint does instead of its work, and how often.

    Kinds: `html` (200 with a page), `slow:<seconds>` (then the usual answer), `status:<number>`, `drop` (the connection ends before
    anything is done) and `drop_answer` (all is done, and the answer is lost: what a rotating refresh token fears most).
    """

    kind: str
    times: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a kind that no endpoint knows, so that a test cannot pass by a typing error."""
        name, _, argument = self.kind.partition(":")
        number_wanted = name in {"slow", "status"}
        if name not in {"html", "slow", "status", "drop", "drop_answer"} or number_wanted != bool(argument):
            raise ValueError(f"unknown fault {self.kind!r}: use html, slow:<seconds>, status:<number>, drop or drop_answer")
        if number_wanted:
            float(argument)

    @property
    def number(self) -> float:
        """Return what follows the colon."""
        return float(self.kind.partition(":")[2])
