//! What ID tokens and UserInfo say (security requirements 68 to 77).

mod id_token;
mod parameter;
mod plex_token;
mod release;
mod subjects;
