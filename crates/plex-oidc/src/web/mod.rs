//! One file per endpoint or page. A handler reads the request, calls a flow or the store, and writes the answer; it
//! never calls another handler.

pub mod account;
pub mod admin;
pub mod admin_link;
pub mod assets;
pub mod audit;
pub mod authorize;
pub mod authz;
pub mod browsers;
pub mod client_call;
pub mod device;
pub mod device_authorization;
pub mod entrance;
pub mod gateway_sign_in;
pub mod health;
pub mod here;
pub mod host;
pub mod host_views;
pub mod introspect;
pub mod language;
pub mod metadata;
pub mod metrics;
pub mod owner_token;
pub mod par;
pub mod passkey;
pub mod passkey_form;
pub mod passkeys;
pub mod request;
pub mod respond;
pub mod revoke;
pub mod rows;
pub mod sign_in;
pub mod sign_out;
pub mod token;
pub mod userinfo;
