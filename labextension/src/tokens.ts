/** The folder of our routes below the server's base URL. */
export const API_ROOT = 'flowauth/';

/** What a login's id may look like; anything else never becomes part of an address. */
export const LOGIN_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** How long a blank popup waits for its login's address. */
export const BLANK_POPUP_MILLISECONDS = 10_000;

/** How long a popup stays open after its login has ended, so that its last page can be read. */
export const CLOSE_POPUP_MILLISECONDS = 2_500;

/** How often a waiting card asks the server how its login stands. */
export const POLL_MILLISECONDS = 3_000;

/** The longest pause between two questions when the server does not answer. */
export const POLL_MAX_MILLISECONDS = 30_000;

/** Where a login stands, as the kernel and the server say it. */
export type LoginStatus =
  | 'logged_out'
  | 'missing'
  | 'waiting'
  | 'finishing'
  | 'done'
  | 'denied'
  | 'cancelled'
  | 'timed_out'
  | 'failed'
  | 'mismatch'
  | 'interrupted'
  | 'logged_in';

/** The user agent whose logins are opened through this server's pages. */
export const SERVED_USER_AGENT = 'server';

/** The statuses in which a login is still under way. */
export const PENDING: readonly LoginStatus[] = ['waiting', 'finishing'];

/** The statuses in which a login has ended. */
export const ENDED: readonly LoginStatus[] = [
  'done',
  'denied',
  'cancelled',
  'timed_out',
  'failed',
  'mismatch',
  'interrupted'
];

/** How the browser gets to the provider and back. */
export type Rung = 'server' | 'loopback' | 'device' | 'paste';

/** What a person types in on another device, and where; the secret that belongs to it stays with the process that asks. */
export interface IDeviceCode {
  user_code: string;
  verification_uri: string;
  /** The same page with the code filled in, or ''. */
  verification_uri_complete: string;
  expires_at_seconds: number;
}

/** An authorization server, as people are shown it. */
export interface IProvider {
  name: string;
  title: string;
  issuer_host: string;
}

/** Who is logged in. */
export interface IIdentity {
  username: string;
  name: string;
}

/** One scope in words, and whether it is held. */
export interface IScopeLine {
  scope: string;
  title: string;
  service: string;
  granted: boolean;
}

/** One line of the tree of a deployed flow's consents. */
export interface IConsentLine {
  /** 0 at the top. */
  depth: number;
  /** Whether it isn't granted yet. */
  new: boolean;
  /** Why it is needed, as a sentence. */
  reason: string;
  scope: string;
}

/**
 * What a view is for: one login that a cell waits for, the login state of a notebook, or a call that was refused, under
 * its traceback. The last two start their logins themselves.
 */
export type ViewMode = 'card' | 'panel' | 'refusal';

/** What the view shows: the widget's traits, none of them secret. */
export interface ILoginTraits {
  mode: ViewMode;
  status: LoginStatus;
  provider: IProvider;
  client_title: string;
  identity: IIdentity | null;
  scopes: IScopeLine[];
  /** Lines of a tree, parents before children; empty where it isn't a flow's consents that are asked for. */
  consent: IConsentLine[];
  /** What the tree says in one line, or ''. */
  headline: string;
  /** What the button that starts a login says, or '' for the usual words. */
  action: string;
  held_count: number;
  others: string[];
  /** Whether the lists are folded away until somebody asks for them. */
  compact: boolean;
  /** The code to type in elsewhere, where that is the way. */
  device: IDeviceCode | null;
  login_id: string;
  base_url: string;
  rung: Rung;
  started_at_seconds: number;
  expires_at_seconds: number;
  message: string;
}

/** What the view tells the process that asks. */
export interface IViewMessage {
  type: 'login' | 'logout' | 'cancel' | 'refresh';
}

/** What the process that asks tells the view once a login has an address. */
export interface ILoginReady {
  type: 'login_ready';
  login_id: string;
}

/** A login under way, as `api/status` lists it. */
export interface IPendingLogin {
  login_id: string;
  provider: string;
  title: string;
  issuer_host: string;
  asked_by: 'kernel' | 'server';
  client_title?: string;
  scopes: IScopeLine[];
  consent?: IConsentLine[];
  headline?: string;
  device?: IDeviceCode | null;
  /** The path of the notebook whose kernel waits, or ''. */
  notebook?: string;
  started_at_seconds: number;
  expires_at_seconds: number;
  user_agent: string;
}

/** The answer of `GET api/logins/<id>`. */
export interface ILoginAnswer extends IPendingLogin {
  rung: Rung;
  /** Why it is that way, where that takes saying (on a Hub), or ''. */
  rung_reason?: string;
  paste_available: boolean;
  status: LoginStatus;
  message: string;
  identity?: IIdentity | null;
  outcome?: string | null;
}

/** A scope that an account holds. */
export interface IHeldScope {
  scope: string;
  title: string;
  service: string;
  expires_at_seconds: number | null;
}

/** A login that is held on the server's machine. */
export interface IAccount {
  id: string;
  provider: string;
  title: string;
  issuer_host: string;
  username: string;
  name: string;
  scopes: IHeldScope[];
  logged_in_at_seconds: number;
  /** When the first of its tokens ends, or null if none does. */
  expires_at_seconds?: number | null;
  /** Whether all of them are renewed without anybody. */
  is_renewed?: boolean;
  kind?: 'person' | 'service_account';
  /** The base URL of the instance that it is for, or null. */
  instance?: string | null;
  /** The paths of the notebooks whose kernels have used it. */
  notebooks?: string[];
}

/** A provider, as `api/status` lists it. */
export interface IListedProvider extends IProvider {
  kind: string;
}

/** The answer of `GET api/status`. */
export interface IStatusAnswer {
  server_id: string;
  /** The event by which the server tells of changes; absent where it doesn't. */
  changed_event?: string;
  providers: IListedProvider[];
  accounts: IAccount[];
  pending: IPendingLogin[];
  /** A sentence for each account that is held and can't be read. */
  problems?: string[];
}

/** The answer of `POST api/logins`; without an id where nothing was missing. */
export interface ILoginStarted {
  login_id: string | null;
  message?: string;
}

/** The answer of `POST api/accounts/<id>/refresh`. */
export interface IRefreshAnswer {
  message: string;
}

/** The answer of `POST api/accounts/<id>/logout`. */
export interface ILogoutAnswer {
  revoked: boolean;
  cleared: boolean;
  message: string;
}

/** The body of every error answer. */
export interface IErrorAnswer {
  message: string;
}
