// A single-page application on oidc-client-ts: one page for every address. Each button does one thing with the library, and
// what came of it is shown as JSON. Nothing is checked here that the library does not check.

const here = location.origin;
const manager = new oidc.UserManager({
  authority: document.body.dataset.authority,
  client_id: "single-page",
  redirect_uri: `${here}/signed-in`,
  silent_redirect_uri: `${here}/seen`,
  post_logout_redirect_uri: `${here}/signed-out`,
  scope: "openid profile email groups offline_access",
  // The library asks UserInfo after each sign-in, and refuses the answer if it is about somebody else.
  loadUserInfo: true,
  // Every claim of the ID token is shown.
  filterProtocolClaims: false,
  // A renewal must be about the person who signed in.
  validateSubOnSilentRenew: true,
  includeIdTokenInSilentRenew: true,
  // Nothing happens behind the back of the test.
  automaticSilentRenew: false,
  revokeTokensOnSignout: false,
  staleStateAgeInSeconds: 60,
  silentRequestTimeoutInSeconds: 10,
  requestTimeoutInSeconds: 10,
  userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
});

const told = (user) =>
  user && {
    profile: user.profile,
    scope: user.scope,
    state: user.state,
    expiresIn: user.expires_in,
    accessToken: user.access_token,
    idToken: user.id_token,
    refreshToken: user.refresh_token,
  };

async function show(what, work) {
  const learnt = document.querySelector("#learnt");
  delete learnt.dataset.after;
  let shown;
  try {
    shown = await work();
  } catch (error) {
    shown = { error: error.error ?? error.message, kind: error.name };
  }
  learnt.textContent = JSON.stringify(shown ?? null);
  learnt.dataset.after = what;
}

const buttons = {
  "Sign in": () => manager.signinRedirect({ state: "where I was", nonce: crypto.randomUUID() }),
  "Ask nobody": () => manager.signinRedirect({ prompt: "none" }),
  // With the refresh token; without one, the library looks in a hidden frame.
  Refresh: async () => told(await manager.signinSilent({ forceIframeAuth: false })),
  "Look in a frame": async () => told(await manager.signinSilent({ forceIframeAuth: true })),
  "Ask UserInfo": async () => {
    const { access_token } = await manager.getUser();
    const address = await manager.metadataService.getUserInfoEndpoint();
    const answer = await fetch(address, { headers: { Authorization: `Bearer ${access_token}` } });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  },
  Revoke: () => manager.revokeTokens(["refresh_token"]),
  "Sign out": () => manager.signoutRedirect({ state: "gone" }),
};

for (const button of document.querySelectorAll("button")) {
  button.addEventListener("click", () => show(button.textContent, buttons[button.textContent]));
}

const arrivals = {
  "/signed-in": async () => told(await manager.signinCallback()),
  "/seen": () => manager.signinSilentCallback(),
  "/signed-out": async () => {
    const { userState } = await manager.signoutCallback();
    return { state: userState, user: await manager.getUser() };
  },
};
show(location.pathname, arrivals[location.pathname] ?? (async () => told(await manager.getUser())));
