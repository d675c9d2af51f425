//! How a client connects: its target, its credentials, and the options of its connections.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tonic::{
    metadata::{Ascii, MetadataValue},
    transport::{Certificate, ClientTlsConfig, Endpoint, Identity, Uri},
};

use crate::{Problem, metadata::Metadata};

const USER_AGENT: &str = concat!("execution-client-rust/", env!("CARGO_PKG_VERSION"));
/// A dead connection is noticed after 25 s.
const KEEPALIVE: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one try to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How to encrypt, all in PEM.
#[derive(Clone, Default)]
#[must_use]
pub struct Tls {
    roots: Option<Vec<u8>>,
    identity: Option<Identity>,
    server_name: Option<String>,
}

impl Tls {
    /// Trust the roots of the operating system.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trust these certificates only.
    pub fn root_certificates(self, pem: impl Into<Vec<u8>>) -> Self {
        Self { roots: Some(pem.into()), ..self }
    }

    /// The client's own certificate and its key, where the server asks for one.
    pub fn identity(self, certificate_chain: impl AsRef<[u8]>, private_key: impl AsRef<[u8]>) -> Self {
        Self { identity: Some(Identity::from_pem(certificate_chain, private_key)), ..self }
    }

    /// The name that the server's certificate must have, if not the target's host.
    pub fn server_name(self, name: impl Into<String>) -> Self {
        Self { server_name: Some(name.into()), ..self }
    }

    fn config(&self, host: &str) -> ClientTlsConfig {
        let name = self.server_name.as_deref().unwrap_or(host);
        let mut config = ClientTlsConfig::new().domain_name(name);
        config = match &self.roots {
            Some(pem) => config.ca_certificate(Certificate::from_pem(pem)),
            None => config.with_native_roots(),
        };
        match &self.identity {
            Some(identity) => config.identity(identity.clone()),
            None => config,
        }
    }
}

impl fmt::Debug for Tls {
    /// Without the key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tls").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

/// What a client was told, before it is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    pub(crate) target: String,
    pub(crate) tls: Option<Tls>,
    pub(crate) token: Option<String>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) deadline: Duration,
    pub(crate) watch_silence: Duration,
}

impl Wishes {
    pub(crate) fn new(target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            tls: None,
            token: None,
            metadata: None,
            deadline: Duration::from_secs(10),
            watch_silence: Duration::from_secs(30),
        }
    }

    pub(crate) fn settings(self) -> Result<Settings, Problem> {
        let authority = self.target.strip_prefix("dns:").unwrap_or(&self.target).trim_start_matches('/');
        let (host, port) = split(authority)
            .ok_or_else(|| Problem::invalid(format!("{:?} is no target: HOST:PORT is one.", self.target)))?;
        if self.deadline.is_zero() || self.watch_silence.is_zero() {
            return Err(Problem::invalid("deadline and watch_silence must be longer than 0."));
        }
        if self.token.is_some() && self.tls.is_none() && !is_on_this_machine(&host) {
            let target = self.target;
            return Err(Problem::invalid(format!(
                "A token would be readable on the way to {target}: give tls too."
            )));
        }
        let token = self.token.map(|token| format!("Bearer {token}").parse()).transpose();
        let mut token =
            token.map_err(|_| Problem::invalid("The token has characters that no header may have."))?;
        if let Some(token) = &mut token {
            MetadataValue::set_sensitive(token, true);
        }
        let authority = authority.to_owned();
        let settings = Settings {
            host,
            port,
            authority,
            tls: self.tls,
            token,
            metadata: self.metadata,
            deadline: self.deadline,
            watch_silence: self.watch_silence,
        };
        // Certificates that are none are an error now, not one of every connection.
        settings.endpoint(SocketAddr::from(([127, 0, 0, 1], port))).map(|_| settings)
    }
}

