// oidc-provider with rotating refresh tokens and its own development pages for login and consent; prints its address when it listens.
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'notebook',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        // Any port of each: a native client's are compared without it (RFC 8252 section 7.3).
        redirect_uris: ['http://127.0.0.1/callback', 'http://127.0.0.1/flowauth/callback/peer'],
      },
    ],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: { AccessToken: 3600, Grant: 86400, IdToken: 3600, Interaction: 600, RefreshToken: 86400, Session: 86400 },
    scopes: ['openid', 'offline_access', 'profile'],
  });
  let refreshes = 0;
  provider.on('grant.success', (ctx) => {
    refreshes += ctx.oidc.params.grant_type === 'refresh_token' ? 1 : 0;
  });
  provider.on('grant.error', (ctx) => {
    refreshes += ctx.oidc.params?.grant_type === 'refresh_token' ? 1 : 0;
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url === '/count') {
      response.end(String(refreshes));
    } else {
      answer(request, response);
    }
  });
  console.log(issuer);
});
