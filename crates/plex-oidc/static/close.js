// Plex sends the pop-up here when it is done. The sign-in page learns the outcome from the server, not from us.
window.close();
