import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { requestAPI, RequestError } from '../requests';

const send = vi.fn<(url: string, init: RequestInit) => Promise<Response>>();
const settings = { baseUrl: '/user/x/', send };

function json(body: unknown, init: ResponseInit = {}): Promise<Response> {
  return Promise.resolve(new Response(JSON.stringify(body), init));
}

beforeEach(() => {
  document.cookie = '_xsrf=2%7Cabc';
});

afterEach(() => {
  document.cookie = '_xsrf=; max-age=0';
  vi.unstubAllGlobals();
});

test('an answer is read from below the base URL', async () => {
  send.mockReturnValue(json({ a: 1 }));
  expect(await requestAPI('status', settings)).toEqual({ a: 1 });
  expect(send.mock.calls[0]?.[0]).toBe('/user/x/flowauth/api/status');
});

test('an empty answer is null', async () => {
  send.mockResolvedValue(new Response(null, { status: 204 }));
  expect(await requestAPI('logins/1/cancel', settings, { method: 'POST' })).toBeNull();
});

test('the message of an error answer is the error’s', async () => {
  send.mockReturnValue(json({ message: 'No such login.' }, { status: 404 }));
  await expect(requestAPI('logins/1', settings)).rejects.toMatchObject({
    status: 404,
    message: 'No such login.'
  });
});

test('an error page is no message', async () => {
  send.mockResolvedValue(new Response('<h1>Bad gateway</h1>', { status: 502 }));
  const error = (await requestAPI('status', settings).catch((e: unknown) => e)) as RequestError;
  expect(error.message).toBe('The server answered 502.');
});

test('a page where JSON should be is an error', async () => {
  send.mockResolvedValue(new Response('<h1>Login</h1>'));
  await expect(requestAPI('status', settings)).rejects.toThrow('not ours');
});

test('no answer is an error with status 0', async () => {
  send.mockRejectedValue(new TypeError('Failed to fetch'));
  await expect(requestAPI('status', settings)).rejects.toMatchObject({ status: 0 });
});

test('the server’s clock is told', async () => {
  const onServerTime = vi.fn();
  send.mockReturnValue(json({}, { headers: { Date: 'Thu, 01 Jan 1970 00:01:00 GMT' } }));
  await requestAPI('status', { ...settings, onServerTime });
  expect(onServerTime).toHaveBeenCalledWith(60);
});

test('fetch sends the XSRF token to the page’s own origin, with a GET too', async () => {
  const fetch = vi.fn<(url: URL, init: RequestInit) => Promise<Response>>(() => json({}));
  vi.stubGlobal('fetch', fetch);
  await requestAPI('status', { baseUrl: '/' });
  const [url, init] = fetch.mock.calls[0]!;
  expect(url.href).toBe('http://localhost:3000/flowauth/api/status');
  expect((init.headers as Headers).get('X-XSRFToken')).toBe('2|abc');
  expect(init.credentials).toBe('same-origin');
});

test('fetch sends the XSRF token nowhere else', async () => {
  const fetch = vi.fn<(url: URL, init: RequestInit) => Promise<Response>>(() => json({}));
  vi.stubGlobal('fetch', fetch);
  await requestAPI('status', { baseUrl: 'https://evil.example/' });
  expect((fetch.mock.calls[0]![1].headers as Headers).has('X-XSRFToken')).toBe(false);
});
