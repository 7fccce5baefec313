import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AuthPanel } from '../lab/panel';
import { AuthService } from '../lab/service';
import { StatusItem, summarise } from '../lab/status';
import { requestAPI, RequestError } from '../requests';
import type { ILoginAnswer, IStatusAnswer } from '../tokens';
import { english } from '../view/words';
import { answerOf, FakeWindow, MARKUP, stubOpen } from './fakes';
import { accountOf, refreshed, statusOf } from './status_answers';

vi.mock(import('../requests'), async original => ({ ...(await original()), requestAPI: vi.fn() }));

const api = vi.mocked(requestAPI);
let service: AuthService;
let panel: AuthPanel;
let status: IStatusAnswer;
let login: ILoginAnswer;

function answer(endPoint: string): unknown {
  if (endPoint === 'status') {
    return status;
  }
  return endPoint === 'logins' ? { login_id: 'own-1' } : login;
}

async function now(changes: Partial<IStatusAnswer>): Promise<void> {
  status = statusOf(changes);
  await refreshed(service);
}

function button(text: string): HTMLButtonElement | undefined {
  const buttons = Array.from(panel.node.querySelectorAll('button'));
  return buttons.find(item => !item.closest('[hidden]') && item.textContent === text);
}

function headlines(): (string | null)[] {
  return Array.from(panel.node.querySelectorAll('.jfa-headline'), item => item.textContent);
}

