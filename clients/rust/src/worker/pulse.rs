//! Whether the worker still holds its leases, judged by what it hears.
//!
//! While the stream is open the service lets each lease begin anew every third of its duration. So when the worker last
//! heard of the service two thirds of every lease were left: after those it cannot know, and must not run on. That a
//! stream looks open says nothing, for a connection can die in silence. A worker that holds something and hears nothing
//! reports of one attempt, to be answered, and gives up a stream that does not answer.
//!
//! It judges at every beat, a twelfth of a lease. One judgement alone loses nothing: after a pause of this process (it was
//! stopped, or a task blocked the runtime) the answer may be there and only wait to be read.

use std::time::Duration;

use tokio::time::Instant;

/// Per lease. All that follows is in beats.
pub(super) const BEATS: u32 = 12;
const ASK_AFTER: u32 = 2;
const GIVE_UP_AFTER: u32 = 2;
/// And one beat more: eight twelfths are two thirds.
const LOSE_AFTER: u32 = 7;

/// What to do at a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    GoOn,
    /// Say something that will be answered.
    Ask,
    /// Give up the stream.
    Reconnect,
    /// Take all leases for lost.
    Lose,
}

/// Listens for the service.
pub(super) struct Pulse {
    beat: Duration,
    heard_at: Instant,
    asked_at: Option<Instant>,
    silent_before: bool,
}

impl Pulse {
    pub(super) fn new(lease: Duration, now: Instant) -> Self {
        Self { beat: lease / BEATS, heard_at: now, asked_at: None, silent_before: false }
    }

    /// How long from one judgement to the next.
    pub(super) fn beat(&self) -> Duration {
        self.beat
    }

    /// Something came from the service.
    pub(super) fn heard(&mut self, now: Instant) {
        *self = Self { heard_at: now, asked_at: None, silent_before: false, ..*self };
    }

    /// There is a new stream: what was asked on the old one will not be answered.
    pub(super) fn reconnected(&mut self) {
        self.asked_at = None;
    }

    /// What to do; to be called at every beat while something is held.
    pub(super) fn judge(&mut self, now: Instant) -> Verdict {
        let silence = now - self.heard_at;
        let silent = silence >= self.beat * LOSE_AFTER;
        if std::mem::replace(&mut self.silent_before, silent) && silent {
            return Verdict::Lose;
        }
        match self.asked_at {
            Some(asked_at) if now - asked_at >= self.beat * GIVE_UP_AFTER => Verdict::Reconnect,
            None if silence >= self.beat * ASK_AFTER => {
                self.asked_at = Some(now);
                Verdict::Ask
            }
            _ => Verdict::GoOn,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Pulse, Verdict};

    #[test]
    fn a_worker_that_hears_nothing_asks_reconnects_and_lets_go_before_its_lease_is_over() {
        let start = Instant::now();
        let mut pulse = Pulse::new(Duration::from_secs(12), start);
        let verdicts: Vec<_> = (1..=8).map(|beat| pulse.judge(start + pulse.beat() * beat)).collect();
        use Verdict::{Ask, GoOn, Lose, Reconnect};
        assert_eq!(verdicts, [GoOn, Ask, GoOn, Reconnect, Reconnect, Reconnect, Reconnect, Lose]);
    }

    #[test]
    fn a_pause_of_the_process_loses_nothing_if_the_answer_is_there() {
        let start = Instant::now();
        let mut pulse = Pulse::new(Duration::from_secs(12), start);
        assert_ne!(pulse.judge(start + Duration::from_secs(100)), Verdict::Lose);
        pulse.heard(start + Duration::from_secs(100));
        assert_eq!(pulse.judge(start + Duration::from_secs(101)), Verdict::GoOn);
    }

    #[test]
    fn a_new_stream_is_asked_anew() {
        let start = Instant::now();
        let mut pulse = Pulse::new(Duration::from_secs(12), start);
        assert_eq!(pulse.judge(start + Duration::from_secs(2)), Verdict::Ask);
        pulse.reconnected();
        assert_eq!(pulse.judge(start + Duration::from_secs(4)), Verdict::Ask);
    }
}
