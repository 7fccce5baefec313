import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AuthPanel } from '../lab/panel';
import { withSentences } from '../lab/sentences';
import { AuthService } from '../lab/service';
import { lookOf } from '../lab/status';
import { requestAPI } from '../requests';
import type { IStatusAnswer } from '../tokens';
import { english } from '../view/words';
import { MARKUP } from './fakes';
import { bracketed } from './pseudo';
import { accountOf, refreshed, statusOf } from './status_answers';

vi.mock(import('../requests'), async original => ({ ...(await original()), requestAPI: vi.fn() }));

const NEWER =
  '/home/a/flowauth/1.json was written by a newer version (format 99, this one knows 1); it was left untouched; upgrade jupyter_flowauth here';
let service: AuthService;
let panel: AuthPanel;
const open = vi.fn();

async function show(status: Partial<IStatusAnswer>): Promise<void> {
  vi.mocked(requestAPI).mockResolvedValue(statusOf(status));
  await refreshed(service);
}

function uses(): HTMLElement | null {
  return panel.node.querySelector<HTMLElement>('.jp-FlowAuth-uses');
}

function notebooks(): HTMLButtonElement[] {
  return Array.from(panel.node.querySelectorAll<HTMLButtonElement>('.jp-FlowAuth-notebook'));
}

beforeEach(() => {
  vi.useFakeTimers();
  open.mockReset();
  service = new AuthService({ baseUrl: 'http://localhost:3000/' });
  panel = new AuthPanel(service, english, open);
  document.body.append(panel.node);
});

afterEach(() => {
  panel.dispose();
  service.dispose();
  panel.node.remove();
  vi.useRealTimers();
});

test('an account names the notebooks that use it, and a click goes there', async () => {
  await show({ accounts: [{ ...accountOf('alice'), notebooks: ['a.ipynb', 'deep/b.ipynb'] }] });
  expect(uses()?.textContent).toBe('Used by 2 notebooks: a.ipynb b.ipynb');
  notebooks()[1]?.click();
  expect(open).toHaveBeenCalledExactlyOnceWith('deep/b.ipynb');
  expect(notebooks()[1]?.title).toBe('deep/b.ipynb');
});

test('an account that nothing uses says nothing of that', async () => {
  await show({ accounts: [accountOf('alice')] });
  expect(uses()?.hidden).toBe(true);
});

test('a notebook that has the focus keeps it when the server answers again', async () => {
  await show({ accounts: [{ ...accountOf('alice'), notebooks: ['a.ipynb'] }] });
  notebooks()[0]?.focus();
  await show({ accounts: [{ ...accountOf('alice'), notebooks: ['a.ipynb'], name: 'Al' }] });
  expect(document.activeElement).toBe(notebooks()[0]);
  await show({ accounts: [{ ...accountOf('alice'), notebooks: [] }] });
  expect(uses()?.hidden).toBe(true);
});

test('a notebook’s name is text, whatever is in it', async () => {
  await show({ accounts: [{ ...accountOf('alice'), notebooks: [MARKUP] }] });
  expect(panel.node.querySelector('img')).toBeNull();
  expect(notebooks()[0]?.title).toBe(MARKUP);
});

test('what is held and can’t be used is listed with what to do, and the status bar draws attention', async () => {
  await show({ problems: [NEWER, 'Another one.'] });
  const items = Array.from(panel.node.querySelectorAll('.jp-FlowAuth-problems li'));
  expect(items.map(item => item.textContent)).toEqual([NEWER, 'Another one.']);
  expect(lookOf(service)).toBe('attention');
  await show({ problems: [] });
  expect(panel.node.querySelector<HTMLElement>('.jp-FlowAuth-problems')?.hidden).toBe(true);
  expect(lookOf(service)).toBe('ok');
});

test('a list of problems that has not changed is not said again', async () => {
  await show({ problems: [NEWER] });
  const item = panel.node.querySelector('.jp-FlowAuth-problems li');
  await show({ problems: [NEWER], accounts: [] });
  expect(panel.node.querySelector('.jp-FlowAuth-problems li')).toBe(item);
});

test('problems, and what is around the notebooks’ names, are translated', async () => {
  panel.dispose();
  panel = new AuthPanel(service, withSentences(bracketed, 'eo'), open);
  await show({ problems: [NEWER], accounts: [{ ...accountOf('alice'), notebooks: ['a.ipynb'] }] });
  expect(panel.node.querySelector('.jp-FlowAuth-problems')?.textContent).toMatch(
    /^⟦Can’t be used⟧⟦.*upgrade jupyter_flowauth here⟧$/
  );
  expect(uses()?.textContent).toBe('⟦Used by 1 notebook:⟧ a.ipynb');
});
