import { RequestError } from '../requests';
import type { IHandlers } from './actions';
import { lead, make, setShown, setText } from './dom';
import type { IPart } from './parts';
import { sayIn } from './said';
import type { IShown } from './shown';
import type { ITranslate } from './words';

/**
 * What else leads to a login, each folded away until what comes before it has failed: an ordinary link; then the same page
 * in this tab, and the way that works everywhere, to open a page that shows a code and paste the code here.
 */
export class WaysPart implements IPart {
  readonly element = make('details', { className: 'jfa-ways' });
  private readonly _summary = make('summary', { className: 'jfa-summary' });
  private readonly _reason = make('p', { className: 'jfa-label' });
  private readonly _link = make('a', {
    className: 'jfa-link',
    attributes: { target: '_blank', rel: 'noopener noreferrer' }
  });
  private readonly _more = make('details', { className: 'jfa-more' });
  private readonly _moreSummary = make('summary', { className: 'jfa-summary' });
  private readonly _here = make('a', { className: 'jfa-link' });
  private readonly _paste: HTMLElement;
  private readonly _codePage = make('a', {
    attributes: { target: '_blank', rel: 'noopener noreferrer' }
  });
  private readonly _input: HTMLInputElement;
  private readonly _submit: HTMLButtonElement;
  private readonly _error = make('p', { className: 'jfa-error', attributes: { role: 'alert' } });
  private readonly _orPaste = make('p', { className: 'jfa-label' });
  private _wasFirst = false;

  /**
   * @param _handlers what handing in does
   * @param _trans the translation
   */
  constructor(
    private readonly _handlers: IHandlers,
    private readonly _trans: ITranslate
  ) {
    this._input = make('input', {
      className: 'jfa-input',
      attributes: {
        type: 'text',
        autocomplete: 'off',
        autocapitalize: 'off',
        spellcheck: 'false',
        'aria-label': _trans.__('Code or address'),
        placeholder: _trans.__('Code or address')
      }
    });
    this._submit = make('button', {
      className: 'jfa-button jfa-mod-primary',
      text: _trans.__('Use it'),
      attributes: { type: 'submit' }
    });
    setText(this._link, _trans.__('Open the login page in a new tab'));
    setText(this._codePage, _trans.__('Open the page that shows a code'));
    setText(this._error, '');
    setText(this._moreSummary, _trans.__('If no new tab opens, or no page comes back'));
    setText(
      this._here,
      _trans.__('Open the login page in this tab, and come back here afterwards')
    );
    this._paste = make('div', { className: 'jfa-paste', children: [this._orPaste, this._steps()] });
    this._more.append(this._moreSummary, this._here, this._paste);
    this.element.append(this._summary, this._reason, this._link, this._more);
  }

  /** Show them, because the usual way has failed. */
  unfold(): void {
    this.element.open = true;
  }

  /** @param shown what to show */
  update({ pasteAvailable, pasteFirst, loginUrl, rungReason }: IShown): void {
    const isPasteUsable = pasteAvailable && loginUrl !== '';
    setShown(this.element, loginUrl !== '');
    [this._link, this._here, this._moreSummary].forEach(part => setShown(part, !pasteFirst));
    setShown(this._paste, isPasteUsable);
    const first = this._trans.__('Log in with a code');
    setText(this._summary, pasteFirst ? first : this._trans.__('Other ways to log in'));
    setText(this._orPaste, pasteFirst ? '' : this._trans.__('Or paste a code instead:'));
    const reason = sayIn(rungReason, this._trans);
    setText(this._reason, reason && this._trans.__('Why this way: %1', reason));
    if (pasteFirst && !this._wasFirst) {
      this.unfold();
      this._more.open = true;
    }
    this._wasFirst = pasteFirst;
    lead(this._link, loginUrl);
    lead(this._here, loginUrl === '' ? '' : `${loginUrl}?here=1`);
    lead(this._codePage, isPasteUsable ? `${loginUrl}?paste=1` : '');
    if (!isPasteUsable) {
      this._input.value = '';
    }
  }

  private _steps(): HTMLElement {
    const form = make('form', {
      className: 'jfa-form',
      children: [this._input, this._submit]
    });
    form.addEventListener('submit', event => {
      event.preventDefault();
      void this._handIn();
    });
    const copy = this._trans.__(
      'Log in there. Copy the code that it shows; if the page does not load, copy its whole address.'
    );
    return make('ol', {
      className: 'jfa-steps',
      children: [
        make('li', { children: [this._codePage] }),
        make('li', { text: copy }),
        make('li', { text: this._trans.__('Paste it here:'), children: [form, this._error] })
      ]
    });
  }

  private async _handIn(): Promise<void> {
    const response = this._input.value.trim();
    if (response === '' || this._submit.disabled) {
      return;
    }
    this._submit.disabled = true;
    try {
      await this._handlers.paste(response);
      this._input.value = '';
      setText(this._error, '');
    } catch (error) {
      const told = error instanceof RequestError ? sayIn(error.message, this._trans) : '';
      setText(this._error, told || this._trans.__('That could not be handed in. Try again.'));
    } finally {
      this._submit.disabled = false;
    }
  }
}
