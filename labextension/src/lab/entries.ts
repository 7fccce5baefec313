import type { IAccount, IListedProvider, ILoginTraits, IPendingLogin } from '../tokens';
import { ENDED, SERVED_USER_AGENT } from '../tokens';
import type { ITranslate } from '../view/words';
import { AccountTools, type IAccountHandlers } from './account_tools';
import { LabModel } from './model';
import type { IAuthService } from './service';

/** How long the end of a login is to be seen before its entry goes back to rest. */
const SHOWN_MILLISECONDS = 5_000;

/** Something in the panel that a view is mounted on. */
export interface IMountable {
  readonly model: LabModel;
}

/** Such a thing, which the server's answers change. */
export interface IEntry<T> extends IMountable {
  /** Take over what the server says now. */
  update(value: T): void;
  /** Hear that the server does not list it any more. */
  leave?(): void;
}

function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An account that is held. */
export class AccountEntry implements IEntry<IAccount> {
  readonly model: LabModel;
  /** What is offered of it besides the card. */
  readonly tools: AccountTools;
  private _id = '';

  /**
   * @param _service what renews it and logs it out
   * @param account the account
   * @param trans the translation
   * @param handlers what leads away from it: a login as somebody else beside it, a notebook that uses it
   */
  constructor(
    private readonly _service: IAuthService,
    account: IAccount,
    trans: ITranslate,
    handlers: Omit<IAccountHandlers, 'refresh'>
  ) {
    this.tools = new AccountTools({ ...handlers, refresh: () => this._renew() }, trans);
    this.model = new LabModel({ status: 'logged_in', compact: true }, ({ type }) => {
      if (type === 'logout') {
        void this._logOut();
      }
    });
    this.update(account);
  }

  /** @param account the account as it is now */
  update(account: IAccount): void {
    this._id = account.id;
    const { provider: name, title, issuer_host, username } = account;
    this.model.set({
      provider: { name, title, issuer_host },
      identity: { username, name: account.name },
      scopes: account.scopes.map(({ scope, title, service }) => ({
        scope,
        title,
        service,
        granted: true
      })),
      held_count: account.scopes.length
    });
    this.tools.update(account);
  }

  private async _renew(): Promise<void> {
    try {
      this.model.set({ message: (await this._service.renew(this._id)).message });
    } catch (error) {
      this.model.set({ message: toMessage(error) });
    }
  }

  private async _logOut(): Promise<void> {
    try {
      await this._service.logOut(this._id);
    } catch (error) {
      this.model.set({ status: 'failed', message: toMessage(error) });
    }
  }
}

/** A login that a kernel, or another page, waits for. */
export class PendingEntry implements IEntry<IPendingLogin> {
  readonly model: LabModel;

  /**
   * @param service what knows the server's address
   * @param login the login
   * @param trans the translation
   */
  constructor(service: IAuthService, login: IPendingLogin, trans: ITranslate) {
    const asker = login.asked_by === 'kernel' ? trans.__('A notebook') : trans.__('Jupyter');
    const notebook = login.notebook?.split('/').pop() ?? '';
    this.model = new LabModel({
      mode: 'card',
      status: 'waiting',
      client_title: notebook || (login.client_title ?? asker),
      base_url: service.settings.baseUrl
    });
    if (login.user_agent === 'device') {
      this.model.set({ rung: 'device' });
    } else if (login.user_agent !== SERVED_USER_AGENT) {
      const message = trans.__('This login goes on where it was started.');
      this.model.set({ rung: 'loopback', message });
    }
    this.update(login);
  }

  /** @param login the login as it is now */
  update(login: IPendingLogin): void {
    const { login_id, title, issuer_host, scopes, started_at_seconds, expires_at_seconds } = login;
    this.model.set({
      login_id,
      device: login.device ?? null,
      consent: login.consent ?? [],
      headline: login.headline ?? '',
      provider: { name: login.provider, title, issuer_host },
      scopes,
      started_at_seconds,
      expires_at_seconds
    });
  }

  /** Let the view close its popup: who asked has been answered, and says how. */
  leave(): void {
    this.model.set({ status: 'interrupted' });
  }
}

/** A provider at which the server itself can log in, with no kernel at all. */
export class ProviderEntry implements IEntry<IListedProvider> {
  readonly model: LabModel;
  /** As whom the next login is wanted; '' for whoever it is. */
  account = '';
  private _name = '';
  private _asked = false;

  /**
   * @param _service what starts the login
   * @param provider the provider
   * @param trans the translation
   */
  constructor(
    private readonly _service: IAuthService,
    provider: IListedProvider,
    trans: ITranslate
  ) {
    const traits = { client_title: trans.__('Jupyter'), base_url: _service.settings.baseUrl };
    this.model = new LabModel(traits, ({ type }) => {
      if (type === 'login') {
        void this._logIn();
      }
    });
    this.update(provider);
  }

  /** Whether a login goes on here, or has ended in a way that is to be seen. */
  get isBusy(): boolean {
    return this.model.traits.status !== 'logged_out';
  }

  /** The login that this entry has started, or ''. */
  get loginId(): string {
    return this.model.traits.login_id;
  }

  /** @param provider the provider as it is now */
  update(provider: IListedProvider): void {
    this._name = provider.name;
    const { name, title, issuer_host } = provider;
    this.model.set({ provider: { name, title, issuer_host } });
    const pending = this._service.status?.pending ?? [];
    const isListed = pending.some(login => login.login_id === this.loginId);
    if (this.model.traits.status === 'waiting' && !isListed) {
      void this._learnOutcome(this.loginId);
    }
  }

  private async _logIn(): Promise<void> {
    try {
      const { login_id: id, message = '' } = await this._service.startLogin(
        this._name,
        this.account === '' ? {} : { account: this.account }
      );
      if (id) {
        this.model.set({ login_id: id, status: 'waiting', message: '' });
      } else {
        this._end({ status: 'done', message });
      }
    } catch (error) {
      this.model.set({ status: 'logged_out', message: '' });
      this.model.set({ status: 'failed', message: toMessage(error) });
    }
  }

  private async _learnOutcome(id: string): Promise<void> {
    if (this._asked || id === '') {
      return;
    }
    this._asked = true;
    try {
      const { status, message } = await this._service.login(id);
      if (ENDED.includes(status)) {
        this._end({ status, message });
      }
    } catch {
      this._end({ status: 'logged_out', message: '' });
    } finally {
      this._asked = false;
    }
  }

  private _end(traits: Partial<ILoginTraits>): void {
    this.model.set(traits);
    if (traits.status === 'done') {
      const id = this.loginId;
      setTimeout(() => this._rest(id), SHOWN_MILLISECONDS);
    }
  }

  private _rest(id: string): void {
    if (this.loginId === id && this.model.traits.status === 'done') {
      this.model.set({ status: 'logged_out', login_id: '', message: '' });
    }
  }
}
