import type { IAccount, IStatusAnswer } from '../tokens';
import { sayExpiry } from './account_tools';
import { english } from '../view/words';

/** Keep of a name what its owner recognises: the first letter, and whose it is. */
function redact(username: string): string {
  const [name = '', ...host] = username.split('@');
  return `${Array.from(name)[0] ?? ''}…${host.length > 0 ? `@${host.join('@')}` : ''}`;
}

function describeAccount(account: IAccount, now: number): string {
  const { username, provider, issuer_host: host, scopes, kind } = account;
  const end = sayExpiry(account, now, english);
  return `${redact(username)} (${kind ?? 'person'}) through ${provider} at ${host}, scopes: ${scopes.length}. ${end}`;
}

/**
 * Write down how things stand, for whoever is asked for help. It names no person in full, and holds nothing that logs in.
 *
 * @param status the server's last answer
 * @param problem why there is no newer one, or ''
 * @param now epoch seconds
 * @returns lines of text, in English whatever the language: they are read by others
 */
export function writeDiagnosis(status: IStatusAnswer | null, problem: string, now: number): string {
  const { providers = [], accounts = [], pending = [] } = status ?? {};
  return [
    'jupyter_flowauth, as JupyterLab sees it',
    `server: ${problem === '' ? 'answers' : problem}`,
    `tells of changes: ${status?.changed_event === undefined ? 'no' : 'yes'}`,
    ...providers.map(
      ({ name, kind, issuer_host: host }) => `provider: ${name} (${kind}) at ${host}`
    ),
    ...accounts.map(account => `account: ${describeAccount(account, now)}`),
    ...pending.map(
      login =>
        `waiting: ${login.asked_by} through ${login.provider} by ${login.user_agent}, scopes: ${login.scopes.length}`
    ),
    `browser: ${navigator.userAgent}`,
    `page: ${window.location.protocol}//${window.location.host}`
  ].join('\n');
}
