import type { ILoginTraits } from '../tokens';
import { LoginView } from '../view/view';
import { FakeModel, traitsOf } from './fakes';

let views: LoginView[] = [];

/** Mount a view on a page, with a model whose traits the test sets. */
export function mount(traits: Partial<ILoginTraits> = {}): { model: FakeModel; el: HTMLElement } {
  const model = new FakeModel(traitsOf(traits));
  const el = document.createElement('div');
  document.body.append(el);
  views.push(new LoginView({ model, el }));
  return { model, el };
}

/** Take down the views that were mounted. */
export function disposeViews(): void {
  views.forEach(view => view.dispose());
  views = [];
}

/** Find a button that is to be seen. */
export function button(el: HTMLElement, text: string | RegExp): HTMLButtonElement | undefined {
  return Array.from(el.querySelectorAll('button')).find(
    item => !item.closest('[hidden]') && item.textContent.match(text)
  );
}

/** Find an element that is to be seen. */
export function shown(el: HTMLElement, selector: string): HTMLElement | null {
  const found = el.querySelector<HTMLElement>(selector);
  return found?.closest('[hidden]') ? null : found;
}

/** Read the text of an element, '' if it is not to be seen. */
export function textOf(el: HTMLElement, selector: string): string {
  return shown(el, selector)?.textContent ?? '';
}
