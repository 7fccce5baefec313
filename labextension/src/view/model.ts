import type {
  IConsentLine,
  IDeviceCode,
  IIdentity,
  ILoginTraits,
  IProvider,
  IScopeLine,
  IViewMessage,
  LoginStatus,
  Rung,
  ViewMode
} from '../tokens';
import { LOGIN_ID } from '../tokens';

/** Called when a trait changed, or with a message of the process that asks. */
export type ModelListener = (message?: unknown) => void;

/** What the view needs of a model: a part of anywidget's, and the whole of the Lab plugin's. */
export interface IViewModel {
  get(key: string): unknown;
  on(event: string, listener: ModelListener): void;
  off(event: string, listener: ModelListener): void;
  send(message: IViewMessage): void;
}

const STATUSES: readonly LoginStatus[] = [
  'logged_out',
  'missing',
  'waiting',
  'finishing',
  'done',
  'denied',
  'cancelled',
  'timed_out',
  'failed',
  'mismatch',
  'interrupted',
  'logged_in'
];

const RUNGS: readonly Rung[] = ['server', 'loopback', 'device', 'paste'];

/** The traits that the view follows. */
export const TRAITS: readonly (keyof ILoginTraits)[] = [
  'mode',
  'status',
  'provider',
  'client_title',
  'identity',
  'scopes',
  'consent',
  'headline',
  'action',
  'held_count',
  'others',
  'compact',
  'device',
  'login_id',
  'base_url',
  'rung',
  'started_at_seconds',
  'expires_at_seconds',
  'message'
];

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Signs that turn the direction of what comes after them: a stranger's words would change how ours read. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;

function text(value: unknown): string {
  return typeof value === 'string' ? value.replace(TURNING, '') : '';
}

function seconds(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function toProvider(value: unknown): IProvider {
  const { name, title, issuer_host } = record(value);
  return { name: text(name), title: text(title) || text(name), issuer_host: text(issuer_host) };
}

/**
 * Read an identity from the wire.
 *
 * @param value what came
 * @returns the identity, or null if there is none
 */
export function toIdentity(value: unknown): IIdentity | null {
  const { username, name } = record(value);
  return text(username) === '' ? null : { username: text(username), name: text(name) };
}

/**
 * Read scopes from the wire.
 *
 * @param value what came
 * @returns the lines that name a scope
 */
export function toScopes(value: unknown): IScopeLine[] {
  return list(value)
    .map(record)
    .filter(line => text(line['scope']) !== '')
    .map(line => ({
      scope: text(line['scope']),
      title: text(line['title']),
      service: text(line['service']),
      granted: line['granted'] === true
    }));
}

/**
 * Read a tree of consents from the wire.
 *
 * @param value what came
 * @returns its lines, none deeper than one step below the one before
 */
export function toConsent(value: unknown): IConsentLine[] {
  let deepest = 0;
  return list(value)
    .map(record)
    .filter(line => text(line['scope']) !== '')
    .map(line => {
      const depth = Math.min(Math.max(0, Math.floor(seconds(line['depth']))), deepest);
      deepest = depth + 1;
      const [reason, scope] = [text(line['reason']), text(line['scope'])];
      return { depth, new: line['new'] === true, reason: reason || scope, scope };
    });
}

function toPage(value: unknown): string {
  try {
    const { protocol, href } = new URL(text(value));
    return protocol === 'https:' || protocol === 'http:' ? href : '';
  } catch {
    return '';
  }
}

/**
 * Read a device code from the wire.
 *
 * @param value what came
 * @returns the code, or null if there is none, or no page to type it in at
 */
export function toDevice(value: unknown): IDeviceCode | null {
  const given = record(value);
  const [user_code, verification_uri] = [
    text(given['user_code']),
    toPage(given['verification_uri'])
  ];
  if (user_code === '' || verification_uri === '') {
    return null;
  }
  return {
    user_code,
    verification_uri,
    verification_uri_complete: toPage(given['verification_uri_complete']),
    expires_at_seconds: seconds(given['expires_at_seconds'])
  };
}

/**
 * Read a status from the wire.
 *
 * @param value what came
 * @returns the status; `failed` for one that this version does not know
 */
export function toStatus(value: unknown): LoginStatus {
  return STATUSES.find(status => status === value) ?? 'failed';
}

function toRung(value: unknown): Rung {
  return RUNGS.find(rung => rung === value) ?? 'server';
}

function toMode(value: unknown): ViewMode {
  return value === 'panel' || value === 'refusal' ? value : 'card';
}

/**
 * Read a model's traits, each of the type that it should have whatever the model holds.
 *
 * @param model the widget's model, or the Lab plugin's
 * @returns the traits
 */
export function readTraits(model: IViewModel): ILoginTraits {
  const id = text(model.get('login_id'));
  return {
    mode: toMode(model.get('mode')),
    status: toStatus(model.get('status')),
    provider: toProvider(model.get('provider')),
    client_title: text(model.get('client_title')),
    identity: toIdentity(model.get('identity')),
    scopes: toScopes(model.get('scopes')),
    consent: toConsent(model.get('consent')),
    headline: text(model.get('headline')),
    action: text(model.get('action')),
    held_count: seconds(model.get('held_count')),
    others: list(model.get('others')).map(text).filter(Boolean),
    compact: model.get('compact') === true,
    device: toDevice(model.get('device')),
    login_id: LOGIN_ID.test(id) ? id : '',
    base_url: text(model.get('base_url')),
    rung: toRung(model.get('rung')),
    started_at_seconds: seconds(model.get('started_at_seconds')),
    expires_at_seconds: seconds(model.get('expires_at_seconds')),
    message: text(model.get('message'))
  };
}

/**
 * Build the address at which a login is opened.
 *
 * @param baseUrl the server's base URL
 * @param loginId the login's id
 * @returns an absolute http(s) address, or '' if there is none to be had
 */
export function buildLoginUrl(baseUrl: string, loginId: string): string {
  if (baseUrl === '' || !LOGIN_ID.test(loginId)) {
    return '';
  }
  try {
    const url = new URL(`${baseUrl}flowauth/login/${loginId}`, document.baseURI);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : '';
  } catch {
    return '';
  }
}
