//! Letters that wait to be sent. Bounded, in memory, and nobody waits for it: what cannot be kept is dropped, the least important
//! first.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use lettre::Address;
use plex_oidc_core::time::{Seconds, Timestamp};
use tokio::sync::Notify;

use crate::upstream::mail::Letter;

/// Most letters that wait.
const MOST: usize = 64;
/// How long after each try the next one comes.
const PAUSES: [Seconds; 4] =
    [Seconds::minutes(1), Seconds::minutes(5), Seconds::minutes(30), Seconds::hours(2)];
/// Most letters to one person in [`COUNTED`], and to all people.
const MOST_TO_PEOPLE: (usize, usize) = (5, 200);
const COUNTED: Seconds = Seconds::hours(1);

/// For whom a letter is. Those to people make room for those to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// The host.
    Host,
    /// Somebody who signs in here.
    Person,
}

/// A letter that waits.
#[derive(Debug)]
pub struct Waiting {
    /// The letter.
    pub letter: Letter,
    whom: For,
    tries: usize,
    not_before: Timestamp,
}

/// What waits. One for the life of the process.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: Mutex<VecDeque<Waiting>>,
    /// What went to people lately.
    to_people: Mutex<VecDeque<(Timestamp, Address)>>,
    asked: Mutex<Asked>,
    arrived: Notify,
}

/// What the host was told of requests for access.
#[derive(Debug, Default)]
struct Asked {
    is_news: bool,
    told: Option<Timestamp>,
}

impl Outbox {
    /// Takes a letter in. `false`: it, or another one, was dropped for it.
    pub fn post(&self, letter: Letter, whom: For) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let room = room(&mut waiting, whom);
        if room == Room::None {
            return false;
        }
        let not_before = letter.at;
        waiting.push_back(Waiting { letter, whom, tries: 0, not_before });
        self.arrived.notify_one();
        room == Room::There
    }

    /// As [`Outbox::post`], to one person: only so many go out in an hour, whatever makes them.
    pub fn post_to_person(&self, to: &Address, letter: Letter) -> bool {
        let mut lately = self.to_people.lock().unwrap_or_else(PoisonError::into_inner);
        lately.retain(|(at, _)| !at.plus(COUNTED).has_passed(letter.at) && *at <= letter.at);
        let (to_one, to_all) = MOST_TO_PEOPLE;
        if lately.len() >= to_all || lately.iter().filter(|(_, other)| other == to).count() >= to_one {
            return false;
        }
        lately.push_back((letter.at, to.clone()));
        drop(lately);
        self.post(letter, For::Person)
    }

    /// Takes out the first letter whose time has come, those to the host before those to people.
    pub fn take_due(&self, now: Timestamp) -> Option<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let due = |whom| {
            waiting.iter().position(|waits: &Waiting| waits.whom == whom && waits.not_before.has_passed(now))
        };
        let first = due(For::Host).or_else(|| due(For::Person))?;
        waiting.remove(first)
    }

    /// Puts one back that was not sent. `false`: it was tried often enough, or there is no room for it any more, and it is gone.
    pub fn again(&self, mut letter: Waiting, now: Timestamp) -> bool {
        let Some(pause) = PAUSES.get(letter.tries) else { return false };
        letter.tries += 1;
        letter.not_before = now.plus(*pause);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let room = room(&mut waiting, letter.whom);
        if room != Room::None {
            waiting.push_front(letter);
        }
        room != Room::None
    }

    /// Notes that somebody asks for access.
    pub fn note_request(&self) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).is_news = true;
        self.arrived.notify_one();
    }

    /// Whether it is time to tell the host of requests, at most once in `every`. Counts it as done.
    pub fn tells_of_requests(&self, now: Timestamp, every: Seconds) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = asked.is_news && asked.told.is_none_or(|told| told.plus(every).has_passed(now));
        if is_time {
            *asked = Asked { is_news: false, told: Some(now) };
        }
        is_time
    }

    /// Whether something waits, for its time or for its turn.
    pub fn has_something(&self) -> bool {
        let is_news = self.asked.lock().unwrap_or_else(PoisonError::into_inner).is_news;
        is_news || !self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Waits until something may have arrived.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

/// Whether there is room for one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    There,
    /// Another one was dropped for it.
    Made,
    None,
}

