/**
 * Keep the keyboard's place: where a button that has the focus goes, the view takes it; where the view goes, what it
 * stands in (a notebook's cell) does. Nothing is taken from whoever has gone elsewhere.
 *
 * @param root the view
 * @returns what ends it, and hands the focus back; to be called before the view is taken off
 */
export function keepFocus(root: HTMLElement): () => void {
  let home: HTMLElement | null = null;
  root.tabIndex = -1;
  const hear = (): void => {
    home = root.parentElement?.closest<HTMLElement>('[tabindex]') ?? home ?? document.body;
  };
  const lose = ({ relatedTarget }: FocusEvent): void => {
    if (relatedTarget instanceof Node) {
      home = root.contains(relatedTarget) ? home : null;
      return;
    }
    // A moment later it is known why: the button went, the view went, the popup has the focus, or somebody clicked elsewhere.
    setTimeout(() => {
      const isElsewhere = root.isConnected && document.activeElement === document.body;
      home = isElsewhere && document.hasFocus() ? null : home;
    });
  };
  const fix = (): void => {
    if (home !== null && document.activeElement === document.body) {
      root.focus({ preventScroll: true });
    }
  };
  const observer = new MutationObserver(fix);
  observer.observe(root, { subtree: true, childList: true, attributeFilter: ['hidden'] });
  root.addEventListener('focusin', hear);
  root.addEventListener('focusout', lose);
  return () => {
    observer.disconnect();
    root.removeEventListener('focusin', hear);
    root.removeEventListener('focusout', lose);
    const isOurs =
      root.contains(document.activeElement) || document.activeElement === document.body;
    if (home?.isConnected && isOurs) {
      home.focus({ preventScroll: true });
    }
  };
}
