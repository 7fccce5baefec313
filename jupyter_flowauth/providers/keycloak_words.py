"""Why Keycloak refuses, told by the words of its ``error_description``: the error codes alone are the same for all of it."""

from __future__ import annotations

# Each is looked for in the description, in lower case; the first that is found says why.
_REASONS = (
    ("offline tokens not allowed", "this person may not have offline tokens: an administrator gives them the realm role offline_access"),
    ("offline session not active", "the offline session has ended"),
    ("session not active", "the session at the provider has ended (it was idle for too long, or somebody logged out)"),
    ("session doesn't have required client", "the session at the provider was ended, as it is when a used refresh token comes again"),
    ("user disabled", "the user is disabled at the provider"),
    ("user not found", "the user is no longer there at the provider"),
    ("no longer has requested consent", "the consent to this client was taken back"),
    ("maximum allowed refresh token reuse", "the refresh token had been used before"),
    ("stale token", "the provider has ended all logins of before"),
    ("token is not active", "the refresh token has expired"),
    ("client disabled", "the client is disabled at the provider"),
)


def explain(error: object, description: object) -> str | None:
    """Return why a request was refused, as half a sentence, or None if the words aren't known here."""
    words = description.lower() if isinstance(description, str) else ""
    found = next((reason for phrase, reason in _REASONS if phrase in words), None)
    if found is None and error == "not_allowed":
        return _REASONS[0][1]
    return found
