//! How many requests there were in the last hour.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_hours(1);
/// Requests of so long a time are remembered as one number.
const SLICE: Duration = Duration::from_mins(1);

/// The requests of an hour, by the minute: never fewer than there were, and at most those of one minute more.
#[derive(Debug, Default)]
pub(super) struct Hour(VecDeque<(Instant, u32)>);

impl Hour {
    pub(super) fn note(&mut self, now: Instant) {
        self.forget(now);
        match self.0.back_mut() {
            Some((began, count)) if now.saturating_duration_since(*began) < SLICE => {
                *count = count.saturating_add(1);
            }
            _ => self.0.push_back((now, 1)),
        }
    }

    pub(super) fn asked(&mut self, now: Instant) -> u32 {
        self.forget(now);
        self.0.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    fn forget(&mut self, now: Instant) {
        while self.0.front().is_some_and(|(began, _)| now.saturating_duration_since(*began) >= HOUR + SLICE) {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hour_has_more_than_is_said_and_all_is_forgotten_after_it() {
        let (start, mut hour) = (Instant::now(), Hour::default());
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..7200 {
            hour.note(at(second));
            let said = hour.asked(at(second));
            let true_number = u32::try_from(second.min(3599) + 1).unwrap();
            assert!((true_number..=true_number + 60).contains(&said), "{second}: {said}");
        }
        assert!(hour.0.len() <= 62, "{}", hour.0.len());
        assert_eq!(hour.asked(at(7200 + 3661)), 0);
    }
}
