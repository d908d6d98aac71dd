//! The program, as a library: everything that touches the outside world, so that tests can start it in one process.

pub mod app;
pub mod assets;
pub mod cli;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod entropy;
pub mod flow;
pub mod gateway;
pub mod headers;
pub mod installation;
pub mod keys;
pub mod lifecycle;
pub mod limits;
pub mod pages;
pub mod ready;
pub mod reload;
pub mod router;
pub mod session;
pub mod start;
pub mod store;
pub mod telemetry;
pub mod throttle;
pub mod upstream;
pub mod web;
pub mod write_limit;
