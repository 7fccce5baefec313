"""What the sandbox knows before anybody talks to it: its users, its clients, its scopes and the collection in its resource service."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, uuid5

SANDBOX_CLIENT_ID = "5a9db0c5-0e5a-4b0c-9d0c-5a9db0c50001"
SANDBOX_CONFIDENTIAL_CLIENT_ID = "5a9db0c5-0e5a-4b0c-9d0c-5a9db0c50002"
# No secret worth keeping: it opens a pretend provider that listens on loopback.
SANDBOX_CONFIDENTIAL_SECRET = "sandbox-confidential-secret"
COLLECTION_ID = "5a9db0c5-0e5a-4b0c-9d0c-5a9db0c5c001"

AUTH, TRANSFER, GROUPS = "auth.globus.org", "transfer.api.globus.org", "groups.api.globus.org"
VIEW_CONSENTS = "urn:globus:auth:scope:auth.globus.org:view_consents"
VIEW_IDENTITY_SET = "urn:globus:auth:scope:auth.globus.org:view_identity_set"
TRANSFER_ALL = "urn:globus:auth:scope:transfer.api.globus.org:all"
GROUPS_ALL = "urn:globus:auth:scope:groups.api.globus.org:all"
VIEW_MY_GROUPS = "urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships"
DATA_ACCESS = f"https://auth.globus.org/scopes/{COLLECTION_ID}/data_access"


@dataclass(frozen=True, slots=True)
class User:
    """A person who can log in here by pressing a button."""

    username: str
    name: str
    sub: str

    @property
    def login(self) -> str:
        """Return the short name: what stands before the @."""
        return self.username.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Client:
    """A registered application; without a secret it is public and must use PKCE."""

    client_id: str
    name: str
    client_secret: str | None = field(default=None, repr=False)

    @property
    def is_public(self) -> bool:
        """Say whether this application cannot keep a secret (a Globus native app)."""
        return self.client_secret is None


@dataclass(frozen=True, slots=True)
class ScopeEntry:
    """A scope, the resource server that wants it, what people read on the consent page, and the scopes that it always depends on."""

    scope: str
    resource_server: str
    title: str
    service: str
    dependents: tuple[str, ...] = ()

    @property
    def scope_id(self) -> str:
        """Return the id that the consents API shows for this scope."""
        return str(uuid5(NAMESPACE_URL, self.scope))


def _user(login: str) -> User:
    """Return the demo user with this short name."""
    username = f"{login}@sandbox.example"
    return User(username=username, name=f"{login.capitalize()} Sandbox", sub=str(uuid5(NAMESPACE_URL, username)))


DEMO_USERS = (_user("alice"), _user("bob"))

DEMO_CLIENTS = (
    Client(SANDBOX_CLIENT_ID, "Jupyter FlowAuth demo"),
    Client(SANDBOX_CONFIDENTIAL_CLIENT_ID, "Jupyter FlowAuth demo service", SANDBOX_CONFIDENTIAL_SECRET),
)

DEMO_SCOPES = (
    ScopeEntry("openid", AUTH, "Know who you are", "Globus Auth"),
    ScopeEntry("profile", AUTH, "See your name and organisation", "Globus Auth"),
    ScopeEntry("email", AUTH, "See your email address", "Globus Auth"),
    ScopeEntry(VIEW_CONSENTS, AUTH, "See everything you have agreed to", "Globus Auth"),
    ScopeEntry(VIEW_IDENTITY_SET, AUTH, "See the identities linked to yours", "Globus Auth"),
    ScopeEntry(TRANSFER_ALL, TRANSFER, "Transfer files and manage your transfers", "Globus Transfer"),
    ScopeEntry(GROUPS_ALL, GROUPS, "View and manage your groups", "Globus Groups"),
    ScopeEntry(VIEW_MY_GROUPS, GROUPS, "See which groups you are in", "Globus Groups"),
    ScopeEntry(DATA_ACCESS, COLLECTION_ID, "Read and write files in 'Sandbox Collection'", "Sandbox Collection"),
)
