// Drives the sign-in page and the waiting page. Without it the same forms do the same work, with one more page.
//
// The pop-up is opened inside the click, before anything is awaited, or browsers block it. The PIN is made by this
// browser, because Plex compares its address with that of the browser that approves it; if that fails, the server
// makes the PIN. The outcome always comes from the server: a closed pop-up proves nothing.

const PIN_MS = 3000;
const ADOPT_MS = 8000;
const START_MS = 10000;
const POLL_MS = 30000;
const HURRY_MS = 5000;

const root = document.querySelector("main[data-rid]");

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

/** Fetches JSON; a bad status, a bad body and a time-out are all errors. */
async function ask(url, ms, options) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ms);
  try {
    const answer = await fetch(url, { ...options, signal: limit.signal, cache: "no-store" });
    if (!answer.ok) {
      throw Object.assign(new Error("status " + answer.status), { status: answer.status });
    }
    return await answer.json();
  } finally {
    clearTimeout(timer);
  }
}

/** An address that may be navigated to: http(s), and on our own origin where that is asked. */
function address(text, ownOrigin) {
  const url = new URL(text, location.href);
  if (!/^https?:$/.test(url.protocol) || (ownOrigin && url.origin !== location.origin)) {
    throw new Error("unexpected address");
  }
  return url.href;
}

/**
 * Pop-ups are for desktops: on phones and in installed apps they strand people. A machine without any pointer is one
 * driven by keyboard, so the question is whether fingers are the first means, not whether there is a mouse.
 */
function prefersPopup() {
  const matches = (query) => matchMedia(query).matches;
  const touch = matches("(pointer: coarse)") || matches("(hover: none) and (any-pointer: coarse)");
  const installed = matches("(display-mode: standalone)") || navigator.standalone === true;
  return !touch && !installed && screen.availWidth >= 640;
}

/** Opens our own blank page in a pop-up over the middle of this window; null where that is not possible. */
function openPopup(url, name) {
  const width = Math.min(560, screen.availWidth);
  const height = Math.min(720, screen.availHeight);
  const left = Math.max(0, Math.round(screenX + (outerWidth - width) / 2));
  const top = Math.max(0, Math.round(screenY + (outerHeight - height) / 2));
  try {
    const popup = window.open(url, name, `popup,width=${width},height=${height},left=${left},top=${top}`);
    return popup && !popup.closed ? popup : null;
  } catch {
    return null;
  }
}

