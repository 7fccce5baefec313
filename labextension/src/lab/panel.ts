import { Widget } from '@lumino/widgets';
import { makeCopyButton } from '../view/copying';
import { breakable, make, setShown, setText } from '../view/dom';
import { sayIn } from '../view/said';
import { LoginView } from '../view/view';
import type { ITranslate } from '../view/words';
import { AccountEntry, type IEntry, type IMountable, PendingEntry, ProviderEntry } from './entries';
import type { IAccount, IListedProvider, IPendingLogin } from '../tokens';
import { writeDiagnosis } from './diagnosis';
import type { IAuthService } from './service';

/** How often the panel says anew how long an account is good. */
const TICK_MILLISECONDS = 20_000;

/** Entries of one kind, each with its view, in one part of the panel. */
class Section<T, E extends IEntry<T>> {
  readonly element = make('section', { className: 'jp-FlowAuth-section' });
  private readonly _mounted = new Map<string, { entry: E; view: LoginView; home: HTMLElement }>();

  constructor(
    title: string,
    private readonly _keyOf: (value: T) => string,
    private readonly _enter: (value: T) => E,
    private readonly _mount: (entry: E, home: HTMLElement) => LoginView
  ) {
    this.element.append(make('h2', { text: title }));
  }

  /** The entries in the order in which they came. */
  get entries(): E[] {
    return Array.from(this._mounted.values(), ({ entry }) => entry);
  }

  /** The view of the entry with a key, or the first one. */
  viewOf(key: string): LoginView | undefined {
    return (this._mounted.get(key) ?? this._mounted.values().next().value)?.view;
  }

  update(values: readonly T[]): void {
    const keys = new Set(values.map(this._keyOf));
    for (const key of [...this._mounted.keys()].filter(key => !keys.has(key))) {
      this._remove(key);
    }
    values.forEach(value => this._show(value));
    setShown(this.element, values.length > 0);
  }

  private _show(value: T): void {
    const key = this._keyOf(value);
    const mounted = this._mounted.get(key);
    if (mounted) {
      mounted.entry.update(value);
      return;
    }
    const entry = this._enter(value);
    const home = make('div');
    this.element.append(home);
    this._mounted.set(key, { entry, view: this._mount(entry, home), home });
  }

  private _remove(key: string): void {
    const mounted = this._mounted.get(key);
    mounted?.entry.leave?.();
    mounted?.view.dispose();
    mounted?.home.remove();
    this._mounted.delete(key);
  }
}

/** The side panel: what waits, who is logged in, and where one can log in. */
export class AuthPanel extends Widget {
  private readonly _service: IAuthService;
  private readonly _trans: ITranslate;
  private readonly _ticker: ReturnType<typeof setInterval>;
  /** The providers at which somebody asks to log in beside an account. */
  private readonly _adding = new Set<string>();
  private readonly _note = make('p', { className: 'jp-FlowAuth-note' });
  private readonly _problems = make('section', {
    className: 'jp-FlowAuth-section jp-FlowAuth-problems',
    attributes: { 'aria-live': 'polite' }
  });
  private readonly _pending: Section<IPendingLogin, PendingEntry>;
  private readonly _accounts: Section<IAccount, AccountEntry>;
  private readonly _providers: Section<IListedProvider, ProviderEntry>;

  /**
   * @param service what the server knows
   * @param trans the translation
   * @param _open brings a notebook to the front
   */
  constructor(
    service: IAuthService,
    trans: ITranslate,
    private readonly _open: (notebook: string) => void = () => undefined
  ) {
    super();
    this._service = service;
    this._trans = trans;
    this.addClass('jp-FlowAuth-panel');
    const mount = (entry: IMountable, el: HTMLElement): LoginView => this._mount(entry, el);
    this._pending = new Section(
      trans.__('Waiting'),
      login => login.login_id,
      login => new PendingEntry(service, login, trans),
      mount
    );
    this._accounts = new Section(
      trans.__('Accounts'),
      account => account.id,
      account => this._enterAccount(account),
      (entry, home) => {
        const view = mount(entry, home);
        // Within the card: what is said there is about this account, and no other one.
        (home.querySelector('.jfa-view') ?? home).append(entry.tools.element);
        return view;
      }
    );
    this._providers = new Section(
      trans.__('Log in'),
      provider => provider.name,
      provider => this._enterProvider(provider),
      mount
    );
    this._note.setAttribute('role', 'status');
    const sections = [this._pending, this._accounts, this._providers];
    const copy = makeCopyButton(trans.__('Copy a diagnosis'), () => this._diagnose(), trans);
    const foot = make('div', { className: 'jp-FlowAuth-foot jfa-tools', children: [copy] });
    this.node.append(this._note, this._problems, ...sections.map(section => section.element), foot);
    this._ticker = setInterval(() => this._tick(), TICK_MILLISECONDS);
    service.changed.connect(this._update);
    this._update();
  }

