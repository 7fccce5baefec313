import { API_ROOT, type IErrorAnswer } from './tokens';

/** Sends one request; `fetch` with our cookie header, or `ServerConnection.makeRequest`. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

/** Where the API is, and how to get there. */
export interface IRequestSettings {
  /** The server's base URL, absolute or a path, with a slash at its end. */
  baseUrl: string;
  /** How to send; without it, `fetch` from the page's own origin. */
  send?: Send;
  /** Told the server's clock (epoch seconds) with each answer that shows it. */
  onServerTime?: (seconds: number) => void;
}

const NOT_OURS = 'The server answered something that is not ours.';
const UNREACHABLE = 'The Jupyter server could not be reached.';
const OTHER_STATUS = 'The server answered %1.';

/** What is said here where the server says nothing: it is translated where it is shown. */
export const OWN_SENTENCES: readonly string[] = [NOT_OURS, UNREACHABLE, OTHER_STATUS];

/** An answer of the API that is not a success. */
export class RequestError extends Error {
  /**
   * @param status the HTTP status, or 0 if there was no answer
   * @param message one plain sentence, ours or the server's
   */
  constructor(
    readonly status: number,
    message: string
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

function xsrfCookie(): string {
  const match = /(?:^|;\s*)_xsrf=([^;]*)/.exec(document.cookie);
  return match?.[1] === undefined ? '' : decodeURIComponent(match[1]);
}

/**
 * Send a request with `fetch`, with the cookie and the XSRF header for our own origin only.
 *
 * @param url where to
 * @param init as for `fetch`
 * @returns the response, whatever its status
 */
export async function sendByFetch(url: string, init: RequestInit): Promise<Response> {
  const target = new URL(url, document.baseURI);
  const headers = new Headers(init.headers);
  const xsrf = xsrfCookie();
  if (xsrf !== '' && target.origin === window.location.origin) {
    headers.set('X-XSRFToken', xsrf);
  }
  return fetch(target, { ...init, headers, credentials: 'same-origin', cache: 'no-store' });
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    throw new RequestError(response.status, NOT_OURS);
  }
}

function errorOf(response: Response, body: unknown): RequestError {
  const answer = body as Partial<IErrorAnswer> | null;
  const told = typeof answer?.message === 'string' ? answer.message : '';
  return new RequestError(
    response.status,
    told || OTHER_STATUS.replace('%1', String(response.status))
  );
}

function tellServerTime(response: Response, settings: IRequestSettings): void {
  const milliseconds = Date.parse(response.headers.get('Date') ?? '');
  if (!Number.isNaN(milliseconds)) {
    settings.onServerTime?.(milliseconds / 1000);
  }
}

/**
 * Call our API and return its JSON answer.
 *
 * @param endPoint the path below `flowauth/api/`
 * @param settings where the API is, and how to send
 * @param init as for `fetch`
 * @returns the answer's body; `null` where it has none
 * @throws RequestError for every other answer, and for none
 */
export async function requestAPI<T>(
  endPoint: string,
  settings: IRequestSettings,
  init: RequestInit = {}
): Promise<T> {
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
  const send = settings.send ?? sendByFetch;
  let response: Response;
  try {
    const url = `${settings.baseUrl}${API_ROOT}api/${endPoint}`;
    response = await send(url, { ...init, headers: { ...headers } });
  } catch {
    throw new RequestError(0, UNREACHABLE);
  }
  tellServerTime(response, settings);
  if (!response.ok) {
    throw errorOf(response, await readJson(response).catch(() => null));
  }
  return (await readJson(response)) as T;
}
