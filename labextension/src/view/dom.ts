/** What a new element carries: its class, attributes, and what is in it. */
export interface IElementOptions {
  className?: string;
  text?: string;
  attributes?: Record<string, string>;
  children?: Node[];
}

/**
 * Make an element. Texts become text nodes, so that no markup in them is ever read as such.
 *
 * @param tag the element's name
 * @param options its class, text, attributes and children
 * @returns the element
 */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: IElementOptions = {}
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (options.className !== undefined) {
    element.className = options.className;
  }
  for (const [name, value] of Object.entries(options.attributes ?? {})) {
    element.setAttribute(name, value);
  }
  if (options.text !== undefined) {
    element.textContent = options.text;
  }
  element.append(...(options.children ?? []));
  return element;
}

/**
 * Set an element's text if it differs, so that a live region speaks only of what is new.
 *
 * @param element where
 * @param text the text; empty hides the element
 */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
  setShown(element, text !== '');
}

/**
 * Show or hide an element.
 *
 * @param element which
 * @param shown whether it is to be seen
 */
export function setShown(element: HTMLElement, shown: boolean): void {
  element.hidden = !shown;
}

/**
 * Lead a link to an address.
 *
 * @param link the link
 * @param address where to; '' for nowhere
 */
export function lead(link: HTMLAnchorElement, address: string): void {
  if (address === '') {
    link.removeAttribute('href');
  } else if (link.getAttribute('href') !== address) {
    link.href = address;
  }
}

/**
 * Let a long word break after its separators; copying it gives what it was.
 *
 * @param text such as a scope string
 * @returns text nodes with break opportunities between
 */
export function breakable(text: string): Node[] {
  const pieces = text.split(/(?<=[:/_.@[])(?=[^:/_.@[])/);
  return pieces.flatMap((piece, index) => {
    const node = document.createTextNode(piece);
    return index === 0 ? [node] : [document.createElement('wbr'), node];
  });
}

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Draw a 16 × 16 line icon that assistive technology passes over.
 *
 * @param path the `d` of its path
 * @param className its class
 * @returns the drawing
 */
export function drawIcon(path: string, className: string): SVGSVGElement {
  const icon = document.createElementNS(SVG, 'svg');
  icon.setAttribute('viewBox', '0 0 16 16');
  icon.setAttribute('aria-hidden', 'true');
  icon.setAttribute('class', className);
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  icon.append(line);
  return icon;
}
