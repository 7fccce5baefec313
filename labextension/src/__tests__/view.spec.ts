import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { requestAPI, RequestError } from '../requests';
import { ENDED, type ILoginTraits } from '../tokens';
import { answerOf, FakeWindow, MARKUP, SCOPES, stubOpen } from './fakes';
import { button, disposeViews, mount, shown, textOf } from './mounting';

vi.mock(import('../requests'), async original => ({ ...(await original()), requestAPI: vi.fn() }));

const api = vi.mocked(requestAPI);
beforeEach(() => {
  vi.useFakeTimers();
  api.mockReset().mockResolvedValue(answerOf());
  stubOpen(new FakeWindow());
});

afterEach(() => {
  disposeViews();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('a waiting card says who asks, for what, and how long is left', () => {
  const { el } = mount();
  expect(textOf(el, '.jfa-headline')).toBe('This notebook asks for access through Globus');
  expect(textOf(el, '.jfa-host')).toBe('auth.example.org');
  expect(textOf(el, '.jfa-list')).toContain('Manage data');
  expect(el.querySelector('code')?.textContent).toBe('urn:one:all');
  expect(textOf(el, '.jfa-time')).toBe('4:00 left');
});

test('the time left goes on each second, and stops when the card is off the page', () => {
  const { el } = mount();
  vi.advanceTimersByTime(2_000);
  expect(textOf(el, '.jfa-time')).toBe('3:58 left');
  el.remove();
  vi.advanceTimersByTime(60_000);
  expect(textOf(el, '.jfa-time')).toBe('3:57 left');
});

test('the link leads to the login page and knows no opener', () => {
  const link = mount().el.querySelector<HTMLAnchorElement>('.jfa-link');
  expect(link?.href).toBe('http://localhost:3000/user/x/flowauth/login/login-1');
  expect([link?.target, link?.rel]).toEqual(['_blank', 'noopener noreferrer']);
});

test.each(['javascript:alert(1)//', 'data:text/html,x/', ''])('no link to %j', base_url => {
  expect(shown(mount({ base_url }).el, '.jfa-link')).toBeNull();
});

test('an id that is none becomes no address', () => {
  expect(shown(mount({ login_id: '../../evil?x=' }).el, '.jfa-link')).toBeNull();
});

test('each granted scope gets a tick, which is also said in words', () => {
  const { el, model } = mount();
  model.set({ scopes: SCOPES.map((line, index) => ({ ...line, granted: index === 0 })) });
  const states = Array.from(el.querySelectorAll('.jfa-state'), item => item.textContent);
  expect(states).toEqual(['granted', 'not granted yet']);
  expect(el.querySelectorAll('.jfa-mod-granted')).toHaveLength(1);
});

test('every end says something else and leaves no button', () => {
  const ends = ENDED;
  const seen = ends.map(status => {
    const { el } = mount({ status });
    expect(button(el, /./)).toBeUndefined();
    expect(shown(el, 'a')).toBeNull();
    return [textOf(el, '.jfa-headline'), el.querySelector('.jfa-badge path')?.getAttribute('d')];
  });
  expect(new Set(seen.map(([headline]) => headline)).size).toBe(ends.length);
  expect(new Set(seen.map(([, icon]) => icon)).size).toBe(ends.length);
});

test('a card that is done names the identity and counts the scopes', () => {
  const scopes = SCOPES.map(line => ({ ...line, granted: true }));
  const { el } = mount({ status: 'done', identity: { username: 'alice', name: '' }, scopes });
  expect(textOf(el, '.jfa-sentence')).toBe('You are alice, 2 scopes granted.');
});

test('markup in any text stays text', async () => {
  const line = { scope: MARKUP, title: MARKUP, service: MARKUP, granted: false };
  const { el, model } = mount({
    mode: 'panel',
    scopes: [line],
    message: MARKUP,
    identity: { username: MARKUP, name: MARKUP },
    others: [MARKUP],
    client_title: MARKUP,
    provider: { name: MARKUP, title: MARKUP, issuer_host: MARKUP }
  });
  model.set({ status: 'logged_in' });
  api.mockRejectedValue(new RequestError(400, MARKUP));
  model.set({ status: 'waiting' });
  el.querySelector('input')!.value = 'x';
  el.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));
  await vi.advanceTimersByTimeAsync(0);
  expect(textOf(el, '.jfa-error')).toBe(MARKUP);
  expect(el.querySelectorAll('img, script')).toHaveLength(0);
  expect(el.textContent.split(MARKUP).length).toBeGreaterThan(8);
});

