import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Signal } from '@lumino/signaling';
import { AuthService, type IServerEvent } from '../lab/service';
import { nudge, watchNudges } from '../view/nudge';
import { requestAPI, RequestError } from '../requests';
import { answerOf } from './fakes';
import { refreshed, statusOf } from './status_answers';

vi.mock(import('../requests'), async original => ({ ...(await original()), requestAPI: vi.fn() }));

const api = vi.mocked(requestAPI);
let service: AuthService;

beforeEach(() => {
  vi.useFakeTimers();
  api.mockReset().mockResolvedValue(statusOf());
  service = new AuthService({ baseUrl: '/' });
});

afterEach(() => {
  service.dispose();
  vi.useRealTimers();
});

test('it asks at once, and tells what it heard', async () => {
  const heard = vi.fn();
  service.changed.connect(heard);
  expect(service.status).toBeNull();
  await refreshed(service);
  expect(service.status).toEqual(statusOf());
  expect(heard).toHaveBeenCalledOnce();
});

test('the same answer again is no change', async () => {
  await refreshed(service);
  const heard = vi.fn();
  service.changed.connect(heard);
  await refreshed(service);
  expect(heard).not.toHaveBeenCalled();
});

test('it asks every ten seconds when idle, and each second while a login is pending', async () => {
  await refreshed(service);
  api.mockClear();
  await vi.advanceTimersByTimeAsync(21_000);
  expect(api).toHaveBeenCalledTimes(2);
  api.mockResolvedValue(statusOf({ pending: [answerOf()] }));
  await refreshed(service);
  api.mockClear();
  await vi.advanceTimersByTimeAsync(5_100);
  expect(api).toHaveBeenCalledTimes(5);
});

test('a problem is told, and what was known is kept', async () => {
  await refreshed(service);
  api.mockRejectedValue(new RequestError(404, 'Not installed.'));
  await refreshed(service);
  expect(service.problem).toBe('Not installed.');
  expect(service.status).toEqual(statusOf());
  api.mockResolvedValue(statusOf());
  await refreshed(service);
  expect(service.problem).toBe('');
});

test('an error that is none is told as well', async () => {
  api.mockRejectedValue('odd');
  await refreshed(service);
  expect(service.problem).toBe('odd');
});

test('a server that does not answer is asked less and less often', async () => {
  api.mockRejectedValue(new RequestError(0, 'down'));
  await refreshed(service);
  api.mockClear();
  await vi.advanceTimersByTimeAsync(300_000);
  expect(api.mock.calls.length).toBeLessThan(20);
});

test('a hidden page is not asked for', async () => {
  await refreshed(service);
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  document.dispatchEvent(new Event('visibilitychange'));
  await vi.advanceTimersByTimeAsync(15_000);
  api.mockClear();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(api).not.toHaveBeenCalled();
});

test('a login is asked about by its id', async () => {
  api.mockResolvedValue(answerOf());
  expect(await service.login('a/b')).toEqual(answerOf());
  expect(api).toHaveBeenCalledWith('logins/a%2Fb', service.settings);
});

test('a login is started with a provider and scopes', async () => {
  api.mockResolvedValue({ ...statusOf(), login_id: 'l1' });
  expect((await service.startLogin('globus', { scopes: ['urn:one:all'] })).login_id).toBe('l1');
  const body = '{"provider":"globus","scopes":["urn:one:all"]}';
  expect(api).toHaveBeenCalledWith('logins', service.settings, { method: 'POST', body });
});

test('a login without scopes names none', async () => {
  api.mockResolvedValue({ ...statusOf(), login_id: 'l1' });
  await service.startLogin('globus');
  const init = { method: 'POST', body: '{"provider":"globus"}' };
  expect(api).toHaveBeenCalledWith('logins', service.settings, init);
});

test('a logout revokes, and the status is asked for again', async () => {
  const answer = { revoked: true, cleared: true, message: 'Gone.' };
  api.mockImplementation(endPoint =>
    Promise.resolve(endPoint === 'status' ? statusOf({ accounts: [] }) : answer)
  );
  const loggedOut = service.logOut('a1');
  await vi.advanceTimersByTimeAsync(100);
  expect(await loggedOut).toEqual(answer);
  expect(service.status?.accounts).toEqual([]);
  const init = { method: 'POST', body: '{"revoke":true}' };
  expect(api).toHaveBeenCalledWith('accounts/a1/logout', service.settings, init);
});

test('a service that is disposed hears nothing more', async () => {
  const heard = vi.fn();
  service.changed.connect(heard);
  service.dispose();
  service.dispose();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(service.isDisposed).toBe(true);
  expect(service.status).toBeNull();
  expect(heard).not.toHaveBeenCalled();
});

test('an answer that comes after the end is dropped', async () => {
  let give: (status: unknown) => void = () => undefined;
  api.mockReturnValue(new Promise(resolve => (give = resolve)));
  const heard = vi.fn();
  service.changed.connect(heard);
  await vi.advanceTimersByTimeAsync(100);
  expect(api).toHaveBeenCalledOnce();
  service.dispose();
  give(statusOf());
  await vi.advanceTimersByTimeAsync(100);
  expect(service.status).toBeNull();
  expect(heard).not.toHaveBeenCalled();
});

test('the server’s event is answered by a question at once, and then asking goes slowly', async () => {
  // A poll of a page that nobody sees goes to sleep.
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(false);
  document.dispatchEvent(new Event('visibilitychange'));
  const events = new Signal<object, IServerEvent>({});
  service.follow(events);
  events.emit({ schema_id: 'ours' });
  api.mockResolvedValue(statusOf({ changed_event: 'ours' }));
  await refreshed(service);
  api.mockClear();
  // Once more soon, for what was told before the page could hear it.
  await vi.advanceTimersByTimeAsync(11_000);
  expect(api).toHaveBeenCalledOnce();
  api.mockClear();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(api).not.toHaveBeenCalled();
  events.emit({ schema_id: 'somebody else’s' });
  await vi.advanceTimersByTimeAsync(100);
  expect(api).not.toHaveBeenCalled();
  events.emit({ schema_id: 'ours' });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(api).toHaveBeenCalledOnce();
});

test('a change while a question is under way is asked about once more', async () => {
  const events = new Signal<object, IServerEvent>({});
  service.follow(events);
  api.mockResolvedValue(statusOf({ changed_event: 'ours' }));
  await refreshed(service);
  let give: (status: unknown) => void = () => undefined;
  api.mockReset().mockReturnValueOnce(new Promise(resolve => (give = resolve)));
  events.emit({ schema_id: 'ours' });
  await vi.advanceTimersByTimeAsync(100);
  api.mockResolvedValue(statusOf({ changed_event: 'ours', accounts: [] }));
  events.emit({ schema_id: 'ours' });
  give(statusOf({ changed_event: 'ours' }));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(api).toHaveBeenCalledTimes(2);
  expect(service.status?.accounts).toEqual([]);
});

test('what has changed is looked at by every view on the page', async () => {
  const onNudge = vi.fn();
  const end = watchNudges(onNudge);
  await refreshed(service);
  await vi.advanceTimersByTimeAsync(0);
  expect(onNudge).toHaveBeenCalledOnce();
  end();
  nudge();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(onNudge).toHaveBeenCalledOnce();
});

test('a page that nudges without end is heard three times a second', async () => {
  const onNudge = vi.fn();
  const end = watchNudges(onNudge);
  for (let moment = 0; moment < 100; moment += 1) {
    nudge();
    await vi.advanceTimersByTimeAsync(10);
  }
  end();
  expect(onNudge.mock.calls.length).toBeLessThan(6);
});
