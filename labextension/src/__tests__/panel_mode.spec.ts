import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { requestAPI } from '../requests';
import type { ILoginTraits } from '../tokens';
import { nudge } from '../view/nudge';
import { LoginView } from '../view/view';
import { answerOf, FakeModel, FakeWindow, stubOpen, traitsOf } from './fakes';

vi.mock(import('../requests'), async original => ({ ...(await original()), requestAPI: vi.fn() }));

const ALICE = { username: 'alice', name: 'Alice' };
let view: LoginView;

function mount(traits: Partial<ILoginTraits> = {}): { model: FakeModel; el: HTMLElement } {
  const out = { mode: 'panel', status: 'logged_out', login_id: '', scopes: [] } as const;
  const model = new FakeModel(traitsOf({ ...out, scopes: [], ...traits }));
  const el = document.createElement('div');
  document.body.append(el);
  view = new LoginView({ model, el });
  return { model, el };
}

function labels(el: HTMLElement): (string | null)[] {
  const buttons = Array.from(el.querySelectorAll('button'));
  return buttons.filter(item => !item.closest('[hidden]')).map(item => item.textContent);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.mocked(requestAPI).mockReset().mockResolvedValue(answerOf());
});

afterEach(() => {
  view.dispose();
  document.body.replaceChildren();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('it offers what can be done in each status', () => {
  expect(labels(mount().el)).toEqual(['Log in']);
  expect(labels(mount({ status: 'missing', identity: ALICE }).el)).toEqual(['Log in', 'Log out']);
  expect(labels(mount({ status: 'logged_in', identity: ALICE }).el)).toEqual(['Log out']);
  expect(labels(mount({ status: 'denied' }).el)).toEqual(['Log in']);
  expect(labels(mount({ others: ['bob'] }).el)).toEqual(['Log in']);
});

test('it says who is logged in, what is held, and who else is', () => {
  const { el } = mount({ status: 'logged_in', identity: ALICE, held_count: 2, others: ['bob'] });
  const text = el.querySelector('.jfa-identity')?.textContent;
  expect(text).toContain('alice');
  expect(text).toContain('Alice · 2 scopes held');
  expect(text).toContain('Also logged in: bob');
});

test('a login opens a blank popup in the click, and leads it on when the address comes', () => {
  const popup = new FakeWindow();
  const open = stubOpen(popup);
  const { el, model } = mount();
  el.querySelector<HTMLElement>('button.jfa-mod-primary')?.click();
  expect(open.mock.calls[0]?.[0]).toBe('about:blank');
  expect(popup.document.body.textContent).toBe('Starting the login…');
  expect(model.sent).toEqual([{ type: 'login' }]);
  model.set({ login_id: 'new-1' });
  model.set({ status: 'waiting' });
  expect(popup.location.replace.mock.calls[0]?.[0]).toMatch(/flowauth\/login\/new-1$/);
  vi.advanceTimersByTime(11_000);
  expect(popup.close).not.toHaveBeenCalled();
});

test('a message with the login leads the popup on as well', () => {
  const popup = new FakeWindow();
  stubOpen(popup);
  const { el, model } = mount();
  el.querySelector<HTMLElement>('button.jfa-mod-primary')?.click();
  model.emit('msg:custom', { type: 'login_ready', login_id: 'new-2' });
  model.set({ login_id: 'new-2' });
  model.set({ status: 'waiting' });
  expect(popup.location.replace).toHaveBeenCalledOnce();
  expect(popup.location.replace.mock.calls[0]?.[0]).toMatch(/flowauth\/login\/new-2$/);
  expect(popup.close).not.toHaveBeenCalled();
  expect(labels(el)).toContain('Show the login window');
});

test.each([null, 'x', { type: 'login_ready', login_id: 'javascript:alert(1)' }, { type: 'odd' }])(
  'the message %j leads the popup nowhere',
  message => {
    const popup = new FakeWindow();
    stubOpen(popup);
    const { el, model } = mount();
    el.querySelector<HTMLElement>('button.jfa-mod-primary')?.click();
    model.emit('msg:custom', message);
    expect(popup.location.replace).not.toHaveBeenCalled();
  }
);

test('a popup that nothing arrives for is closed with a sentence', () => {
  const popup = new FakeWindow();
  stubOpen(popup);
  const { el } = mount();
  el.querySelector<HTMLElement>('button.jfa-mod-primary')?.click();
  vi.advanceTimersByTime(10_000);
  expect(popup.close).toHaveBeenCalledOnce();
  expect(el.textContent).toContain('Nothing answered');
  expect(labels(el)).toEqual(['Log in']);
});

test('a refusal before there is a login closes the blank popup', () => {
  const popup = new FakeWindow();
  stubOpen(popup);
  const { el, model } = mount();
  el.querySelector<HTMLElement>('button.jfa-mod-primary')?.click();
  model.set({ status: 'failed', message: 'No provider is configured.' });
  vi.advanceTimersByTime(0);
  expect(popup.close).toHaveBeenCalledOnce();
  expect(el.textContent).toContain('No provider is configured.');
});

test('a blocked popup still asks, and the link is there once the login is', () => {
  stubOpen(null);
  const { el, model } = mount();
  el.querySelector<HTMLElement>('button.jfa-mod-primary')?.click();
  model.set({ login_id: 'new-3', status: 'waiting' });
  expect(el.querySelector<HTMLAnchorElement>('.jfa-link')?.href).toMatch(/new-3$/);
  expect(el.textContent).toContain('Use the link below');
});

test('a view taken down closes its blank popup', () => {
  const popup = new FakeWindow();
  stubOpen(popup);
  mount().el.querySelector<HTMLElement>('button.jfa-mod-primary')?.click();
  view.dispose();
  vi.advanceTimersByTime(0);
  expect(popup.close).toHaveBeenCalledOnce();
});

test('log out is asked for once, until it is answered', () => {
  const { el, model } = mount({ status: 'logged_in', identity: ALICE });
  const button = Array.from(el.querySelectorAll('button')).find(
    item => item.textContent === 'Log out'
  );
  button?.click();
  button?.click();
  expect(model.sent).toEqual([{ type: 'logout' }]);
  model.set({ identity: null, status: 'logged_out' });
  expect(button?.disabled).toBe(false);
});

test('a login that does not go through this server is called off by the kernel alone', () => {
  const { el, model } = mount({ status: 'waiting', rung: 'paste', login_id: 'x', base_url: '' });
  Array.from(el.querySelectorAll('button'))
    .find(item => item.textContent === 'Cancel')
    ?.click();
  expect(labels(el)).toEqual(['Cancel']);
  expect(model.sent).toEqual([{ type: 'cancel' }]);
  expect(vi.mocked(requestAPI)).not.toHaveBeenCalled();
});

test('a popup is not cut short by a model that forgets the login', () => {
  const popup = new FakeWindow();
  stubOpen(popup);
  const { el, model } = mount();
  el.querySelector<HTMLElement>('button.jfa-mod-primary')?.click();
  model.set({ login_id: 'new-4', status: 'waiting' });
  model.traits = { ...model.traits, status: 'logged_in', login_id: '' };
  model.emit('change:login_id');
  expect(popup.close).not.toHaveBeenCalled();
  vi.advanceTimersByTime(3_000);
  expect(popup.close).toHaveBeenCalledOnce();
});

test('a nudge lets a panel ask its kernel to look again, and a card none', async () => {
  const panel = mount({ status: 'logged_in' }).model;
  const card = mount({ mode: 'card' }).model;
  nudge();
  await vi.advanceTimersByTimeAsync(300);
  expect([panel.sent, card.sent]).toEqual([[{ type: 'refresh' }], []]);
});
