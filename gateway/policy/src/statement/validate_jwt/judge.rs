//! Judging the token of a request: found, signature, dates, audience, issuer, claims, in this order.

use std::sync::Arc;

use serde_json::Value as Json;

use super::claims;
use super::keys::{self, Verified};
use super::rules::{Believed, Place, Refusal, Rules};
use super::token::{Signing, Token};
use crate::execution::{
    Answer, Effect, FailureKind, Flow, Outcome, ProviderDocument, ProviderRequest, Run,
};
use crate::expression::Value;
use crate::expression::library::tokens::jwt::Jwt;
use crate::host::{JwsAlgorithm, UnixNanos};
use crate::openid::{Provider, is_issuer};
use crate::statement::set_query_parameter::decoded;
use crate::statement::setting::Setting;
use crate::statement::{Statement, check_header};

/// A policy that validates tokens.
pub(in crate::statement) struct ValidateToken(pub(in crate::statement) Arc<Rules>);

impl Statement for ValidateToken {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let rules = &self.0;
        let token = match find(rules, run)? {
            Ok(text) => Token::parse(&text).map_err(Refusal::from),
            Err(refusal) => Err(refusal),
        };
        match token {
            Ok(token) => judge(rules, token, run),
            Err(refusal) => Err(rules.refuse(run, refusal)?),
        }
    }
}

/// The text of the token.
fn find(rules: &Rules, run: &mut Run<'_>) -> Outcome<Result<String, Refusal>> {
    const SEVERAL: &str = "there is more than one";
    match &rules.place {
        Place::Value(value) => {
            let text = run.text(value)?;
            Ok(match text.trim() {
                "" => Err(Refusal::not_found()),
                text => Ok(text.to_owned()),
            })
        }
        Place::Query(name) => {
            let name = run.text(name)?;
            // A second one would be judged by nobody and read by the backend.
            let mut found = run.context.request.url.query.split('&').filter_map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                decoded(key).eq_ignore_ascii_case(&name).then_some(value)
            });
            Ok(match (found.next().map(decoded), found.next()) {
                (Some(_), Some(_)) => Err(Refusal::invalid(SEVERAL)),
                (Some(token), None) if !token.is_empty() => Ok(token),
                _ => Err(Refusal::not_found()),
            })
        }
        Place::Header(name) => {
            let name = run.parsed(name, check_header::read_header, check_header::NAME)?;
            let mut lines = run.context.request.headers.get_all(&name).iter();
            let (line, second) = (lines.next(), lines.next());
            if second.is_some() {
                return Ok(Err(Refusal::invalid(SEVERAL)));
            }
            let Some(text) = line.and_then(|value| value.to_str().ok()).map(str::trim) else {
                return Ok(Err(Refusal::not_found()));
            };
            let (scheme, token) = match text.split_once(' ') {
                Some((scheme, token)) => (Some(scheme.to_owned()), token.trim_start().to_owned()),
                None => (None, text.to_owned()),
            };
            // In other headers there is no scheme to ask for.
            if let Some(wanted) = &rules.scheme
                && name == http::header::AUTHORIZATION
            {
                let wanted = run.text(wanted)?;
                let is_wanted =
                    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(wanted.trim()));
                if !is_wanted && !wanted.trim().is_empty() {
                    return Ok(Err(Refusal::not_found()));
                }
            }
            Ok(if token.is_empty() {
                Err(Refusal::not_found())
            } else {
                Ok(token)
            })
        }
    }
}

fn judge(rules: &Arc<Rules>, token: Token, run: &mut Run<'_>) -> Outcome<Flow> {
    let algorithm = match token.signing {
        Signing::With(algorithm) => algorithm,
        Signing::Not if !run.boolean(&rules.needs_signature)? => {
            return finish(rules, &token, None, run);
        }
        Signing::Not => return refuse(rules, run, unsigned()),
        Signing::Unknown => return refuse(rules, run, unknown_algorithm()),
    };
    let own = keys::read(&rules.keys, run)?;
    let tried = match keys::verify_by_any(&own, &token, algorithm, run.host) {
        Verified::By(_) => return finish(rules, &token, None, run),
        Verified::ByNone => true,
        Verified::NoKey => false,
    };
    let version = token.claims.get("ver").and_then(Json::as_str);
    let Some(believed) = rules.believed(run, version)? else {
        let why = "the policy's tenant-id is neither a tenant's id nor its domain";
        return refuse(rules, run, Refusal::new("TokenIssuerNotAllowed", why));
    };
    let search = Search {
        rules: Arc::clone(rules),
        token,
        algorithm,
        believed,
        next: 0,
        anew: false,
        tried,
        known: Vec::new(),
        trouble: None,
    };
    search.go_on(run)
}

fn refuse(rules: &Rules, run: &mut Run<'_>, refusal: Refusal) -> Outcome<Flow> {
    Err(rules.refuse(run, refusal)?)
}

