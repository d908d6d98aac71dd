// Makes a passkey, or uses one, and sends what came of it with the form of the page. Without this script there are no passkeys:
// browsers have them for scripts alone. The forms are hidden until it runs.

const OPTIONS_MS = 10000;

const form = document.querySelector("form[data-passkey]");

/** base64url, without padding, to bytes. */
function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

/** Bytes to base64url, without padding. */
function text(buffer) {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const known = (credentials) => credentials.map((one) => ({ ...one, id: bytes(one.id) }));

/** What to ask the authenticator, from the server. */
async function asked(kind) {
  const answer = await fetch(form.dataset.options, {
    method: "POST",
    body: new URLSearchParams({ csrf: form.elements.csrf.value }),
    redirect: "manual",
    cache: "no-store",
    signal: AbortSignal.timeout(OPTIONS_MS),
  });
  if (!answer.ok) {
    throw new DOMException("status " + answer.status, "OutOfDate");
  }
  const options = await answer.json();
  options.challenge = bytes(options.challenge);
  if (kind === "create") {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = known(options.excludeCredentials);
  } else {
    options.allowCredentials = known(options.allowCredentials);
  }
  return options;
}

async function answered(kind) {
  const publicKey = await asked(kind);
  const credential = await navigator.credentials[kind]({ publicKey });
  const { response } = credential;
  const answer = { id: text(credential.rawId), clientData: text(response.clientDataJSON) };
  if (kind === "create") {
    return { ...answer, attestationObject: text(response.attestationObject) };
  }
  return {
    ...answer,
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: response.userHandle ? text(response.userHandle) : null,
  };
}

function drive() {
  const kind = form.dataset.passkey;
  const status = form.querySelector("[data-status]");
  const button = form.querySelector("button");
  const words = form.elements.answer.dataset;
  const say = (what) => {
    status.textContent = words["say" + what];
  };
  document.querySelector("[data-without-script]").hidden = true;
  form.hidden = false;
  if (!window.PublicKeyCredential) {
    button.disabled = true;
    say("NotHere");
    return;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) {
      return;
    }
    button.disabled = true;
    say("Waiting");
    try {
      form.elements.answer.value = JSON.stringify(await answered(kind));
      form.submit();
    } catch (error) {
      say(error.name === "InvalidStateError" ? "There" : error.name === "OutOfDate" ? "OutOfDate" : "Failed");
      button.disabled = false;
    }
  });
  // Back by the browser's own button: the page as it was left.
  addEventListener("pageshow", () => {
    button.disabled = false;
    status.textContent = "";
  });
}

if (form) {
  drive();
}
