//! Addresses as Kafka writes them: `host:port`, `id@host:port`, and `NAME://host:port` of listeners.

use std::fmt;

use crate::ConfigError;

const VOTERS: &str = "controller.quorum.voters";
const BOOTSTRAP: &str = "controller.quorum.bootstrap.servers";

/// A host, as a name or a number, and a port. Not resolved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// A name or an IP address; IPv6 without brackets.
    pub host: String,
    /// The port; 0 asks the machine for a free one where it is listened on.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// One entry of `controller.quorum.voters` (`QuorumConfig.parseVoterConnections`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Voter {
    /// The controller's node id.
    pub id: i32,
    /// Where its controller listener is.
    pub address: HostPort,
}

impl Voter {
    /// Reads `id@host:port`.
    ///
    /// # Errors
    /// [`ConfigError::Rule`] that names the entry and the form it should have.
    pub fn parse(entry: &str) -> Result<Self, ConfigError> {
        let form = "Each entry should be in the form `{id}@{host}:{port}`.";
        let mut parts = entry.split('@');
        let (Some(id), Some(address), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(ConfigError::Rule(format!("Invalid configuration value for {VOTERS}. {form}")));
        };
        let id =
            id.parse().map_err(|_| ConfigError::Rule(format!("Failed to parse voter ID as an integer from {id}")))?;
        let failed = |what: &str| {
            ConfigError::Rule(format!(
                "Failed to parse host {what} from entry {entry} for the configuration {VOTERS}. {form}"
            ))
        };
        let (host, port) = split(address).ok_or_else(|| failed("name"))?;
        let port = port.parse().map_err(|_| failed("port"))?;
        Ok(Self { id, address: HostPort { host, port } })
    }
}

/// Reads one entry of `controller.quorum.bootstrap.servers`.
///
/// # Errors
/// [`ConfigError::Rule`] that names the entry and the form it should have.
pub fn bootstrap_server(entry: &str) -> Result<HostPort, ConfigError> {
    let failed = |what: &str| {
        ConfigError::Rule(format!(
            "Failed to parse host {what} from {entry} for the configuration {BOOTSTRAP}. Each entry should be in the form \"{{host}}:{{port}}\""
        ))
    };
    let (host, port) = split(entry).ok_or_else(|| failed("name"))?;
    Ok(HostPort { host, port: port.parse().map_err(|_| failed("port"))? })
}

/// `Utils.getHost` and `getPort`: an optional scheme, a host in optional brackets, and the digits after the last colon.
fn split(address: &str) -> Option<(String, &str)> {
    let rest = address.rsplit_once("://").map_or(address, |(_, rest)| rest);
    let (host, port) = rest.rsplit_once(':')?;
    let host = host.strip_prefix('[').unwrap_or(host);
    let host = host.strip_suffix(']').unwrap_or(host);
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    (valid_host(host) && digits).then(|| (host.to_owned(), port))
}

/// `Utils.validHostPattern`: only characters that names and addresses have.
pub(crate) fn valid_host(host: &str) -> bool {
    host.chars().all(|c| c.is_ascii_alphanumeric() || "-%._:".contains(c))
}

/// How a listener protects its connections (`SecurityProtocol`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i16)]
pub enum SecurityProtocol {
    /// Nothing.
    Plaintext = 0,
    /// TLS.
    Ssl = 1,
    /// Clients say who they are by SASL.
    SaslPlaintext = 2,
    /// Both.
    SaslSsl = 3,
}

impl SecurityProtocol {
    /// The protocol with this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Plaintext, Self::Ssl, Self::SaslPlaintext, Self::SaslSsl]
            .into_iter()
            .find(|p| p.name().eq_ignore_ascii_case(name))
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    /// The number that broker registrations carry.
    pub const fn id(self) -> i16 {
        self as i16
    }

    /// Whether clients must authenticate by SASL.
    pub const fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

/// One listener: its name, how it protects connections, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The name in upper case, as in `listener.security.protocol.map`.
    pub name: String,
    /// How it protects connections.
    pub protocol: SecurityProtocol,
    /// The host to bind or advertise; `None` binds all addresses and advertises this machine's name.
    pub host: Option<String>,
    /// The port; 0 asks the machine for a free one.
    pub port: u16,
}

/// `NAME://host:port`, without knowing the protocol yet: name in upper case, host, port.
pub(crate) fn listener(entry: &str) -> Result<(String, Option<String>, u16), String> {
    let failed = || format!("Unable to parse {entry} to a broker endpoint");
    let (name, rest) = entry.rsplit_once("://").ok_or_else(failed)?;
    let (host, port) = rest.rsplit_once(':').ok_or_else(failed)?;
    let host = host.strip_prefix('[').unwrap_or(host);
    let host = host.strip_suffix(']').unwrap_or(host);
    if !valid_host(host) {
        return Err(failed());
    }
    let port = port.parse().map_err(|_| failed())?;
    Ok((name.to_uppercase(), (!host.is_empty()).then(|| host.to_owned()), port))
}
