import { requestAPI, type IRequestSettings } from '../requests';
import {
  CLOSE_POPUP_MILLISECONDS,
  type ILoginAnswer,
  type ILoginReady,
  type LoginStatus
} from '../tokens';
import { ActionsPart, type IHandlers } from './actions';
import { ConsentPart } from './consent';
import type { IRenderContext } from './context';
import { DevicePart } from './device';
import { make } from './dom';
import { keepFocus } from './focus';
import { buildLoginUrl, type IViewModel, readTraits, TRAITS } from './model';
import { watchNudges } from './nudge';
import { HeadPart, IdentityPart, type IPart } from './parts';
import { LoginPoller } from './poller';
import { closeWhenOver, LoginPopup } from './popup';
import { sayTraits } from './said';
import { ScopesPart } from './scopes';
import { buildShown, compareClocks, type IKnown, type IShown, NOTHING_KNOWN } from './shown';
import { isDrawn, watchSight } from './sight';
import { WaysPart } from './ways';
import { english, type ITranslate, sayBehind, sayBlocked, sayUnanswered } from './words';

const TICK_MILLISECONDS = 1_000;

/** The ends that the popup's page does not speak of. */
const AT_ONCE: readonly LoginStatus[] = ['cancelled', 'timed_out'];

/** One mounted view: it follows a model, and takes everything off again when disposed. */
export class LoginView implements IHandlers {
  private readonly _model: IViewModel;
  private readonly _root = make('section', { className: 'jfa-view' });
  private readonly _head: HeadPart;
  private readonly _actions: ActionsPart;
  private readonly _ways: WaysPart;
  private readonly _parts: IPart[];
  private readonly _popup = new LoginPopup();
  private readonly _poller: LoginPoller;
  private readonly _settings: Omit<IRequestSettings, 'baseUrl'>;
  private readonly _trans: ITranslate;
  private readonly _endWatch: () => void;
  private readonly _known: IKnown = { ...NOTHING_KNOWN };
  private _loginId = '';
  private _wasPending = false;
  private _wasAttached = false;
  private _ticker: ReturnType<typeof setInterval> | undefined;

  /** @param context what to show, where, and how to ask the server */
  constructor({ model, el, request, trans }: IRenderContext) {
    this._model = model;
    this._trans = trans ?? english;
    this._settings = {
      ...(request ? { send: request } : {}),
      onServerTime: seconds => {
        this._known.offsetSeconds = compareClocks(seconds, Date.now() / 1000);
      }
    };
    this._head = new HeadPart(this._trans);
    this._actions = new ActionsPart(this, this._trans);
    this._ways = new WaysPart(this, this._trans);
    this._parts = [
      this._head,
      new IdentityPart(this._trans),
      new ConsentPart(this._trans),
      new ScopesPart(this._trans),
      new DevicePart(this._trans),
      this._actions,
      this._ways
    ];
    this._root.append(...this._parts.map(part => part.element));
    this._poller = this._makePoller();
    el.replaceChildren(this._root);
    const ends = [
      watchSight(this._root, () => this._poller.hurry(), this._update),
      watchNudges(() => this._nudged()),
      keepFocus(this._root)
    ];
    this._endWatch = () => ends.forEach(end => end());
    this._listen('on');
    this._update();
  }

  /** Take the view down. Its popup still closes when its login is over. */
  dispose(): void {
    if (this._wasPending) {
      const { base_url: baseUrl, login_id: id } = readTraits(this._model);
      const settings = { ...this._settings, baseUrl };
      void closeWhenOver(this._popup, () => requestAPI<ILoginAnswer>(`logins/${id}`, settings));
    }
    this._listen('off');
    this._endWatch();
    this._poller.follow('');
    clearInterval(this._ticker);
    this._popup.dropBlank();
    this._root.remove();
  }

  /** Open the login, in the click that asks for it. */
  logIn(): void {
    const { traits, loginUrl } = this._show();
    if (this._popup.isOpen) {
      this._head.notice = this._popup.focus() ? '' : sayBehind(this._trans);
      this._update();
      return;
    }
    const isOpen = loginUrl === '' ? this._begin(traits.login_id) : this._popup.open(loginUrl);
    this._head.notice = isOpen ? '' : sayBlocked(this._trans);
    if (!isOpen) {
      this._ways.unfold();
    }
    this._actions.popup = isOpen ? 'open' : 'none';
    this._update();
  }

  /** Ask for the account to be logged out. */
  logOut(): void {
    this._setBusy('logout');
    this._model.send({ type: 'logout' });
  }

  /** Call the login off: by the API, since a blocked kernel hears no message, and by a message. */
  cancel(): void {
    this._setBusy('cancel');
    this._model.send({ type: 'cancel' });
    const { isServed, traits } = this._show();
    if (!isServed && traits.device === null) {
      return;
    }
    this._request<null>(`logins/${traits.login_id}/cancel`, { method: 'POST' }).then(
      () => this._poller.hurry(),
      () => {
        this._head.notice = this._trans.__(
          'The server could not be told. Interrupt the cell to stop waiting.'
        );
        this._setBusy('');
      }
    );
  }

  /**
   * Hand in a code.
   *
   * @param response the code, or the whole address of the page that did not load
   */
  async paste(response: string): Promise<void> {
    const { login_id: id } = this._show().traits;
    const body = JSON.stringify({ response });
    await this._request<null>(`logins/${id}/paste`, { method: 'POST', body });
    this._poller.hurry();
  }

