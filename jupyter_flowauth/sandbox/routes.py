"""The sandbox's addresses, and who answers there."""

from __future__ import annotations

from typing import Any

from tornado import web

from . import (
    action_handlers,
    admin,
    compute_handlers,
    device_handlers,
    flow_handlers,
    login_handlers,
    resource,
    run_handlers,
    token_handlers,
)
from .run_engine import RunEngine
from .state import CODE_PAGE_PATH, DEVICE_PAGE_PATH, SandboxState
from .web import NotFoundHandler

Route = tuple[str, type[web.RequestHandler], dict[str, Any]]


def build_application(state: SandboxState, engine: RunEngine) -> web.Application:
    """Return the routes."""
    options = {"state": state}
    routes: list[Route] = [
        (r"/\.well-known/openid-configuration", token_handlers.DiscoveryHandler, options),
        (r"/jwk\.json", token_handlers.JwksHandler, options),
        (r"/v2/oauth2/authorize", login_handlers.AuthorizeHandler, options),
        (r"/p/login", login_handlers.LoginHandler, options),
        (r"/p/consent", login_handlers.ConsentHandler, options),
        (CODE_PAGE_PATH, login_handlers.CodePageHandler, options),
        (r"/v2/oauth2/device", device_handlers.DeviceAuthorizationHandler, options),
        (DEVICE_PAGE_PATH, device_handlers.DevicePageHandler, options),
        (r"/v2/oauth2/token", token_handlers.TokenHandler, options),
        (r"/v2/oauth2/token/revoke", token_handlers.RevokeHandler, options),
        (r"/v2/oauth2/token/introspect", token_handlers.IntrospectHandler, options),
        (r"/v2/oauth2/userinfo", resource.UserinfoHandler, options),
        (r"/v2/api/identities/([^/]+)/consents", resource.ConsentsHandler, options),
        (r"/v0\.10/task_list", resource.TaskListHandler, options),
        (r"/v0\.10/endpoint_search", resource.EndpointSearchHandler, options),
        (r"/v2/groups/my_groups", resource.MyGroupsHandler, options),
        (r"/v[23]/functions", compute_handlers.FunctionsHandler, options),
        (r"/v2/version", compute_handlers.ComputeVersionHandler, options),
        (r"/admin/redirect_uris", admin.RedirectUrisHandler, options),
        (r"/admin/counters", admin.CountersHandler, options),
        *_flow_routes(state, engine),
        *_action_routes(state),
    ]
    # No access log: its lines would hold codes and states.
    return web.Application(routes, log_function=lambda _: None, default_handler_class=NotFoundHandler, default_handler_args=options)


def _flow_routes(state: SandboxState, engine: RunEngine) -> list[Route]:
    """Return the routes of the Flows service."""
    options = {"state": state, "engine": engine}
    return [
        (r"/flows", flow_handlers.FlowListHandler, options),
        (r"/flows/validate", flow_handlers.FlowValidationHandler, options),
        (r"/flows/([^/]+)", flow_handlers.FlowHandler, options),
        (r"/flows/([^/]+)/run", run_handlers.RunStartHandler, options),
        (r"/flows/([^/]+)/validate_run", run_handlers.RunValidationHandler, options),
        (r"/runs", run_handlers.RunListHandler, options),
        (r"/runs/([^/]+)", run_handlers.RunHandler, options),
        (r"/runs/([^/]+)/log", run_handlers.RunLogHandler, options),
        (r"/runs/([^/]+)/definition", run_handlers.RunDefinitionHandler, options),
        (r"/runs/([^/]+)/resume", run_handlers.RunResumeHandler, options),
        (r"/runs/([^/]+)/cancel", run_handlers.RunCancelHandler, options),
        (r"/runs/([^/]+)/release", run_handlers.RunReleaseHandler, options),
    ]


def _action_routes(state: SandboxState) -> list[Route]:
    """Return the routes of the action providers, below their public addresses: /actions/<host>/<path>."""
    options = {"state": state}
    return [
        (r"/actions/(?P<address>.+)/(?P<verb>run)", action_handlers.ActionHandler, options),
        (r"/actions/(?P<address>.+)/(?P<action_id>[^/]+)/(?P<verb>status|cancel|release)", action_handlers.ActionHandler, options),
        (r"/actions/(?P<address>.+)", action_handlers.ActionHandler, options),
    ]
