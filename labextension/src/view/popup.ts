import { RequestError } from '../requests';
import {
  BLANK_POPUP_MILLISECONDS,
  CLOSE_POPUP_MILLISECONDS,
  ENDED,
  type ILoginAnswer,
  POLL_MILLISECONDS
} from '../tokens';
import { findOpeningFrame } from './opening_frame';

const FEATURES = 'popup=yes,width=560,height=720';

function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `flowauth-${Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * Take a window's way back to us, while its page is still ours: no page that it is led to can navigate the Jupyter tab.
 * We can still close it once it is back on a page of ours, which `noopener` would not leave us.
 */
function cutOff(handle: Window): void {
  try {
    handle.opener = null;
  } catch {
    // Under that name there is a window already, and on a page that isn't ours: it was cut off when it was opened.
  }
}

/**
 * The one window in which a login is shown. Nothing is ever concluded from its having been closed: a page that cuts
 * the tie (COOP) looks exactly the same.
 */
export class LoginPopup {
  private _handle: Window | null = null;
  private _frame: Window | null = null;
  private _url = '';
  private _name = randomName();
  private _awaited: ReturnType<typeof setTimeout> | undefined;

  /** A popup that nobody has asked for yet. Its frame is there before the click, so that the click counts for it too. */
  constructor() {
    findOpeningFrame();
  }

  /** Whether there is a window that can still be reached. */
  get isOpen(): boolean {
    return this._handle !== null && !this._handle.closed;
  }

  /** Whether a login's address is still to come. */
  get isAwaiting(): boolean {
    return this._awaited !== undefined;
  }

  /**
   * Tell whether there is a window that was led to an address.
   *
   * @param url the address
   * @returns true if so, wherever its page has gone since
   */
  leadsTo(url: string): boolean {
    return this.isOpen && this._url === url;
  }

  /**
   * Open the window at an address. To be called in a click.
   *
   * @param url where to
   * @returns false if the browser has blocked it
   */
  open(url: string): boolean {
    this._frame = findOpeningFrame();
    const handle = (this._frame ?? window).open('about:blank', this._name, FEATURES);
    this._handle = handle;
    if (handle === null) {
      return false;
    }
    if (this._frame === null) {
      cutOff(handle);
    }
    if (url !== 'about:blank') {
      handle.location.replace(url);
    }
    this._url = url;
    handle.focus();
    return true;
  }

  /**
   * Open a blank window in the click, for a login whose address will come.
   *
   * @param words what it says until then
   * @param onGiveUp called if nothing came in good time; the window is closed by then
   * @returns false if the browser has blocked it; the address is awaited all the same
   */
  openBlank(words: string, onGiveUp: () => void): boolean {
    const isOpen = this.open('about:blank');
    if (isOpen) {
      this._write(words);
    }
    this._awaited ??= setTimeout(() => {
      this.dropBlank();
      onGiveUp();
    }, BLANK_POPUP_MILLISECONDS);
    return isOpen;
  }

  /**
   * Lead the blank window to its login.
   *
   * @param url where to
   */
  arrive(url: string): void {
    this._stopAwaiting();
    if (this.isOpen) {
      this._handle?.location.replace(url);
      this._url = url;
    }
  }

  /** Close the window if its login's address has not come. */
  dropBlank(): void {
    if (this.isAwaiting) {
      this._stopAwaiting();
      this.closeAfter(0);
    }
  }

  /**
   * Bring the window to the front. To be called in a click.
   *
   * @returns false if the browser may not have done it, because the tie is cut
   */
  focus(): boolean {
    if (this._frame === null) {
      this._handle?.focus();
      return false;
    }
    // By its name: what its opener opens again comes to the front, and stays at the page that it shows.
    this._frame.open('', this._name);
    return true;
  }

  /**
   * Close the window in a while, and be ready for the next one at once.
   *
   * @param milliseconds how long its last page is to be read
   */
  closeAfter(milliseconds: number): void {
    const handle = this._handle;
    this._handle = null;
    this._name = randomName();
    if (milliseconds === 0) {
      handle?.close();
    } else if (handle !== null) {
      setTimeout(() => handle.close(), milliseconds);
    }
  }

  private _stopAwaiting(): void {
    clearTimeout(this._awaited);
    this._awaited = undefined;
  }

  private _write(words: string): void {
    const page = this._handle?.document;
    if (page !== undefined) {
      page.title = words;
      page.documentElement.lang = document.documentElement.lang || 'en';
      page.documentElement.style.colorScheme = 'light dark';
      page.body.style.font = '16px system-ui, sans-serif';
      page.body.style.padding = '2rem';
      // Made by the window's own document, to which it belongs.
      const home = page.createElement('main');
      home.role = 'status';
      home.append(page.createElement('h1'));
      home.firstElementChild?.append(words);
      page.body.replaceChildren(home);
    }
  }
}

/**
 * Close a popup once its login is over, for a view that goes before it has heard: the cell's output may be replaced
 * before the last status arrives.
 *
 * @param popup the popup
 * @param ask asks the server how the login stands
 */
export async function closeWhenOver(
  popup: LoginPopup,
  ask: () => Promise<ILoginAnswer>
): Promise<void> {
  if (!popup.isOpen) {
    return;
  }
  const isOver = await ask().then(
    answer => ENDED.includes(answer.status),
    (error: unknown) => error instanceof RequestError && error.status === 404
  );
  if (isOver) {
    popup.closeAfter(CLOSE_POPUP_MILLISECONDS);
  } else {
    setTimeout(() => void closeWhenOver(popup, ask), POLL_MILLISECONDS);
  }
}
