//! Whether to ask again after a stream or a wait has ended too early.
//!
//! A stream is cut more often than one may think: by servers that drain or bound the age of a connection, by proxies, by
//! networks.

use std::time::Duration;

use tonic::Code;

use crate::{Problem, pause::Pause};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const TRIES: u32 = 5;

pub(crate) struct Resume {
    pause: Pause,
}

impl Resume {
    pub(crate) fn new() -> Self {
        Self { pause: Pause::new(FIRST_PAUSE, LONGEST_PAUSE) }
    }

    /// An answer came: the next pause is short again.
    pub(crate) fn succeeded(&mut self) {
        self.pause.succeeded();
    }

    /// How long to wait before asking again: longer each time in a row, and not less than the server asks for. `None` if
    /// asking again is of no use.
    ///
    /// A service that does not answer is asked for ever; one whose streams break in some other way, five times in a row.
    pub(crate) fn pause_after(&mut self, problem: &Problem) -> Option<Duration> {
        let pause = self.pause.next();
        let may_pass = match problem.code() {
            Code::Unavailable | Code::DeadlineExceeded => true,
            // How a stream ends that ended without a status, by what the proxy or the server did to the connection.
            Code::Cancelled | Code::Internal | Code::Unknown => {
                problem.reason().is_empty() && self.pause.failures() <= TRIES
            }
            _ => false,
        };
        may_pass.then(|| pause.max(problem.retry_delay().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic::Code;

    use super::{Resume, TRIES};
    use crate::{Problem, problems::Details};

    #[test]
    fn a_service_that_does_not_answer_is_asked_for_ever_and_not_more_often_than_it_wishes() {
        let mut resume = Resume::new();
        let wish = Duration::from_secs(7);
        let details = Details { retry_delay: Some(wish), ..Details::new(Code::Unavailable, "later") };
        let problem = Problem::of(details);
        for _ in 0..100 {
            assert!(resume.pause_after(&problem).is_some_and(|pause| pause >= wish));
        }
        assert!(
            resume
                .pause_after(&Problem::unavailable(""))
                .is_some_and(|pause| pause <= Duration::from_secs(5))
        );
    }

    #[test]
    fn a_stream_that_breaks_oddly_is_asked_for_five_times_in_a_row() {
        let mut resume = Resume::new();
        let problem = Problem::of(Details::new(Code::Internal, "stream reset"));
        for _ in 0..TRIES {
            assert!(resume.pause_after(&problem).is_some());
        }
        assert!(resume.pause_after(&problem).is_none());
        resume.succeeded();
        assert!(resume.pause_after(&problem).is_some());
    }

    #[test]
    fn what_does_not_pass_is_not_asked_for_again() {
        let fault = Details { reason: "UNEXPECTED".into(), ..Details::new(Code::Internal, "fault") };
        assert!(Resume::new().pause_after(&Problem::of(fault)).is_none());
        assert!(Resume::new().pause_after(&Problem::of(Details::new(Code::NotFound, "no"))).is_none());
    }
}