  /** Ask for a new login, with a window that waits for its address. */
  private _begin(lastId: string): boolean {
    this._loginId = lastId;
    if (!this._popup.isAwaiting) {
      this._model.send({ type: 'login' });
    }
    const words = this._trans.__('Starting the login…');
    return this._popup.openBlank(words, () => this._giveUpWaiting());
  }

  private _request<T>(endPoint: string, init: RequestInit = {}): Promise<T> {
    const { base_url: baseUrl } = readTraits(this._model);
    return requestAPI<T>(endPoint, { ...this._settings, baseUrl }, init);
  }

  private _makePoller(): LoginPoller {
    return new LoginPoller({
      ask: id => this._request<ILoginAnswer>(`logins/${id}`),
      onAnswer: answer => this._learn({ answer }),
      onReach: isReached => this._learn({ offline: !isReached }),
      onGone: () => {
        this._learn({ gone: true });
        // Only now: the end of a login clears what was said before.
        this._head.notice = this._trans.__('It is over. Run the cell again to see what is held.');
        this._update();
      },
      isWanted: () => !document.hidden && (isDrawn(this._root) || !this._wasAttached)
    });
  }

  private _learn(news: Partial<IKnown>): void {
    Object.assign(this._known, news);
    this._update();
  }

  private _show(): IShown {
    const shown = buildShown(readTraits(this._model), this._known, Date.now() / 1000);
    return { ...shown, traits: sayTraits(shown.traits, this._trans) };
  }

  private readonly _update = (): void => {
    this._follow(readTraits(this._model).login_id);
    const shown = this._show();
    this._settle(shown);
    if (this._actions.popup === 'open' && !this._popup.isOpen) {
      this._actions.popup = 'closed';
    }
    const { mode, status } = shown.traits;
    Object.assign(this._root.dataset, { mode, status, offline: shown.isOffline });
    this._parts.forEach(part => part.update(shown));
    this._poller.follow(shown.isPending && shown.traits.base_url ? shown.traits.login_id : '');
    this._tick(shown.isPending || this._popup.isAwaiting);
  };

  /** Start anew when the model shows another login; lead a popup that waits for it there. */
  private _follow(loginId: string): void {
    if (loginId === this._loginId) {
      return;
    }
    this._loginId = loginId;
    Object.assign(this._known, { answer: null, gone: false, offline: false });
    const url = this._urlOf(loginId);
    if (this._popup.isAwaiting && url !== '') {
      this._popup.arrive(url);
    } else if (url !== '' && !this._popup.leadsTo(url)) {
      this._actions.popup = 'none';
      this._popup.closeAfter(0);
    }
  }

  private _urlOf(loginId: string): string {
    return buildLoginUrl(readTraits(this._model).base_url, loginId);
  }

  /** Clear up when a login ends, or a new one begins. */
  private _settle({ isPending, traits }: IShown): void {
    if (isPending !== this._wasPending) {
      this._actions.busy = '';
      this._head.notice = isPending ? this._head.notice : '';
    }
    if (this._wasPending && !isPending) {
      const pause = AT_ONCE.includes(traits.status) ? 0 : CLOSE_POPUP_MILLISECONDS;
      this._actions.popup = 'none';
      this._popup.closeAfter(pause);
    }
    this._wasPending = isPending;
  }

  /** Look again because something has changed somewhere: what is held, a kernel alone knows. */
  private _nudged(): void {
    this._poller.hurry();
    if (readTraits(this._model).mode !== 'card') {
      this._model.send({ type: 'refresh' });
    }
  }

  private _giveUpWaiting(): void {
    this._actions.popup = 'none';
    this._head.notice = sayUnanswered(this._trans);
    this._update();
  }

  private _setBusy(busy: ActionsPart['busy']): void {
    this._actions.busy = busy;
    this._update();
  }

  private readonly _onMessage = (message: unknown): void => {
    const { type, login_id: id } = (message ?? {}) as Partial<ILoginReady>;
    const url = typeof id === 'string' ? this._urlOf(id) : '';
    if (type === 'login_ready' && this._popup.isAwaiting && url !== '') {
      this._popup.arrive(url);
    }
    this._update();
  };

  /** Hear of a new status or identity: what was asked for is answered. */
  private readonly _onAnswered = (): void => {
    this._actions.busy = '';
    if (!this._show().isPending && this._popup.isAwaiting) {
      this._popup.dropBlank();
      this._actions.popup = 'none';
    }
    this._update();
  };

  private _listen(how: 'on' | 'off'): void {
    for (const trait of TRAITS) {
      const isAnswer = trait === 'status' || trait === 'identity';
      this._model[how](`change:${trait}`, isAnswer ? this._onAnswered : this._update);
    }
    this._model[how]('msg:custom', this._onMessage);
  }

  /** Keep the time going, but not in a cell that is no longer on the page. */
  private _tick(isWanted: boolean): void {
    this._wasAttached ||= this._root.isConnected;
    const isAway = this._wasAttached && !this._root.isConnected;
    if (!isWanted || isAway) {
      clearInterval(this._ticker);
      this._ticker = undefined;
    } else {
      this._ticker ??= setInterval(this._update, TICK_MILLISECONDS);
    }
  }
}
