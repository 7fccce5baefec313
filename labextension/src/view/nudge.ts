const NAME = 'jupyter_flowauth:look';

/** Nudges that come sooner than this after the one before are one. */
const PAUSE_MILLISECONDS = 300;

/** Tell the views on this page, in notebooks' outputs too, to look again. It says that and nothing else. */
export function nudge(): void {
  window.dispatchEvent(new Event(NAME));
}

/**
 * Hear of nudges. Whatever else is on the page can send them: all that comes of one is a look.
 *
 * @param onNudge called with each, but not more than three times a second
 * @returns what ends it
 */
export function watchNudges(onNudge: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = -PAUSE_MILLISECONDS;
  const look = (): void => {
    timer = undefined;
    last = performance.now();
    onNudge();
  };
  const hear = (): void => {
    timer ??= setTimeout(look, Math.max(0, last + PAUSE_MILLISECONDS - performance.now()));
  };
  window.addEventListener(NAME, hear);
  return () => {
    clearTimeout(timer);
    window.removeEventListener(NAME, hear);
  };
}
