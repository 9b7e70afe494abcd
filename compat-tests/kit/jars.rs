//! Apache Kafka 4.3.1 and our launcher of its tools, fetched and compiled once, then taken from the cache.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Result, bail};

use super::cache::{cached, run};

/// The Apache Kafka that judges; the same version stands in `kit/java/pom.xml`.
pub const VERSION: &str = "4.3.1";

const POM: &str = include_str!("java/pom.xml");
const LAUNCHER: &str = include_str!("java/Launcher.java");
const LOG4J: &str = include_str!("java/log4j2.xml");

/// Everything a JVM needs to be Kafka or one of its tools.
#[derive(Clone, Debug)]
pub struct Jars {
    libs: PathBuf,
    launcher: PathBuf,
}

/// Fetches through Maven what the cache does not have.
///
/// # Errors
/// Where Maven or javac is missing or fails; its words are in the error.
pub fn ensure() -> Result<&'static Jars> {
    static JARS: OnceLock<Result<Jars, String>> = OnceLock::new();
    match JARS.get_or_init(|| fetch().map_err(|error| format!("{error:#}"))) {
        Ok(jars) => Ok(jars),
        Err(error) => bail!("Apache Kafka's jars cannot be had: {error}"),
    }
}

impl Jars {
    /// A `java` with Kafka's classes and our logging; `level` is Kafka's log level, which goes to stderr.
    pub fn java(&self, heap_mib: u32, level: &str) -> Command {
        let mut command = Command::new("java");
        command
            .arg(format!("-Xmx{heap_mib}m"))
            .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"])
            .arg(format!("-Dottla.log={level}"))
            // Else a line waits in a buffer of all threads, and whoever writes next writes it as his own: two tools that
            // complain at the same moment would be given each other's words.
            .arg("-Dlog4j2.enable.direct.encoders=false")
            .arg(format!("-Dlog4j2.configurationFile={}", self.launcher.join("log4j2.xml").display()))
            .args(["-cp", &self.classpath()])
            .env_remove("JAVA_TOOL_OPTIONS");
        command
    }

    /// The class path: the launcher's folder and every jar.
    pub fn classpath(&self) -> String {
        format!("{}:{}/*", self.launcher.display(), self.libs.display())
    }

    /// The folder of the jars themselves.
    pub fn libs(&self) -> &Path {
        &self.libs
    }
}

fn fetch() -> Result<Jars> {
    let libs = cached(&format!("kafka-{VERSION}"), &[("pom.xml", POM)], |here| {
        let mut maven = Command::new("mvn");
        maven.args(["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=libs"]);
        run(maven, here).map(drop)
    })?
    .join("libs");
    let launcher = cached("launcher", &[("Launcher.java", LAUNCHER), ("log4j2.xml", LOG4J)], |here| {
        let mut javac = Command::new("javac");
        javac.arg("-cp").arg(format!("{}/*", libs.display())).arg("Launcher.java");
        run(javac, here).map(drop)
    })?;
    Ok(Jars { libs, launcher })
}
