import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import plugins, { noticesPlugin, panelPlugin, servicePlugin, statusPlugin } from '../index';
import { AuthPanel } from '../lab/panel';
import { AuthService } from '../lab/service';
import { StatusItem } from '../lab/status';
import type { IPendingLogin } from '../tokens';
import { english, sharedTranslation, shareTranslation } from '../view/words';
import { bracketed } from './pseudo';
import { refreshed, statusOf } from './status_answers';

const makeRequest = vi.hoisted(() => vi.fn());
const notification = vi.hoisted(() => ({ info: vi.fn(() => 'notice-1'), dismiss: vi.fn() }));

// JupyterLab's own packages want a browser with all of it around them: what of them is used here is little.
vi.mock('@jupyterlab/apputils', () => ({ ICommandPalette: {}, Notification: notification }));
vi.mock('@jupyterlab/services', () => ({ ServerConnection: { makeRequest } }));
vi.mock('@jupyterlab/settingregistry', () => ({ ISettingRegistry: {} }));
vi.mock('@jupyterlab/statusbar', () => ({ IStatusBar: {} }));
vi.mock('@jupyterlab/ui-components', () => ({ LabIcon: vi.fn() }));
vi.mock('@jupyterlab/translation', () => ({
  ITranslator: {},
  nullTranslator: { languageCode: 'en', load: () => english }
}));

/** JupyterLab, as far as the plugins see it. */
class FakeApp {
  readonly added: { widget: AuthPanel; area: string }[] = [];
  readonly commands = {
    known: new Map<string, { label: string; execute: (args: object) => unknown }>(),
    addCommand(id: string, options: { label: string; execute: (args: object) => unknown }): void {
      this.known.set(id, options);
    },
    execute: vi.fn(() => Promise.resolve())
  };
  readonly shell = {
    add: (widget: AuthPanel, area: string) => this.added.push({ widget, area }),
    activateById: vi.fn(),
    currentChanged: new Signal<object, void>({}),
    currentWidget: null as object | null
  };
  readonly events = new Signal<object, { schema_id: string }>({});
  readonly serviceManager = {
    serverSettings: { baseUrl: 'http://localhost:3000/' },
    events: { stream: this.events }
  };

  get front(): JupyterFrontEnd {
    return this as unknown as JupyterFrontEnd;
  }
}

const translator = { languageCode: 'eo', load: () => bracketed };
const pending: IPendingLogin = {
  login_id: 'login-1',
  provider: 'globus',
  title: 'Globus',
  issuer_host: 'auth.example.org',
  asked_by: 'kernel',
  scopes: [],
  notebook: 'deep/work.ipynb',
  started_at_seconds: 0,
  expires_at_seconds: 0,
  user_agent: 'server'
};
let app: FakeApp;
let service: AuthService;

/** Activate a plugin as JupyterLab does, with what it requires and what it could have. */
function activate(plugin: { activate: unknown }, ...given: unknown[]): unknown {
  return (plugin.activate as (...args: unknown[]) => unknown)(app.front, ...given);
}

async function answer(status: Parameters<typeof statusOf>[0]): Promise<void> {
  const body = JSON.stringify(statusOf(status));
  makeRequest.mockImplementation(() => Promise.resolve(new Response(body)));
  await refreshed(service);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  makeRequest.mockImplementation(() => Promise.reject(new TypeError('down')));
  notification.info.mockReturnValue('notice-1');
  app = new FakeApp();
  service = activate(servicePlugin, translator) as AuthService;
});

afterEach(() => {
  app.added.forEach(({ widget }) => widget.dispose());
  service.dispose();
  shareTranslation(english);
  vi.useRealTimers();
});

test('each plugin says what it does', () => {
  expect(plugins.map(plugin => plugin.id)).toHaveLength(new Set(plugins.map(({ id }) => id)).size);
  plugins.forEach(plugin => expect(plugin.description).toMatch(/^[A-Z].*\.$/));
});

test('the service asks through JupyterLab, and looks when the server tells of a change', async () => {
  await answer({ changed_event: 'ours' });
  expect(service.status?.accounts).toHaveLength(1);
  const asked = makeRequest.mock.calls.length;
  app.events.emit({ schema_id: 'another' });
  await vi.advanceTimersByTimeAsync(100);
  expect(makeRequest).toHaveBeenCalledTimes(asked);
  app.events.emit({ schema_id: 'ours' });
  await vi.advanceTimersByTimeAsync(100);
  expect(makeRequest).toHaveBeenCalledTimes(asked + 1);
});

test('the views in notebooks’ outputs get JupyterLab’s translation, with what kernels say', () => {
  expect(sharedTranslation()?.__('Log out')).toBe('⟦Log out⟧');
  expect(sharedTranslation()?.say?.('Nothing was changed.')).toBe('⟦Nothing was changed.⟧');
});

