import { makeCopyButton } from './copying';
import { breakable, lead, make, setShown, setText } from './dom';
import type { IPart } from './parts';
import type { IShown } from './shown';
import type { ITranslate } from './words';

/** The code to type in on another device: the page's address in full, for that is what a person can check. */
export class DevicePart implements IPart {
  readonly element = make('div', { className: 'jfa-device' });
  private readonly _page = make('a', {
    attributes: { target: '_blank', rel: 'noopener noreferrer', dir: 'ltr' }
  });
  private readonly _code = make('output', { className: 'jfa-code', attributes: { dir: 'ltr' } });
  private readonly _filled = make('a', {
    className: 'jfa-filled',
    attributes: { target: '_blank', rel: 'noopener noreferrer' }
  });
  private _userCode = '';

  /** @param trans the translation */
  constructor(trans: ITranslate) {
    const copy = makeCopyButton(trans.__('Copy the code'), () => this._userCode, trans);
    this._code.setAttribute('aria-label', trans.__('Code'));
    setText(this._filled, trans.__('Open that page here, with the code filled in'));
    const steps = make('ol', {
      className: 'jfa-steps',
      children: [
        make('li', {
          text: trans.__('On any device, open this page:'),
          children: [make('br'), this._page]
        }),
        make('li', {
          text: trans.__('Type in this code:'),
          children: [make('div', { className: 'jfa-row', children: [this._code, copy] })]
        })
      ]
    });
    const warning = make('p', {
      className: 'jfa-detail',
      text: trans.__('Give this code to nobody: whoever types it in decides who is logged in here.')
    });
    this.element.append(steps, this._filled, warning);
  }

  /** @param shown what to show */
  update({ traits }: IShown): void {
    const { device } = traits;
    setShown(this.element, device !== null && traits.status === 'waiting');
    const address = device?.verification_uri ?? '';
    if (this._page.textContent !== address) {
      this._page.replaceChildren(...breakable(address));
    }
    this._userCode = device?.user_code ?? '';
    setText(this._code, this._userCode);
    lead(this._page, address);
    lead(this._filled, device?.verification_uri_complete ?? '');
    setShown(this._filled, (device?.verification_uri_complete ?? '') !== '');
  }
}
