import type { IConsentLine } from '../tokens';
import { makeCopyButton } from './copying';
import { make, setShown, setText } from './dom';
import type { IPart } from './parts';
import { scopeOf } from './scopes';
import type { IShown } from './shown';
import type { ITranslate } from './words';

const STEPS: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: at => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_at, last) => last
};

/** In a tree of more lines than this, what is held already is folded from this depth on. */
const MOST_LINES = 12;
const FOLDED_DEPTH = 1;

/**
 * Write a tree as text, as the terminal shows it: what is new says so in a word too, for whom no signs are told.
 *
 * @param consent its lines
 * @param trans the translation
 * @returns one line for each reason, and one beneath for its scope
 */
export function writeTree(consent: readonly IConsentLine[], trans: ITranslate): string {
  return consent
    .map(line => {
      const indent = '   '.repeat(line.depth);
      const head = line.new ? `+ ${trans.__('%1 (new)', line.reason)}` : `✓ ${line.reason}`;
      return `${indent}${head}\n${indent}  ${line.scope}`;
    })
    .join('\n');
}

/** The tree of a deployed flow's consents: what it may do already, and what is new and why. */
export class ConsentPart implements IPart {
  readonly element = make('div', { className: 'jfa-consent' });
  private readonly _label = make('p', { className: 'jfa-label' });
  private readonly _tree: HTMLUListElement;
  private _drawn = '';
  private _lines: IConsentLine[] = [];

  /** @param _trans the translation */
  constructor(private readonly _trans: ITranslate) {
    this._tree = make('ul', { className: 'jfa-tree', attributes: { role: 'tree' } });
    this._tree.addEventListener('keydown', event => this._move(event));
    this._tree.addEventListener('click', event => this._clicked(event));
    const copy = makeCopyButton(
      _trans.__('Copy as text'),
      () => writeTree(this._lines, _trans),
      _trans
    );
    const head = make('div', { className: 'jfa-row', children: [this._label, copy] });
    this.element.append(head, this._tree);
  }

  /** @param shown what to show */
  update({ traits, isEnded }: IShown): void {
    const { consent } = traits;
    setShown(this.element, consent.length > 0 && !(isEnded && traits.status === 'done'));
    const drawn = JSON.stringify(consent);
    if (drawn === this._drawn) {
      return;
    }
    this._drawn = drawn;
    this._lines = consent;
    const isAllNew = consent.every(line => line.new);
    const label = isAllNew
      ? this._trans.__('What it needs')
      : this._trans.__('What it may do already, and what is new');
    setText(this._label, label);
    this._tree.setAttribute('aria-label', label);
    this._draw(consent);
  }

  private _draw(consent: IConsentLine[]): void {
    this._tree.replaceChildren();
    const open: HTMLElement[] = [this._tree];
    for (const line of consent) {
      const item = this._item(line);
      open.length = line.depth + 1;
      this._groupOf(open[line.depth]).append(item);
      open.push(item);
    }
    this._tree.querySelector('li')?.setAttribute('tabindex', '0');
    if (consent.length > MOST_LINES) {
      this._foldHeld();
    }
  }

  /** Fold what holds nothing new, so that the new is seen at once. */
  private _foldHeld(): void {
    for (const item of this._tree.querySelectorAll<HTMLElement>('li[aria-expanded]')) {
      const isDeep = Number(item.getAttribute('aria-level')) > FOLDED_DEPTH;
      if (isDeep && item.querySelector('.jfa-group .jfa-mod-new') === null) {
        setExpanded(item, false);
      }
    }
  }

  /** Find, or make, the list in which an item's children are. */
  private _groupOf(parent: HTMLElement | undefined): HTMLElement {
    if (parent === undefined || parent === this._tree) {
      return this._tree;
    }
    const last = parent.lastElementChild;
    if (last instanceof HTMLUListElement) {
      return last;
    }
    const group = make('ul', { className: 'jfa-group', attributes: { role: 'group' } });
    parent.append(group);
    setExpanded(parent, true);
    return group;
  }

  private _item(line: IConsentLine): HTMLLIElement {
    const state = line.new ? this._trans.__('new') : this._trans.__('allowed already');
    const attributes = {
      role: 'treeitem',
      tabindex: '-1',
      // The arrow keys move in the tree, not to another cell: Lumino asks the element that has the focus.
      'data-lm-suppress-shortcuts': 'true',
      'aria-level': String(line.depth + 1),
      'aria-label': this._trans.__('%1: %2. %3', line.reason, state, line.scope)
    };
    const sign = make('span', {
      className: 'jfa-sign',
      text: line.new ? '+' : '✓',
      attributes: { 'aria-hidden': 'true' }
    });
    const reason = make('span', {
      className: 'jfa-title',
      text: line.reason,
      attributes: { dir: 'auto' }
    });
    const tag = make('span', { className: 'jfa-tag', text: state });
    const scope = scopeOf(line.scope);
    const about = make('div', { className: 'jfa-about', children: [reason, tag] });
    const words = make('div', { className: 'jfa-words', children: [about, scope] });
    const node = make('div', {
      className: line.new ? 'jfa-node jfa-mod-new' : 'jfa-node',
      children: [sign, words]
    });
    return make('li', { className: 'jfa-branch', attributes, children: [node] });
  }

  private _move(event: KeyboardEvent): void {
    const seen = Array.from(this._tree.querySelectorAll('li')).filter(
      item => item.closest('.jfa-group[hidden]') === null
    );
    const at = seen.findIndex(item => item === document.activeElement);
    const current = seen[at];
    const step = STEPS[event.key];
    if (current === undefined) {
      return;
    }
    const next =
      step === undefined ? sideways(event.key, current) : seen[step(at, seen.length - 1)];
    if (next === null) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    seen.forEach(item => item.setAttribute('tabindex', '-1'));
    next?.setAttribute('tabindex', '0');
    next?.focus();
  }

  private _clicked(event: MouseEvent): void {
    const node = event.target instanceof Element ? event.target.closest('.jfa-node') : null;
    const item = node?.parentElement;
    if (item?.hasAttribute('aria-expanded') && window.getSelection()?.isCollapsed !== false) {
      setExpanded(item, item.getAttribute('aria-expanded') !== 'true');
    }
  }
}

/** Show or hide an item's children. */
function setExpanded(item: HTMLElement, isExpanded: boolean): void {
  const group = item.querySelector<HTMLElement>(':scope > .jfa-group');
  if (group !== null) {
    item.setAttribute('aria-expanded', String(isExpanded));
    setShown(group, isExpanded);
  }
}

/** Open or enter an item with the arrow to the right, close or leave it with the one to the left; null for other keys. */
function sideways(key: string, item: HTMLElement): HTMLElement | null {
  const expanded = item.getAttribute('aria-expanded');
  if (key === 'ArrowRight' && expanded !== null) {
    const child = expanded === 'true' ? item.querySelector<HTMLElement>('.jfa-group > li') : null;
    setExpanded(item, true);
    return child ?? item;
  }
  if (key === 'ArrowLeft') {
    const parent = expanded === 'true' ? null : item.parentElement?.closest<HTMLElement>('li');
    setExpanded(item, false);
    return parent ?? item;
  }
  return null;
}
