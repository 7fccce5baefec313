import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { requestAPI } from '../requests';
import { LoginView } from '../view/view';
import { answerOf, FakeModel, FakeWindow, stubOpen, traitsOf } from './fakes';
import { button } from './mounting';

vi.mock(import('../requests'), async original => ({ ...(await original()), requestAPI: vi.fn() }));

let cell: HTMLElement;
let model: FakeModel;
let view: LoginView;

beforeEach(() => {
  vi.mocked(requestAPI).mockReset().mockResolvedValue(answerOf());
  stubOpen(new FakeWindow());
  cell = document.createElement('div');
  cell.tabIndex = 0;
  const el = document.createElement('div');
  cell.append(el);
  document.body.append(cell);
  model = new FakeModel(traitsOf());
  view = new LoginView({ model, el });
});

afterEach(() => {
  view.dispose();
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

test('where the button that has the focus goes, the view takes the focus', async () => {
  button(cell, 'Log in')?.focus();
  model.set({ status: 'finishing' });
  // jsdom keeps the focus on what is hidden; browsers don't.
  (document.activeElement as HTMLElement).blur();
  await vi.waitFor(() => expect(document.activeElement?.className).toBe('jfa-view'), 20_000);
});

test('where the view goes, its cell takes the focus', () => {
  button(cell, 'Log in')?.focus();
  view.dispose();
  expect(document.activeElement).toBe(cell);
});

test('a view that nobody is in takes no focus, whatever becomes of it', async () => {
  const elsewhere = document.createElement('button');
  document.body.append(elsewhere);
  button(cell, 'Log in')?.focus();
  elsewhere.focus();
  model.set({ status: 'finishing' });
  model.set({ status: 'done' });
  await Promise.resolve();
  view.dispose();
  expect(document.activeElement).toBe(elsewhere);
});
