//! The cold start.

use std::time::Instant;

use crate::house::House;
use crate::process::Cores;
use crate::report::Row;
use crate::{Outcome, median};

const STARTS: u32 = 15;

/// On the data that the sign-ins left.
pub(crate) fn row(house: &House, cores: Cores) -> Outcome<Row> {
    let time = time(house, cores)?;
    Ok(Row::at_most("cold start, existing data, to the first 200", time, "ms", (40.0, 15.0)))
}

/// From nothing to the first 200, in milliseconds.
pub(crate) fn time(house: &House, cores: Cores) -> Outcome<f64> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let process = house.serve(&cores.all())?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        process.stop()?;
    }
    Ok(median(times))
}
