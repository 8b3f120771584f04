//! `POST explain`: what is known about a certificate, and why.
//!
//! So far it answers from the verified-certificate cache: which chains with this leaf have been judged under
//! the trust in force, and how. Members are added to request and answer as more is explained; none of the
//! present ones will mean anything else.

use std::sync::Arc;

use gateway_config::clock::Clock;
use gateway_config::judge::Reason;
use gateway_config::material::policy_certificate;
use gateway_config::resource::accept::FieldProblem;
use gateway_config::resource::thumbprint;
use gateway_config::snapshot::Published;
use gateway_tls::cache::{Remembered, VerifiedChains};
use gateway_tls::certificate;
use gateway_tls::chain::ChainKey;
use gateway_tls::digest::upper_hex;
use gateway_tls::trust::{Profile, Refusal, RevocationPolicy, Verdict};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::handle::Call;
use crate::reply::Reply;
use crate::transaction::check_members;

/// Chains told in one answer. One leaf can have been presented with thousands of different companions.
const CHAINS_MAX: usize = 100;

const MEMBERS: [&str; 1] = ["thumbprint"];

/// What the data path remembers about chains.
pub trait JudgedChains: Send + Sync {
    /// Chains with this leaf that were judged as clients under the trust in force, whose verdict holds now;
    /// oldest first.
    fn about(&self, leaf_sha1: [u8; 20]) -> Judged;
}

/// The answer of [`JudgedChains`].
#[derive(Debug, Clone)]
pub struct Judged {
    /// The revision whose trust it is.
    pub revision: u64,
    /// When it was asked, Unix seconds.
    pub at: i64,
    /// What an unknown revocation status means under it.
    pub revocation: RevocationPolicy,
    /// The chains.
    pub chains: Vec<Remembered>,
}

/// The running gateway's.
#[derive(Debug, Clone)]
pub struct RunningChains {
    /// Where snapshots are published.
    pub published: Published,
    /// The verified-certificate cache.
    pub chains: Arc<VerifiedChains>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl JudgedChains for RunningChains {
    fn about(&self, leaf_sha1: [u8; 20]) -> Judged {
        let snapshot = self.published.load();
        let (at, trust) = (self.clock.now_seconds(), snapshot.trust.digest());
        let mut chains = self.chains.explain(leaf_sha1);
        chains.retain(|chain| {
            chain.trust == trust && chain.profile == Profile::CLIENT && chain.verdict.holds_at(at)
        });
        Judged {
            revision: snapshot.revision,
            at,
            revocation: snapshot.revocation,
            chains,
        }
    }
}

/// Serves it. Changes nothing.
pub(crate) fn serve(call: &Call<'_>, body: &Value) -> Result<Reply, ApiError> {
    let leaf = read(body).map_err(ApiError::invalid)?;
    let judged = call.shared.chains.about(leaf);
    Ok(Reply::json(200, render(&leaf, &judged)).at(judged.revision))
}

fn read(body: &Value) -> Result<[u8; 20], Vec<FieldProblem>> {
    let Some(body) = body.as_object() else {
        return Err(vec![FieldProblem::new(
            "",
            "The body must be a JSON object.",
        )]);
    };
    let mut problems = Vec::new();
    check_members(body, &MEMBERS, "", &mut problems);
    let leaf = match body.get("thumbprint") {
        Some(Value::String(text)) => thumbprint::parse_sha1(text),
        _ => Err("A SHA-1 thumbprint is expected.".to_owned()),
    };
    match leaf {
        Ok(leaf) if problems.is_empty() => Ok(leaf),
        leaf => {
            problems.extend(
                leaf.err()
                    .map(|message| FieldProblem::new("thumbprint", message)),
            );
            Err(problems)
        }
    }
}

fn render(leaf: &[u8; 20], judged: &Judged) -> Value {
    let chains: Vec<Value> = judged
        .chains
        .iter()
        .take(CHAINS_MAX)
        .map(|chain| render_chain(chain, judged.revocation))
        .collect();
    json!({
        "thumbprint": upper_hex(leaf),
        "revision": judged.revision,
        "time": time(judged.at),
        "chains": chains,
        "chainCount": judged.chains.len(),
    })
}

fn render_chain(remembered: &Remembered, revocation: RevocationPolicy) -> Value {
    let Remembered { chain, verdict, .. } = remembered;
    let ChainKey(key) = chain;
    let refusal = verdict.accept(revocation).err();
    json!({
        "chainId": upper_hex(key),
        "verdict": if refusal.is_none() { "accepted" } else { "refused" },
        "reason": refusal.as_ref().map(|refusal| reason(refusal).code()),
        "message": refusal.as_ref().map(ToString::to_string),
        "path": path(verdict),
        "holdsFrom": time(verdict.holds_from),
        "holdsUntil": time(verdict.holds_until),
    })
}

const fn reason(refusal: &Refusal) -> Reason {
    match refusal {
        Refusal::NotYetValid => Reason::NotYetValid,
        Refusal::Expired => Reason::Expired,
        Refusal::NotTrusted(_) => Reason::NotTrusted,
        Refusal::Revoked { .. } => Reason::Revoked,
        Refusal::RevocationUnknown { .. } => Reason::RevocationUnknown,
    }
}

/// The path that was built, leaf first; empty if none led to a root.
fn path(verdict: &Verdict) -> Vec<Value> {
    let parsed = verdict
        .path
        .iter()
        .filter_map(|der| certificate::parse(der).ok());
    parsed
        .map(|facts| {
            let certificate = policy_certificate(&facts, false);
            json!({
                "subject": certificate.subject.as_str(),
                "thumbprint": &*certificate.thumbprint,
                "notAfter": time(facts.not_after),
            })
        })
        .collect()
}

/// `null` for a time without a date: no date bounds the verdict on that side.
fn time(unix: i64) -> Option<String> {
    let moment = jiff::Timestamp::from_second(unix).ok()?;
    Some(moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_out_of_reach_has_no_date() {
        assert_eq!(time(i64::MAX), None);
        assert_eq!(time(i64::MIN), None);
        assert_eq!(time(0).as_deref(), Some("1970-01-01T00:00:00Z"));
    }
}
