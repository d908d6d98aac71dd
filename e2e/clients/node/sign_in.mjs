// A relying party on openid-client, which stands on oauth4webapi and jose. Driven by test_openid_client.py: it reads its
// settings as one line of JSON, writes the address to open as a line, reads the address where the browser landed, and writes what
// it learnt. Every check is the library's own.

import { createInterface } from "node:readline/promises";
import * as client from "openid-client";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => (await lines.next()).value;
const write = (value) => process.stdout.write(JSON.stringify(value) + "\n");

const { issuer, clientId, clientSecret, redirectUri, scope, pushes } = JSON.parse(await read());

const config = await client.discovery(
  new URL(issuer),
  clientId,
  { id_token_signed_response_alg: "RS256", redirect_uris: [redirectUri] },
  client.ClientSecretBasic(clientSecret),
  // Signatures are checked although the ID token comes straight from the token endpoint. Loopback has no TLS.
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
);

const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const expectedNonce = client.randomNonce();
const build = pushes ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
const url = await build(config, {
  redirect_uri: redirectUri,
  scope,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
  state: expectedState,
  nonce: expectedNonce,
  max_age: "3600",
});
write({ url: url.href });

try {
  const tokens = await client.authorizationCodeGrant(config, new URL(await read()), {
    pkceCodeVerifier,
    expectedState,
    expectedNonce,
    idTokenExpected: true,
    maxAge: 3600,
  });
  const claims = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
  write({
    claims,
    userinfo,
    scope: tokens.scope,
    newAccessToken: renewed.access_token !== tokens.access_token,
    renewed: renewed.claims(),
    userinfoAgain: await client.fetchUserInfo(config, renewed.access_token, claims.sub),
  });
} catch (error) {
  write({ error: error.error ?? error.code ?? String(error), cause: String(error.cause?.message ?? error.message) });
}
