//! The cold start.

use std::time::Instant;

use crate::house::House;
use crate::process::Cores;
use crate::report::Row;
use crate::{Outcome, median};

const STARTS: u32 = 15;

/// From nothing to the first 200, on the data that the sign-ins left.
pub(crate) fn rows(house: &House, cores: Cores) -> Outcome<Vec<Row>> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let process = house.serve(&cores.all())?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        process.stop()?;
    }
    Ok(vec![Row::at_most("cold start, existing data, to the first 200", median(times), "ms", (40.0, 15.0))])
}
