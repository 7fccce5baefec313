"""The use case: scopes in, authorizers out. Asks a person only for what is missing, and one prompt at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .asking import Asking
from .code_grant import AuthorizationRequest
from .consents import ConsentTree
from .deadline import LONGEST_TIMEOUT_SECONDS, Deadline
from .errors import FlowAuthError, LoginRequired, ScopesMissing
from .keeping import keep_issued
from .login_context import LoginContext
from .login_outcomes import done_message, message_of, outcome_of, raise_shared_outcome
from .pkce import build_code_challenge, generate_code_verifier, generate_login_id, generate_nonce, generate_state
from .records import LoginRequest, LoginResult, Outcome, Secrets
from .scopes import Requirement, bare_scopes, merge_requirements
from .tokens import Identity, TokenResponse

POLL_SECONDS = 0.1
Scopes = tuple[tuple[str, ...], tuple[str, ...]]  # granted, and lacking


class Login:
    """One login: ``begin`` shows it, ``finish`` waits for it.

    :param requirements: everything that is needed, held or not.
    :param again: bare scopes to ask for though they are held.
    :param tree: why, where it is a deployed flow that needs more: shown on the card.
    :param still_needed: looked at after waiting for somebody else's login: whether ``again`` still holds.
    :param timeout_seconds: the wait for the person, at most 15 minutes; None for the configured one.
    :param parameters: further parameters of the authorization request, such as ``session_required_mfa``.
    """

    def __init__(
        self,
        context: LoginContext,
        requirements: tuple[Requirement, ...],
        *,
        again: frozenset[str] = frozenset(),
        timeout_seconds: float | None = None,
        parameters: tuple[tuple[str, str], ...] = (),
        tree: ConsentTree | None = None,
        still_needed: Callable[[], bool] = lambda: True,
    ) -> None:
        self.context, self.requirements, self.again, self.parameters = context, requirements, again, parameters
        self.tree, self.still_needed = tree or ConsentTree(), still_needed
        wanted = context.timeout_seconds if timeout_seconds is None else timeout_seconds
        if wanted != wanted:  # not a number: no deadline would ever come
            raise ValueError("timeout is a number of seconds, at most 900, or None for the configured wait")
        self.timeout_seconds, self.clamped = min(wanted, LONGEST_TIMEOUT_SECONDS), wanted > LONGEST_TIMEOUT_SECONDS
        self.deadline = Deadline(context.clock, self.timeout_seconds)
        self.result: LoginResult | None = None
        self.request: LoginRequest | None = None
        self._other: LoginRequest | None = None
        self._asked: Asking | None = None
        self._secrets = Secrets("", "")

    def missing(self) -> tuple[Requirement, ...]:
        """Return what must be asked for. A file of tokens that was unreadable, and so set aside, is said and then asked for anew."""
        try:
            lacking = set(self.context.held.missing(bare_scopes(self.requirements)))
        except LoginRequired as error:
            self.context.say(str(error))
            lacking = set(self.context.held.missing(bare_scopes(self.requirements)))
        return tuple(requirement for requirement in self.requirements if requirement.scope in lacking | self.again)

    def begin(self) -> bool:
        """Show the login, or find the pending one to join; False if nothing is missing, and so nobody is asked.

        :raises InteractionRequired: if nobody is there.
        :raises ProviderError, StorageError: if it can't work here anyway, before the person is bothered.
        """
        missing = self.missing()
        if missing and self.context.seed and not self.again:
            self.context.seed()
            missing = self.missing()
        if not missing:
            return False
        scopes = bare_scopes(missing)
        agent = self.context.choose_user_agent(scopes, self.context.presenter)
        self._asked = Asking(self.context, scopes, agent, self.deadline)
        self.context.store.prepare()
        if self.clamped:
            self.context.say(f"The wait was shortened to the longest allowed, {LONGEST_TIMEOUT_SECONDS / 60:.0f} minutes.")
        self._open(missing)
        return True

    def finish(self) -> None:
        """Wait until everything is held, or the login has ended otherwise.

        :raises LoginDenied, LoginTimeout, IdentityMismatch, StateMismatch, ProviderError, StorageError: as it ended.
        :raises ScopesMissing: if less was granted than asked; what was granted is kept.
        """
        try:
            self._finish()
        except BaseException as error:
            self._end(error)
            raise

    def _finish(self) -> None:
        while missing := self.missing():
            if self.request is not None:
                return self._ask(self.request, missing)
            if self._other is not None:
                self._wait_for(self._other, missing)
            else:
                self._open(missing)
        if self.request is not None:
            self._report(self.request, "done", "Everything that was asked for is held by now; nothing had to be asked.")
        return None

    def _open(self, missing: tuple[Requirement, ...]) -> None:
        """Leave our request and show it, or remember the pending login of somebody else for the same account."""
        request, secrets = self._build_request(missing)
        try:
            with self.context.rendezvous.exclusive():
                same = (request.registration, request.account, request.storage)
                others = [p for p in self.context.rendezvous.pending() if (p.registration, p.account, p.storage) == same]
                self._other = others[0] if others else None
                # What was missing may have come while this request was built: then there is no card to show, or another one.
                if others or self.missing() != missing:
                    return
                # Ours before it is left there: an interrupt in between mustn't leave a request that nobody ends.
                self.request, self._secrets = request, secrets
                self.context.rendezvous.open_request(request)
            # What was asked for again may have come by a login that ended before this one was left: from here on others wait for us.
            self._drop_settled()
            if self.missing():
                # The person's time begins now, and not before the provider answered, or another login had its turn.
                self.deadline.restart()
                self.request = self._asking.show(request)
        except BaseException as error:
            self._end(error)
            raise

    def _drop_settled(self) -> None:
        """Ask nothing again that somebody else's login has brought meanwhile."""
        if self.again and not self.still_needed():
            self.again = frozenset()

    def _build_request(self, missing: tuple[Requirement, ...]) -> tuple[LoginRequest, Secrets]:
        context, login_id = self.context, generate_login_id()
        secrets = Secrets(code_verifier=generate_code_verifier(), nonce=generate_nonce())
        # First of all: which issuer an instance names is known only once it was asked.
        authorization = self._build_authorization(missing, generate_state(login_id), secrets)
        now, scopes = context.clock.now(), bare_scopes(missing)
        request = LoginRequest(
            login_id=login_id,
            provider=context.provider.name,
            provider_title=context.provider.title,
            asked_by=context.asked_by,
            user_agent=self._asking.agent.name,
            registration=context.provider.registration,
            account=context.held.wanted,
            storage=context.store.location,
            scopes=scopes,
            missing=tuple(context.provider.describe(scope) for scope in scopes),
            created_at_seconds=now,
            expires_at_seconds=now + self.timeout_seconds,
            authorization=authorization,
            process=context.process(),
            server_id=context.server_id,
            client_title=context.client_title,
            consent=self.tree.lines(),
        )
        return request, secrets

    def _build_authorization(self, missing: tuple[Requirement, ...], state: str, secrets: Secrets) -> AuthorizationRequest:
        provider, account = self.context.provider, self.context.held.account()
        # One token per resource server is issued for the scopes of *this* request, so what is held there is asked for too.
        servers = {server for requirement in missing if (server := provider.resource_server(requirement.scope))}
        held = [Requirement(scope) for server in sorted(servers) if account for scope in account.scopes_at(server)]
        request = provider.build_authorization_request(
            merge_requirements((*provider.login_requirements(), *missing, *held)),
            state=state,
            nonce=secrets.nonce,
            code_challenge=build_code_challenge(secrets.code_verifier),
            login_hint=self.context.held.wanted or (account.identity.username if account else None),
        )
        return replace(request, extra=(*request.extra, *self.parameters))

    @property
    def _asking(self) -> Asking:
        if self._asked is None:
            raise RuntimeError("begin() comes first")
        return self._asked

    def _wait_for(self, other: LoginRequest, missing: tuple[Requirement, ...]) -> None:
        """Wait for somebody else's login to end, and share its outcome if it asks for all that is missing here."""
        joins = not self.again and set(bare_scopes(missing)) <= set(other.scopes)
        then = "this cell goes on with it." if joins else "this cell asks when that one has ended."
        self.context.say(f"{other.client_title} is waiting for a login for the same account already; {then}")
        while (result := self.context.rendezvous.read_result(other.login_id)) is None:
            if all(pending.login_id != other.login_id for pending in self.context.rendezvous.pending()):
                result = self.context.rendezvous.read_result(other.login_id)
                break
            self.deadline.pause(POLL_SECONDS)
        self._other = None
        self._drop_settled()
        if result is not None and joins:
            raise_shared_outcome(result, self.context.held.missing(bare_scopes(missing)))

    def _ask(self, request: LoginRequest, missing: tuple[Requirement, ...]) -> None:
        context = self.context
        issued = self._asking.wait(request, self._secrets)
        identity = keep_issued(issued, context.held, asked=bare_scopes(missing), now=context.clock.now())
        self._done(request, issued, identity)

    def _done(self, request: LoginRequest, issued: TokenResponse, identity: Identity) -> None:
        scopes = {scope for token in issued.tokens for scope in token.scopes}
        granted = tuple(scope for scope in request.scopes if scope in scopes)
        lacking = tuple(scope for scope in request.scopes if scope not in scopes)
        self._report(request, "done", done_message(identity, granted, lacking), identity=identity, scopes=(granted, lacking))
        if lacking:
            again = " ".join(lacking)
            raise ScopesMissing(
                f"{identity.username} was granted less than was asked; what was granted is kept; "
                f"still missing: {again}; to be asked again: %login {again}",
                missing=lacking,
                granted=granted,
            )

    def _end(self, error: BaseException) -> None:
        """Say how it ended, unless that was said, or nobody was asked."""
        if self.request is not None and self.result is None:
            self._report(self.request, outcome_of(error), message_of(error))
            if isinstance(error, FlowAuthError):
                error.is_said = True

    def _report(
        self, request: LoginRequest, outcome: Outcome, message: str, *, identity: Identity | None = None, scopes: Scopes = ((), ())
    ) -> None:
        """Tell everybody how it ended: the browser's page by the rendezvous, the person by the user agent."""
        self.again = frozenset()
        self.result = LoginResult(request.login_id, outcome, message, self.context.clock.now(), identity, *scopes)
        try:
            self._leave(self.result)
        finally:
            self._asking.agent.finish(request, self.result)

    def _leave(self, result: LoginResult) -> None:
        """Leave the result for everybody who looks, through an interrupt too: a request without one would wait for its deadline."""
        try:
            self.context.rendezvous.write_result(result)
        except KeyboardInterrupt:
            self.context.rendezvous.write_result(result)
            raise
