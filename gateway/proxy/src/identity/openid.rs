//! OpenID providers: discovery document, then keys.

use std::rc::Rc;
use std::sync::Arc;

use gateway_policy::context::Url;
use gateway_policy::execution::{Answer, ProviderDocument, ProviderRequest};
use gateway_policy::openid::{Discovery, KeySet, Provider};

use super::flights::{Fetched, Outcome, Trouble, nanos};
use super::{fetch_once, get};
use crate::effect::send::Begun;
use crate::settings::IdentitySettings;
use crate::worker::Worker;

/// What a provider publishes: known, or being fetched.
pub(crate) fn provider(request: &ProviderRequest, worker: &Rc<Worker>) -> Begun<'static> {
    let identities = &worker.identities;
    let url = match place(&request.document, &identities.settings) {
        Ok(url) => url,
        Err(trouble) => return Begun::Answered(Answer::Failed(trouble.into())),
    };
    let key = format!(
        "{}://{}:{}{}?{}",
        url.scheme, url.host, url.port, url.path, url.query
    );
    let now = worker.clock.now_nanos();
    let asked = identities.providers.ask(&key, now, request.anew);
    fetch_once(
        asked,
        worker,
        move |worker| async move {
            let fetched = fetch(&worker, url.clone()).await;
            if let Err(trouble) = &fetched {
                tracing::warn!(
                    url = format!("{}://{}{}", url.scheme, url.host, url.path),
                    error = ?trouble,
                    "the keys of an OpenID provider cannot be had"
                );
            }
            let settings = &worker.identities.settings;
            fetched.map(|provider| Fetched {
                value: Arc::new(provider),
                fresh_until: now.saturating_add(nanos(settings.key_lifetime)),
                usable_until: now.saturating_add(nanos(settings.stale_lifetime)),
            })
        },
        Answer::Provider,
    )
}

fn place(document: &ProviderDocument, settings: &IdentitySettings) -> Outcome<Url> {
    let url = match document {
        ProviderDocument::At(url) => url.clone(),
        ProviderDocument::Entra(path) => Url::parse(&format!(
            "{}{path}",
            settings.entra_authority.trim_end_matches('/')
        ))
        .ok_or_else(|| Trouble::configuration("the address of Microsoft Entra ID is no URL"))?,
    };
    allowed(url, settings)
}

/// Keys over plain HTTP are anybody's.
fn allowed(url: Url, settings: &IdentitySettings) -> Outcome<Url> {
    if &*url.scheme == "https" || settings.allow_http {
        return Ok(url);
    }
    Err(Trouble::configuration(format!(
        "the keys of {} are fetched over https only (identity_providers.allow_http)",
        url.host
    )))
}

async fn fetch(worker: &Worker, url: Url) -> Outcome<Provider> {
    let discovery = get(worker, url, &[]).await?;
    let Discovery { issuer, jwks_uri } =
        Discovery::parse(&discovery).map_err(|error| Trouble::answer(error.to_string()))?;
    let url = Url::parse(&jwks_uri).ok_or_else(|| Trouble::answer("its 'jwks_uri' is no URL"))?;
    let url = allowed(url, &worker.identities.settings)?;
    let keys = get(worker, url, &[]).await?;
    let keys = KeySet::parse(&keys).map_err(|error| Trouble::answer(error.to_string()))?;
    Ok(Provider { issuer, keys })
}
