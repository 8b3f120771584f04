//! Whom the gateway asks who somebody is: OpenID providers, and the machine for an identity of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gateway_policy::context::Url;
use gateway_proxy::ManagedIdentityKind;

use super::files::unreadable;
use super::limits::time;
use super::section::{between, section};
use super::surroundings::Files;
use super::value::Setting;

section! {
    /// OpenID providers whose keys verify the tokens of `validate-jwt` and `validate-azure-ad-token`.
    IdentityProvidersSection = "identity_providers" {
        /// How long a provider's keys are used before they are fetched anew. As in API Management.
        key_lifetime: Duration = "1h", time("1s", "7d");
        /// Time between two fetches from one provider, because a token names a key that is not known or
        /// because the last fetch failed: whoever sends such tokens must not make the gateway a nuisance.
        /// As in API Management. New keys are used at the latest so long after they are published.
        refresh_interval: Duration = "5m", time("1s", "1d");
        /// How long the last keys are used while the provider is down. A key that the provider has
        /// withdrawn is believed for so long at most if somebody keeps the gateway from reaching it.
        stale_lifetime: Duration = "1d", time("1s", "30d");
        /// For each document of a provider and each token of the managed identity.
        timeout: Duration = "10s", time("100ms", "5m");
        /// Whether keys may come over plain HTTP. Whoever is on the way then makes tokens at will: for tests.
        allow_http: bool = false;
        /// Where Microsoft Entra ID is, for policies that do not say it.
        microsoft_entra: String = "https://login.microsoftonline.com", |url: &String| is_url(url);
        /// Providers whose keys are kept, each up to 256 KiB; the least used are forgotten. Policies may
        /// compute their addresses.
        max_providers: usize = 256, between(1..=100_000);
    }
}

section! {
    /// The gateway's own identity, for `authentication-managed-identity`: where it gets tokens.
    ManagedIdentitySection = "managed_identity" {
        /// URL of the endpoint; of Azure's virtual machines
        /// `http://169.254.169.254/metadata/identity/oauth2/token`, of App Service the value of
        /// `IDENTITY_ENDPOINT`. Without it the policy gets no token.
        endpoint: Option<String> = none, |url: &Option<String>| url.as_ref().map_or(Ok(()), is_url);
        /// What the endpoint understands: `imds` (`Metadata: true`) or `app-service` (`X-IDENTITY-HEADER`
        /// with the secret).
        kind: ManagedIdentityKind = "imds";
        /// A file that holds the secret, one line: the value of `IDENTITY_HEADER`.
        secret_file: Option<PathBuf> = none;
        /// Tokens that are kept; the least used are forgotten. Policies may compute what they are for.
        max_tokens: usize = 256, between(1..=100_000);
    }
}

fn is_url(text: impl AsRef<str>) -> Result<(), String> {
    match Url::parse(text.as_ref()) {
        Some(_) => Ok(()),
        None => Err("must be an https or http URL".to_owned()),
    }
}

impl Setting for ManagedIdentityKind {
    const EXPECTED: &'static str = "\"imds\" or \"app-service\"";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        match text {
            "imds" => Some(Self::Imds),
            "app-service" => Some(Self::AppService),
            _ => None,
        }
    }
}

/// Reads the secret of a managed identity: one line; white space around it does not count.
///
/// # Errors
/// If it cannot be read, or cannot stand in a header.
pub(crate) fn secret(files: &dyn Files, path: &Path) -> Result<String, String> {
    let content = files.read(path).map_err(|error| unreadable(path, &error))?;
    let text = String::from_utf8(content).unwrap_or_default();
    let secret = text.trim();
    if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "`{}` does not hold one line of printable ASCII characters",
            path.display()
        ));
    }
    Ok(secret.to_owned())
}

/// What does not fit together in `[managed_identity]`, as key and message.
pub(super) fn check(
    section: &ManagedIdentitySection,
    files: &dyn Files,
) -> Option<(&'static str, String)> {
    match (section.kind, &section.endpoint, &section.secret_file) {
        (ManagedIdentityKind::AppService, Some(_), None) => Some((
            "kind",
            "`app-service` needs secret_file, which it proves itself with".to_owned(),
        )),
        (ManagedIdentityKind::Imds, Some(_), Some(_)) => Some((
            "secret_file",
            "is not sent to an endpoint of kind `imds`".to_owned(),
        )),
        (ManagedIdentityKind::AppService, Some(_), Some(path)) => secret(files, path)
            .err()
            .map(|message| ("secret_file", message)),
        _ => None,
    }
}
