import type { ILoginTraits, IScopeLine } from '../tokens';
import { breakable, drawIcon, make, setShown, setText } from './dom';
import type { IPart } from './parts';
import type { IShown } from './shown';
import { type ITranslate, RING, TICK } from './words';

/** More lines than these are grouped by service, and folded. */
const MOST_LINES = 6;

/** The scopes in words, the scope strings beneath, and a tick for each that is granted. */
export class ScopesPart implements IPart {
  readonly element = make('div', { className: 'jfa-scopes' });
  private readonly _label = make('p', { className: 'jfa-label' });
  private readonly _lists = make('div', { className: 'jfa-lists' });
  private _drawn = '';

  /** @param _trans the translation */
  constructor(private readonly _trans: ITranslate) {
    this.element.append(this._label, this._lists);
  }

  /** @param shown what to show */
  update({ traits }: IShown): void {
    const inTree = new Set(traits.consent.map(line => line.scope));
    const scopes = traits.scopes.filter(line => !inTree.has(line.scope));
    const isFolded = traits.compact || scopes.length > MOST_LINES;
    setShown(this.element, scopes.length > 0);
    setText(this._label, traits.compact ? '' : this._labelOf(traits, scopes.length));
    const drawn = JSON.stringify([isFolded, scopes]);
    if (drawn !== this._drawn) {
      this._drawn = drawn;
      this._lists.replaceChildren(...(isFolded ? this._fold(scopes) : [this._list(scopes)]));
    }
  }

  private _labelOf({ mode, status, consent }: ILoginTraits, count: number): string {
    const label = this._plainLabelOf(mode, status, consent.length);
    return count > MOST_LINES ? `${label} (${count})` : label;
  }

  private _plainLabelOf(
    mode: ILoginTraits['mode'],
    status: ILoginTraits['status'],
    consents: number
  ): string {
    if (status !== 'waiting' && status !== 'missing') {
      return this._trans.__('Scopes');
    }
    if (consents === 0) {
      return this._trans.__('What is asked for');
    }
    return mode === 'panel' ? this._trans.__('Scopes') : this._trans.__('Also asked for');
  }

  /** One folded list for each service, in the order in which they come. What somebody has opened stays open. */
  private _fold(scopes: readonly IScopeLine[]): Node[] {
    const open = new Set(
      Array.from(
        this._lists.querySelectorAll('details[open]'),
        group => group.getAttribute('data-service') ?? ''
      )
    );
    return Array.from(byService(scopes), ([service, lines]) => {
      const group = make('details', {
        className: 'jfa-fold',
        attributes: { 'data-service': service },
        children: [this._summary(service, lines), this._list(lines)]
      });
      group.open = open.has(service);
      return group;
    });
  }

  private _summary(service: string, lines: readonly IScopeLine[]): HTMLElement {
    const granted = lines.filter(line => line.granted).length;
    const count = this._trans._n('%1 scope', '%1 scopes', lines.length);
    const held = granted > 0 ? this._trans.__('%1, %2 granted', count, String(granted)) : count;
    const all = this._trans._n('%1 scope granted', '%1 scopes granted', lines.length);
    const name = service === '' ? this._trans.__('Other') : service;
    return make('summary', {
      className: 'jfa-summary jfa-about',
      children: [
        make('span', { className: 'jfa-title', text: name, attributes: { dir: 'auto' } }),
        make('span', { className: 'jfa-service', text: granted === lines.length ? all : held })
      ]
    });
  }

  private _list(lines: readonly IScopeLine[]): HTMLElement {
    return make('ul', { className: 'jfa-list', children: lines.map(line => this._line(line)) });
  }

  private _line(line: IScopeLine): HTMLLIElement {
    const mark = line.granted ? this._trans.__('granted') : this._trans.__('not granted yet');
    const isSaid = line.service === '' || line.title.includes(line.service);
    const about = [
      make('span', {
        className: 'jfa-title',
        text: line.title || line.scope,
        attributes: { dir: 'auto' }
      }),
      ...(isSaid
        ? []
        : [
            make('span', {
              className: 'jfa-service',
              text: line.service,
              attributes: { dir: 'auto' }
            })
          ])
    ];
    return make('li', {
      className: line.granted ? 'jfa-line jfa-mod-granted' : 'jfa-line',
      children: [
        make('span', {
          className: 'jfa-mark',
          children: [drawIcon(line.granted ? TICK : RING, 'jfa-icon')]
        }),
        make('div', {
          className: 'jfa-words',
          children: [make('div', { className: 'jfa-about', children: about }), scopeOf(line.scope)]
        }),
        make('span', { className: 'jfa-state', text: mark })
      ]
    });
  }
}

/**
 * Draw a scope's own spelling, which reads from left to right in every language.
 *
 * @param scope the scope
 * @returns the element
 */
export function scopeOf(scope: string): HTMLElement {
  return make('code', {
    className: 'jfa-scope',
    children: breakable(scope),
    attributes: { dir: 'ltr' }
  });
}

function byService(scopes: readonly IScopeLine[]): Map<string, IScopeLine[]> {
  const groups = new Map<string, IScopeLine[]>();
  for (const line of scopes) {
    groups.set(line.service, [...(groups.get(line.service) ?? []), line]);
  }
  return groups;
}
