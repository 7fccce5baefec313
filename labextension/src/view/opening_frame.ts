const MARK = 'data-flowauth-opener';

/** It runs no script, and leads nothing that is above it. */
const SANDBOX = 'allow-same-origin allow-popups allow-popups-to-escape-sandbox';

/** Whether a page may lead away no other top window than the one that opened it: so it is in Chromium, which alone has this. */
function isStrict(): boolean {
  return (navigator as { userAgentData?: unknown }).userAgentData !== undefined;
}

/**
 * Find, or make, the hidden frame through which popups are opened. Whoever opened a window may close it, bring it to the
 * front and lead it elsewhere, whatever page it shows; and the window may lead its opener elsewhere, if that is a top
 * window. A frame is none: so the popup stays ours, and the Jupyter tab is not the provider's.
 *
 * @returns the frame's window; null where the browser gives a page more than that, and the tie is to be cut
 */
export function findOpeningFrame(): Window | null {
  if (!isStrict()) {
    return null;
  }
  let frame = document.querySelector<HTMLIFrameElement>(`iframe[${MARK}]`);
  if (frame === null) {
    frame = document.createElement('iframe');
    frame.hidden = true;
    frame.title = '';
    frame.setAttribute(MARK, '');
    frame.setAttribute('sandbox', SANDBOX);
    document.body.append(frame);
  }
  return frame.contentWindow;
}
