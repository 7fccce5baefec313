import { afterEach, expect, test } from 'vitest';
import render from '../view/index';
import { english, shareTranslation } from '../view/words';
import { FakeModel, traitsOf } from './fakes';
import { bracketed } from './pseudo';

const STYLE = 'style[data-flowauth-style]';
const traits = traitsOf({ mode: 'panel', status: 'logged_out' });
let ends: (() => void)[] = [];

function show(el: HTMLElement): void {
  ends.push(render.render({ model: new FakeModel(traits), el }));
}

afterEach(() => {
  ends.forEach(end => end());
  ends = [];
  shareTranslation(english);
  document.head.querySelector(STYLE)?.remove();
  document.body.replaceChildren();
});

test('two cards on a page bring their style once', () => {
  const cards = [document.createElement('div'), document.createElement('div')];
  document.body.append(...cards);
  cards.forEach(show);
  expect(document.head.querySelectorAll(STYLE)).toHaveLength(1);
  expect(document.querySelectorAll('.jfa-view')).toHaveLength(2);
});

test('a card in a shadow root has its style in there, where the page’s does not reach', () => {
  const host = document.createElement('div');
  document.body.append(host);
  const root = host.attachShadow({ mode: 'open' });
  const el = document.createElement('div');
  root.append(el);
  show(el);
  expect(root.querySelectorAll(STYLE)).toHaveLength(1);
  expect(document.head.querySelectorAll(STYLE)).toHaveLength(0);
});

test('a card in a notebook’s output speaks JupyterLab’s language, and English without it', () => {
  const [plain, translated] = [document.createElement('div'), document.createElement('div')];
  show(plain);
  shareTranslation(bracketed);
  show(translated);
  expect(plain.querySelector('.jfa-headline')?.textContent).toBe('Not logged in');
  expect(translated.querySelector('.jfa-headline')?.textContent).toBe('⟦Not logged in⟧');
});

test('what renders takes everything off again', () => {
  const el = document.createElement('div');
  show(el);
  ends.pop()?.();
  expect(el.childElementCount).toBe(0);
});
