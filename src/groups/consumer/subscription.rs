//! What a group subscribes to: regular expressions looked up, topics watched, and the group's epoch raised when either changes.

use model::{ErrorCode, Timestamp};

use super::group::{ConsumerGroup, Expression};
use super::hash::{group_hash, topic_hash};
use super::member::Member;
use super::records::Draft;
use super::{Refusal, pattern};
use crate::Groups;

/// Expressions of a group are looked up again at the earliest after this time, in milliseconds.
const REFRESH_AT_MOST_EVERY_MS: i64 = 10_000;

/// What a member's change means for the expressions of its group (`UpdateRegularExpressionStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExpressionChange {
    /// Whether the member subscribes to another expression.
    pub changed: bool,
    /// Whether it is known what that matches, so that a new target can be computed at once.
    pub resolved: bool,
    /// Whether the group's expressions must be looked up now.
    pub look_up: bool,
}

impl Groups {
    /// Takes note of a member's expression. `before` is the group without the member's change, `draft` the group with it.
    ///
    /// Fails with INVALID_REGULAR_EXPRESSION if the member brought it and it is none.
    pub(crate) fn change_expression(
        &self,
        now: Timestamp,
        before: &ConsumerGroup,
        (old, new): (&Member, &Member),
        draft: &mut Draft,
    ) -> Result<ExpressionChange, Refusal> {
        let subscribers = |regex: &str| before.expression_subscribers().get(regex).copied().unwrap_or(0);
        let mut change = ExpressionChange { changed: old.regex != new.regex, resolved: false, look_up: false };
        if change.changed {
            if let Some(regex) = old.regex.as_ref().filter(|regex| subscribers(regex) == 1) {
                draft.delete_expression(regex);
            }
            match &new.regex {
                Some(regex) if subscribers(regex) == 0 => {
                    pattern::check(regex).map_err(|why| {
                        let what = "is not a valid regular expression";
                        let message = format!("SubscribedTopicRegex `{regex}` {what}: {why}.");
                        Refusal::new(ErrorCode::InvalidRegularExpression, message)
                    })?;
                    change.look_up = true;
                }
                Some(regex) => change.resolved = before.expression(regex).is_some(),
                None => change.resolved = true,
            }
        }
        change.look_up = self.must_look_up(now, before, draft, change.look_up);
        Ok(change)
    }

    fn must_look_up(&self, now: Timestamp, before: &ConsumerGroup, draft: &Draft, brings_new: bool) -> bool {
        if !brings_new && before.expression_subscribers().is_empty() {
            return false;
        }
        let subscribed = draft.group.expression_subscribers();
        let Some((_, last)) = before.expressions().next() else { return !subscribed.is_empty() };
        if now <= last.at.plus_ms(REFRESH_AT_MOST_EVERY_MS) {
            return false;
        }
        let due = brings_new
            || subscribed.size() != before.expressions().count()
            || last.version < self.consumer.newest_topic
            || now > last.at.plus_ms(self.settings.consumer.regex_refresh_interval_ms.into());
        due && !subscribed.is_empty()
    }

    /// Looks up all expressions of a group, and raises its epoch if that changes what the group subscribes to.
    pub(crate) fn look_up_expressions(&mut self, now: Timestamp, draft: &mut Draft) {
        let surroundings = self.surroundings.clone();
        let patterns: Vec<_> = draft.group.expression_subscribers().keys().cloned().collect();
        let resolved = pattern::resolve(patterns.iter(), surroundings.topics().map(|(name, _)| name));
        let mut changed = false;
        for (regex, topics) in resolved {
            let old = draft.group.expression(&regex);
            changed |= match old {
                Some(old) => old.topics != topics,
                None => !topics.is_empty(),
            };
            draft.write_expression(&regex, &Expression { topics, version: surroundings.version, at: now });
        }
        self.raise_epoch(draft, changed);
    }

    /// Raises the group's epoch if `because`, or if its topics are not what they were.
    pub(crate) fn raise_epoch(&mut self, draft: &mut Draft, because: bool) {
        let hash = self.metadata_hash(&draft.group);
        draft.looked_at_topics = true;
        if because || hash != draft.group.metadata_hash {
            draft.write_epoch(draft.group.epoch.saturating_add(1), hash);
        }
    }

    /// The hash over all topics of a group that exist (KIP-1101). A topic's own hash is computed once, as long as topics stay as
    /// they are.
    pub(crate) fn metadata_hash(&mut self, group: &ConsumerGroup) -> i64 {
        let Self { surroundings, consumer, .. } = self;
        let known = group.topics().keys().filter_map(|name| surroundings.topic(name).map(|topic| (name, topic)));
        group_hash(known.map(|(name, topic)| {
            *consumer.topic_hashes.entry(name.clone()).or_insert_with(|| topic_hash(topic.id, name, &topic.racks))
        }))
    }
}
