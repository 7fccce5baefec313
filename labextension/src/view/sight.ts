/**
 * Tell whether an element is drawn, wherever the page is scrolled to: not in a tab behind another, and not in a closed panel.
 *
 * @param element what is looked at
 * @returns whether it is on the page, where the browser can't tell more
 */
export function isDrawn(element: Element): boolean {
  const { checkVisibility } = element as Partial<Element>;
  return element.isConnected && (checkVisibility?.call(element) ?? true);
}

/**
 * Tell when a page, or a cell that was off the page, comes back into sight.
 *
 * @param element what is looked at
 * @param onPage called when the page is visible again
 * @param onElement called when the element is
 * @returns what ends the watch
 */
export function watchSight(
  element: Element,
  onPage: () => void,
  onElement: () => void
): () => void {
  const onVisibility = (): void => {
    if (!document.hidden) {
      onPage();
    }
  };
  document.addEventListener('visibilitychange', onVisibility);
  const endPage = (): void => document.removeEventListener('visibilitychange', onVisibility);
  if (typeof IntersectionObserver === 'undefined') {
    return endPage;
  }
  const observer = new IntersectionObserver(entries => {
    if (entries.some(entry => entry.isIntersecting)) {
      onElement();
    }
  });
  observer.observe(element);
  return () => {
    endPage();
    observer.disconnect();
  };
}
