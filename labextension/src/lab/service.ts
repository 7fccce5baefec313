import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';
import { type IRequestSettings, requestAPI } from '../requests';
import { nudge } from '../view/nudge';
import type {
  ILoginAnswer,
  ILoginStarted,
  ILogoutAnswer,
  IRefreshAnswer,
  IStatusAnswer
} from '../tokens';

const IDLE_MILLISECONDS = 10_000;
const PENDING_MILLISECONDS = 1_000;
/** Where the server tells of changes by itself, asking is only for what it can't tell. */
const TOLD_MILLISECONDS = 120_000;
const MOST_MILLISECONDS = 300_000;

/** An event of Jupyter's bus, as far as it matters here: that it is ours says all. */
export interface IServerEvent {
  schema_id: string;
}

/** What a login that the server starts asks for. */
export interface IStartOptions {
  /** The provider's least if absent. */
  scopes?: readonly string[];
  /** The username, email or sub of another identity, to log in beside those that are held. */
  account?: string;
}

/** What the server knows of logins, and what it can be asked to do. */
export interface IAuthService extends IDisposable {
  /** How requests are sent; the views use the same. */
  readonly settings: IRequestSettings;
  /** The last answer, or null before the first. */
  readonly status: IStatusAnswer | null;
  /** Why there is no newer answer; '' if the last question was answered. */
  readonly problem: string;
  /** Emitted with every change of the status or the problem. */
  readonly changed: ISignal<IAuthService, void>;
  /** Ask the server now. */
  refresh(): Promise<void>;
  /** Ask about one login. */
  login(loginId: string): Promise<ILoginAnswer>;
  /** Start a login of the server's own. */
  startLogin(provider: string, options?: IStartOptions): Promise<ILoginStarted>;
  /** Renew an account's tokens now. */
  renew(accountId: string): Promise<IRefreshAnswer>;
  /** Log an account out here, and revoke its tokens at the provider. */
  logOut(accountId: string): Promise<ILogoutAnswer>;
}

/** The token under which the service is found. */
export const IAuthService = new Token<IAuthService>(
  'jupyter_flowauth:IAuthService',
  'The logins that the Jupyter server holds or waits for.'
);

/** Wraps the API: it asks for the status every few seconds, and sooner while a login is pending. */
export class AuthService implements IAuthService {
  readonly settings: IRequestSettings;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _poll: Poll;
  private _status: IStatusAnswer | null = null;
  private _problem = '';
  private _seen = '';
  private _event: string | undefined;
  private _isAsking = false;
  private _isStale = false;

  /** @param settings how requests are sent */
  constructor(settings: IRequestSettings) {
    this.settings = settings;
    this._poll = new Poll({
      name: 'jupyter_flowauth:status',
      factory: () => this._ask(),
      frequency: { interval: IDLE_MILLISECONDS, backoff: true, max: MOST_MILLISECONDS },
      standby: 'when-hidden'
    });
  }

  /** The last answer, or null before the first. */
  get status(): IStatusAnswer | null {
    return this._status;
  }

  /** Why there is no newer answer; '' if the last question was answered. */
  get problem(): string {
    return this._problem;
  }

  /** Emitted with every change of the status or the problem. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether the service has been taken down. */
  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Stop asking. */
  dispose(): void {
    if (!this.isDisposed) {
      this._poll.dispose();
      Signal.clearData(this);
    }
  }

  /**
   * Hear of changes by the events that the server sends, and ask at once.
   *
   * @param events Jupyter's own event bus
   */
  follow(events: ISignal<unknown, IServerEvent>): void {
    events.connect(this._onEvent);
  }

  /** Ask the server now. */
  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick.catch(() => undefined);
  }

  /**
   * Ask about one login.
   *
   * @param loginId which
   * @returns how it stands
   */
  login(loginId: string): Promise<ILoginAnswer> {
    return requestAPI<ILoginAnswer>(`logins/${encodeURIComponent(loginId)}`, this.settings);
  }

  /**
   * Start a login of the server's own, without a kernel.
   *
   * @param provider the provider's name
   * @param options what to ask for
   * @returns the login's id, or a sentence where nothing was missing
   */
  async startLogin(provider: string, options: IStartOptions = {}): Promise<ILoginStarted> {
    const body = JSON.stringify({ provider, ...options });
    const init = { method: 'POST', body };
    const started = await requestAPI<ILoginStarted>('logins', this.settings, init);
    void this.refresh();
    return started;
  }

  /**
   * Renew an account's tokens now, and not only when they are needed.
   *
   * @param accountId which
   * @returns a sentence about what was renewed
   */
  async renew(accountId: string): Promise<IRefreshAnswer> {
    const endPoint = `accounts/${encodeURIComponent(accountId)}/refresh`;
    const answer = await requestAPI<IRefreshAnswer>(endPoint, this.settings, { method: 'POST' });
    await this.refresh();
    return answer;
  }

  /**
   * Log an account out here, and revoke its tokens at the provider.
   *
   * @param accountId which
   * @returns what was done, and a sentence about it
   */
  async logOut(accountId: string): Promise<ILogoutAnswer> {
    const endPoint = `accounts/${encodeURIComponent(accountId)}/logout`;
    const init = { method: 'POST', body: JSON.stringify({ revoke: true }) };
    const answer = await requestAPI<ILogoutAnswer>(endPoint, this.settings, init);
    await this.refresh();
    return answer;
  }

  private readonly _onEvent = (_sender: unknown, { schema_id: id }: IServerEvent): void => {
    if (this.isDisposed || id !== this._event) {
      return;
    }
    // What is on its way may have been answered before this change: it is asked for once more when it has come.
    if (this._isAsking) {
      this._isStale = true;
    } else {
      void this.refresh();
    }
  };

  private async _ask(): Promise<void> {
    this._isAsking = true;
    this._isStale = false;
    try {
      const status = await requestAPI<IStatusAnswer>('status', this.settings);
      this._heard(status, '', status.pending.length > 0);
    } catch (error) {
      this._heard(this._status, error instanceof Error ? error.message : String(error), false);
      throw error;
    } finally {
      this._isAsking = false;
      setTimeout(this._askAgain);
    }
  }

  private readonly _askAgain = (): void => {
    if (this._isStale && !this._isAsking && !this.isDisposed) {
      void this.refresh();
    }
  };

  private _heard(status: IStatusAnswer | null, problem: string, isPending: boolean): void {
    if (this.isDisposed) {
      return;
    }
    const wasTold = this._event !== undefined && this._problem === '';
    this._status = status;
    this._problem = problem;
    this._event = status?.changed_event;
    const untold = isPending ? PENDING_MILLISECONDS : IDLE_MILLISECONDS;
    // After the first answer once more soon: what was told before this page's socket was open, it didn't hear.
    const interval = this._event !== undefined && wasTold ? TOLD_MILLISECONDS : untold;
    this._poll.frequency = { interval, backoff: true, max: MOST_MILLISECONDS };
    const seen = JSON.stringify([status, problem]);
    if (seen !== this._seen) {
      this._seen = seen;
      this._changed.emit();
      nudge();
    }
  }
}
