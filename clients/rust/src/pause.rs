//! Pauses that grow with every failure in a row, with jitter.

use std::time::Duration;

use tokio::time::Instant;

#[derive(Clone, Debug)]
pub(crate) struct Pause {
    first: Duration,
    longest: Duration,
    factor: u32,
    failures: u32,
}

impl Pause {
    /// Pauses from `first` to `longest`, each twice as long as the one before.
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, factor: 2, failures: 0 }
    }

    /// As `new`, each `factor` times as long as the one before.
    pub(crate) fn growing(self, factor: u32) -> Self {
        Self { factor, ..self }
    }

    /// How many pauses there were in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// The next is short again.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    pub(crate) fn next(&mut self) -> Duration {
        let factor = self.factor.checked_pow(self.failures).unwrap_or(u32::MAX);
        self.failures += 1;
        let longest = self.first.saturating_mul(factor).min(self.longest);
        longest.mul_f64(fastrand::f64().mul_add(0.5, 0.5))
    }
}

/// The moment after a length of time. What no clock counts to, as `Duration::MAX`, is thirty years away.
pub(crate) fn moment_after(span: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 3_600);
    Instant::now() + span.min(LONGEST)
}
