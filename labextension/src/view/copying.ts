import { make, setText } from './dom';
import type { ITranslate } from './words';

const SAID_MILLISECONDS = 2_000;

/**
 * Put a text on the clipboard: by the browser's own way, or where a page may not use that, by the old one.
 *
 * @param text what to copy
 * @returns whether it is there
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const before = document.activeElement;
  const area = make('textarea', { className: 'jfa-state', attributes: { readonly: '' } });
  area.value = text;
  document.body.append(area);
  area.select();
  // Where there is no clipboard (plain http on another machine) this is all there is.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const isCopied = typeof document.execCommand === 'function' && document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) {
    before.focus();
  }
  return isCopied;
}

/**
 * Make a button that copies something, and says that it did.
 *
 * @param label what it says at rest
 * @param textOf what to copy, asked for at the click
 * @param trans the translation
 * @returns the button
 */
export function makeCopyButton(
  label: string,
  textOf: () => string,
  trans: ITranslate
): HTMLButtonElement {
  const button = make('button', {
    className: 'jfa-button jfa-mod-small',
    text: label,
    attributes: { type: 'button', 'aria-live': 'polite' }
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  button.addEventListener('click', () => {
    void copyText(textOf()).then(isCopied => {
      setText(button, isCopied ? trans.__('Copied') : trans.__('Copying is not allowed here'));
      clearTimeout(timer);
      timer = setTimeout(() => setText(button, label), SAID_MILLISECONDS);
    });
  });
  return button;
}
