import type { IDisposable } from '@lumino/disposable';
import type { IPendingLogin } from '../tokens';
import type { ITranslate } from '../view/words';
import type { IAuthService } from './service';

/** What notices need of the front end. */
export interface INoticePlace {
  /** The path of the notebook in front, or ''. */
  current: () => string;
  /** Bring a notebook to the front. */
  open: (path: string) => void;
  /** Whether notices are wanted. */
  isWanted: () => boolean;
  /** Show a notice with one button, and return its id. */
  show: (message: string, label: string, onClick: () => void) => string;
  /** Take a notice away. */
  dismiss: (id: string) => void;
}

/** Says that a notebook waits for a login, while another one is in front. */
export class LoginNotices implements IDisposable {
  private readonly _shown = new Map<string, string>();
  private _isDisposed = false;

  /**
   * @param _service what knows of logins
   * @param _place the front end
   * @param _trans the translation
   */
  constructor(
    private readonly _service: IAuthService,
    private readonly _place: INoticePlace,
    private readonly _trans: ITranslate
  ) {
    _service.changed.connect(this.update);
    this.update();
  }

  /** Whether it has been taken down. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Show no more. */
  dispose(): void {
    this._isDisposed = true;
    this._service.changed.disconnect(this.update);
    [...this._shown.keys()].forEach(id => this._dismiss(id));
  }

  /** Look again: a login, or the notebook in front, has changed. */
  readonly update = (): void => {
    const current = this._place.current();
    const pending = (this._service.status?.pending ?? []).filter(
      ({ notebook = '' }) => notebook !== '' && notebook !== current && this._place.isWanted()
    );
    const ids = new Set(pending.map(login => login.login_id));
    [...this._shown.keys()].filter(id => !ids.has(id)).forEach(id => this._dismiss(id));
    pending.filter(login => !this._shown.has(login.login_id)).forEach(login => this._show(login));
  };

  private _show({ login_id: id, notebook = '', title }: IPendingLogin): void {
    const name = notebook.split('/').pop() ?? notebook;
    const message = this._trans.__('%1 waits for you to log in through %2.', name, title);
    const open = (): void => this._place.open(notebook);
    this._shown.set(id, this._place.show(message, this._trans.__('Go there'), open));
  }

  private _dismiss(id: string): void {
    this._place.dismiss(this._shown.get(id) ?? '');
    this._shown.delete(id);
  }
}
