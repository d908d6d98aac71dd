//! The program, as a library: everything that touches the outside world, so that tests can start it in one process.

pub mod keys;
pub mod store;
