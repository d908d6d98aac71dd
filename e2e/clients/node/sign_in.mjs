// A relying party on openid-client, which stands on oauth4webapi and jose. Driven by test_openid_client.py: it reads its
// settings as one line of JSON, writes the address to open as a line, reads the address where the browser landed, and writes what
// it learnt. After that the same for signing out, if it is told to. Every check is the library's own.

import { createInterface } from "node:readline/promises";
import * as client from "openid-client";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => (await lines.next()).value;
const write = (value) => process.stdout.write(JSON.stringify(value) + "\n");

const { issuer, clientId, clientSecret, redirectUri, postLogoutRedirectUri, scope, pushes } = JSON.parse(await read());

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

let tokens;
try {
  tokens = await client.authorizationCodeGrant(config, new URL(await read()), {
    pkceCodeVerifier,
    expectedState,
    expectedNonce,
    idTokenExpected: true,
    maxAge: 3600,
  });
  const claims = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  const learnt = { claims, userinfo, scope: tokens.scope };
  if (tokens.refresh_token) {
    const before = tokens;
    tokens = await client.refreshTokenGrant(config, before.refresh_token);
    tokens.refresh_token ??= before.refresh_token;
    learnt.newAccessToken = tokens.access_token !== before.access_token;
    learnt.renewed = tokens.claims();
    learnt.userinfoAgain = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  }
  write(learnt);
} catch (error) {
  write({ error: error.error ?? error.code ?? String(error), cause: String(error.cause?.message ?? error.message) });
}

// What is left of the tokens: an outcome for each.
async function left() {
  const { sub } = tokens.claims();
  const refused = (error) => error.error ?? error.cause?.[0]?.parameters?.error ?? error.code;
  const outcome = (promise) => promise.then(() => "good", refused);
  return {
    userinfo: await outcome(client.fetchUserInfo(config, tokens.access_token, sub)),
    refresh: tokens.refresh_token && (await outcome(client.refreshTokenGrant(config, tokens.refresh_token))),
  };
}

if ((await read()) === "sign out") {
  const state = client.randomState();
  const out = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: postLogoutRedirectUri,
    state,
  });
  write({ url: out.href });
  const landed = new URL(await read());
  const found = [...landed.searchParams.keys()].join();
  const signedOut = await left();
  if (tokens.refresh_token) await client.tokenRevocation(config, tokens.refresh_token);
  write({ ownState: landed.searchParams.get("state") === state, found, signedOut, revoked: await left() });
}
