//! What the verbs that go on telling answer.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use futures_util::{StreamExt, stream::BoxStream};

use crate::Problem;

/// A stream of answers, which ends after the first problem. Dropping it ends the call.
#[must_use = "a stream does nothing unless it is read"]
pub struct Answers<T> {
    stream: BoxStream<'static, Result<T, Problem>>,
}

impl<T> Answers<T> {
    pub(crate) fn new(stream: impl Stream<Item = Result<T, Problem>> + Send + 'static) -> Self {
        Self { stream: stream.boxed() }
    }

    /// The next; `None` at the end. The same as that of `TryStreamExt`, so that it needs no import.
    ///
    /// # Errors
    /// Whatever has ended the stream.
    pub async fn try_next(&mut self) -> Result<Option<T>, Problem> {
        self.stream.next().await.transpose()
    }
}

impl<T> Stream for Answers<T> {
    type Item = Result<T, Problem>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl<T> fmt::Debug for Answers<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answers").finish_non_exhaustive()
    }
}
