//! The lines of one client: one for short calls, others for long ones.
//!
//! A server takes a limited number of streams per connection, and a call that finds no place waits in silence. Long calls
//! (watches, waits) would thus stop the short ones, so they have lines of their own, and as many as they need.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::{line::Line, settings::Settings};

/// How many long calls share a line. Servers that limit streams per connection allow at least 100 (RFC 9113).
const PLACES: usize = 100;

/// Opens lines when they are needed: a client may be made where no runtime runs.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) settings: Arc<Settings>,
    short: OnceLock<Arc<Line>>,
    long: Mutex<Vec<Arc<Line>>>,
}

impl Connection {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings: settings.into(), short: OnceLock::new(), long: Mutex::default() }
    }

    /// The line for short calls.
    pub(crate) fn short(&self) -> Arc<Line> {
        self.short.get_or_init(|| self.open()).clone()
    }

    /// A line for one long call, which has its place on it for as long as it keeps it.
    pub(crate) fn long(&self) -> Arc<Line> {
        let mut lines = self.long.lock().unwrap_or_else(PoisonError::into_inner);
        // One of the owners is this list.
        if let Some(line) = lines.iter().find(|line| Arc::strong_count(line) <= PLACES) {
            return line.clone();
        }
        let line = self.open();
        lines.push(line.clone());
        line
    }

    fn open(&self) -> Arc<Line> {
        Arc::new(Line::open(self.settings.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Connection;
    use crate::settings::Wishes;

    #[tokio::test]
    async fn a_hundred_long_calls_share_a_line_and_none_is_the_short_ones() {
        let connection = Connection::new(Wishes::new("127.0.0.1:9").settings().unwrap());
        let mut lines: Vec<_> = (0..100).map(|_| connection.long()).collect();
        assert!(lines.iter().all(|line| Arc::ptr_eq(line, &lines[0])));
        assert!(!Arc::ptr_eq(&connection.short(), &lines[0]));
        let other = connection.long();
        assert!(!Arc::ptr_eq(&other, &lines[0]));
        lines.pop();
        assert!(Arc::ptr_eq(&connection.long(), &lines[0]));
    }
}