function drive({ rid, csrf, pinsUrl, clientIdentifier, product, popupUrl, wait, ...words }) {
  const base = "/sign-in/" + encodeURIComponent(rid);
  const popupName = "plex-" + rid;
  const find = (selector) => root.querySelector(selector);
  const form = find("form[data-start]");
  const button = form?.querySelector("button");
  const reopen = find("[data-reopen]");
  const status = find("[data-status]");
  const title = document.title;
  let popup = null;
  let attempt = 0;
  let events = null;

  // The page has the sentences, in its language: `data-say-leaving` and so on.
  const say = (what) => {
    status.textContent = words["say" + what] ?? "";
  };

  function show(view) {
    for (const section of root.querySelectorAll("[data-view]")) {
      section.hidden = section.dataset.view !== view;
    }
    const heading = find(`[data-view="${view}"] h1`);
    document.title = view === "waiting" ? heading.textContent : title;
    if (view === "waiting") {
      heading.focus();
    }
  }

  function stop() {
    attempt += 1;
    events?.close();
    events = null;
  }

  function closePopup() {
    try {
      popup?.close();
    } catch {
      // It belongs to Plex now. It closes itself.
    }
    popup = null;
  }

  function leave(next) {
    stop();
    closePopup();
    say("Leaving");
    location.replace(address(next, true));
  }

  /** Makes a PIN in this browser and has the server adopt it. */
  async function withOwnPin(mode) {
    const pin = await ask(pinsUrl, PIN_MS, {
      method: "POST",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      headers: {
        "Accept": "application/json",
        "X-Plex-Product": product,
        "X-Plex-Client-Identifier": clientIdentifier,
      },
    });
    return ask(base + "/pin", ADOPT_MS, {
      method: "POST",
      headers: { "Accept": "application/json", "Content-Type": "application/json", "X-CSRF-Token": csrf },
      body: JSON.stringify({ id: pin.id, code: pin.code, mode }),
    });
  }

  /** Has the server make the PIN. */
  function withServerPin(mode) {
    return ask(base + "/start", START_MS, {
      method: "POST",
      headers: { "Accept": "application/json", "X-CSRF-Token": csrf },
      body: new URLSearchParams({ mode }),
    });
  }

  async function start() {
    stop();
    const mine = attempt;
    const mode = popup ? "popup" : "same-tab";
    button.disabled = true;
    say("");
    if (popup) {
      show("waiting");
    } else {
      say("Opening");
    }
    let next;
    try {
      const answer = await withOwnPin(mode).catch(() => withServerPin(mode));
      next = address(answer.next);
    } catch {
      if (mine === attempt) {
        closePopup();
        show("start");
        say("AnotherWay");
        form.submit();
      }
      return;
    }
    if (mine !== attempt) {
      return;
    }
    if (mode === "same-tab") {
      location.assign(next);
      return;
    }
    reopen.href = next;
    reopen.hidden = false;
    try {
      popup.location.replace(next);
    } catch {
      say("NoWindow");
    }
    listen();
  }

  /** Waits for the outcome that the server pushes. */
  function listen() {
    stop();
    const mine = attempt;
    if (typeof EventSource !== "function") {
      poll(mine);
      return;
    }
    events = new EventSource(base + "/events");
    events.addEventListener("outcome", (event) => leave(JSON.parse(event.data).next));
    events.addEventListener("error", () => {
      if (mine === attempt) {
        events?.close();
        events = null;
        poll(mine);
      }
    });
  }

  /** A pop-up has come back from Plex, perhaps ours: asks once, instead of waiting for the server's next look. */
  async function hurry() {
    const mine = attempt;
    try {
      const answer = await ask(base + "/status", HURRY_MS, { headers: { "Accept": "application/json" } });
      if (mine === attempt && answer.next) {
        leave(answer.next);
      }
    } catch {
      // The stream or the poll goes on.
    }
  }

  /** Asks again and again; each question may stay open for a while. */
  async function poll(mine) {
    let failures = 0;
    while (mine === attempt) {
      const asked = Date.now();
      try {
        const answer = await ask(base + "/status", POLL_MS, { headers: { "Accept": "application/json" } });
        if (mine !== attempt) {
          return;
        }
        if (failures > 0) {
          say("");
        }
        failures = 0;
        if (answer.next) {
          leave(answer.next);
          return;
        }
      } catch (error) {
        if (mine !== attempt) {
          return;
        }
        if (error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429) {
          leave(base + "/wait"); // Nobody waits for this any more; that page says why.
          return;
        }
        failures += 1;
        if (failures === 3) {
          say("Unreachable");
        }
      }
      await sleep(Math.max(1000 * Math.min(failures, 5), 1000 - (Date.now() - asked)));
    }
  }

  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!button.disabled) {
      popup = prefersPopup() ? openPopup(popupUrl, popupName) : null;
      start();
    }
  });

  reopen?.addEventListener("click", (event) => {
    if (popup && !popup.closed) {
      event.preventDefault();
      popup.focus();
      return;
    }
    const again = openPopup(reopen.href, popupName);
    if (again) {
      event.preventDefault();
      popup = again;
    }
  });

  find("form[data-cancel]")?.addEventListener("submit", () => {
    stop();
    closePopup();
  });

  if (typeof BroadcastChannel === "function") {
    new BroadcastChannel("plex-oidc").addEventListener("message", () => {
      if (popup) {
        hurry();
      }
    });
  }

  addEventListener("pagehide", stop);

  // "Back" may bring this page as it was left: with a dead connection, or a button that is still disabled.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) {
      return;
    }
    if (wait !== undefined) {
      listen();
    } else if (form) {
      button.disabled = false;
      say("");
      show("start");
    }
  });

  if (wait !== undefined) {
    listen();
  }
}

if (root) {
  drive(root.dataset);
}
