// An authorization server that others wrote: oidc-provider, with a public client `pilotfish`.
//
// Listens on a free port of 127.0.0.1, prints its address, and runs until standard input ends.
// NODE_PATH names the folder of the packages.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
    clients: [{
        client_id: 'pilotfish',
        // Any port of the loopback interface.
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1', 'http://127.0.0.1/'],
        response_types: ['code'],
        grant_types: [
            'authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code',
        ],
        token_endpoint_auth_method: 'none',
    }],
    // By default for the scope offline_access and prompt=consent alone.
    issueRefreshToken: () => true,
    scopes: ['openid', 'offline_access', 'mail.send'],
    // Knows each user, as its login page does.
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    features: { deviceFlow: { enabled: true }, revocation: { enabled: true } },
});
server.on('request', provider.callback());
console.log(issuer);
process.stdin.resume().on('end', () => process.exit());
