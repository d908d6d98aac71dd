// The emulated sign-in page of app.plex.tv. Parameters come in the fragment, spelt "#?", "#!?" or "/#!?".
"use strict";

const base = document.body.dataset.base;
const parameters = new URLSearchParams(location.hash.replace(/^#!?\/?\??/, ""));
const pin = { code: parameters.get("code") ?? "", clientID: parameters.get("clientID") ?? "" };
const forwardUrl = parameters.get("forwardUrl") ?? "";

function show(screen) {
  document.body.dataset.screen = screen;
  document.getElementById("loading").hidden = true;
  for (const section of document.querySelectorAll("section")) {
    section.hidden = section.id !== screen;
  }
}

async function post(action, fields) {
  const answer = await fetch(`${base}/${action}`, { method: "POST", body: new URLSearchParams({ ...pin, ...fields }) });
  if (!answer.ok) throw new Error(`${action}: ${answer.status}`);
}

function leave(screen) {
  if (forwardUrl) location.assign(forwardUrl);
  else show(screen);
}

function press(action, fields, screen) {
  for (const button of document.querySelectorAll("button")) button.disabled = true;
  post(action, fields).then(() => leave(screen), () => show("failed"));
}

function choose(details) {
  const shownProduct = parameters.get("context[device][product]") || details.product;
  document.getElementById("product").textContent = shownProduct;
  document.getElementById("notice").hidden = details.screen !== "notice";
  document.getElementById("alert").hidden = details.screen !== "alert";
  document.getElementById("creator-address").textContent = details.creatorAddress;
  document.getElementById("creator-place").textContent = details.creatorPlace;
  document.getElementById("choose").dataset.state = details.screen;
  const list = document.getElementById("accounts");
  for (const account of details.accounts) {
    const button = document.createElement("button");
    button.type = "button";
    button.id = `continue-${account.key}`;
    button.dataset.persona = account.key;
    button.textContent = `Continue as ${account.title}`;
    button.addEventListener("click", () => press("approve", { persona: account.key }, "done"));
    const summary = document.createElement("span");
    summary.textContent = account.summary;
    const row = document.createElement("li");
    row.append(button, summary);
    list.append(row);
  }
  document.getElementById("deny").addEventListener("click", () => press("deny", {}, "denied"));
  show("choose");
}

async function start() {
  const query = new URLSearchParams({ ...pin, forwardUrl });
  const answer = await fetch(`${base}/pin?${query}`);
  if (!answer.ok) return show("failed");
  const details = await answer.json();
  if (!details.forwardable) return show("home");
  choose(details);
}

start().catch(() => show("failed"));
