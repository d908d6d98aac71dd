//! The authorization endpoint from outside: requests, redirect URIs, what is shown, and what becomes of a code.
//! The tables of every spelling are unit tests of the core; here the same rules are seen through the router.

mod codes;
mod consent;
mod form_post;
mod hints;
mod pkce;
mod posted;
mod prompt;
mod pushed;
mod redirects;
mod requests;
mod responses;
