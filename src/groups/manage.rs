//! What administrators ask: DescribeGroups, ListGroups, DeleteGroups.

use std::collections::BTreeSet;

use model::ErrorCode;

use crate::classic::Phase;
use crate::records::GroupMetadataKey;
use crate::{Decision, DescribeGroup, DescribedGroup, Group, GroupId, Groups, ListGroups, ListedGroup, Record, State};

impl Groups {
    pub(crate) fn describe(&self, state: &State, request: &DescribeGroup) -> DescribedGroup {
        let empty = |group_state: &str| DescribedGroup {
            error: ErrorCode::None,
            message: None,
            state: group_state.to_owned(),
            protocol_type: String::new(),
            protocol: String::new(),
            members: vec![],
        };
        if let Some(live) = self.live(&request.group) {
            let protocol = live.protocol.as_deref().filter(|_| live.phase == Phase::Stable);
            return DescribedGroup {
                protocol_type: live.protocol_type.clone().unwrap_or_default(),
                protocol: protocol.unwrap_or_default().to_owned(),
                members: live.members.values().map(|member| member.describe(protocol)).collect(),
                ..empty(live.phase.name())
            };
        }
        let missing = |message| DescribedGroup {
            error: if request.knows_missing_groups { ErrorCode::GroupIdNotFound } else { ErrorCode::None },
            message: Some(message).filter(|_| request.knows_missing_groups),
            ..empty("Dead")
        };
        match state.group(&request.group) {
            None => missing(format!("Group {} not found.", request.group)),
            Some(Group::Consumer(_)) => missing(format!("Group {} is not a classic group.", request.group)),
            Some(Group::Classic(saved)) => {
                DescribedGroup { protocol_type: saved.protocol_type.clone(), ..empty(Phase::Empty.name()) }
            }
        }
    }

    /// Names that nobody knows match no group.
    pub(crate) fn list(&self, state: &State, request: &ListGroups) -> Vec<ListedGroup> {
        let states: BTreeSet<String> = request.states.iter().map(|it| it.to_lowercase().trim().to_owned()).collect();
        let types: BTreeSet<String> = request.types.iter().map(|it| it.to_lowercase()).collect();
        let wanted = |group: &ListedGroup| {
            (states.is_empty() || states.contains(&group.state.to_lowercase()))
                && (types.is_empty() || types.contains(group.group_type))
        };
        state.groups.iter().map(|(id, group)| self.listed(id, group)).filter(wanted).collect()
    }

    fn listed(&self, id: &GroupId, group: &Group) -> ListedGroup {
        let (state, protocol_type) = match (self.live(id), group) {
            (Some(live), _) => (live.phase.name(), live.protocol_type.clone().unwrap_or_default()),
            (None, Group::Classic(saved)) => (Phase::Empty.name(), saved.protocol_type.clone()),
            (None, Group::Consumer(group)) => (group.state().name(), "consumer".to_owned()),
        };
        ListedGroup { group: id.to_string(), protocol_type, state: state.to_owned(), group_type: group.type_name() }
    }

    /// A group without members goes with all its offsets.
    pub(crate) fn delete_group(&mut self, state: &State, id: &str, out: &mut Decision) -> ErrorCode {
        let Some((id, group)) = state.groups.get_key_value(id) else { return ErrorCode::GroupIdNotFound };
        if !self.is_empty(id, group) {
            return ErrorCode::NonEmptyGroup;
        }
        state.offsets.delete_all(id, &mut out.records);
        self.bury(id, group, out);
        ErrorCode::None
    }

    /// Whether a group has no members.
    pub(crate) fn is_empty(&self, id: &str, group: &Group) -> bool {
        match group {
            Group::Classic(_) => self.live(id).is_none_or(|live| live.phase == Phase::Empty),
            Group::Consumer(group) => group.is_empty(),
        }
    }

    /// Deletes a group, without its offsets.
    pub(crate) fn bury(&mut self, id: &GroupId, group: &Group, out: &mut Decision) {
        match group {
            Group::Classic(_) => {
                let key = GroupMetadataKey { group: id.to_string(), ..Default::default() };
                out.records.push(Record::GroupMetadata(key, None));
                self.forget(id);
            }
            Group::Consumer(group) => {
                group.tombstones(id, &mut out.records);
                self.timers.cancel_all(id);
                self.consumer.forget(id);
            }
        }
    }
}

impl Group {
    /// The type of the group, as it is told to clients (`Group.GroupType`).
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Classic(_) => "classic",
            Self::Consumer(_) => "consumer",
        }
    }
}