fn unsigned() -> Refusal {
    Refusal::new(
        "TokenSignatureInvalid",
        "The JWT is not signed. Access denied.",
    )
}

fn unknown_algorithm() -> Refusal {
    Refusal::new(
        "TokenSignatureInvalid",
        "The JWT's algorithm is none of RS, PS, ES and HS with 256, 384 and 512. Access denied.",
    )
}

/// The search for the provider that has signed a token.
struct Search {
    rules: Arc<Rules>,
    token: Token,
    algorithm: JwsAlgorithm,
    believed: Believed,
    /// The provider to be asked next.
    next: usize,
    /// Whether they are asked for the second time, for keys that are new.
    anew: bool,
    /// Whether a key that may have signed the token has not.
    tried: bool,
    /// What has been looked at.
    known: Vec<Arc<Provider>>,
    /// Why a provider's keys are not known.
    trouble: Option<String>,
}

impl Search {
    fn go_on(mut self, run: &mut Run<'_>) -> Outcome<Flow> {
        if self.next >= self.believed.documents.len() && self.wants_anew() {
            self.anew = true;
            self.next = 0;
        }
        let Some(document) = self.believed.documents.get(self.next).cloned() else {
            let refusal = self.not_verified();
            return refuse(&self.rules, run, refusal);
        };
        self.next += 1;
        let request = ProviderRequest {
            document: document.clone(),
            anew: self.anew,
        };
        Ok(Flow::ask(
            Effect::Provider(Box::new(request)),
            move |run, answer| self.answered(&document, run, answer),
        ))
    }

    /// Whether a provider may have a key that was not known: the token names one that is not there, or
    /// names none. Another signature under a known key is a forgery, and asks nobody for anything.
    fn wants_anew(&self) -> bool {
        !self.anew && (!self.tried || self.token.key_id.is_none())
    }

    fn answered(
        mut self,
        document: &ProviderDocument,
        run: &mut Run<'_>,
        answer: Answer,
    ) -> Outcome<Flow> {
        let provider = match answer {
            Answer::Provider(provider) => provider,
            Answer::Failed(failure)
                if matches!(
                    failure.kind,
                    FailureKind::Timeout
                        | FailureKind::Connection
                        | FailureKind::Tls
                        | FailureKind::TooLarge
                ) =>
            {
                self.trouble = Some(format!(
                    "the keys of {} cannot be had: {}",
                    shown(document),
                    failure.message
                ));
                return self.go_on(run);
            }
            other => return Err(other.into_failure()),
        };
        if self.known.iter().any(|known| Arc::ptr_eq(known, &provider)) {
            return self.go_on(run);
        }
        let verified =
            keys::verify_by_named(provider.keys.keys(), &self.token, self.algorithm, run.host);
        match verified {
            Verified::By(key) => {
                let signer = Signer {
                    provider: &provider.issuer,
                    key: key.issuer.as_deref(),
                    not_of_tenant: self.believed.not_of_tenant,
                };
                finish(&self.rules, &self.token, Some(&signer), run)
            }
            verified => {
                self.tried |= matches!(verified, Verified::ByNone);
                self.known.push(provider);
                self.go_on(run)
            }
        }
    }

    fn not_verified(&self) -> Refusal {
        let trouble = match &self.trouble {
            Some(trouble) => format!(" ({trouble})"),
            None => String::new(),
        };
        if self.tried {
            return Refusal::new(
                "TokenSignatureInvalid",
                format!("The JWT's signature is invalid{trouble}. Access denied."),
            );
        }
        let why = match self.token.key_id {
            Some(_) => "There is no key with the JWT's 'kid' for its algorithm",
            None => "There is no key for the JWT's algorithm",
        };
        Refusal::new(
            "TokenSignatureKeyNotFound",
            format!("{why}{trouble}. Access denied."),
        )
    }
}

fn shown(document: &ProviderDocument) -> String {
    match document {
        ProviderDocument::At(url) => format!("{}://{}", url.scheme, url.host),
        ProviderDocument::Entra(_) => "Microsoft Entra ID".to_owned(),
    }
}

/// The provider that has signed a token.
struct Signer<'a> {
    provider: &'a str,
    /// Whose tokens its key signs, if it says so.
    key: Option<&'a str>,
    not_of_tenant: Option<&'static str>,
}

/// What the claims of a token whose signature is settled must say. `signer` is `None` for a key of the
/// document.
fn finish(
    rules: &Rules,
    token: &Token,
    signer: Option<&Signer<'_>>,
    run: &mut Run<'_>,
) -> Outcome<Flow> {
    let skew = run.parsed(&rules.skew, super::read_skew, super::SKEW)?;
    let needs_expiration = run.boolean(&rules.needs_expiration)?;
    let settled = dates(token, run.host.now(), skew, needs_expiration);
    if let Err(refusal) = settled {
        return refuse(rules, run, refusal);
    }
    for judge in [audience, client] {
        if let Err(refusal) = judge(rules, token, run)? {
            return refuse(rules, run, refusal);
        }
    }
    if let Err(refusal) = issuer(rules, token, signer, run)? {
        return refuse(rules, run, refusal);
    }
    if let Err(refusal) = claims::judge(&rules.claims, token, run)? {
        return refuse(rules, run, refusal);
    }
    if let Some(variable) = &rules.variable {
        let jwt = Value::foreign(Jwt::new(&token.header, &token.claims));
        run.context.variables.insert(Arc::clone(variable), jwt);
    }
    Ok(Flow::Next)
}