test('without a translator everything is in English', () => {
  service.dispose();
  service = activate(servicePlugin, null) as AuthService;
  expect(sharedTranslation()).toBe(english);
});

test('the panel is at the right, with two commands in the palette, all in JupyterLab’s language', () => {
  const addItem = vi.fn();
  activate(panelPlugin, service, { addItem }, translator);
  const [added] = app.added;
  expect([added?.area, added?.widget.title.caption]).toEqual(['right', '⟦Logins⟧']);
  const labels = Array.from(app.commands.known.values(), ({ label }) => label);
  expect(labels).toEqual(['⟦FlowAuth: Show Logins⟧', '⟦FlowAuth: Log In⟧']);
  const items = ['flowauth:show', 'flowauth:log-in'];
  expect(addItem.mock.calls).toEqual(items.map(command => [{ command, category: '⟦Logins⟧' }]));
});

test('the commands lead to the panel, and one of them logs in there', () => {
  activate(panelPlugin, service, null, null);
  const { widget } = app.added[0]!;
  const logIn = vi.spyOn(widget, 'logIn').mockReturnValue();
  app.commands.known.get('flowauth:show')?.execute({});
  expect(app.shell.activateById).toHaveBeenCalledExactlyOnceWith('jupyter-flowauth-panel');
  app.commands.known.get('flowauth:log-in')?.execute({ provider: 'school' });
  app.commands.known.get('flowauth:log-in')?.execute({});
  expect(logIn.mock.calls).toEqual([['school'], ['']]);
});

test('a notebook that the panel names is brought to the front', async () => {
  activate(panelPlugin, service, null, null);
  const account = { ...statusOf().accounts[0]!, notebooks: ['a.ipynb'] };
  await answer({ accounts: [account] });
  app.added[0]?.widget.node.querySelector<HTMLElement>('.jp-FlowAuth-notebook')?.click();
  expect(app.commands.execute).toHaveBeenCalledWith('docmanager:open', { path: 'a.ipynb' });
});

test('the status bar shows who is logged in, and a click opens the panel', async () => {
  const registerStatusItem = vi.fn();
  activate(statusPlugin, service, { registerStatusItem }, translator);
  await answer({});
  const { item, isActive } = registerStatusItem.mock.calls[0]![1] as {
    item: StatusItem;
    isActive: () => boolean;
  };
  expect([item.node.textContent, isActive()]).toEqual(['⟦Logged in: alice⟧', true]);
  item.node.querySelector('button')?.click();
  expect(app.commands.execute).toHaveBeenCalledExactlyOnceWith('flowauth:show');
  item.dispose();
});

test('where there is no status bar, there is nothing to do', () => {
  expect(activate(statusPlugin, service, null, null)).toBeUndefined();
});

test('a notebook behind another one that waits is told, and a click goes there', async () => {
  const changed = new Signal<object, void>({});
  const settings = { composite: { notify: true } as Record<string, unknown>, changed };
  await activate(noticesPlugin, service, { load: () => Promise.resolve(settings) }, translator);
  await answer({ pending: [pending] });
  expect(notification.info).toHaveBeenCalledExactlyOnceWith(
    '⟦work.ipynb waits for you to log in through Globus.⟧',
    expect.objectContaining({ autoClose: false })
  );
  const [, options] = notification.info.mock.calls[0] as unknown as [
    string,
    { actions: { label: string; callback: () => void }[] }
  ];
  expect(options.actions[0]?.label).toBe('⟦Go there⟧');
  options.actions[0]?.callback();
  expect(app.commands.execute).toHaveBeenCalledWith('docmanager:open', { path: pending.notebook });
  app.shell.currentWidget = { context: { path: pending.notebook } };
  app.shell.currentChanged.emit();
  expect(notification.dismiss).toHaveBeenCalledWith('notice-1');
});

test('notices that are not wanted are not shown, from the moment that the settings say so', async () => {
  const changed = new Signal<object, void>({});
  const settings = { composite: { notify: false } as Record<string, unknown>, changed };
  await activate(noticesPlugin, service, { load: () => Promise.resolve(settings) }, null);
  await answer({ pending: [pending] });
  expect(notification.info).not.toHaveBeenCalled();
  settings.composite['notify'] = true;
  changed.emit();
  expect(notification.info).toHaveBeenCalledTimes(1);
});

test('where there are no settings, notices are shown', async () => {
  const load = (): Promise<never> => Promise.reject(new Error('no such schema'));
  await activate(noticesPlugin, service, { load }, null);
  await answer({ pending: [pending] });
  expect(notification.info).toHaveBeenCalledTimes(1);
});
