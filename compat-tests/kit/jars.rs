//! Apache Kafka 4.3.1 and our launcher of its tools, fetched and compiled once, then taken from the cache.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use super::home;

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
        run(maven, here)
    })?
    .join("libs");
    let launcher = cached("launcher", &[("Launcher.java", LAUNCHER), ("log4j2.xml", LOG4J)], |here| {
        let mut javac = Command::new("javac");
        javac.arg("-cp").arg(format!("{}/*", libs.display())).arg("Launcher.java");
        run(javac, here)
    })?;
    Ok(Jars { libs, launcher })
}

/// The folder that was made from just these files, now or in an earlier run.
fn cached(name: &str, files: &[(&str, &str)], make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let cache = home::cache()?;
    let texts: Vec<&str> = files.iter().map(|(_, text)| *text).collect();
    let dir = cache.join(format!("{name}-{:016x}", fingerprint(&texts)));
    if dir.is_dir() {
        return Ok(dir);
    }
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    // Whole or not at all: a run that is broken off leaves only a folder that nobody looks into.
    let making = tempfile::Builder::new().prefix("making-").tempdir_in(&cache)?;
    for (file, text) in files {
        std::fs::write(making.path().join(file), text)?;
    }
    make(making.path())?;
    let here = making.keep();
    if let Err(error) = std::fs::rename(&here, &dir) {
        std::fs::remove_dir_all(&here)?;
        // Another run may have been quicker, which is as good.
        if !dir.is_dir() {
            return Err(error).with_context(|| format!("cannot make {}", dir.display()));
        }
    }
    Ok(dir)
}

fn run(mut command: Command, dir: &Path) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} cannot be run: `cargo x setup` installs it"))?;
    if !output.status.success() {
        let words = [output.stdout, output.stderr].concat();
        bail!("{program} failed ({}):\n{}", output.status, String::from_utf8_lossy(&words));
    }
    Ok(())
}

/// FNV-1a, 64 bits: a changed pom or launcher is another folder.
fn fingerprint(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
