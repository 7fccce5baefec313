import {
  type ILoginAnswer,
  type ILoginTraits,
  type LoginStatus,
  type Rung,
  ENDED,
  PENDING,
  SERVED_USER_AGENT
} from '../tokens';
import { buildLoginUrl, toConsent, toDevice, toIdentity, toScopes, toStatus } from './model';

/** How long after the deadline the view stops waiting for the process that asked to say so. */
const GRACE_SECONDS = 10;

/** The server's Date has whole seconds and travels: a smaller difference is none. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** The ways that don't lead through this server. */
const ELSEWHERE: readonly Rung[] = ['loopback', 'device'];

/** What the view knows besides its model's traits. */
export interface IKnown {
  /** The server's last answer about the login. */
  answer: ILoginAnswer | null;
  /** Whether the server has stopped knowing the login. */
  gone: boolean;
  /** Whether the last question found no server to answer it. */
  offline: boolean;
  /** The server's clock minus the browser's, or null if no answer has told it. */
  offsetSeconds: number | null;
}

/** What is known before anything was asked. */
export const NOTHING_KNOWN: IKnown = {
  answer: null,
  gone: false,
  offline: false,
  offsetSeconds: null
};

/** What the view shows: the traits, with what the server has told, and what follows from them. */
export interface IShown {
  traits: ILoginTraits;
  isPending: boolean;
  isEnded: boolean;
  /** Whether a login waits whose server can't be reached. */
  isOffline: boolean;
  /** Null if no time is running. */
  secondsLeft: number | null;
  loginUrl: string;
  pasteAvailable: boolean;
  /** Whether the login can be opened, and called off, through this server. */
  isServed: boolean;
  /** Whether pasting is the way that will work here. */
  pasteFirst: boolean;
  /** Why the login goes the way it does, in English, or ''. */
  rungReason: string;
}

/**
 * Compare the server's clock with the browser's.
 *
 * @param serverSeconds what the server's says, epoch seconds
 * @param now what the browser's says
 * @returns how far the server's is ahead; 0 if they agree
 */
export function compareClocks(serverSeconds: number, now: number): number {
  const offset = serverSeconds - now;
  return Math.abs(offset) > CLOCK_TOLERANCE_SECONDS ? offset : 0;
}

/** A login of another user agent goes on where it was started, and this server's pages refuse it. */
function isServedBy(answer: Partial<ILoginAnswer>): boolean {
  return (answer.user_agent ?? SERVED_USER_AGENT) === SERVED_USER_AGENT;
}

function isFurther(status: LoginStatus, than: LoginStatus): boolean {
  return ENDED.includes(status) || (status === 'finishing' && than === 'waiting');
}

function withAnswer(traits: ILoginTraits, answer: ILoginAnswer): ILoginTraits {
  const granted = new Set(
    toScopes(answer.scopes)
      .filter(line => line.granted)
      .map(line => line.scope)
  );
  const scopes = traits.scopes.length > 0 ? traits.scopes : toScopes(answer.scopes);
  const told: ILoginTraits = {
    ...traits,
    rung: ELSEWHERE.includes(traits.rung)
      ? traits.rung
      : answer.rung === 'paste'
        ? 'paste'
        : 'server',
    device: traits.device ?? toDevice(answer.device),
    expires_at_seconds: traits.expires_at_seconds || answer.expires_at_seconds,
    consent: traits.consent.length > 0 ? traits.consent : toConsent(answer.consent),
    headline: traits.headline || (typeof answer.headline === 'string' ? answer.headline : ''),
    scopes: scopes.map(line => ({ ...line, granted: line.granted || granted.has(line.scope) }))
  };
  const status = toStatus(answer.status);
  if (!isFurther(status, traits.status)) {
    return told;
  }
  // Whose account a panel shows, and logs out, is for its model to say.
  const answered = traits.mode === 'card' ? toIdentity(answer.identity) : null;
  const message = typeof answer.message === 'string' ? answer.message : '';
  return { ...told, status, message, identity: answered ?? traits.identity };
}

function deadlineOf({ device, expires_at_seconds: end }: ILoginTraits): number {
  const sooner = device?.expires_at_seconds ?? 0;
  return sooner > 0 ? Math.min(sooner, end) : end;
}

function secondsLeftOf(traits: ILoginTraits, known: IKnown, now: number): number {
  const left = deadlineOf(traits) - (now + (known.offsetSeconds ?? 0));
  const whole = traits.expires_at_seconds - traits.started_at_seconds;
  return traits.started_at_seconds > 0 ? Math.min(left, whole) : left;
}

/**
 * Work out what to show. The process that asks has the last word: what the server says counts only while a login is
 * pending by the traits, and the clock only once the server's is known.
 *
 * @param traits the model's traits
 * @param known what else is known
 * @param now the browser's clock, epoch seconds
 * @returns what to show
 */
export function buildShown(traits: ILoginTraits, known: IKnown, now: number): IShown {
  const answer = known.answer?.login_id === traits.login_id ? known.answer : null;
  let told = traits;
  if (PENDING.includes(traits.status)) {
    told = answer ? withAnswer(traits, answer) : traits;
    const left = secondsLeftOf(told, known, now);
    const isOver = known.offsetSeconds !== null && told.expires_at_seconds > 0;
    if (PENDING.includes(told.status) && known.gone) {
      told = { ...told, status: 'interrupted', message: '' };
    } else if (PENDING.includes(told.status) && isOver && left < -GRACE_SECONDS) {
      told = { ...told, status: 'timed_out', message: '' };
    }
  }
  const isWaiting = told.status === 'waiting';
  const isServed = answer ? isServedBy(answer) : traits.rung === 'server';
  const runs = isWaiting && told.expires_at_seconds > 0;
  return {
    traits: told,
    isPending: PENDING.includes(told.status),
    isEnded: ENDED.includes(told.status),
    isOffline: known.offline && PENDING.includes(told.status),
    secondsLeft: runs ? Math.max(0, secondsLeftOf(told, known, now)) : null,
    isServed,
    loginUrl: isWaiting && isServed ? buildLoginUrl(told.base_url, told.login_id) : '',
    pasteAvailable:
      isWaiting && isServed && (told.rung === 'paste' || (answer?.paste_available ?? true)),
    pasteFirst: isWaiting && isServed && told.rung === 'paste',
    rungReason: typeof answer?.rung_reason === 'string' ? answer.rung_reason : ''
  };
}