beforeEach(async () => {
  vi.useFakeTimers();
  login = answerOf();
  status = statusOf();
  api.mockReset().mockImplementation(endPoint => Promise.resolve(answer(endPoint)));
  service = new AuthService({ baseUrl: 'http://localhost:3000/user/x/' });
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

test('it lists accounts, and providers where nobody is logged in', async () => {
  expect(headlines()).toEqual(['Logged in']);
  expect(panel.node.textContent).toContain('alice');
  expect(button('Log in')).toBeUndefined();
  await now({ accounts: [] });
  expect(headlines()).toEqual(['Not logged in']);
  expect(button('Log in')).toBeDefined();
});

test('a login that a kernel waits for is a card here too, until it is gone', async () => {
  await now({ pending: [answerOf()] });
  expect(headlines()[0]).toBe('A notebook asks for access through Globus');
  await now({ pending: [] });
  expect(headlines()).toEqual(['Logged in']);
});

test('a login needs no kernel: popup in the click, then the server’s login', async () => {
  await now({ accounts: [] });
  const popup = new FakeWindow();
  const open = stubOpen(popup);
  panel.logIn('globus');
  expect(open).toHaveBeenCalledOnce();
  status = statusOf({
    accounts: [],
    pending: [answerOf({ login_id: 'own-1', asked_by: 'server' })]
  });
  login = answerOf({ login_id: 'own-1' });
  await vi.advanceTimersByTimeAsync(100);
  const address = 'http://localhost:3000/user/x/flowauth/login/own-1';
  expect(popup.location.replace).toHaveBeenCalledWith(address);
  expect(headlines()).toEqual(['Jupyter asks for access through Globus']);
});

test('a login that is done says so, then makes room for the next', async () => {
  await now({ accounts: [] });
  stubOpen(new FakeWindow());
  panel.logIn();
  login = answerOf({ login_id: 'own-1', status: 'done', message: 'You are bob.' });
  await vi.advanceTimersByTimeAsync(100);
  await now({ accounts: [accountOf('alice'), accountOf('bob')] });
  expect(panel.node.textContent).toContain('You are bob.');
  await vi.advanceTimersByTimeAsync(6_000);
  expect(headlines()).toEqual(['Logged in', 'Logged in']);
});

test('a login that the server forgot leaves the provider as it was', async () => {
  await now({ accounts: [] });
  stubOpen(new FakeWindow());
  panel.logIn();
  api.mockImplementation(endPoint =>
    endPoint === 'logins/own-1'
      ? Promise.reject(new RequestError(404, 'Gone.'))
      : Promise.resolve(answer(endPoint))
  );
  await vi.advanceTimersByTimeAsync(100);
  await now({ accounts: [] });
  await vi.advanceTimersByTimeAsync(100);
  expect(headlines()).toEqual(['Not logged in']);
});

test('a login that cannot be started says why, and closes the popup', async () => {
  await now({ accounts: [] });
  const popup = new FakeWindow();
  stubOpen(popup);
  api.mockRejectedValue(new RequestError(400, 'No such provider.'));
  panel.logIn();
  await vi.advanceTimersByTimeAsync(0);
  expect(panel.node.textContent).toContain('No such provider.');
  expect(popup.close).toHaveBeenCalledOnce();
});

test('a login for which nothing is missing says so, and closes the popup', async () => {
  await now({ accounts: [] });
  const popup = new FakeWindow();
  stubOpen(popup);
  api.mockResolvedValue({ login_id: null, message: 'Nothing is missing.' });
  panel.logIn();
  await vi.advanceTimersByTimeAsync(0);
  expect(panel.node.textContent).toContain('Nothing is missing.');
  expect(popup.close).toHaveBeenCalledOnce();
});

test('a login that goes on in a terminal has no button here', async () => {
  login = answerOf({ user_agent: 'loopback' });
  await now({
    accounts: [],
    pending: [answerOf({ user_agent: 'loopback', client_title: 'ipython' })]
  });
  expect(headlines()[0]).toBe('ipython asks for access through Globus');
  expect(panel.node.textContent).toContain('goes on where it was started');
  expect(button('Cancel')).toBeUndefined();
  expect(panel.node.querySelector('.jfa-view a[href]')).toBeNull();
});

test('log out asks the server, and the account goes', async () => {
  status = statusOf({ accounts: [] });
  button('Log out')?.click();
  await vi.advanceTimersByTimeAsync(100);
  expect(api.mock.calls.some(([endPoint]) => endPoint === 'accounts/id-alice/logout')).toBe(true);
  expect(headlines()).toEqual(['Not logged in']);
});

test('a logout that fails says so', async () => {
  api.mockRejectedValue(new RequestError(0, 'The server is away.'));
  button('Log out')?.click();
  await vi.advanceTimersByTimeAsync(100);
  expect(panel.node.textContent).toContain('The server is away.');
});

test('a problem is said, and so is a missing provider', async () => {
  await now({ providers: [], accounts: [] });
  expect(panel.node.textContent).toContain('No provider is configured');
  await now({ problems: ['A file is a stranger’s.'] });
  expect(panel.node.textContent).toContain('A file is a stranger’s.');
  api.mockRejectedValue(new RequestError(404, MARKUP));
  await refreshed(service);
  expect(panel.node.querySelector('.jp-FlowAuth-note')?.textContent).toContain(MARKUP);
  expect(panel.node.querySelector('img')).toBeNull();
});

test('a panel that is disposed follows nothing', async () => {
  panel.dispose();
  await now({ pending: [answerOf()] });
  expect(panel.node.querySelector('.jfa-view')).toBeNull();
});

test('the status bar says in a few words how things stand', async () => {
  expect(summarise(service, english)).toBe('Logged in: alice');
  await now({ accounts: [] });
  expect(summarise(service, english)).toBe('Log in');
  await now({ accounts: [accountOf('alice'), accountOf('bob')] });
  expect(summarise(service, english)).toBe('Logged in: alice and 1 more');
  await now({ pending: [answerOf()] });
  expect(summarise(service, english)).toBe('1 login waiting');
  await now({ providers: [] });
  expect(summarise(service, english)).toBe('');
});

test('the status item shows text only, and a click opens the panel', async () => {
  const onClick = vi.fn();
  const item = new StatusItem(service, english, onClick);
  await now({ accounts: [accountOf(MARKUP)] });
  const inside = item.node.querySelector('button')!;
  inside.click();
  expect(onClick).toHaveBeenCalledOnce();
  expect(inside.textContent).toBe(`Logged in: ${MARKUP}`);
  expect(item.node.querySelector('img')).toBeNull();
  expect(item.isActive).toBe(true);
  item.dispose();
});
