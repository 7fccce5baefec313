import { RequestError } from '../requests';
import { POLL_MAX_MILLISECONDS, POLL_MILLISECONDS, type ILoginAnswer } from '../tokens';

/** What a poller needs to know. */
export interface ILoginPollerOptions {
  /** Ask the server how a login stands. */
  ask: (loginId: string) => Promise<ILoginAnswer>;
  /** Told each answer about the login that is followed. */
  onAnswer: (answer: ILoginAnswer) => void;
  /** Told whether the last question found a server that answers. */
  onReach: (isReached: boolean) => void;
  /** Told once when the server no longer knows a login that it knew before. */
  onGone: () => void;
  /** Whether anybody is looking; without, no question is sent. */
  isWanted: () => boolean;
}

/** The fallback for front ends whose traits don't arrive: it asks the server about one login. */
export class LoginPoller {
  private _loginId = '';
  private _known = false;
  private _misses = 0;
  private _pause = POLL_MILLISECONDS;
  private _timer: ReturnType<typeof setTimeout> | undefined;

  /** @param _options what to ask, and whom to tell */
  constructor(private readonly _options: ILoginPollerOptions) {}

  /**
   * Follow a login; the first question is sent at once.
   *
   * @param loginId which; the one followed already changes nothing, and '' stops
   */
  follow(loginId: string): void {
    if (loginId === this._loginId) {
      return;
    }
    clearTimeout(this._timer);
    this._loginId = loginId;
    this._known = false;
    this._misses = 0;
    this._pause = POLL_MILLISECONDS;
    if (loginId !== '') {
      void this._ask(loginId);
    }
  }

  /** Ask now, because somebody looks again. */
  hurry(): void {
    if (this._loginId !== '') {
      clearTimeout(this._timer);
      void this._ask(this._loginId);
    }
  }

  private async _ask(loginId: string): Promise<void> {
    if (this._options.isWanted()) {
      try {
        const answer = await this._options.ask(loginId);
        this._heard(loginId, answer);
      } catch (error) {
        this._missed(loginId, error);
      }
    }
    if (loginId === this._loginId) {
      clearTimeout(this._timer);
      this._timer = setTimeout(() => void this._ask(loginId), this._pause);
    }
  }

  private _heard(loginId: string, answer: ILoginAnswer): void {
    if (loginId === this._loginId) {
      this._known = true;
      this._misses = 0;
      this._pause = POLL_MILLISECONDS;
      this._options.onReach(true);
      this._options.onAnswer(answer);
    }
  }

  private _missed(loginId: string, error: unknown): void {
    if (loginId !== this._loginId) {
      return;
    }
    this._options.onReach(!(error instanceof RequestError && error.status === 0));
    const isGone = this._known && error instanceof RequestError && error.status === 404;
    this._misses += 1;
    // The kernel may remove its login a moment before its last status arrives: believe the second miss.
    if (isGone && this._misses === 2) {
      this._options.onGone();
    }
    if (!isGone) {
      this._pause = Math.min(this._pause * 2, POLL_MAX_MILLISECONDS);
    }
  }
}
