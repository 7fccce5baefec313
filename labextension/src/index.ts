import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ServerConnection } from '@jupyterlab/services';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { LabIcon } from '@jupyterlab/ui-components';
import { buildNoticePlace } from './lab/notice_place';
import { LoginNotices } from './lab/notices';
import { AuthPanel } from './lab/panel';
import { withSentences } from './lab/sentences';
import { AuthService, IAuthService } from './lab/service';
import { StatusItem } from './lab/status';
import { type ITranslate, shareTranslation } from './view/words';

const DOMAIN = 'jupyter_flowauth';
/** Settings are found under the package's own name. */
const NOTICES = '@jupyter-flowauth/labextension:notices';
const SHOW = 'flowauth:show';
const LOG_IN = 'flowauth:log-in';

const icon = new LabIcon({
  name: 'jupyter_flowauth:key',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
    <path class="jp-icon3" fill="#616161" d="M12.65 10A6 6 0 1 0 12.65 14H17v4h4v-4h2v-4zM7 14a2 2 0 1 1 0-4 2 2 0 0 1 0 4z"/>
  </svg>`
});

/** Loaded once: the sentences that were recognised are remembered. */
const translations = new WeakMap<ITranslator, ITranslate>();

function translationOf(given: ITranslator | null): ITranslate {
  const translator = given ?? nullTranslator;
  const trans =
    translations.get(translator) ?? withSentences(translator.load(DOMAIN), translator.languageCode);
  translations.set(translator, trans);
  return trans;
}

/** Provides what the server knows of logins. */
export const servicePlugin: JupyterFrontEndPlugin<IAuthService> = {
  id: 'jupyter_flowauth:service',
  description: 'Provides the logins that the Jupyter server holds or waits for.',
  autoStart: true,
  provides: IAuthService,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null): IAuthService => {
    shareTranslation(translationOf(translator));
    const { serverSettings } = app.serviceManager;
    const service = new AuthService({
      baseUrl: serverSettings.baseUrl,
      send: (url, init) => ServerConnection.makeRequest(url, init, serverSettings)
    });
    service.follow(app.serviceManager.events.stream);
    return service;
  }
};

/** Shows the side panel, and its commands in the palette. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_flowauth:panel',
  description: 'Shows accounts and logins in a side panel, and logs in and out there.',
  autoStart: true,
  requires: [IAuthService],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    service: IAuthService,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const trans = translationOf(translator);
    const panel = new AuthPanel(service, trans, path => {
      void app.commands.execute('docmanager:open', { path });
    });
    panel.id = 'jupyter-flowauth-panel';
    panel.title.icon = icon;
    panel.title.caption = trans.__('Logins');
    app.shell.add(panel, 'right', { rank: 900, type: 'FlowAuth' });
    app.commands.addCommand(SHOW, {
      label: trans.__('FlowAuth: Show Logins'),
      icon,
      execute: () => app.shell.activateById(panel.id)
    });
    app.commands.addCommand(LOG_IN, {
      label: trans.__('FlowAuth: Log In'),
      icon,
      execute: args => {
        app.shell.activateById(panel.id);
        panel.logIn(typeof args['provider'] === 'string' ? args['provider'] : '');
      }
    });
    const category = trans.__('Logins');
    [SHOW, LOG_IN].forEach(command => palette?.addItem({ command, category }));
  }
};

/** Shows in the status bar who is logged in. */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_flowauth:status',
  description: 'Shows in the status bar who is logged in, or how many logins wait.',
  autoStart: true,
  requires: [IAuthService],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    service: IAuthService,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ): void => {
    if (statusBar === null) {
      return;
    }
    const trans = translationOf(translator);
    const item = new StatusItem(service, trans, () => void app.commands.execute(SHOW));
    statusBar.registerStatusItem(statusPlugin.id, {
      item,
      align: 'right',
      rank: 50,
      isActive: () => item.isActive,
      activeStateChanged: service.changed
    });
  }
};

/** Says that a notebook waits for a login while another is in front; its settings also place the commands in the menus. */
export const noticesPlugin: JupyterFrontEndPlugin<void> = {
  id: NOTICES,
  description: 'Says when a notebook that is not in front waits for a login.',
  autoStart: true,
  requires: [IAuthService],
  optional: [ISettingRegistry, ITranslator],
  activate: async (
    app: JupyterFrontEnd,
    service: IAuthService,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ): Promise<void> => {
    const trans = translationOf(translator);
    const settings = await registry?.load(NOTICES).catch(() => undefined);
    const notices = new LoginNotices(service, buildNoticePlace(app, settings), trans);
    settings?.changed.connect(notices.update);
    app.shell.currentChanged?.connect(notices.update);
  }
};

export default [servicePlugin, panelPlugin, statusPlugin, noticesPlugin];
