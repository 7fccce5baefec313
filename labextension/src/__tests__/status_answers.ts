import { vi } from 'vitest';
import type { IAuthService } from '../lab/service';
import type { IAccount, IStatusAnswer } from '../tokens';

/** An account that is held. */
export function accountOf(username: string): IAccount {
  const scope = { scope: 'urn:one:all', title: 'Manage data', service: 'Transfer' };
  return {
    id: `id-${username}`,
    provider: 'globus',
    title: 'Globus',
    issuer_host: 'auth.example.org',
    username,
    name: username.toUpperCase(),
    scopes: [{ ...scope, expires_at_seconds: null }],
    logged_in_at_seconds: 1
  };
}

/** The server's answer with one provider, one account and nothing pending. */
export function statusOf(status: Partial<IStatusAnswer> = {}): IStatusAnswer {
  return {
    server_id: 's1',
    providers: [
      { name: 'globus', kind: 'globus', title: 'Globus', issuer_host: 'auth.example.org' }
    ],
    accounts: [accountOf('alice')],
    pending: [],
    ...status
  };
}

/** Let a service ask now: its poll waits for a frame, and the frames are the test's. */
export async function refreshed(service: IAuthService): Promise<void> {
  const asked = service.refresh();
  await vi.advanceTimersByTimeAsync(100);
  await asked;
}
