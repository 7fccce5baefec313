import { breakable, drawIcon, make, setShown, setText } from './dom';
import type { IShown } from './shown';
import { describe, ICONS, type ITranslate } from './words';

/** A part of the view: it is built once, and told what to show. */
export interface IPart {
  readonly element: HTMLElement;
  update(shown: IShown): void;
}

/** Who asks, or how it ended: icon, headline, issuer's host, and one sentence. */
export class HeadPart implements IPart {
  readonly element: HTMLElement;
  /** A sentence of the view's own, which goes before the model's. */
  notice = '';
  private readonly _badge = make('div', { className: 'jfa-badge' });
  private readonly _headline = make('p', {
    className: 'jfa-headline',
    attributes: { dir: 'auto' }
  });
  private readonly _host = make('p', { className: 'jfa-host', attributes: { dir: 'auto' } });
  private readonly _sentence = make('p', {
    className: 'jfa-sentence',
    attributes: { dir: 'auto' }
  });
  private _icon = '';

  /** @param _trans the translation */
  constructor(private readonly _trans: ITranslate) {
    const words = make('div', {
      className: 'jfa-words',
      attributes: { role: 'status', 'aria-live': 'polite', 'aria-atomic': 'false' },
      children: [this._headline, this._host, this._sentence]
    });
    this.element = make('div', { className: 'jfa-head', children: [this._badge, words] });
  }

  /** @param shown what to show */
  update(shown: IShown): void {
    const { traits } = shown;
    const words = describe(traits, this._trans);
    this._draw(ICONS[traits.status]);
    setText(this._headline, words.headline);
    setText(this._host, words.origin);
    const offline = shown.isOffline
      ? this._trans.__(
          'The Jupyter server can’t be reached just now. The login goes on as soon as it can.'
        )
      : '';
    setText(this._sentence, offline || this.notice || traits.message || words.sentence);
  }

  private _draw(path: string): void {
    if (this._icon !== path) {
      this._icon = path;
      this._badge.replaceChildren(drawIcon(path, 'jfa-icon'));
    }
  }
}

/** Who is logged in, and how much is held. */
export class IdentityPart implements IPart {
  readonly element = make('div', { className: 'jfa-identity' });
  private readonly _initial = make('span', {
    className: 'jfa-initial',
    attributes: { 'aria-hidden': 'true' }
  });
  private readonly _username = make('p', {
    className: 'jfa-username',
    attributes: { dir: 'auto' }
  });
  private readonly _detail = make('p', { className: 'jfa-detail', attributes: { dir: 'auto' } });
  private readonly _others = make('p', { className: 'jfa-detail', attributes: { dir: 'auto' } });

  /** @param _trans the translation */
  constructor(private readonly _trans: ITranslate) {
    const lines = make('div', {
      className: 'jfa-words',
      children: [this._username, this._detail, this._others]
    });
    this.element.append(this._initial, lines);
  }

  /** @param shown what to show */
  update({ traits }: IShown): void {
    const { identity, others, held_count: count } = traits;
    setShown(this.element, traits.mode === 'panel' && (identity !== null || others.length > 0));
    setText(this._initial, Array.from(identity?.username ?? '')[0]?.toUpperCase() ?? '');
    const username = identity?.username ?? '';
    if (this._username.textContent !== username) {
      this._username.replaceChildren(...breakable(username));
    }
    setShown(this._username, username !== '');
    const held = this._trans._n('%1 scope held', '%1 scopes held', count);
    const detail = [identity?.name ?? '', held].filter(text => text !== '').join(' · ');
    setText(this._detail, identity === null ? '' : detail);
    const list = others.join(', ');
    setText(this._others, list === '' ? '' : this._trans.__('Also logged in: %1', list));
  }
}
