import { vi } from 'vitest';
import type { ILoginAnswer, ILoginTraits, IScopeLine, IViewMessage } from '../tokens';
import type { IViewModel, ModelListener } from '../view/model';

/** Something that would run if it were ever read as markup. */
export const MARKUP = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';

/** Two scopes of different services. */
export const SCOPES: IScopeLine[] = [
  { scope: 'urn:one:all', title: 'Manage data', service: 'Transfer', granted: false },
  { scope: 'urn:two:view', title: 'View groups', service: 'Groups', granted: false }
];

/** The traits of a card that waits, five minutes long, a minute ago. */
export function traitsOf(traits: Partial<ILoginTraits> = {}): ILoginTraits {
  const now = Date.now() / 1000;
  return {
    mode: 'card',
    status: 'waiting',
    provider: { name: 'globus', title: 'Globus', issuer_host: 'auth.example.org' },
    client_title: 'This notebook',
    identity: null,
    scopes: SCOPES,
    consent: [],
    headline: '',
    action: '',
    held_count: 0,
    others: [],
    compact: false,
    device: null,
    login_id: 'login-1',
    base_url: '/user/x/',
    rung: 'server',
    started_at_seconds: now - 60,
    expires_at_seconds: now + 240,
    message: '',
    ...traits
  };
}

/** The server's answer about the login of `traitsOf`. */
export function answerOf(answer: Partial<ILoginAnswer> = {}): ILoginAnswer {
  const { provider, scopes, login_id, started_at_seconds, expires_at_seconds } = traitsOf();
  return {
    login_id,
    provider: provider.name,
    title: provider.title,
    issuer_host: provider.issuer_host,
    asked_by: 'kernel',
    scopes,
    started_at_seconds,
    expires_at_seconds,
    user_agent: 'server',
    rung: 'server',
    paste_available: true,
    status: 'waiting',
    message: '',
    ...answer
  };
}

/** A widget's model whose traits a test sets. */
export class FakeModel implements IViewModel {
  readonly sent: IViewMessage[] = [];
  readonly listeners = new Map<string, Set<ModelListener>>();

  constructor(public traits: ILoginTraits = traitsOf()) {}

  get(key: string): unknown {
    return this.traits[key as keyof ILoginTraits];
  }

  on(event: string, listener: ModelListener): void {
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(listener));
  }

  off(event: string, listener: ModelListener): void {
    this.listeners.get(event)?.delete(listener);
  }

  send(message: IViewMessage): void {
    this.sent.push(message);
  }

  set(traits: Partial<ILoginTraits>): void {
    this.traits = { ...this.traits, ...traits };
    Object.keys(traits).forEach(key => this.emit(`change:${key}`));
  }

  emit(event: string, message?: unknown): void {
    this.listeners.get(event)?.forEach(listener => listener(message));
  }
}

/** A popup that a test can close. */
export class FakeWindow {
  private static _made: FakeWindow[] = [];
  closed = false;
  opener: unknown = 'the page that opened it';
  readonly focus = vi.fn();
  readonly location = { replace: vi.fn() };
  readonly document = document.implementation.createHTMLDocument();
  readonly close = vi.fn(() => {
    this.closed = true;
  });

  constructor() {
    FakeWindow._made.push(this);
  }

  /** Close every one: what waits for a popup to be over would go on asking when its test has ended. */
  static closeAll(): void {
    this._made.forEach(made => (made.closed = true));
    this._made = [];
  }
}

/** Let `window.open` return a popup, or null as a blocker does. */
export function stubOpen(popup: FakeWindow | null): ReturnType<typeof vi.fn> {
  const open = vi.fn(() => popup);
  vi.stubGlobal('open', open);
  return open;
}
