//! The program, as a library: everything that touches the outside world, so that tests can start it in one process.

pub mod assets;
pub mod keys;
pub mod pages;
