//! Subscriptions by regular expression: looked up by the coordinator, and refused in RE2/J's words.

use anyhow::Result;
use kafka_protocol::messages::ConsumerGroupHeartbeatRequest;

use super::{TOPIC, ask, ask_in, beat, describe, joins, owns, until_epoch};
use crate::differential::make::{name, s, topic};
use crate::differential::play::Play;

/// What is no expression in RE2/J, or is one only there. Nested counts are not asked: Apache Kafka runs out of memory on them.
const ODD: &[&str] = &[
    "[",
    "(a",
    "a)",
    "*",
    "+a",
    "a**",
    "a+*",
    "a{1001}",
    "a{2,1}",
    "a{1001,}",
    "a{,5}",
    "a{",
    "a{2",
    "(?=a)",
    "(?x)a",
    "(?i",
    "(?i)a",
    "(?",
    "(?P<n>a)",
    "(?P<n>a)(?P<n>b)",
    "(?P<>a)",
    "(?P<n",
    "(?<n>a)",
    "[b-a]",
    "[a",
    "[]",
    "[]a]",
    "[a-\\d]",
    "[[:alpha:]]",
    "[[:odd:]]",
    "\\1",
    "\\8",
    "\\u0041",
    "\\x4",
    "\\x{41",
    "\\x{110000}",
    "\\xzz",
    "\\pN",
    "\\p{Greek}",
    "\\p{Odd}",
    "\\pX",
    "\\C",
    "\\Z",
    "\\z",
    "\\A",
    "\\G",
    "\\",
    "a\\",
    "\\Qa[",
    "\\Qa[\\E",
    "\\E",
    "a|*",
    "|",
    "()",
    "a||b",
    "(?:a",
    "(?i:a)",
    "(?U)a+",
    "(?-s).",
    "(?i-)",
    "(?-)a",
    "x{2}{3}",
    "x**?",
    "a???",
    "^*",
    "$+",
    "\\b+",
    "(a{1000}){2}",
    "[^\\x00-\\x{10FFFF}]",
    "[a&&b]",
    "[a--b]",
    "[a-]",
    "[-a]",
    "[^]a]",
    "[a-b-c]",
    "\\07",
    "\\777",
    "\\400",
    "\\-",
    "\\_",
    "\\ä",
    "(?s:.)",
    "(?m)^a$",
    "\\h",
    "\\R",
    "\\X",
    "\\K",
    "(?>a)",
    "(?#c)",
    "(?'n'a)",
    "\\k<n>",
    "a*+",
    "a?+",
    "[[.a.]]",
    "[[=a=]]",
];

pub(super) fn play(play: &mut Play) -> Result<()> {
    words(play)?;
    looked_up(play)
}

fn by(request: ConsumerGroupHeartbeatRequest, regex: &str) -> ConsumerGroupHeartbeatRequest {
    request.with_subscribed_topic_names(None).with_subscribed_topic_regex(Some(s(regex)))
}

/// Each comes to a group of its own, and is refused or not.
fn words(play: &mut Play) -> Result<()> {
    for (at, regex) in ODD.iter().enumerate() {
        let group = &format!("c-odd-{at}");
        ask(play, &format!("by {regex}"), &by(joins(group, "a", &[]), regex))?;
        ask(play, &format!("by {regex}, goes"), &beat(group, "a", -1))?;
    }
    Ok(())
}

fn looked_up(play: &mut Play) -> Result<()> {
    let (id, group) = (play.id(TOPIC)?, "c-pattern");
    // Of one topic only: which of several topics an assignor begins with hangs on their ids.
    let pattern = "consume[df]";
    // Version 0 has no word for them.
    ask_in(play, "by a pattern, in version 0", 0, &by(joins(group, "a", &[]), pattern))?;
    ask(play, "by a pattern", &by(joins(group, "a", &[]), pattern))?;
    until_epoch(play, group, 2)?;
    describe(play, "looked up", group)?;
    ask(play, "gets what it matches", &beat(group, "a", 1))?;
    ask(play, "another, by the same", &by(joins(group, "b", &[]), pattern))?;
    ask(play, "a third, by name", &joins(group, "c", &[TOPIC]))?;
    describe(play, "a pattern and a name", group)?;
    // One more within ten seconds is not looked up at once.
    ask(play, "by another pattern, too soon", &by(joins(group, "d", &[]), "consumed"))?;
    ask(play, "still nothing", &beat(group, "d", 4))?;
    describe(play, "two patterns, one unknown", group)?;
    ask(play, "is told", &beat(group, "a", 2))?;
    ask(play, "gives all back", &owns(beat(group, "a", 2), &[]))?;
    ask(play, "no pattern any more", &beat(group, "a", 4).with_subscribed_topic_regex(Some(s(""))))?;
    let both = beat(group, "b", 3).with_subscribed_topic_names(Some(vec![name(TOPIC)]));
    ask(play, "a pattern and a name in one", &both)?;
    ask(play, "an invalid one later", &by(beat(group, "b", 3), "["))?;
    ask(play, "lives", &owns(beat(group, "b", 3), &[(id, &[])]))?;
    describe(play, "after changes", group)?;
    for member in ["a", "b", "c", "d"] {
        ask(play, "goes", &beat(group, member, -1))?;
    }
    describe(play, "nobody", group)?;

    // A topic that comes later is found, ten seconds behind the last look at the earliest.
    let group = "c-pattern-later";
    ask(play, "a pattern that matches nothing", &by(joins(group, "a", &[]), "later-.*"))?;
    ask(play, "nothing", &beat(group, "a", 1))?;
    play.create(&[topic("later-1", 1)])?;
    play.id("later-1")?;
    let since = crate::kit::Stopwatch::start();
    loop {
        let told = play.quietly(1, &beat(group, "a", 1))?;
        if told.member_epoch != 1 || since.left_of(std::time::Duration::from_secs(30)).is_none() {
            break;
        }
        crate::pause::short();
    }
    describe(play, "found later", group)?;
    ask(play, "goes", &beat(group, "a", -1))?;
    Ok(())
}