fn dates(
    token: &Token,
    now: UnixNanos,
    skew: UnixNanos,
    needs_expiration: bool,
) -> Result<(), Refusal> {
    let (begins, ends) = (token.moment("nbf")?, token.moment("exp")?);
    match ends {
        None if needs_expiration => return Err(Refusal::invalid("it has no 'exp'")),
        Some(ends) if now >= ends.saturating_add(skew) => {
            return Err(Refusal::new(
                "TokenExpired",
                "The JWT has expired. Access denied.",
            ));
        }
        _ => {}
    }
    match begins {
        Some(begins) if now < begins.saturating_sub(skew) => {
            Err(Refusal::invalid("it is not valid yet"))
        }
        _ => Ok(()),
    }
}

/// The texts of settings; those that are null are none.
fn texts(settings: &[Setting<Arc<str>>], run: &mut Run<'_>) -> Outcome<Vec<String>> {
    let mut texts = Vec::with_capacity(settings.len());
    for setting in settings {
        texts.extend(run.text_or_null(setting)?.map(std::borrow::Cow::into_owned));
    }
    Ok(texts)
}

fn audience(rules: &Rules, token: &Token, run: &mut Run<'_>) -> Outcome<Result<(), Refusal>> {
    let Some(accepted) = &rules.audiences else {
        return Ok(Ok(()));
    };
    let accepted = texts(accepted, run)?;
    let present = match token.audiences() {
        Ok(present) => present,
        Err(malformed) => return Ok(Err(malformed.into())),
    };
    // One slash at the end makes no other audience, as in the library that APIM uses.
    let same = |a: &str, b: &str| {
        let bare = |text: &str| text.strip_suffix('/').map_or(text.len(), str::len);
        !a.is_empty() && a.get(..bare(a)) == b.get(..bare(b))
    };
    let is_accepted = present
        .iter()
        .any(|audience| accepted.iter().any(|accepted| same(audience, accepted)));
    Ok(if is_accepted {
        Ok(())
    } else {
        Err(Refusal::new(
            "TokenAudienceNotAllowed",
            "The JWT is for another audience. Access denied.",
        ))
    })
}

/// The application that the token was issued to: `azp` of version 2.0, `appid` of 1.0.
fn client(rules: &Rules, token: &Token, run: &mut Run<'_>) -> Outcome<Result<(), Refusal>> {
    let Some(accepted) = &rules.clients else {
        return Ok(Ok(()));
    };
    let accepted = texts(accepted, run)?;
    let version = token.claims.get("ver").and_then(Json::as_str);
    let name = if version == Some("2.0") {
        "azp"
    } else {
        "appid"
    };
    let client = match token.text(name) {
        Ok(client) => client,
        Err(malformed) => return Ok(Err(malformed.into())),
    };
    Ok(match client {
        None => Err(claims::not_found(&[name.to_owned()])),
        Some(client) if accepted.iter().any(|id| id.eq_ignore_ascii_case(client)) => Ok(()),
        Some(client) => Err(claims::not_allowed(name, client)),
    })
}

fn issuer(
    rules: &Rules,
    token: &Token,
    signer: Option<&Signer<'_>>,
    run: &mut Run<'_>,
) -> Outcome<Result<(), Refusal>> {
    let (issuer, tenant) = match (token.text("iss"), token.text("tid")) {
        (Ok(issuer), Ok(tenant)) => (issuer, tenant),
        (Err(malformed), _) | (_, Err(malformed)) => return Ok(Err(malformed.into())),
    };
    let is_accepted = match (&rules.issuers, signer) {
        (Some(accepted), _) => {
            let accepted = texts(accepted, run)?;
            issuer.is_some_and(|issuer| accepted.iter().any(|one| one == issuer))
        }
        // A provider signs for itself and for nobody else that is believed.
        (None, Some(signer)) => issuer.is_some_and(|issuer| {
            is_issuer(signer.provider, issuer, tenant)
                && signer
                    .key
                    .is_none_or(|template| is_issuer(template, issuer, tenant))
        }),
        (None, None) => true,
    };
    let is_excluded = signer
        .and_then(|signer| signer.not_of_tenant)
        .is_some_and(|excluded| tenant.is_some_and(|one| one.eq_ignore_ascii_case(excluded)));
    Ok(if is_accepted && !is_excluded {
        Ok(())
    } else {
        Err(Refusal::new(
            "TokenIssuerNotAllowed",
            "The JWT is from another issuer. Access denied.",
        ))
    })
}
