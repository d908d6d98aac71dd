//! Skeleton.

pub mod cli;
pub mod config;
