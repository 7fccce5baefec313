import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { requestAPI, RequestError } from '../requests';
import type { IConsentLine, IDeviceCode, ILoginTraits, IScopeLine } from '../tokens';
import { writeTree } from '../view/consent';
import { toDevice } from '../view/model';
import { english, type ITranslate } from '../view/words';
import { LoginView } from '../view/view';
import { answerOf, FakeModel, FakeWindow, SCOPES, stubOpen, traitsOf } from './fakes';
import { button, disposeViews, mount, shown, textOf } from './mounting';

vi.mock(import('../requests'), async original => ({ ...(await original()), requestAPI: vi.fn() }));

const DEVICE: IDeviceCode = {
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://sso.example.org/device',
  verification_uri_complete: 'https://sso.example.org/device?user_code=WDJB-MJHT',
  expires_at_seconds: 0
};
const TREE: IConsentLine[] = [
  { depth: 0, new: false, reason: 'Flow', scope: 'urn:flow' },
  { depth: 1, new: true, reason: 'Search', scope: 'urn:search' }
];

function linesOf(count: number): IScopeLine[] {
  return Array.from({ length: count }, (_, index) => ({
    scope: `urn:scope:${index}`,
    title: `Scope ${index}`,
    service: `Service ${index % 3}`,
    granted: index % 3 === 0
  }));
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

test('a device code is shown with the page to type it in at, and without one there is nothing', () => {
  const { el, model } = mount({ rung: 'device', device: DEVICE });
  expect(textOf(el, '.jfa-code')).toBe('WDJB-MJHT');
  expect(textOf(el, '.jfa-device li a')).toBe('https://sso.example.org/device');
  expect(shown(el, '.jfa-filled')?.getAttribute('href')).toBe(DEVICE.verification_uri_complete);
  expect(shown(el, '.jfa-ways')).toBeNull();
  expect(button(el, 'Log in')).toBeUndefined();
  button(el, 'Cancel')?.click();
  const cancelled = ['logins/login-1/cancel', expect.anything(), { method: 'POST' }] as const;
  expect(requestAPI).toHaveBeenCalledWith(...cancelled);
  model.set({ status: 'done' });
  expect(shown(el, '.jfa-device')).toBeNull();
  model.set({ status: 'waiting', device: null });
  expect(shown(el, '.jfa-device')).toBeNull();
});

test('the time left is the device code’s own where that ends sooner', () => {
  const now = Date.now() / 1000;
  const { el } = mount({ device: { ...DEVICE, expires_at_seconds: now + 90 } });
  expect(textOf(el, '.jfa-time')).toBe('1:30 left');
});

test.each(['javascript:alert(1)', 'data:text/html,x', 'nowhere'])(
  'a device page at %j is none',
  verification_uri => {
    expect(toDevice({ ...DEVICE, verification_uri })).toBeNull();
    const filled = toDevice({ ...DEVICE, verification_uri_complete: verification_uri });
    expect(filled?.verification_uri_complete).toBe('');
  }
);

test('the code is copied, and the button says so', async () => {
  const writeText = vi.fn(() => Promise.resolve());
  vi.stubGlobal('navigator', { clipboard: { writeText } });
  const { el } = mount({ device: DEVICE });
  button(el, 'Copy the code')?.click();
  await vi.advanceTimersByTimeAsync(0);
  expect(writeText).toHaveBeenCalledWith('WDJB-MJHT');
  expect(button(el, 'Copied')).toBeDefined();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(button(el, 'Copy the code')).toBeDefined();
});

test('where copying is not allowed, the button says so', async () => {
  vi.stubGlobal('navigator', {});
  const { el } = mount({ device: DEVICE });
  button(el, 'Copy the code')?.click();
  await vi.advanceTimersByTimeAsync(0);
  expect(button(el, 'Copying is not allowed here')).toBeDefined();
  expect(document.querySelector('textarea')).toBeNull();
});

test('the server tells the device code to a view whose model has none', async () => {
  const answer = answerOf({ user_agent: 'device', device: DEVICE });
  vi.mocked(requestAPI).mockResolvedValue(answer);
  const { el } = mount();
  await vi.advanceTimersByTimeAsync(0);
  expect(textOf(el, '.jfa-code')).toBe('WDJB-MJHT');
});

test('sixty scopes are grouped by service and folded; a few are not', () => {
  expect(mount({ scopes: linesOf(6) }).el.querySelectorAll('.jfa-fold')).toHaveLength(0);
  const { el } = mount({ scopes: linesOf(60) });
  const groups = Array.from(el.querySelectorAll<HTMLDetailsElement>('.jfa-fold'));
  expect(groups.map(group => group.open)).toEqual([false, false, false]);
  expect(groups[0]?.querySelector('summary')?.textContent).toBe('Service 020 scopes granted');
  expect(groups[1]?.querySelector('summary')?.textContent).toBe('Service 120 scopes');
  expect(el.querySelectorAll('.jfa-line')).toHaveLength(60);
  expect(textOf(el, '.jfa-scopes .jfa-label')).toBe('What is asked for (60)');
});

test('a group that somebody has opened stays open when something in it is granted', () => {
  const { el, model } = mount({ scopes: linesOf(9) });
  el.querySelector<HTMLDetailsElement>('.jfa-fold')!.open = true;
  model.set({ scopes: linesOf(9).map(line => ({ ...line, granted: true })) });
  const open = Array.from(
    el.querySelectorAll<HTMLDetailsElement>('.jfa-fold'),
    group => group.open
  );
  expect(open).toEqual([true, false, false]);
});

test('a compact view folds even a few', () => {
  const { el } = mount({ compact: true });
  expect(el.querySelectorAll('.jfa-fold')).toHaveLength(2);
  expect(shown(el, '.jfa-scopes .jfa-label')).toBeNull();
});

test('a server that cannot be reached is said, and that it goes on', async () => {
  const { el } = mount();
  await vi.advanceTimersByTimeAsync(0);
  vi.mocked(requestAPI).mockRejectedValue(new RequestError(0, 'down'));
  await vi.advanceTimersByTimeAsync(3_000);
  expect(textOf(el, '.jfa-sentence')).toContain('can’t be reached');
  expect(el.querySelector<HTMLElement>('.jfa-view')?.dataset['offline']).toBe('true');
  vi.mocked(requestAPI).mockResolvedValue(answerOf());
  await vi.advanceTimersByTimeAsync(30_000);
  expect(textOf(el, '.jfa-sentence')).toBe('You choose at Globus what to allow.');
});

test('a tree is copied as the terminal writes it', () => {
  expect(writeTree(TREE, english)).toBe('✓ Flow\n  urn:flow\n   + Search (new)\n     urn:search');
});

test('a large tree folds what is held, and shows what is new', () => {
  const held = Array.from({ length: 8 }, (_, index) => [
    { depth: 1, new: false, reason: `Held ${index}`, scope: `urn:held:${index}` },
    { depth: 2, new: false, reason: `Below ${index}`, scope: `urn:below:${index}` }
  ]).flat();
  const { el } = mount({ consent: [...TREE, ...held] });
  const expanded = Array.from(el.querySelectorAll('li[aria-expanded]'), item =>
    item.getAttribute('aria-expanded')
  );
  expect(expanded).toEqual(['true', ...Array<string>(8).fill('false')]);
  expect(shown(el, '.jfa-mod-new')).not.toBeNull();
});

test('the arrows sideways, and a click, fold and open a branch', () => {
  const { el } = mount({ consent: TREE });
  const [root, child] = Array.from(el.querySelectorAll<HTMLElement>('[role=treeitem]'));
  const press = (key: string): boolean | undefined =>
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  root?.focus();
  press('ArrowLeft');
  expect(root?.getAttribute('aria-expanded')).toBe('false');
  press('ArrowDown');
  expect(document.activeElement).toBe(root);
  press('ArrowRight');
  press('ArrowRight');
  expect(document.activeElement).toBe(child);
  press('ArrowLeft');
  expect(document.activeElement).toBe(root);
  root?.querySelector<HTMLElement>('.jfa-node')?.click();
  expect(root?.getAttribute('aria-expanded')).toBe('false');
});

test('signs that turn the direction of words are taken out of a stranger’s', () => {
  const { el } = mount({ mode: 'panel', identity: { username: 'a\u202elice', name: '' } });
  expect(textOf(el, '.jfa-username')).toBe('alice');
});

test('a word that runs from right to left keeps to itself in our sentence', () => {
  const provider = { name: 'x', title: 'שלום', issuer_host: 'x.example' };
  const { el } = mount({ provider });
  expect(textOf(el, '.jfa-headline')).toContain('\u2068שלום\u2069');
});

/** A language in which every sentence is in brackets. */
const pseudo: ITranslate = {
  __: (message, ...values) =>
    `⟦${message.replace(/%(\d)/g, (_, index: string) => values[Number(index) - 1] ?? '')}⟧`,
  _n: (singular, plural, count, ...values) =>
    pseudo.__(count === 1 ? singular : plural, String(count), ...values)
};

/** The texts of strangers, and what no language spells otherwise. */
const STRANGERS = [...SCOPES.flatMap(line => [line.scope, line.title, line.service])].concat(
  ...TREE.map(line => [line.reason, line.scope]),
  ['alice', 'Alice', 'A', 'auth.example.org', '+', '✓', '0', 'Globus', '·', '%', '(', ')', '60'],
  DEVICE.user_code,
  DEVICE.verification_uri
);

test.each<Partial<ILoginTraits>>([
  {},
  { device: DEVICE },
  { rung: 'paste' },
  { mode: 'panel', status: 'logged_out' },
  { mode: 'panel', status: 'missing', identity: { username: 'alice', name: 'Alice' } },
  { mode: 'panel', status: 'logged_in', identity: { username: 'alice', name: 'Alice' } },
  { consent: TREE, scopes: [] },
  { scopes: linesOf(60).map(line => ({ ...line, ...SCOPES[0]!, scope: line.scope })) },
  ...(['finishing', 'done', 'denied', 'cancelled', 'timed_out'] as const).map(status => ({
    status
  })),
  ...(['failed', 'mismatch', 'interrupted'] as const).map(status => ({ status }))
])('every sentence of %j is translated', traits => {
  const el = document.createElement('div');
  const view = new LoginView({ model: new FakeModel(traitsOf(traits)), el, trans: pseudo });
  const texts = Array.from(el.querySelectorAll('*'))
    .filter(item => item.childElementCount === 0 && !item.closest('code'))
    .map(item => item.textContent)
    .concat(
      ...Array.from(
        el.querySelectorAll('[aria-label]'),
        item => item.getAttribute('aria-label') ?? ''
      )
    );
  const plain = texts.map(text => text.replace(/⟦.*?⟧/gs, ''));
  const left = plain.map(text => STRANGERS.reduce((rest, word) => rest.replaceAll(word, ''), text));
  expect(left.filter(text => /\p{Letter}/u.test(text) && !text.includes('urn:'))).toEqual([]);
  view.dispose();
});
