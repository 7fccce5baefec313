import type { Send } from '../requests';
import type { IViewModel } from './model';
import type { ITranslate } from './words';

/** What a view is mounted with. */
export interface IRenderContext {
  /** The widget's model, or one that looks like it. */
  model: IViewModel;
  /** Where to mount. */
  el: HTMLElement;
  /** How requests are sent; `fetch` from the page's own origin if absent. */
  request?: Send;
  /** The translation; English if absent. */
  trans?: ITranslate;
}
