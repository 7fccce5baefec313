import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hasEnded, sayDuration, sayExpiry } from '../lab/account_tools';
import { writeDiagnosis } from '../lab/diagnosis';
import { type INoticePlace, LoginNotices } from '../lab/notices';
import { AuthPanel } from '../lab/panel';
import { AuthService } from '../lab/service';
import { StatusItem } from '../lab/status';
import { requestAPI } from '../requests';
import type { IAccount, IStatusAnswer } from '../tokens';
import { english } from '../view/words';
import { answerOf, FakeWindow, stubOpen } from './fakes';
import { accountOf, refreshed, statusOf } from './status_answers';

vi.mock(import('../requests'), async original => ({ ...(await original()), requestAPI: vi.fn() }));

const api = vi.mocked(requestAPI);
let service: AuthService;
let panel: AuthPanel;
let status: IStatusAnswer;

function endingIn(seconds: number, changes: Partial<IAccount> = {}): IAccount {
  return { ...accountOf('alice'), expires_at_seconds: Date.now() / 1000 + seconds, ...changes };
}

function button(text: string): HTMLButtonElement | undefined {
  const buttons = Array.from(panel.node.querySelectorAll('button'));
  return buttons.find(item => !item.closest('[hidden]') && item.textContent === text);
}

beforeEach(async () => {
  vi.useFakeTimers();
  status = statusOf({ accounts: [endingIn(3000, { is_renewed: true })] });
  api.mockReset().mockImplementation(endPoint => {
    const answers: Record<string, unknown> = {
      status,
      logins: { login_id: 'own-1' },
      'logins/own-1': answerOf({ login_id: 'own-1' })
    };
    return Promise.resolve(answers[endPoint] ?? { message: 'Renewed: 2 tokens.' });
  });
  service = new AuthService({ baseUrl: 'http://localhost:3000/' });
  panel = new AuthPanel(service, english);
  document.body.append(panel.node);
  await refreshed(service);
});

