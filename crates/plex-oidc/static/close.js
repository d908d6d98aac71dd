// Plex sends the pop-up here when it is done. That is no outcome, which only the server knows, but a good moment to ask.
new BroadcastChannel("plex-oidc").postMessage("done");
window.close();
