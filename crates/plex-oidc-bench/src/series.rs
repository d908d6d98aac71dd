//! The same work at several servers, in short series that take turns: whatever the machine does meanwhile is done to all of them.

use crate::load::Load;
use crate::process::Process;
use crate::{Outcome, median};

/// Short, so that a moment in which the machine does something else falls into few of them.
const REQUESTS: u32 = 4_000;
const WARM_UP: u32 = 4_000;

/// The processor time of one request of each load at its server, in microseconds, for each series.
pub(crate) fn of_each(series: u32, asked: &[(&Process, Load)]) -> Outcome<Vec<Vec<f64>>> {
    for (_, load) in asked {
        load.run(WARM_UP)?;
    }
    let mut times = vec![Vec::new(); asked.len()];
    for number in 0..series {
        for ((process, load), times) in in_turn(number, asked.iter().zip(&mut times)) {
            times.push(process.cpu_of_each(REQUESTS, || load.run(REQUESTS))?);
        }
    }
    Ok(times)
}

/// One after the other, and the next time the other way round: whatever it does to come after another is done to each of them.
pub(crate) fn in_turn<T>(number: u32, all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    if number % 2 == 1 {
        all.reverse();
    }
    all
}

/// What `one` takes of what `other` takes, in per cent. Each series is compared with the one of the same turn, and the median counts.
pub(crate) fn share(one: &[f64], other: &[f64]) -> f64 {
    median(one.iter().zip(other).map(|(one, other)| 100.0 * one / other).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_the_median_of_neighbours_and_no_odd_moment() {
        // A moment in which everything took thrice as long, and two in which one of them did.
        let (one, other) = ([5.0, 15.0, 15.0, 5.0, 5.0], [10.0, 30.0, 10.0, 30.0, 10.0]);
        assert!((share(&one, &other) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn each_is_the_first_as_often_as_the_last() {
        let orders: Vec<Vec<u32>> = (0..4).map(|number| in_turn(number, 0..3)).collect();
        assert_eq!(orders, [[0, 1, 2], [2, 1, 0], [0, 1, 2], [2, 1, 0]]);
    }
}