test('traits of wrong types are shown as nothing', () => {
  const wrong = { scopes: 3, provider: null, identity: 'x', others: [1], status: 'odd' };
  const { el } = mount(wrong as unknown as Partial<ILoginTraits>);
  expect(textOf(el, '.jfa-headline')).toBe('The login failed');
});

test('cancel tells the server and the kernel', () => {
  const { el, model } = mount();
  button(el, 'Cancel')?.click();
  expect(model.sent).toEqual([{ type: 'cancel' }]);
  expect(api).toHaveBeenCalledWith('logins/login-1/cancel', expect.anything(), { method: 'POST' });
  expect(button(el, 'Cancel')?.disabled).toBe(true);
});

test('a cancel that does not arrive says what to do', async () => {
  const { el } = mount();
  api.mockRejectedValue(new RequestError(0, 'down'));
  button(el, 'Cancel')?.click();
  await vi.advanceTimersByTimeAsync(0);
  expect(textOf(el, '.jfa-sentence')).toContain('Interrupt the cell');
  expect(button(el, 'Cancel')?.disabled).toBe(false);
});

test('a pasted code goes to the server and is forgotten here', async () => {
  const { el } = mount();
  const input = el.querySelector('input')!;
  input.value = '  the-code ';
  el.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));
  await vi.advanceTimersByTimeAsync(0);
  const init = { method: 'POST', body: '{"response":"the-code"}' };
  expect(api).toHaveBeenCalledWith('logins/login-1/paste', expect.anything(), init);
  expect(input.value).toBe('');
});

test('an empty paste is not sent', () => {
  const { el } = mount();
  el.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));
  expect(api.mock.calls.map(([endPoint]) => endPoint)).toEqual(['logins/login-1']);
});

test('where only pasting works, the card leads with it', async () => {
  api.mockResolvedValue(answerOf({ rung: 'paste' }));
  const { el } = mount();
  await vi.advanceTimersByTimeAsync(0);
  expect(button(el, 'Log in')).toBeUndefined();
  expect(el.querySelector<HTMLDetailsElement>('.jfa-ways')?.open).toBe(true);
  expect(el.querySelector<HTMLAnchorElement>('.jfa-ways li a')?.href).toMatch(/login-1\?paste=1$/);
});

test('why a login goes the way it does is said beside the other ways', async () => {
  const reason = "by way of this Hub's relay at https://hub.example.org/services/flowauth/";
  api.mockResolvedValue(answerOf({ rung_reason: reason }));
  const { el } = mount();
  expect(el.textContent).not.toContain('Why this way');
  await vi.advanceTimersByTimeAsync(0);
  expect(textOf(el, '.jfa-ways')).toContain(`Why this way: ${reason}`);
  expect(el.querySelector<HTMLDetailsElement>('.jfa-ways')?.open).toBe(false);
});

test('where pasting is not to be had, it is not offered', async () => {
  api.mockResolvedValue(answerOf({ paste_available: false }));
  const { el } = mount();
  await vi.advanceTimersByTimeAsync(0);
  expect(shown(el, '.jfa-paste')).toBeNull();
  expect(shown(el, '.jfa-link')).not.toBeNull();
});

test('what the server says counts where no trait arrives', async () => {
  const { el } = mount();
  api.mockResolvedValue(answerOf({ status: 'denied', message: 'You said no.' }));
  await vi.advanceTimersByTimeAsync(3_000);
  expect(textOf(el, '.jfa-headline')).toBe('Access was denied');
  expect(textOf(el, '.jfa-sentence')).toBe('You said no.');
  api.mockClear();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(api).not.toHaveBeenCalled();
});

