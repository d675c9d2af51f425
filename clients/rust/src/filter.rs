//! Which executions a list, a count or a watch is about.

use std::time::SystemTime;

use crate::{ExecutionStatus, proto, to_wire::to_timestamp};

/// Says which executions: those that match all that is given. The default is all.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Filter {
    message: proto::ExecutionFilter,
}

impl Filter {
    /// Those with one of these statuses.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = ExecutionStatus>) -> Self {
        self.message.statuses = statuses.into_iter().map(ExecutionStatus::number).collect();
        self
    }

    /// Those of one of these types.
    pub fn types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.message.types = types.into_iter().map(Into::into).collect();
        self
    }

    /// Those with this parent.
    pub fn parent_id(mut self, parent_id: impl Into<String>) -> Self {
        self.message.parent_id = parent_id.into();
        self
    }

    /// Those created then or later. No filter of `watch_all`.
    pub fn created_from(mut self, moment: SystemTime) -> Self {
        self.message.created_from = Some(to_timestamp(moment));
        self
    }

    /// Those created earlier than that. No filter of `watch_all`.
    pub fn created_before(mut self, moment: SystemTime) -> Self {
        self.message.created_before = Some(to_timestamp(moment));
        self
    }
}

impl From<Filter> for proto::ExecutionFilter {
    fn from(filter: Filter) -> Self {
        filter.message
    }
}
