import type { IAccount } from '../tokens';
import { make, setShown, setText } from '../view/dom';
import type { ITranslate } from '../view/words';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Say a length of time in its largest unit.
 *
 * @param seconds how long
 * @param trans the translation
 * @returns such as "47 min"
 */
export function sayDuration(seconds: number, trans: ITranslate): string {
  if (seconds < 2 * MINUTE) {
    return trans.__('%1 s', String(Math.max(0, Math.floor(seconds))));
  }
  if (seconds < 2 * HOUR) {
    return trans.__('%1 min', String(Math.floor(seconds / MINUTE)));
  }
  return seconds < 2 * DAY
    ? trans.__('%1 h', String(Math.floor(seconds / HOUR)))
    : trans.__('%1 days', String(Math.floor(seconds / DAY)));
}

/**
 * Tell whether an account can't be used any more until somebody logs in again.
 *
 * @param account the account
 * @param now epoch seconds
 * @returns true if so
 */
export function hasEnded(account: IAccount, now: number): boolean {
  const end = account.expires_at_seconds ?? null;
  return end !== null && account.is_renewed !== true && end <= now;
}

/**
 * Say until when an account is good.
 *
 * @param account the account
 * @param now epoch seconds
 * @param trans the translation
 * @returns a sentence
 */
export function sayExpiry(account: IAccount, now: number, trans: ITranslate): string {
  const end = account.expires_at_seconds ?? null;
  if (end === null) {
    return trans.__('Good until it is logged out.');
  }
  if (hasEnded(account, now)) {
    return trans.__('Its time is over: log in again.');
  }
  if (account.is_renewed === true) {
    return end > now
      ? trans.__('Renewed by itself, the next time in %1.', sayDuration(end - now, trans))
      : trans.__('Renewed by itself when it is next used.');
  }
  return trans.__('Ends in %1.', sayDuration(end - now, trans));
}

/** What the buttons under an account do. */
export interface IAccountHandlers {
  refresh(): Promise<void>;
  logInAs(account: string): void;
  /** Bring a notebook to the front. */
  open(notebook: string): void;
}

/** What the panel says and offers of an account besides the card: its kind, its end, and what can be done. */
export class AccountTools {
  readonly element = make('div', { className: 'jp-FlowAuth-tools jfa-tools' });
  private readonly _about = make('p', { className: 'jfa-detail', attributes: { dir: 'auto' } });
  private readonly _expiry = make('p', { className: 'jfa-detail' });
  private readonly _uses = make('p', { className: 'jfa-detail jp-FlowAuth-uses' });
  private readonly _refresh: HTMLButtonElement;
  private readonly _again: HTMLButtonElement;
  private readonly _form: HTMLFormElement;
  private _account: IAccount | null = null;

  /**
   * @param _handlers what the buttons do
   * @param _trans the translation
   */
  constructor(
    private readonly _handlers: IAccountHandlers,
    private readonly _trans: ITranslate
  ) {
    this._refresh = this._button(_trans.__('Renew now'), () => void this._renew());
    this._again = this._button(_trans.__('Log in again'), () => this._logInAgain());
    this._again.classList.add('jfa-mod-primary');
    const another = this._button(_trans.__('Log in as somebody else'), () => this._ask());
    const row = make('div', {
      className: 'jfa-row',
      children: [this._again, this._refresh, another]
    });
    this._form = this._makeForm();
    this.element.append(this._about, this._expiry, this._uses, row, this._form);
  }

  /** @param account the account as it is now */
  update(account: IAccount): void {
    this._account = account;
    const kind = account.kind === 'service_account' ? this._trans.__('Service account') : '';
    setText(this._about, [kind, account.instance ?? ''].filter(Boolean).join(' · '));
    this._refresh.hidden = account.is_renewed !== true;
    this._showUses(account.notebooks ?? []);
    this.tick();
  }

  /** Say again how long it is good: time has passed. */
  tick(): void {
    if (this._account !== null) {
      const now = Date.now() / 1000;
      setText(this._expiry, sayExpiry(this._account, now, this._trans));
      const isOver = hasEnded(this._account, now);
      this.element.classList.toggle('jp-FlowAuth-ended', isOver);
      // A service account has nobody to log in.
      setShown(this._again, isOver && this._account.kind !== 'service_account');
    }
  }

  /** Name the notebooks that use it; the buttons that are there already stay, and keep the focus. */
  private _showUses(notebooks: readonly string[]): void {
    setShown(this._uses, notebooks.length > 0);
    const drawn = JSON.stringify(notebooks);
    if (this._uses.dataset['paths'] === drawn) {
      return;
    }
    this._uses.dataset['paths'] = drawn;
    const buttons = notebooks.map(path => {
      const name = path.split('/').pop() ?? path;
      const button = this._button(name, () => this._handlers.open(path));
      button.className = 'jp-FlowAuth-notebook';
      button.title = path;
      return button;
    });
    this._uses.replaceChildren(
      make('span', {
        text: this._trans._n('Used by %1 notebook:', 'Used by %1 notebooks:', notebooks.length)
      }),
      ...buttons.flatMap(button => [document.createTextNode(' '), button])
    );
  }

  private _logInAgain(): void {
    if (this._account !== null) {
      this._handlers.logInAs(this._account.username);
    }
  }

  private async _renew(): Promise<void> {
    this._refresh.disabled = true;
    await this._handlers.refresh();
    this._refresh.disabled = false;
  }

  /** Ask as whom: a provider's answer for anybody else is refused. */
  private _ask(): void {
    this._form.hidden = !this._form.hidden;
    this._form.querySelector('input')?.focus();
  }

  private _makeForm(): HTMLFormElement {
    const label = this._trans.__('Username or email');
    const input = make('input', {
      className: 'jfa-input',
      attributes: { type: 'text', autocomplete: 'off', 'aria-label': label, placeholder: label }
    });
    const submit = make('button', {
      className: 'jfa-button jfa-mod-primary',
      text: this._trans.__('Log in as that one'),
      attributes: { type: 'submit' }
    });
    const form = make('form', { className: 'jfa-form', children: [input, submit] });
    form.hidden = true;
    form.addEventListener('submit', event => {
      event.preventDefault();
      const account = input.value.trim();
      if (account !== '') {
        form.hidden = true;
        input.value = '';
        this._handlers.logInAs(account);
      }
    });
    return form;
  }

  private _button(text: string, onClick: () => void): HTMLButtonElement {
    const button = make('button', {
      className: 'jfa-button jfa-mod-small',
      text,
      attributes: { type: 'button' }
    });
    button.addEventListener('click', onClick);
    return button;
  }
}