test('what the kernel says wins over the server', async () => {
  const { el, model } = mount();
  api.mockResolvedValue(answerOf({ status: 'failed' }));
  model.set({ status: 'done' });
  await vi.advanceTimersByTimeAsync(3_000);
  expect(textOf(el, '.jfa-headline')).toBe('Logged in');
});

test('a login that the server forgets twice was interrupted', async () => {
  const { el } = mount();
  await vi.advanceTimersByTimeAsync(0);
  api.mockRejectedValue(new RequestError(404, 'No such login.'));
  await vi.advanceTimersByTimeAsync(3_000);
  expect(textOf(el, '.jfa-headline')).toContain('asks for access');
  await vi.advanceTimersByTimeAsync(3_000);
  expect(textOf(el, '.jfa-headline')).toBe('The login was interrupted');
});

test('a server that never answers is asked less and less often', async () => {
  api.mockRejectedValue(new RequestError(0, 'down'));
  mount();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(api.mock.calls.length).toBeLessThan(6);
});

test('a hidden page asks nothing, and asks at once when it is seen again', async () => {
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  mount();
  await vi.advanceTimersByTimeAsync(9_000);
  expect(api).not.toHaveBeenCalled();
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event('visibilitychange'));
  expect(api).toHaveBeenCalledOnce();
});

test('a card that is not drawn asks nothing: it is in a closed panel, or behind another tab', async () => {
  const { el } = mount();
  await vi.advanceTimersByTimeAsync(0);
  Object.assign(el.querySelector('.jfa-view') ?? {}, { checkVisibility: () => false });
  api.mockClear();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(api).not.toHaveBeenCalled();
});

test('the clock of the server decides what is over, not the browser’s', async () => {
  const { el, model } = mount();
  api.mockImplementation((_, settings) => {
    settings.onServerTime?.(Date.now() / 1000 - 600);
    return Promise.resolve(answerOf());
  });
  const now = Date.now() / 1000 - 600;
  model.set({ started_at_seconds: now, expires_at_seconds: now + 300 });
  await vi.advanceTimersByTimeAsync(3_000);
  expect(textOf(el, '.jfa-time')).toBe('4:57 left');
});

test('a deadline that nobody announces is announced by the view', async () => {
  api.mockImplementation((_, settings) => {
    settings.onServerTime?.(Date.now() / 1000);
    return Promise.resolve(answerOf());
  });
  const { el } = mount({ expires_at_seconds: Date.now() / 1000 + 5 });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(textOf(el, '.jfa-headline')).toBe('The time to log in is over');
});

test('a view that is disposed listens no more', () => {
  const { el, model } = mount();
  disposeViews();
  model.set({ status: 'done' });
  expect(el.childElementCount).toBe(0);
  expect(Array.from(model.listeners.values()).every(set => set.size === 0)).toBe(true);
});

test('a cell that comes back into sight shows the time as it is', () => {
  let seen: (entries: Partial<IntersectionObserverEntry>[]) => void = () => undefined;
  const disconnect = vi.fn();
  class FakeObserver {
    disconnect = disconnect;
    observe = vi.fn();
    constructor(callback: typeof seen) {
      seen = callback;
    }
  }
  vi.stubGlobal('IntersectionObserver', FakeObserver);
  const { el } = mount();
  el.remove();
  vi.advanceTimersByTime(60_000);
  document.body.append(el);
  seen([{ isIntersecting: false }]);
  expect(textOf(el, '.jfa-time')).toBe('3:59 left');
  seen([{ isIntersecting: true }]);
  expect(textOf(el, '.jfa-time')).toBe('3:00 left');
  vi.advanceTimersByTime(1_000);
  expect(textOf(el, '.jfa-time')).toBe('2:59 left');
  disposeViews();
  expect(disconnect).toHaveBeenCalledOnce();
});
