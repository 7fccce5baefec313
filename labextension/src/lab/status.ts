import { Widget } from '@lumino/widgets';
import { make } from '../view/dom';
import type { ITranslate } from '../view/words';
import { hasEnded } from './account_tools';
import type { IAuthService } from './service';

/**
 * Say in a few words how things stand.
 *
 * @param service what the server knows
 * @param trans the translation
 * @returns the words; '' if there is nothing to say
 */
export function summarise(service: IAuthService, trans: ITranslate): string {
  const { status, problem } = service;
  if (status === null || problem !== '' || status.providers.length === 0) {
    return '';
  }
  if (status.pending.length > 0) {
    return trans._n('%1 login waiting', '%1 logins waiting', status.pending.length);
  }
  const ended = status.accounts.find(account => hasEnded(account, Date.now() / 1000));
  if (ended !== undefined) {
    return trans.__('Log in again: %1', ended.username);
  }
  const [first, ...others] = status.accounts;
  if (first === undefined) {
    return trans.__('Log in');
  }
  return others.length === 0
    ? trans.__('Logged in: %1', first.username)
    : trans.__('Logged in: %1 and %2 more', first.username, String(others.length));
}

/** What a glance at the status bar tells: all is well, somebody waits, something has ended or can’t be used, or nobody is logged in. */
export type Look = 'ok' | 'waiting' | 'attention' | 'out';

/**
 * Tell what a glance should.
 *
 * @param service what the server knows
 * @returns the look
 */
export function lookOf({ status }: IAuthService): Look {
  if ((status?.pending.length ?? 0) > 0) {
    return 'waiting';
  }
  const accounts = status?.accounts ?? [];
  const isHindered = (status?.problems ?? []).length > 0;
  if (isHindered || accounts.some(account => hasEnded(account, Date.now() / 1000))) {
    return 'attention';
  }
  return accounts.length > 0 ? 'ok' : 'out';
}

/** The status-bar item: who is logged in, or how many logins wait. */
export class StatusItem extends Widget {
  private readonly _button = make('button', {
    className: 'jp-FlowAuth-status',
    attributes: { type: 'button' }
  });

  /**
   * @param _service what the server knows
   * @param _trans the translation
   * @param onClick what a click does
   */
  constructor(
    private readonly _service: IAuthService,
    private readonly _trans: ITranslate,
    onClick: () => void
  ) {
    super();
    this._button.addEventListener('click', onClick);
    this.node.append(this._button);
    _service.changed.connect(this._update);
    this._update();
  }

  /** Whether there is anything to say. */
  get isActive(): boolean {
    return this._button.textContent !== '';
  }

  /** Stop following the service. */
  override dispose(): void {
    if (!this.isDisposed) {
      this._service.changed.disconnect(this._update);
    }
    super.dispose();
  }

  private readonly _update = (): void => {
    const text = summarise(this._service, this._trans);
    this._button.textContent = text;
    this._button.title = text;
    this._button.dataset['look'] = lookOf(this._service);
  };
}
