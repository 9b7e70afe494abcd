//! Installs what the judges need, or says by name what is missing.

mod go;

use std::path::Path;

use anyhow::Result;

use crate::{paths, shell};

/// A program that the judges need, and the Debian package that has it.
const PACKAGES: &[(&str, &str)] = &[
    ("cc", "gcc"),
    ("c++", "g++"),
    ("curl", "curl"),
    ("kcat", "kcat"),
    ("make", "make"),
    ("npm", "npm"),
    ("java", "openjdk-17-jdk-headless"),
    ("javac", "openjdk-17-jdk-headless"),
    ("mvn", "maven"),
    ("musl-gcc", "musl-tools"),
    ("pip3", "python3-pip"),
    ("python3", "python3"),
    ("setpriv", "util-linux"),
    ("tar", "tar"),
    ("unzip", "unzip"),
];

/// A header that the clients' C code wants, and the Debian package that has it.
const HEADERS: &[(&str, &str)] = &[("/usr/include/zlib.h", "zlib1g-dev"), ("/usr/include/zstd.h", "libzstd-dev")];

/// Cargo's own tools, pinned; they go to the cache, not to the user's cargo folder.
const TOOLS: &[(&str, &str)] = &[("cargo-deny", "0.20.2")];

const TARGET: &str = "x86_64-unknown-linux-musl";

/// Whether everything is there in the end.
///
/// # Errors
/// Where a program that should be there cannot be run.
pub fn setup() -> Result<bool> {
    let mut missing = Vec::new();
    packages(&mut missing)?;
    tools(&mut missing)?;
    if !go::toolchain()? {
        missing.push("Go 1.26 or newer, of the machine's own or from the Go module proxy".to_owned());
    }
    if !target()? {
        missing.push(format!("the rustup target {TARGET}: rustup target add {TARGET}"));
    }
    for what in &missing {
        eprintln!("missing, and could not be installed here: {what}");
    }
    Ok(missing.is_empty())
}

fn packages(missing: &mut Vec<String>) -> Result<()> {
    let absent = || {
        let programs = PACKAGES.iter().filter(|(program, _)| !shell::is_installed(program));
        programs.chain(HEADERS.iter().filter(|(header, _)| !Path::new(header).is_file()))
    };
    let mut wanted: Vec<&str> = absent().map(|(_, package)| *package).collect();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(());
    }
    let sudo = match (shell::is_installed("apt-get"), is_root()?) {
        (true, true) => Some(None),
        (true, false) if shell::is_installed("sudo") => Some(Some("sudo")),
        _ => None,
    };
    if let Some(sudo) = sudo {
        println!("installing {}", wanted.join(" "));
        apt(sudo, &["update", "-qq"])?;
        let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
        args.extend(&wanted);
        apt(sudo, &args)?;
    }
    missing.extend(absent().map(|(program, package)| format!("{program} (Debian package {package})")));
    Ok(())
}

fn apt(sudo: Option<&str>, args: &[&str]) -> Result<bool> {
    let mut command = match sudo {
        Some(sudo) => {
            let mut command = shell::program(sudo, &["-n", "apt-get"])?;
            command.args(args);
            command
        }
        None => shell::program("apt-get", args)?,
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    shell::succeeds(command)
}

fn is_root() -> Result<bool> {
    Ok(shell::output(shell::program("id", &["-u"])?)?.trim() == "0")
}

fn tools(missing: &mut Vec<String>) -> Result<()> {
    let root = paths::tools()?;
    for (tool, version) in TOOLS {
        let stamp = root.join(format!("{tool}-{version}"));
        if stamp.exists() && shell::is_executable(&root.join("bin").join(tool)) {
            continue;
        }
        println!("installing {tool} {version}");
        let package = format!("{tool}@{version}");
        let mut command = shell::cargo(&["install", "--quiet", "--locked", "--force", &package])?;
        command.arg("--root").arg(&root).env_remove("CARGO_TARGET_DIR");
        if shell::succeeds(command)? {
            std::fs::write(&stamp, "")?;
        } else {
            missing.push(format!("{tool} {version} (cargo install --locked {package})"));
        }
    }
    Ok(())
}

fn target() -> Result<bool> {
    let installed = || -> Result<bool> {
        Ok(shell::is_installed("rustup")
            && shell::output(shell::program("rustup", &["target", "list", "--installed"])?)?
                .lines()
                .any(|line| line == TARGET))
    };
    if installed()? {
        return Ok(true);
    }
    if shell::is_installed("rustup") {
        shell::succeeds(shell::program("rustup", &["target", "add", TARGET])?)?;
    }
    installed()
}