afterEach(() => {
  panel.dispose();
  service.dispose();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test.each([
  [59, '59 s'],
  [-1, '0 s'],
  [3000, '50 min'],
  [7300, '2 h'],
  [200_000, '2 days']
])('%j seconds are %j', (seconds, words) => {
  expect(sayDuration(seconds, english)).toBe(words);
});

test('an account says how long it is good, and what happens then', () => {
  const now = Date.now() / 1000;
  const say = (account: IAccount): string => sayExpiry(account, now, english);
  expect(say(endingIn(3000, { is_renewed: true }))).toBe(
    'Renewed by itself, the next time in 50 min.'
  );
  expect(say(endingIn(-5, { is_renewed: true }))).toBe('Renewed by itself when it is next used.');
  expect(say(endingIn(3000))).toBe('Ends in 50 min.');
  expect(say(endingIn(-5))).toBe('Its time is over: log in again.');
  expect(say(accountOf('alice'))).toBe('Good until it is logged out.');
  expect([hasEnded(endingIn(-5), now), hasEnded(endingIn(5), now)]).toEqual([true, false]);
});

test('an account that has ended offers to log in again as the same person', async () => {
  expect(button('Log in again')).toBeUndefined();
  stubOpen(new FakeWindow());
  status = statusOf({ accounts: [endingIn(-5)] });
  await refreshed(service);
  button('Log in again')?.click();
  await vi.advanceTimersByTimeAsync(100);
  const body = JSON.stringify({ provider: 'globus', account: 'alice' });
  expect(api).toHaveBeenCalledWith('logins', expect.anything(), { method: 'POST', body });
});

test('a service account that has ended has nobody to log in', async () => {
  status = statusOf({ accounts: [endingIn(-5, { kind: 'service_account' })] });
  await refreshed(service);
  expect(panel.node.textContent).toContain('Service account');
  expect(button('Log in again')).toBeUndefined();
});

test('what is said of an account is within its card', () => {
  const tools = panel.node.querySelector('.jp-FlowAuth-tools');
  expect(tools?.closest('.jfa-view')?.textContent).toContain('alice');
});

test('the time counts down in the panel', async () => {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(false);
  expect(panel.node.textContent).toContain('the next time in 50 min.');
  await vi.advanceTimersByTimeAsync(120_000);
  expect(panel.node.textContent).toContain('the next time in 48 min.');
});

test('a service account says that it is one, and for which instance', async () => {
  const instance = 'https://school.example.org';
  status = statusOf({ accounts: [endingIn(30, { kind: 'service_account', instance })] });
  await refreshed(service);
  expect(panel.node.textContent).toContain(`Service account · ${instance}`);
  expect(button('Renew now')).toBeUndefined();
});

test('renewing asks the server, and what it says is shown', async () => {
  button('Renew now')?.click();
  await vi.advanceTimersByTimeAsync(100);
  const init = { method: 'POST' };
  expect(api).toHaveBeenCalledWith('accounts/id-alice/refresh', service.settings, init);
  expect(panel.node.textContent).toContain('Renewed: 2 tokens.');
  expect(button('Renew now')?.disabled).toBe(false);
});

test('a renewal that fails says why, and the account stays as it is', async () => {
  api.mockRejectedValue(new Error('The server is away.'));
  button('Renew now')?.click();
  await vi.advanceTimersByTimeAsync(100);
  expect(panel.node.textContent).toContain('The server is away.');
  expect(button('Log out')).toBeDefined();
});

test('a second identity logs in beside the first, in a popup of the click', async () => {
  const open = stubOpen(new FakeWindow());
  button('Log in as somebody else')?.click();
  panel.node.querySelector<HTMLInputElement>('.jp-FlowAuth-tools input')!.value = 'bob';
  button('Log in as that one')?.click();
  expect(open).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(100);
  const body = JSON.stringify({ provider: 'globus', account: 'bob' });
  expect(api).toHaveBeenCalledWith('logins', service.settings, { method: 'POST', body });
  expect(button('Cancel')).toBeDefined();
  expect(button('Log out')).toBeDefined();
});

test('a diagnosis names no person in full, and what helps to help', () => {
  const account = { ...endingIn(3000), username: 'alice@sandbox.example' };
  const told = writeDiagnosis(
    statusOf({ accounts: [account], pending: [answerOf()] }),
    '',
    Date.now() / 1000
  );
  expect(told).not.toContain('alice');
  expect(told).toContain('account: a…@sandbox.example (person) through globus');
  expect(told).toContain('waiting: kernel through globus by server, scopes: 2');
  expect(told).toContain('provider: globus (globus) at auth.example.org');
  expect(writeDiagnosis(null, 'It is away.', 0)).toContain('server: It is away.');
});

test('the panel copies a diagnosis', async () => {
  const writeText = vi.fn((text: string) => Promise.resolve(text));
  vi.stubGlobal('navigator', { clipboard: { writeText }, userAgent: 'a browser' });
  button('Copy a diagnosis')?.click();
  await vi.advanceTimersByTimeAsync(0);
  expect(writeText.mock.calls[0]?.[0]).toContain('browser: a browser');
});

test('the status bar tells ok, waiting and attention apart by more than colour', async () => {
  const item = new StatusItem(service, english, () => undefined);
  const inside = item.node.querySelector('button')!;
  expect(inside.dataset['look']).toBe('ok');
  status = statusOf({ accounts: [endingIn(-5)] });
  await refreshed(service);
  expect([inside.dataset['look'], inside.textContent]).toEqual([
    'attention',
    'Log in again: alice'
  ]);
  status = statusOf({ pending: [answerOf()] });
  await refreshed(service);
  expect(inside.dataset['look']).toBe('waiting');
  item.dispose();
});

/** A front end in which a notebook is in front. */
function placeOf(current: string): INoticePlace & { current: ReturnType<typeof vi.fn> } {
  return {
    current: vi.fn(() => current),
    open: vi.fn(),
    isWanted: vi.fn(() => true),
    show: vi.fn(() => 'notice-1'),
    dismiss: vi.fn()
  };
}

test('a login that a notebook behind another waits for is told, and a click goes there', async () => {
  const place = placeOf('front.ipynb');
  const notices = new LoginNotices(service, place, english);
  status = statusOf({ pending: [answerOf({ notebook: 'folder/back.ipynb' })] });
  await refreshed(service);
  expect(place.show).toHaveBeenCalledOnce();
  const [message, label, onClick] = vi.mocked(place.show).mock.calls[0]!;
  expect([message, label]).toEqual([
    'back.ipynb waits for you to log in through Globus.',
    'Go there'
  ]);
  onClick();
  expect(place.open).toHaveBeenCalledWith('folder/back.ipynb');
  place.current.mockReturnValue('folder/back.ipynb');
  notices.update();
  expect(place.dismiss).toHaveBeenCalledWith('notice-1');
  notices.dispose();
  notices.dispose();
  expect(notices.isDisposed).toBe(true);
});

test('a login in front, one without a notebook, and one that nobody wants to hear of are not told', async () => {
  const place = placeOf('front.ipynb');
  const notices = new LoginNotices(service, place, english);
  status = statusOf({ pending: [answerOf({ notebook: 'front.ipynb' }), answerOf()] });
  await refreshed(service);
  vi.mocked(place.isWanted).mockReturnValue(false);
  status = statusOf({ pending: [answerOf({ notebook: 'back.ipynb' })] });
  await refreshed(service);
  expect(place.show).not.toHaveBeenCalled();
  notices.dispose();
});
