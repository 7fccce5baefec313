import { make, setShown, setText } from './dom';
import type { IPart } from './parts';
import type { IShown } from './shown';
import { formatTime, type ITranslate } from './words';

/** What the buttons do. */
export interface IHandlers {
  logIn(): void;
  logOut(): void;
  cancel(): void;
  /** Hand in what was pasted; the error's message is shown. */
  paste(response: string): Promise<void>;
}

function makeButton(className: string, onClick: () => void): HTMLButtonElement {
  const button = make('button', {
    className: `jfa-button ${className}`,
    attributes: { type: 'button' }
  });
  button.addEventListener('click', onClick);
  return button;
}

/** The buttons, and the time left. */
export class ActionsPart implements IPart {
  readonly element = make('div', { className: 'jfa-actions' });
  /** Whether the popup is open, was opened before, or waits for its address. */
  popup: 'none' | 'open' | 'closed' = 'none';
  /** The button whose answer is still to come. */
  busy: 'login' | 'logout' | 'cancel' | '' = '';
  private readonly _row = make('div', { className: 'jfa-row' });
  private readonly _logIn: HTMLButtonElement;
  private readonly _logOut: HTMLButtonElement;
  private readonly _cancel: HTMLButtonElement;
  private readonly _time = make('span', { className: 'jfa-time', attributes: { role: 'timer' } });

  /**
   * @param handlers what the buttons do
   * @param _trans the translation
   */
  constructor(
    handlers: IHandlers,
    private readonly _trans: ITranslate
  ) {
    this._logIn = makeButton('jfa-mod-primary', () => handlers.logIn());
    this._logOut = makeButton('', () => handlers.logOut());
    this._cancel = makeButton('', () => handlers.cancel());
    setText(this._logOut, _trans.__('Log out'));
    setText(this._cancel, _trans.__('Cancel'));
    this._row.append(this._logIn, this._logOut, this._cancel, this._time);
    this.element.append(this._row);
  }

  /** @param shown what to show */
  update(shown: IShown): void {
    const { traits, isPending, isEnded, isServed, loginUrl, pasteFirst } = shown;
    const isWaiting = traits.status === 'waiting';
    const isPanel = traits.mode === 'panel';
    const startsItself = traits.mode !== 'card';
    const isHeld = traits.status === 'logged_in' || traits.status === 'done';
    const isOffered = !isPending && !isHeld && (startsItself || !isEnded);
    setText(this._logIn, this._loginLabel(shown));
    setShown(this._logIn, isOffered || (loginUrl !== '' && !pasteFirst));
    setShown(this._logOut, isPanel && !isPending && traits.identity !== null);
    setShown(this._cancel, isWaiting && (isServed || startsItself || traits.device !== null));
    this._logOut.disabled = this.busy === 'logout';
    this._cancel.disabled = this.busy === 'cancel';
    this._showTime(shown.secondsLeft);
    const parts = [this._logIn, this._logOut, this._cancel, this._time];
    setShown(
      this.element,
      parts.some(part => !part.hidden)
    );
  }

  private _showTime(seconds: number | null): void {
    setText(this._time, seconds === null ? '' : this._trans.__('%1 left', formatTime(seconds)));
  }

  private _loginLabel({ isPending, traits }: IShown): string {
    if (this.popup === 'open') {
      return this._trans.__('Show the login window');
    }
    if (isPending && this.popup === 'closed') {
      return this._trans.__('Open the login again');
    }
    return traits.action || this._trans.__('Log in');
  }
}