/// How a client connects.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) authority: String,
    tls: Option<Tls>,
    token: Option<MetadataValue<Ascii>>,
    metadata: Option<Metadata>,
    pub(crate) deadline: Duration,
    pub(crate) watch_silence: Duration,
}

impl Settings {
    /// How to connect to one of the target's addresses. No proxy is used, whatever the environment says.
    pub(crate) fn endpoint(&self, address: SocketAddr) -> Result<Endpoint, Problem> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let invalid = |error: &dyn fmt::Display| Problem::invalid(format!("{}: {error}", self.authority));
        let origin: Uri =
            format!("{scheme}://{}", self.authority).parse().map_err(|error| invalid(&error))?;
        let endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))
            .and_then(|endpoint| endpoint.user_agent(USER_AGENT))
            .map_err(|error| invalid(&error))?
            .origin(origin)
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT);
        match &self.tls {
            None => Ok(endpoint),
            Some(tls) => endpoint.tls_config(tls.config(&self.host)).map_err(|error| invalid(&error)),
        }
    }

    /// A request with what goes with every call, for one call: the caller's own headers are asked for.
    pub(crate) fn request<T>(&self, message: T) -> Result<tonic::Request<T>, Problem> {
        let mut request = tonic::Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        if let Some(metadata) = &self.metadata {
            metadata.add_to(request.metadata_mut())?;
        }
        Ok(request)
    }
}

/// Host and port of `host:port` or `[v6]:port`.
fn split(authority: &str) -> Option<(String, u16)> {
    let (host, port) = authority.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    let possible = !host.is_empty() && !host.contains('/') && (bare.is_some() || !host.contains(':'));
    Some((host.to_owned(), port.parse().ok()?)).filter(|_| possible)
}

/// Tell whether a host never leaves this machine. Others may not either, but here it is better to know too few.
fn is_on_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Settings, Tls, Wishes};
    use crate::Problem;

    fn settings(target: &str, token: Option<&str>, tls: Option<Tls>) -> Result<Settings, Problem> {
        Wishes { token: token.map(Into::into), tls, ..Wishes::new(target) }.settings()
    }

    #[test]
    fn a_target_is_a_host_and_a_port() {
        for (target, host, port) in [
            ("localhost:50051", "localhost", 50051),
            ("dns:///execution-headless:443", "execution-headless", 443),
            ("dns:execution:443", "execution", 443),
            ("[::1]:50051", "::1", 50051),
        ] {
            let settings = settings(target, None, None).unwrap();
            assert_eq!((settings.host.as_str(), settings.port), (host, port));
        }
        for target in ["", "localhost", ":50051", "localhost:", "localhost:99999", "::1:50051", "http://a:1"]
        {
            assert!(settings(target, None, None).is_err(), "{target}");
        }
    }

    #[test]
    fn a_token_goes_in_plain_text_to_this_machine_only() {
        for target in ["localhost:1", "127.0.0.2:1", "[::1]:1", "dns:///localhost:1"] {
            assert!(settings(target, Some("secret"), None).is_ok(), "{target}");
        }
        for target in ["execution:1", "127.evil.example:1", "10.0.0.1:1", "localhost.example:1"] {
            let problem = settings(target, Some("secret"), None).unwrap_err();
            assert!(problem.to_string().contains("give tls too"), "{problem}");
            assert!(settings(target, Some("secret"), Some(Tls::new())).is_ok(), "{target}");
        }
    }

    #[test]
    fn neither_token_nor_key_is_printed() {
        let tls = Tls::new().identity("certificate", "private");
        assert!(!format!("{tls:?}").contains("private"));
        assert!(!format!("{:?}", settings("localhost:1", Some("secret"), None).unwrap()).contains("secret"));
    }

    #[test]
    fn certificates_that_are_none_are_an_error_at_once() {
        let tls = Tls::new().identity("no certificate", "no key");
        let problem = settings("localhost:1", None, Some(tls)).unwrap_err();
        assert!(matches!(problem, Problem::InvalidArgument { .. }), "{problem}");
    }
}
