"""What the sandbox's Flows, Compute and action providers are called, and the collections that a transfer may name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from .catalogue import COLLECTION_ID, TRANSFER_ALL, ScopeEntry

FLOWS, COMPUTE, SEARCH, ACTIONS = "flows.globus.org", "funcx_service", "search.api.globus.org", "actions.globus.org"
_FLOWS_CLIENT, _COMPUTE_CLIENT = "eec9b274-0c81-4334-bdc2-54e90e689b9a", "facd7ccc-c5f4-42aa-916b-a0e270e2c2a9"
_COMPUTE_ACTION_CLIENT = "b3db7e59-a6f1-4947-95c2-59d6b7a70f8c"


def build_scope(owner: str, name: str) -> str:
    """Return a scope spelt as an address, as Globus spells most of them."""
    return f"https://auth.globus.org/scopes/{owner}/{name}"


FLOWS_ALL = build_scope(_FLOWS_CLIENT, "all")
MANAGE_FLOWS, VIEW_FLOWS = build_scope(_FLOWS_CLIENT, "manage_flows"), build_scope(_FLOWS_CLIENT, "view_flows")
RUN, RUN_STATUS, RUN_MANAGE = (build_scope(_FLOWS_CLIENT, name) for name in ("run", "run_status", "run_manage"))
COMPUTE_ALL = build_scope(_COMPUTE_CLIENT, "all")
SEARCH_ALL, SEARCH_INGEST = f"urn:globus:auth:scope:{SEARCH}:all", f"urn:globus:auth:scope:{SEARCH}:ingest"
HELLO_ACTION, INGEST_ACTION = build_scope(ACTIONS, "hello_world"), build_scope(ACTIONS, "search/ingest")
COMPUTE_ACTION = build_scope(_COMPUTE_ACTION_CLIENT, "action_all")
OLD_TRANSFER_ACTION = build_scope(ACTIONS, "transfer/transfer")


@dataclass(frozen=True, slots=True)
class Collection:
    """A place for files; only a mapped one has a data_access scope."""

    collection_id: str
    name: str
    is_mapped: bool

    @property
    def data_access(self) -> str:
        """Return the scope that a transfer needs for a mapped collection; for another it exists nowhere."""
        return build_scope(self.collection_id, "data_access")

    @property
    def entity_type(self) -> str:
        """Return what Transfer calls this kind of collection."""
        return "GCSv5_mapped_collection" if self.is_mapped else "GCSv5_guest_collection"


@dataclass(frozen=True, slots=True)
class ActionProvider:
    """A service that does one kind of action, at its addresses (host and path, as definitions in the wild name them)."""

    name: str
    addresses: tuple[str, ...]
    scope: str
    title: str
    subtitle: str
    is_synchronous: bool = False

    def to_document(self) -> dict[str, object]:
        """Return what introspection shows (in the fields of Globus's own, globus-automate-client's quickstart)."""
        return {
            "admin_contact": "support@globus.org",
            "administered_by": [],
            "api_version": "1.0",
            "description": None,
            "event_types": None,
            "globus_auth_scope": self.scope,
            "input_schema": {"type": "object"},
            "keywords": None,
            "log_supported": False,
            "maximum_deadline": "P30D",
            "runnable_by": ["all_authenticated_users"],
            "subtitle": self.subtitle,
            "synchronous": self.is_synchronous,
            "title": self.title,
            "types": ["ACTION"],
            "visible_to": ["public"],
        }


MAPPED_COLLECTION = Collection(COLLECTION_ID, "Sandbox Collection", is_mapped=True)
SECOND_MAPPED_COLLECTION = Collection("5a9db0c5-0e5a-4b0c-9d0c-5a9db0c5c002", "Pretend Archive", is_mapped=True)
GUEST_COLLECTION = Collection("5a9db0c5-0e5a-4b0c-9d0c-5a9db0c5c003", "Pretend Guest Collection", is_mapped=False)
COLLECTIONS = (MAPPED_COLLECTION, SECOND_MAPPED_COLLECTION, GUEST_COLLECTION)

ACTION_PROVIDERS = (
    ActionProvider("hello", ("actions.globus.org/hello_world",), HELLO_ACTION, "Hello World", "Says hello", is_synchronous=True),
    ActionProvider(
        "compute",
        ("compute.actions.globus.org", "compute.actions.globus.org/v3", "compute.actions.globus.org/fxap"),
        COMPUTE_ACTION,
        "Globus Compute",
        "Run functions on your endpoints",
    ),
    ActionProvider("transfer", ("transfer.actions.globus.org/transfer",), TRANSFER_ALL, "Globus Transfer", "Move files"),
    ActionProvider("old_transfer", ("actions.globus.org/transfer/transfer",), OLD_TRANSFER_ACTION, "Globus Transfer (old)", "Move files"),
    ActionProvider("search", ("actions.globus.org/search/ingest",), INGEST_ACTION, "Globus Search (ingest)", "Add records to an index"),
)

SERVICE_SCOPES = (
    ScopeEntry(FLOWS_ALL, FLOWS, "Manage and run flows", "Globus Flows"),
    ScopeEntry(MANAGE_FLOWS, FLOWS, "Create and change flows", "Globus Flows"),
    ScopeEntry(VIEW_FLOWS, FLOWS, "See your flows", "Globus Flows"),
    ScopeEntry(RUN, FLOWS, "Run flows", "Globus Flows"),
    ScopeEntry(RUN_STATUS, FLOWS, "See your flows' runs", "Globus Flows"),
    ScopeEntry(RUN_MANAGE, FLOWS, "Manage your flows' runs", "Globus Flows"),
    ScopeEntry(COMPUTE_ALL, COMPUTE, "Register and run functions", "Globus Compute"),
    ScopeEntry(SEARCH_ALL, SEARCH, "Use Globus Search", "Globus Search"),
    ScopeEntry(SEARCH_INGEST, SEARCH, "Add records to search indexes", "Globus Search"),
    ScopeEntry(HELLO_ACTION, ACTIONS, "Say hello for you", "Hello World"),
    ScopeEntry(INGEST_ACTION, ACTIONS, "Ingest records for you", "Globus Search", (SEARCH_INGEST,)),
    ScopeEntry(COMPUTE_ACTION, _COMPUTE_ACTION_CLIENT, "Run functions for you", "Globus Compute", (COMPUTE_ALL,)),
    ScopeEntry(OLD_TRANSFER_ACTION, ACTIONS, "Transfer files for you", "Globus Transfer", (TRANSFER_ALL,)),
    ScopeEntry(
        SECOND_MAPPED_COLLECTION.data_access,
        SECOND_MAPPED_COLLECTION.collection_id,
        f"Read and write files in '{SECOND_MAPPED_COLLECTION.name}'",
        SECOND_MAPPED_COLLECTION.name,
    ),
)


def to_address(action_url: str, *, own_url: str) -> str:
    """Return host and path of an action provider, whether it is named by its public address or by its place in this sandbox."""
    parts = urlsplit(action_url.strip())
    address = (parts.netloc + parts.path).rstrip("/")
    own = f"{urlsplit(own_url).netloc}/actions/"
    return address.removeprefix(own)


def find_provider(address: str, providers: Iterable[ActionProvider] = ACTION_PROVIDERS) -> ActionProvider | None:
    """Return the action provider at an address."""
    return next((one for one in providers if address in one.addresses), None)
