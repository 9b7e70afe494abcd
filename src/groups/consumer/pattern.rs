//! Subscriptions by regular expression (KIP-848), in the syntax of RE2/J.
//!
//! Both RE2/J and the engine here take time linear in the text, so that a client's expression can cost only memory, which is limited.
//! A topic matches when the whole of its name does.

mod syntax;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::TopicName;
use regex::{Regex, RegexBuilder};

/// The most memory that a compiled expression may take. Names of topics need little; this is room for thousands of alternatives.
const SIZE_LIMIT: usize = 1 << 20;

/// Says why `pattern` is no expression, in RE2/J's words.
pub fn check(pattern: &str) -> Result<(), &'static str> {
    compile(pattern).map(|_| ())
}

/// The topics that each of `patterns` matches; nothing for one that is no expression.
pub fn resolve<'a>(
    patterns: impl Iterator<Item = &'a Arc<str>>,
    topics: impl Iterator<Item = &'a TopicName>,
) -> BTreeMap<Arc<str>, BTreeSet<TopicName>> {
    let compiled: Vec<_> = patterns.map(|pattern| (pattern.clone(), compile(pattern).ok())).collect();
    let mut resolved: BTreeMap<_, BTreeSet<_>> =
        compiled.iter().map(|(pattern, _)| (pattern.clone(), BTreeSet::new())).collect();
    for topic in topics {
        for (pattern, regex) in &compiled {
            if regex.as_ref().is_some_and(|regex| regex.is_match(topic))
                && let Some(matched) = resolved.get_mut(pattern)
            {
                matched.insert(topic.clone());
            }
        }
    }
    resolved
}

fn compile(pattern: &str) -> Result<Regex, &'static str> {
    let parsed = syntax::parse(pattern)?;
    RegexBuilder::new(&format!("\\A(?:{parsed})\\z"))
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT)
        .build()
        .map_err(|_| syntax::words::SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, names: &[&str]) -> Vec<String> {
        let pattern: Arc<str> = pattern.into();
        let names: Vec<TopicName> = names.iter().map(|name| TopicName::from(*name)).collect();
        let resolved = resolve([&pattern].into_iter(), names.iter());
        resolved[&pattern].iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn the_whole_name_must_match() {
        assert_eq!(matches("foo", &["foo", "foobar", "afoo"]), ["foo"]);
        assert_eq!(matches("foo|bar.*", &["foo", "foobar", "barn"]), ["barn", "foo"]);
        assert_eq!(matches("(?i)FOO", &["foo", "Foo"]), ["Foo", "foo"]);
        assert_eq!(matches("f.o$", &["f.o", "fzo"]), ["f.o", "fzo"]);
        assert_eq!(matches(r"\Qf.o\E", &["f.o", "fzo"]), ["f.o"]);
        assert_eq!(matches("", &["f"]), [""; 0]);
    }

    #[test]
    fn what_the_engines_read_differently_is_read_as_re2_does() {
        assert_eq!(matches("[a&&b]", &["a", "b", "&"]), ["&", "a", "b"], "no intersections");
        assert_eq!(matches("[[:alpha:]_]+", &["a_b", "a1"]), ["a_b"]);
        assert_eq!(matches("[a[b]+", &["ab", "a"]), ["a", "ab"], "a bracket in a class is itself");
        assert_eq!(matches("a{,2}", &["a", "aa"]), [""; 0], "no count, so it is text");
        assert_eq!(matches(r"\141\x62\x{63}", &["abc"]), ["abc"]);
        assert_eq!(matches(r"[\w-z]+", &["a-z"]), ["a-z"]);
        assert_eq!(matches(r"[\p{Greek}\pN]+|\P{Lu}z", &["12", "az", "Az"]), ["12", "az"]);
        assert_eq!(matches("a?(?i)*b", &["a", "AAB", "aab"]), ["aab"], "flags stand between no operators");
        assert_eq!(matches("(?:a{1,2})?", &["a", "aa"]), ["a", "aa"]);
        assert_eq!(matches("a{1,2}(?i)?", &["a", "aaa"]), ["a"]);
    }

    #[test]
    fn what_is_wrong_is_told_in_re2s_words() {
        let wrong = |pattern| check(pattern).unwrap_err();
        assert_eq!(wrong("["), "missing closing ]");
        assert_eq!(wrong("(a"), "missing closing )");
        assert_eq!(wrong("*"), "missing argument to repetition operator");
        assert_eq!(wrong("a**"), "invalid nested repetition operator");
        assert_eq!(wrong("a{1001}"), "invalid repeat count");
        assert_eq!(wrong("[[:odd:]]"), "invalid character class range");
        assert_eq!(wrong(r"\p{Odd}"), "invalid character class range");
        assert_eq!(wrong("(?=a)"), "invalid or unsupported Perl syntax");
        assert_eq!(wrong("{*"), "invalid nested repetition operator");
        assert_eq!(wrong(r"\x{}"), "invalid escape sequence");
        assert_eq!(wrong("(?P<n>a)(?P<n>b)"), "duplicate capture group name");
        assert_eq!(wrong("(?<=a)"), "invalid named capture");
        assert_eq!(wrong("a)"), "regexp/syntax: internal error");
        assert_eq!(wrong("(?x)a"), "invalid or unsupported Perl syntax");
        assert_eq!(wrong("[b-a]"), "invalid character class range");
        assert_eq!(wrong(r"\1"), "invalid escape sequence");
        assert_eq!(wrong(r"\u0041"), "invalid escape sequence");
        assert_eq!(wrong("\\"), "trailing backslash at end of expression");
        assert_eq!(wrong("((((a{100}){100}){100}){100})"), "expression is too large");
        let deep = "(".repeat(100_000) + "a" + &")".repeat(100_000);
        assert_eq!(wrong(&deep), "expression nests too deeply");
    }
}
