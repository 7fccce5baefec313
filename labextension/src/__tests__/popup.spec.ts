import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { requestAPI, RequestError } from '../requests';
import { answerOf, FakeWindow, stubOpen } from './fakes';
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
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('a click opens the popup at once, under a random name, and leads it to the login page', () => {
  const popup = new FakeWindow();
  const open = stubOpen(popup);
  const [first, second] = [mount(), mount()];
  button(first.el, 'Log in')?.click();
  button(second.el, 'Log in')?.click();
  const [one, two] = open.mock.calls as [string, string][];
  expect(one?.[0]).toBe('about:blank');
  const [address] = popup.location.replace.mock.calls[0] as [string];
  expect(address).toMatch(/\/user\/x\/flowauth\/login\/login-1$/);
  expect(one?.[1]).toMatch(/^flowauth-[0-9a-f]{16}$/);
  expect(one?.[1]).not.toBe(two?.[1]);
});

test('the popup has lost its way back to the page before it is led anywhere', () => {
  const popup = new FakeWindow();
  const openers: unknown[] = [];
  popup.location.replace.mockImplementation(() => openers.push(popup.opener));
  stubOpen(popup);
  button(mount().el, 'Log in')?.click();
  expect(openers).toEqual([null]);
});

test('a second click opens no other popup, and says where the first one is', () => {
  const popup = new FakeWindow();
  const open = stubOpen(popup);
  const { el } = mount();
  button(el, 'Log in')?.click();
  button(el, 'Show the login window')?.click();
  expect(open).toHaveBeenCalledOnce();
  expect(popup.focus).toHaveBeenCalledTimes(2);
  expect(textOf(el, '.jfa-sentence')).toContain('open already, behind this one');
});

/** A browser in which a frame's popup can be told from the page's, as Chromium is. */
function stubStrictBrowser(popup: FakeWindow): ReturnType<typeof vi.fn> {
  const open = vi.fn(() => popup);
  vi.stubGlobal('navigator', { userAgentData: {} });
  vi.spyOn(HTMLIFrameElement.prototype, 'contentWindow', 'get').mockReturnValue({
    open
  } as unknown as Window);
  return open;
}

test('where only an opener may lead a window away, an empty frame is the opener', () => {
  const popup = new FakeWindow();
  const [byPage, byFrame] = [stubOpen(popup), stubStrictBrowser(popup)];
  const [first, second] = [mount(), mount()];
  [first, second].forEach(({ el }) => button(el, 'Log in')?.click());
  expect(byPage).not.toHaveBeenCalled();
  expect(byFrame).toHaveBeenCalledTimes(2);
  const frames = document.querySelectorAll<HTMLIFrameElement>('iframe');
  expect(frames).toHaveLength(1);
  expect(frames[0]?.hidden).toBe(true);
  expect(frames[0]?.getAttribute('src')).toBeNull();
  expect(frames[0]?.getAttribute('sandbox')).not.toMatch(/scripts|top-navigation/);
});

test('its popup is found again by its name, and so comes to the front', () => {
  const open = stubStrictBrowser(new FakeWindow());
  const { el } = mount();
  button(el, 'Log in')?.click();
  button(el, 'Show the login window')?.click();
  const [first, second] = open.mock.calls as [string, string][];
  expect(second).toEqual(['', first?.[1]]);
  expect(textOf(el, '.jfa-sentence')).not.toContain('behind this one');
});

test('a blocked popup points at the link', () => {
  stubOpen(null);
  const { el } = mount();
  button(el, 'Log in')?.click();
  expect(textOf(el, '.jfa-sentence')).toContain('Use the link below');
  expect(shown(el, '.jfa-ways')?.hasAttribute('open')).toBe(true);
  expect(shown(el, '.jfa-link')).not.toBeNull();
  expect(el.querySelector('.jfa-more')?.hasAttribute('open')).toBe(false);
  expect(button(el, 'Log in')).toBeDefined();
});

test('a closed popup changes nothing but the button', () => {
  const popup = new FakeWindow();
  const open = stubOpen(popup);
  const { el, model } = mount();
  button(el, 'Log in')?.click();
  popup.closed = true;
  vi.advanceTimersByTime(1_000);
  expect(model.sent).toEqual([]);
  expect(el.querySelector<HTMLElement>('.jfa-view')?.dataset['status']).toBe('waiting');
  button(el, 'Open the login again')?.click();
  expect(open).toHaveBeenCalledTimes(2);
});

test('a handle that COOP has cut off is no cancellation', () => {
  const popup = new FakeWindow();
  popup.closed = true;
  stubOpen(popup);
  const { el, model } = mount();
  button(el, 'Log in')?.click();
  vi.advanceTimersByTime(5_000);
  expect(model.sent).toEqual([]);
  expect(button(el, 'Open the login again')).toBeDefined();
  expect(api.mock.calls.some(([endPoint]) => endPoint.includes('cancel'))).toBe(false);
});

test('the popup is closed after a login is done, once its page could be read', () => {
  const popup = new FakeWindow();
  stubOpen(popup);
  const { el, model } = mount();
  button(el, 'Log in')?.click();
  model.set({ status: 'finishing' });
  model.set({ status: 'done' });
  expect(popup.close).not.toHaveBeenCalled();
  disposeViews();
  vi.advanceTimersByTime(3_000);
  expect(popup.close).toHaveBeenCalledOnce();
});

test('the popup is closed at once when the time is over', () => {
  const popup = new FakeWindow();
  stubOpen(popup);
  const { el, model } = mount();
  button(el, 'Log in')?.click();
  model.set({ status: 'timed_out' });
  vi.advanceTimersByTime(0);
  expect(popup.close).toHaveBeenCalledOnce();
});

test('a view that goes before it has heard still closes its popup when the login is over', async () => {
  const popup = new FakeWindow();
  stubOpen(popup);
  const { el } = mount();
  button(el, 'Log in')?.click();
  disposeViews();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(popup.close).not.toHaveBeenCalled();
  api.mockRejectedValue(new RequestError(404, 'This login is over.'));
  await vi.advanceTimersByTimeAsync(6_000);
  expect(popup.close).toHaveBeenCalledOnce();
});

test('a view that goes asks no more once its popup is closed', async () => {
  const popup = new FakeWindow();
  stubOpen(popup);
  button(mount().el, 'Log in')?.click();
  disposeViews();
  popup.closed = true;
  await vi.advanceTimersByTimeAsync(3_000);
  api.mockClear();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(api).not.toHaveBeenCalled();
});
