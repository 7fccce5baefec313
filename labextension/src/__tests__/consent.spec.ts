import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { requestAPI } from '../requests';
import type { IConsentLine, ILoginTraits } from '../tokens';
import { toConsent } from '../view/model';
import { answerOf, FakeWindow, MARKUP, SCOPES, stubOpen } from './fakes';
import { button, disposeViews, mount, shown, textOf } from './mounting';

vi.mock(import('../requests'), async original => ({ ...(await original()), requestAPI: vi.fn() }));

const TREE: IConsentLine[] = [
  { depth: 0, new: false, reason: "Flow 'Ingest'", scope: 'urn:flow' },
  { depth: 1, new: false, reason: "Flow 'Ingest' uses Globus Compute", scope: 'urn:compute' },
  { depth: 2, new: false, reason: 'Compute runs functions', scope: 'urn:functions' },
  { depth: 1, new: true, reason: "Flow 'Ingest' now also uses Search", scope: 'urn:search' }
];
const FLOW: Partial<ILoginTraits> = { consent: TREE, headline: "Flow 'Ingest' now needs more" };

function items(el: HTMLElement): HTMLElement[] {
  return Array.from(el.querySelectorAll<HTMLElement>('[role=treeitem]'));
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.mocked(requestAPI).mockReset().mockResolvedValue(answerOf());
  stubOpen(new FakeWindow());
});

afterEach(() => {
  disposeViews();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('the headline says what the tree is about, and the line beneath who asks where', () => {
  const { el } = mount(FLOW);
  expect(textOf(el, '.jfa-headline')).toBe("Flow 'Ingest' now needs more");
  expect(textOf(el, '.jfa-host')).toBe('This notebook asks through Globus (auth.example.org)');
});

test('what is new has another sign than what is held, and says so in a word', () => {
  const { el } = mount(FLOW);
  const signs = Array.from(el.querySelectorAll('.jfa-sign'), sign => sign.textContent);
  const tags = Array.from(el.querySelectorAll('.jfa-tag'), tag => tag.textContent);
  expect(signs).toEqual(['✓', '✓', '✓', '+']);
  expect(tags).toEqual(['allowed already', 'allowed already', 'allowed already', 'new']);
  expect(el.querySelectorAll('.jfa-mod-new')).toHaveLength(1);
});

test('it is a tree of groups, with levels and names for who hears it', () => {
  const { el } = mount(FLOW);
  expect(el.querySelector('[role=tree]')?.getAttribute('aria-label')).toContain('what is new');
  expect(items(el).map(item => item.getAttribute('aria-level'))).toEqual(['1', '2', '3', '2']);
  expect(items(el)[3]?.getAttribute('aria-label')).toBe(
    "Flow 'Ingest' now also uses Search: new. urn:search"
  );
  const groups = Array.from(el.querySelectorAll('[role=group]'), group => group.children.length);
  expect(groups).toEqual([2, 1]);
  expect(items(el)[3]?.parentElement?.parentElement).toBe(items(el)[0]);
});

test('the arrow keys walk the tree, and one item is in the order of tabs', () => {
  const { el } = mount(FLOW);
  items(el)[0]?.focus();
  for (const [key, at] of [
    ['ArrowDown', 1],
    ['End', 3],
    ['ArrowDown', 3],
    ['Home', 0]
  ] as const) {
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    expect(document.activeElement).toBe(items(el)[at]);
  }
  expect(items(el).map(item => item.tabIndex)).toEqual([0, -1, -1, -1]);
});

test('markup in a reason or a scope stays text', () => {
  const { el } = mount({
    consent: [{ depth: 0, new: true, reason: MARKUP, scope: MARKUP }],
    headline: MARKUP
  });
  expect(textOf(el, '.jfa-headline')).toBe(MARKUP);
  expect(textOf(el, '.jfa-tree .jfa-title')).toBe(MARKUP);
  expect(el.querySelector('.jfa-tree code')?.textContent).toBe(MARKUP);
  expect(el.querySelectorAll('img, script')).toHaveLength(0);
});

test('a scope that the tree shows is not listed once more', () => {
  const line = { scope: 'urn:search', title: 'Search', service: '', granted: false };
  const { el, model } = mount({ ...FLOW, scopes: [line, ...SCOPES] });
  const listed = Array.from(el.querySelectorAll('.jfa-list code'), code => code.textContent);
  expect(listed).toEqual(['urn:one:all', 'urn:two:view']);
  expect(textOf(el, '.jfa-scopes .jfa-label')).toBe('Also asked for');
  model.set({ scopes: [line] });
  expect(shown(el, '.jfa-scopes')).toBeNull();
});

test('without a tree there is none, and a login that is done shows none any more', () => {
  expect(shown(mount().el, '.jfa-consent')).toBeNull();
  expect(shown(mount({ ...FLOW, status: 'done' }).el, '.jfa-consent')).toBeNull();
});

test('lines that skip a level, or are none at all, still make a tree', () => {
  const wild = [
    { depth: 9, scope: 'a' },
    null,
    { depth: 7, scope: 'b' },
    { depth: -1, scope: 'c' }
  ];
  expect(toConsent(wild).map(line => line.depth)).toEqual([0, 1, 0]);
  expect(toConsent('no list')).toEqual([]);
});

test('the server tells the tree to a view whose model has none', async () => {
  vi.mocked(requestAPI).mockResolvedValue(
    answerOf({ consent: TREE, headline: "Flow 'Ingest' now needs more" })
  );
  const { el } = mount({ scopes: [] });
  await vi.advanceTimersByTimeAsync(0);
  expect(items(el)).toHaveLength(4);
  expect(textOf(el, '.jfa-headline')).toBe("Flow 'Ingest' now needs more");
});

test('a refused call has a button of its own words, and can be tried again', () => {
  const refused = { ...FLOW, mode: 'refusal', status: 'missing', login_id: '' } as const;
  const { el, model } = mount({ ...refused, action: 'Consent' });
  button(el, 'Consent')?.click();
  expect(model.sent).toEqual([{ type: 'login' }]);
  expect(button(el, 'Log out')).toBeUndefined();
  expect(shown(el, '.jfa-identity')).toBeNull();
  model.set({ status: 'denied', message: 'You said no.' });
  expect(button(el, 'Consent')).toBeDefined();
  model.set({ status: 'done', message: 'Run cell [7] again.' });
  expect(button(el, /./)).toBeUndefined();
  expect(textOf(el, '.jfa-sentence')).toBe('Run cell [7] again.');
});
