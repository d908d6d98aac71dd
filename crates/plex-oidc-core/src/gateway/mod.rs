//! The gateway's rules: what a proxy is asking about, and whether it may pass (forward auth).
//!
//! Proxies disagree about everything but the status codes, so each family has a reader of its own ([`family`]) that looks
//! at that family's headers alone; from there on there is one [`OriginalRequest`]. One value has one spelling: hosts and
//! paths are brought to a normal form here, and what has more than one reading is never waved through ([`path`]).

pub mod access;
pub mod app;
pub mod family;
pub mod handover;
pub mod header_name;
pub mod headers;
pub mod host;
pub mod kind;
pub mod original;
pub mod path;
pub mod verdict;

pub use access::{AccessConfig, AccessTeam, AppAccess};
pub use app::{Access, Apps, GatewayApp, PathRule};
pub use family::{Family, HeaderSource, Unreadable};
pub use handover::{OwnPath, Start};
pub use headers::{HeaderSet, IdentityField, UserName, UserNames, is_same_name, subject_in};
pub use host::{Host, HostPattern};
pub use kind::RequestKind;
pub use original::{Method, OriginalRequest};
pub use path::{OriginalPath, PathPattern};
pub use verdict::{Considered, Nameless, Verdict, Weighed, weigh};
