import style from '../../style/view.css';
import type { IRenderContext } from './context';
import { LoginView } from './view';
import { sharedTranslation } from './words';

const MARK = 'data-flowauth-style';

/** Put the style into the page, or the shadow root, that the view is in; once. */
function installStyle(el: HTMLElement): void {
  const root = el.getRootNode();
  const home = root instanceof ShadowRoot ? root : document.head;
  if (home.querySelector(`style[${MARK}]`) === null) {
    const element = document.createElement('style');
    element.setAttribute(MARK, '');
    element.textContent = style;
    home.append(element);
  }
}

/**
 * Mount the view on a widget's model, in anywidget's shape.
 *
 * @param context the model, the element, and what may be plugged in
 * @returns what takes the view down again
 */
export function render(context: IRenderContext): () => void {
  installStyle(context.el);
  const trans = context.trans ?? sharedTranslation();
  const view = new LoginView(trans ? { ...context, trans } : context);
  return () => view.dispose();
}

export default { render };