/// Makes room for a letter, at the cost of one to people, or else of the oldest to the host; letters to people cost none to the host.
fn room(waiting: &mut VecDeque<Waiting>, whom: For) -> Room {
    if waiting.len() < MOST {
        return Room::There;
    }
    let least = waiting.iter().position(|waits| waits.whom == For::Person);
    match (least, whom) {
        (None, For::Person) => Room::None,
        (least, For::Host | For::Person) => {
            drop(waiting.remove(least.unwrap_or(0)));
            Room::Made
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(at: i64) -> Letter {
        let to = "robin@example.com".parse().unwrap();
        Letter { to, subject: String::new(), text: String::new(), at: Timestamp(at), id: String::new() }
    }

    fn times(outbox: &Outbox) -> Vec<i64> {
        let now = Timestamp(1_000_000);
        std::iter::from_fn(|| outbox.take_due(now)).map(|waits| waits.letter.at.0).collect()
    }

    #[test]
    fn people_make_room_for_the_host_and_never_the_other_way_round() {
        let outbox = Outbox::default();
        assert!(outbox.post(letter(0), For::Host));
        for at in 1..64 {
            assert!(outbox.post(letter(at), For::Person));
        }
        assert!(!outbox.post(letter(64), For::Host) && !outbox.post(letter(65), For::Person));
        let kept = times(&outbox);
        assert_eq!((kept.len(), &kept[..3], kept[63]), (64, &[0, 64, 3][..], 65), "and the host comes first");

        for at in 0..64 {
            assert!(outbox.post(letter(at), For::Host));
        }
        assert!(!outbox.post(letter(99), For::Person));
    }

    #[test]
    fn what_comes_back_to_a_full_box_finds_room_at_the_cost_of_people_alone() {
        let (outbox, late) = (Outbox::default(), Timestamp(1_000_000));
        outbox.post(letter(0), For::Host);
        let to_host = outbox.take_due(late).unwrap();
        (1..65).for_each(|at| assert!(outbox.post(letter(at), For::Person)));
        assert!(outbox.again(to_host, Timestamp(0)));
        assert_eq!(times(&outbox), [vec![0], (2..65).collect()].concat(), "the first to a person went");

        outbox.post(letter(0), For::Person);
        let to_person = outbox.take_due(late).unwrap();
        (1..65).for_each(|at| assert!(outbox.post(letter(at), For::Host)));
        assert!(!outbox.again(to_person, Timestamp(0)));
        assert_eq!(times(&outbox), (1..65).collect::<Vec<_>>());
    }

    #[test]
    fn a_letter_is_tried_five_times_ever_later() {
        let outbox = Outbox::default();
        outbox.post(letter(0), For::Host);
        let mut now = Timestamp(0);
        for pause in PAUSES {
            let waits = outbox.take_due(now).unwrap();
            assert!(outbox.again(waits, now));
            assert!(outbox.take_due(Timestamp(now.0 + i64::from(pause.0) - 1)).is_none());
            now = now.plus(pause);
        }
        let waits = outbox.take_due(now).unwrap();
        assert!(!outbox.again(waits, now) && !outbox.has_something());
    }

    #[test]
    fn one_person_gets_five_letters_in_an_hour_and_all_people_two_hundred() {
        let outbox = Outbox::default();
        let robin: Address = "robin@example.com".parse().unwrap();
        let sent = |at: i64| (0..9).filter(|_| outbox.post_to_person(&robin, letter(at))).count();
        assert_eq!((sent(0), sent(3599), sent(3601)), (5, 0, 5));
        times(&outbox);
        let all = (0..300).filter(|number| {
            let one: Address = format!("p{number}@example.com").parse().unwrap();
            let is_sent = outbox.post_to_person(&one, letter(3602));
            times(&outbox);
            is_sent
        });
        assert_eq!(all.count(), 195);
    }

    #[test]
    fn the_host_is_told_of_requests_once_in_an_interval() {
        let outbox = Outbox::default();
        let told = |at: i64| outbox.tells_of_requests(Timestamp(at), Seconds(3600));
        assert!(!told(0));
        outbox.note_request();
        assert!(told(1) && !told(2));
        outbox.note_request();
        outbox.note_request();
        assert!(
            outbox.has_something() && !told(3600) && told(3602) && !told(9999) && !outbox.has_something()
        );
    }
}
