import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { INoticePlace } from './notices';

/**
 * Show notices as the front end does: JupyterLab, or Notebook 7.
 *
 * @param app the front end
 * @param settings whether they are wanted; they are if absent
 * @returns the place for notices
 */
export function buildNoticePlace(
  app: JupyterFrontEnd,
  settings: ISettingRegistry.ISettings | undefined
): INoticePlace {
  return {
    current: () => {
      const { currentWidget } = app.shell as { currentWidget?: unknown };
      return (currentWidget as { context?: { path?: string } } | null)?.context?.path ?? '';
    },
    open: path => void app.commands.execute('docmanager:open', { path }),
    isWanted: () => settings?.composite['notify'] !== false,
    show: (message, label, callback) =>
      Notification.info(message, { autoClose: false, actions: [{ label, callback }] }),
    dismiss: id => Notification.dismiss(id)
  };
}
