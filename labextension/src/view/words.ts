import type { ILoginTraits, LoginStatus } from '../tokens';

/** Translates the view's sentences; JupyterLab's `TranslationBundle` is one. */
export interface ITranslate {
  __(message: string, ...values: string[]): string;
  _n(singular: string, plural: string, count: number, ...values: string[]): string;
  /** Translates a sentence that came from a process, in English; absent where there is no catalogue of them. */
  say?(sentence: string): string;
}

function fill(message: string, values: readonly (string | number)[]): string {
  return message.replace(/%(\d)/g, (whole, index: string) => {
    const value = values[Number(index) - 1];
    return value === undefined ? whole : apart(String(value));
  });
}

/** Letters of scripts that run from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufefc]/;

/** Keep a stranger's word of the other direction from turning the sentence around it. */
function apart(value: string): string {
  return RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : value;
}

/** The sentences as they are written here. */
export const english: ITranslate = {
  __: (message, ...values) => fill(message, values),
  _n: (singular, plural, count, ...values) =>
    fill(count === 1 ? singular : plural, [count, ...values])
};

const SHARED = Symbol.for('jupyter_flowauth:trans');

/**
 * Let the views in notebooks' outputs speak JupyterLab's language: a widget's own bundle can't ask for it.
 *
 * @param trans Lab's translation
 */
export function shareTranslation(trans: ITranslate): void {
  Object.assign(globalThis, { [SHARED]: trans });
}

/**
 * Find Lab's translation.
 *
 * @returns it, or undefined where there is no Lab with our plugin around the view
 */
export function sharedTranslation(): ITranslate | undefined {
  const shared = (globalThis as Record<symbol, unknown>)[SHARED];
  return shared === undefined ? undefined : (shared as ITranslate);
}

/** What a status says: a headline, and the sentence that stands in for a message. */
export interface IWords {
  headline: string;
  sentence: string;
}

/** The same, with the line beneath the headline: who asks, and whose pages those will be. */
export interface IHeadWords extends IWords {
  origin: string;
}

/** The icon of each status: a 16 × 16 path. */
export const ICONS: Record<LoginStatus, string> = {
  logged_out: 'M10 2h3v12h-3M3 8h7M7 5l3 3-3 3',
  missing: 'M8 2a3 3 0 0 1 3 3v2H5V5a3 3 0 0 1 3-3zM4 7h8v7H4zM8 9.5v2',
  waiting: 'M8 2a3 3 0 0 1 3 3v2H5V5a3 3 0 0 1 3-3zM4 7h8v7H4zM8 9.5v2',
  finishing: 'M8 2a6 6 0 1 0 6 6',
  done: 'M3 8.5l3.5 3.5L13 4.5',
  denied: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM4 4l8 8',
  cancelled: 'M4 4l8 8M12 4l-8 8',
  timed_out: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 4.5V8l2.5 1.5',
  failed: 'M8 2.5l6.5 11.5h-13zM8 6.5v3.5M8 11.6v.6',
  mismatch: 'M6 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM1.5 14a4.5 4.5 0 0 1 9 0M12 4l3 3M15 4l-3 3',
  interrupted: 'M4 4h8v8H4z',
  logged_in: 'M3 8.5l3.5 3.5L13 4.5'
};

/** The tick of a scope that is granted. */
export const TICK = 'M3.5 8.5l3 3 6-7';

/** The ring of a scope that is not. */
export const RING = 'M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z';

function asks(traits: ILoginTraits, trans: ITranslate): IWords {
  const who = traits.client_title || trans.__('This notebook');
  return {
    headline: trans.__('%1 asks for access through %2', who, traits.provider.title),
    sentence: trans.__('You choose at %1 what to allow.', traits.provider.title)
  };
}

function held(traits: ILoginTraits, trans: ITranslate): IWords {
  const username = traits.identity?.username ?? '';
  const granted = traits.scopes.filter(line => line.granted).length;
  const sentence = trans._n(
    'You are %2, %1 scope granted.',
    'You are %2, %1 scopes granted.',
    granted,
    username
  );
  return { headline: trans.__('Logged in'), sentence: username === '' ? '' : sentence };
}

function missing(traits: ILoginTraits, trans: ITranslate): IWords {
  const count = traits.scopes.filter(line => !line.granted).length;
  return {
    headline: trans._n('%1 scope is missing', '%1 scopes are missing', count),
    sentence: trans.__('Log in to be asked for what is missing, and for nothing else.')
  };
}

/**
 * Say a login's status in words.
 *
 * @param traits what the view shows
 * @param trans the translation
 * @returns its headline, and a sentence for when no message came
 */
export function describe(traits: ILoginTraits, trans: ITranslate): IHeadWords {
  const words = describeStatus(traits, trans);
  const { title, issuer_host: host } = traits.provider;
  const isAsked = traits.status === 'waiting' || traits.status === 'missing';
  if (isAsked && traits.headline !== '') {
    const who = traits.client_title || trans.__('This notebook');
    const origin = trans.__('%1 asks through %2 (%3)', who, title, host || title);
    return { ...words, headline: traits.headline, origin };
  }
  const isNamed = traits.status === 'waiting' || title === '' || title === host;
  return { ...words, origin: isNamed || host === '' ? host || title : `${title} · ${host}` };
}

function describeStatus(traits: ILoginTraits, trans: ITranslate): IWords {
  switch (traits.status) {
    case 'waiting':
      return asks(traits, trans);
    case 'done':
      return held(traits, trans);
    case 'missing':
      return missing(traits, trans);
    default:
      return describePlain(traits.status, trans);
  }
}

function describePlain(status: LoginStatus, trans: ITranslate): IWords {
  const again = trans.__('Nothing was changed. Ask again to get another try.');
  const words: Partial<Record<LoginStatus, [string, string]>> = {
    logged_out: [trans.__('Not logged in'), ''],
    logged_in: [trans.__('Logged in'), ''],
    finishing: [trans.__('Finishing the login'), trans.__('This takes a moment.')],
    denied: [trans.__('Access was denied'), again],
    cancelled: [trans.__('The login was cancelled'), again],
    timed_out: [trans.__('The time to log in is over'), again],
    mismatch: [trans.__('Somebody else logged in'), again],
    interrupted: [trans.__('The login was interrupted'), again]
  };
  const [headline, sentence] = words[status] ?? [trans.__('The login failed'), again];
  return { headline, sentence };
}

/**
 * Say that the browser has opened no window.
 *
 * @param trans the translation
 * @returns the sentence
 */
export function sayBlocked(trans: ITranslate): string {
  return trans.__(
    'Your browser has blocked the login window. Use the link below to open the login page in a new tab.'
  );
}

/**
 * Say where a window is that the browser does not let us bring to the front.
 *
 * @param trans the translation
 * @returns the sentence
 */
export function sayBehind(trans: ITranslate): string {
  return trans.__(
    'The login window is open already, behind this one. If you can’t find it, use another way to log in, below.'
  );
}

/**
 * Say that no process has answered a click.
 *
 * @param trans the translation
 * @returns the sentence
 */
export function sayUnanswered(trans: ITranslate): string {
  return trans.__(
    'Nothing answered, so the window was closed. If a cell is running, try again when it has ended.'
  );
}

/**
 * Write a time as minutes and seconds.
 *
 * @param seconds the time; below zero counts as zero
 * @returns such as `4:12`
 */
export function formatTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