  /**
   * Log in, in the click or the command that asks for it.
   *
   * @param provider the provider's name; the first one without
   */
  logIn(provider = ''): void {
    this._providers.viewOf(provider)?.logIn();
  }

  /**
   * Log in beside who is logged in already, in the click that asks for it.
   *
   * @param provider the provider's name
   * @param account the username, email or sub of whoever logs in
   */
  logInAs(provider: string, account: string): void {
    this._adding.add(provider);
    this._update();
    const entry = this._providers.entries.find(
      ({ model }) => model.traits.provider.name === provider
    );
    if (entry) {
      entry.account = account;
    }
    this.logIn(provider);
  }

  /** Take all views down. */
  override dispose(): void {
    if (!this.isDisposed) {
      this._service.changed.disconnect(this._update);
      clearInterval(this._ticker);
      this._pending.update([]);
      this._accounts.update([]);
      this._providers.update([]);
    }
    super.dispose();
  }

  private _mount(entry: IMountable, el: HTMLElement): LoginView {
    const { send } = this._service.settings;
    const context = { model: entry.model, el, trans: this._trans };
    return new LoginView(send ? { ...context, request: send } : context);
  }

  private readonly _update = (): void => {
    const { status, problem } = this._service;
    this._providers.update(this._openProviders());
    const own = new Set(this._providers.entries.map(entry => entry.loginId));
    const pending = status?.pending ?? [];
    this._pending.update(pending.filter(login => !own.has(login.login_id)));
    this._accounts.update(status?.accounts ?? []);
    const said = this._noteOf(status?.providers.length ?? -1, sayIn(problem, this._trans));
    setText(this._note, said);
    this._showProblems(status?.problems ?? []);
  };

  /** Say what is held and can't be used, each with what to do about it. */
  private _showProblems(problems: readonly string[]): void {
    setShown(this._problems, problems.length > 0);
    const sentences = problems.map(problem => sayIn(problem, this._trans));
    if (JSON.stringify(sentences) !== this._problems.dataset['said']) {
      this._problems.dataset['said'] = JSON.stringify(sentences);
      const title = make('h2', { text: this._trans.__('Can’t be used') });
      const items = sentences.map(sentence =>
        make('li', { children: breakable(sentence), attributes: { dir: 'auto' } })
      );
      this._problems.replaceChildren(title, make('ul', { children: items }));
    }
  }

  private _enterAccount(account: IAccount): AccountEntry {
    const { provider } = account;
    return new AccountEntry(this._service, account, this._trans, {
      logInAs: other => this.logInAs(provider, other),
      open: this._open
    });
  }

  private _diagnose(): string {
    return writeDiagnosis(this._service.status, this._service.problem, Date.now() / 1000);
  }

  private _tick(): void {
    if (!document.hidden) {
      this._accounts.entries.forEach(entry => entry.tools.tick());
    }
  }

  private _enterProvider(provider: IListedProvider): ProviderEntry {
    const entry = new ProviderEntry(this._service, provider, this._trans);
    entry.model.on('change:status', () => {
      if (!entry.isBusy) {
        this._adding.delete(provider.name);
      }
      this._update();
    });
    return entry;
  }

  /** The providers where nobody is logged in yet, or where a login of ours goes on. */
  private _openProviders(): IListedProvider[] {
    const { providers = [], accounts = [] } = this._service.status ?? {};
    const held = new Set(accounts.map(account => account.provider));
    const busy = new Set(
      this._providers.entries
        .filter(entry => entry.isBusy)
        .map(entry => entry.model.traits.provider.name)
    );
    return providers.filter(
      ({ name }) => !held.has(name) || busy.has(name) || this._adding.has(name)
    );
  }

  private _noteOf(providers: number, problem: string): string {
    if (problem !== '') {
      return this._trans.__('The logins cannot be shown: %1', problem);
    }
    const none = this._trans.__(
      'No provider is configured. The manual of jupyter_flowauth says how to register a client.'
    );
    return providers === 0 ? none : '';
  }
}
