//! Does what programs ask for by a script: no socket, no waiting, and the same in every run.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_config::clock::Clock as _;
use gateway_policy::context::{Body, Context, Url};
use gateway_policy::execution::{
    AccessToken, Acquire, Answer, Cached, CertificateChoice, Count, Counted, Effect, EffectFailure,
    EffectId, Execution, FailureKind, Forward, Permit, ProviderDocument, SendRequest, Target,
    Window,
};
use gateway_policy::openid::{Discovery, DocumentError, KeySet, Provider};
use http::header::{self, HeaderValue};
use serde_json::{Value, json};

use super::outcome::{SentRequest, body_json, headers_json};
use super::request::{Answering, Scripted, url_text};
use super::world::StandingClock;

/// Where Microsoft Entra ID is.
const ENTRA: &str = "https://login.microsoftonline.com";

/// What the servers do, and where they are.
#[derive(Debug, Clone)]
pub struct Script {
    /// Answers of the backend, one after the other; then always the last.
    pub backend: Vec<Scripted>,
    /// Answers to requests that policies send, by the beginning of their URL; the longest counts.
    pub servers: Vec<(String, Scripted)>,
    /// What happens to requests that none of them fits.
    pub other_servers: Scripted,
    /// The `serviceUrl` of the API.
    pub service_url: Url,
    /// URLs of backends by id.
    pub backends: Vec<(String, Url)>,
}

/// What policies remember from one request to the next: cached values, counters, places.
#[derive(Debug, Default)]
pub struct Memory {
    cache: HashMap<String, (Cached, i128)>,
    /// When the window began, and how much it counts.
    counters: HashMap<(String, Window), (i128, u64)>,
    inside: HashMap<String, Rc<()>>,
}

/// The performer of one request.
#[derive(Debug)]
pub struct Performer<'a> {
    script: &'a Script,
    clock: &'a StandingClock,
    memory: &'a mut Memory,
    backend: VecDeque<&'a Scripted>,
    /// The request's body as it came.
    pub request_body: Bytes,
    /// The body of the backend's last response.
    pub response_body: Bytes,
    /// What was forwarded.
    pub forwarded: Vec<SentRequest>,
    /// What else was asked for.
    pub effects: Vec<Value>,
    open: VecDeque<(EffectId, Effect)>,
}

impl<'a> Performer<'a> {
    /// A performer that has done nothing yet.
    #[must_use]
    pub fn new(
        script: &'a Script,
        clock: &'a StandingClock,
        memory: &'a mut Memory,
        request_body: Bytes,
    ) -> Self {
        Self {
            script,
            clock,
            memory,
            backend: script.backend.iter().collect(),
            request_body,
            response_body: Bytes::new(),
            forwarded: Vec::new(),
            effects: Vec::new(),
            open: VecDeque::new(),
        }
    }

    /// Takes an effect on.
    pub fn begin(&mut self, id: EffectId, effect: Effect) {
        self.open.push_back((id, effect));
    }

    /// Nobody waits for this one any more.
    pub fn cancel(&mut self, id: EffectId) {
        self.open.retain(|(known, _)| *known != id);
        self.effects.push(json!({ "effect": "cancelled" }));
    }

    /// Answers the effect that was asked for first; false if there is none.
    pub fn answer_one(&mut self, execution: &mut Execution) -> bool {
        let Some((id, effect)) = self.open.pop_front() else {
            return false;
        };
        let answer = self.perform(execution.context(), effect);
        execution.provide(id, answer);
        true
    }

    fn perform(&mut self, context: &Context, effect: Effect) -> Answer {
        match effect {
            Effect::Forward(forward) => self.forward(context, &forward),
            Effect::RequestBody => Answer::Body(self.request_body.clone()),
            Effect::ResponseBody => Answer::Body(self.response_body.clone()),
            Effect::Send(request) => self.send(&request),
            Effect::Sleep(pause) => {
                self.note(json!({ "effect": "pause", "seconds": pause.as_secs_f64() }));
                self.clock.advance(pause);
                Answer::Done
            }
            Effect::CacheGet(get) => {
                let now = self.clock.now_nanos();
                let found = self.memory.cache.get(&*get.key);
                let found = found.filter(|(_, until)| now < *until);
                let value = found.map(|(value, _)| value.clone());
                self.note(json!({
                    "effect": "cache-get", "key": key(&get.key), "found": value.is_some()
                }));
                Answer::Cached(value)
            }
            Effect::CachePut(put) => {
                let life = i128::try_from(put.duration.as_nanos()).unwrap_or(i128::MAX);
                let until = self.clock.now_nanos().saturating_add(life);
                self.note(json!({
                    "effect": "cache-put", "key": key(&put.key), "seconds": put.duration.as_secs_f64()
                }));
                self.memory
                    .cache
                    .insert(put.key.to_string(), (put.value, until));
                Answer::Done
            }
            Effect::CacheRemove(get) => {
                self.note(json!({ "effect": "cache-remove", "key": key(&get.key) }));
                self.memory.cache.remove(&*get.key);
                Answer::Done
            }
            Effect::Count(count) => Answer::Counted(self.count(&count)),
            Effect::Acquire(acquire) => self.acquire(&acquire),
            Effect::Provider(request) => self.provider(&request.document),
            Effect::Token(request) => {
                self.note(json!({
                    "effect": "token",
                    "resource": &*request.resource,
                    "clientId": request.client_id.as_deref(),
                }));
                let token = format!("offline-token-for-{}", request.resource);
                Answer::Token(AccessToken(Arc::from(token)))
            }
        }
    }

    fn note(&mut self, effect: Value) {
        self.effects.push(effect);
    }

    fn forward(&mut self, context: &Context, forward: &Forward) -> Answer {
        let base = match &forward.target {
            Target::ServiceUrl => self.script.service_url.clone(),
            Target::BaseUrl(url) => url.clone(),
            Target::Backend(id) => {
                let known = &self.script.backends;
                let known = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(id));
                known.map_or_else(|| nowhere(id), |(_, url)| url.clone())
            }
        };
        let request = &context.request;
        let url = joined(&base, &request.url);
        let mut headers = request.headers.clone();
        let own = HeaderValue::from_str(&authority(&base));
        // A policy's own `Host` stays; the client's becomes the backend's.
        let came = HeaderValue::from_str(&authority(&request.original_url)).ok();
        if let Ok(own) = own
            && (headers.get(header::HOST).is_none() || headers.get(header::HOST) == came.as_ref())
        {
            headers.insert(header::HOST, own);
        }
        self.forwarded.push(SentRequest {
            method: request.method.to_string(),
            url: url_text(&url),
            headers,
            body: match &request.body {
                Body::Bytes(bytes) => bytes.clone(),
                Body::Streaming => self.request_body.clone(),
                Body::None | Body::Consumed => Bytes::new(),
            },
            client_certificate: forward
                .client_certificate
                .as_ref()
                .map(|choice| match choice {
                    CertificateChoice::Id(name) | CertificateChoice::Thumbprint(name) => {
                        Arc::clone(name)
                    }
                }),
        });
        let answer = match self.backend.len() {
            0 | 1 => self.backend.front().copied(),
            _ => self.backend.pop_front(),
        };
        let answering = match answer {
            Some(Scripted::Answers(answering)) => answering.clone(),
            Some(failure) => return failed(failure),
            None => Answering::default(),
        };
        self.response_body = answering.body.clone();
        Answer::Response(answering.to_response(true))
    }

    fn send(&mut self, request: &SendRequest) -> Answer {
        let url = url_text(&request.url);
        self.note(json!({
            "effect": if request.awaited { "send-request" } else { "send-one-way-request" },
            "method": request.method.as_str(),
            "url": url,
            "headers": headers_json(&request.headers),
            "body": body_json(&request.body),
            "timeoutSeconds": request.timeout.as_secs_f64(),
        }));
        if !request.awaited {
            return Answer::Done;
        }
        match self.server(&url) {
            Scripted::Answers(answering) => Answer::Response(answering.to_response(false)),
            failure => failed(failure),
        }
    }

    /// What the server at this URL does.
    fn server(&self, url: &str) -> &'a Scripted {
        let servers = self.script.servers.iter();
        servers
            .filter(|(prefix, _)| url.starts_with(prefix.as_str()))
            .max_by_key(|(prefix, _)| prefix.len())
            .map_or(&self.script.other_servers, |(_, scripted)| scripted)
    }

    /// Reads the scripted answers for a discovery document and the keys that it names.
    fn provider(&mut self, document: &ProviderDocument) -> Answer {
        let url = match document {
            ProviderDocument::At(url) => url_text(url),
            ProviderDocument::Entra(path) => {
                format!("{ENTRA}/{}", path.trim_start_matches('/'))
            }
        };
        self.note(json!({ "effect": "openid-provider", "url": url }));
        let read = |url: &str| -> Result<Bytes, EffectFailure> {
            match self.server(url) {
                Scripted::Answers(answering) => Ok(answering.body.clone()),
                failure => Err(failure_of(failure)),
            }
        };
        let unusable = |error: DocumentError| {
            EffectFailure::new(FailureKind::Configuration, error.to_string())
        };
        let provider = read(&url)
            .and_then(|bytes| Discovery::parse(&bytes).map_err(unusable))
            .and_then(|discovery| {
                let keys = KeySet::parse(&read(&discovery.jwks_uri)?).map_err(unusable)?;
                let issuer = discovery.issuer;
                Ok(Provider { issuer, keys })
            });
        match provider {
            Ok(provider) => Answer::Provider(Arc::new(provider)),
            Err(failure) => Answer::Failed(failure),
        }
    }

    /// Counts in windows that begin with the first call.
    fn count(&mut self, count: &Count) -> Counted {
        let now = self.clock.now_nanos();
        let length = match count.window {
            Window::Sliding(seconds) => Some(u64::from(seconds)),
            Window::Fixed { seconds, .. } => seconds,
        }
        .map(|seconds| i128::from(seconds) * 1_000_000_000);
        let name = (count.key.to_string(), count.window);
        let (began, used) = self.memory.counters.entry(name).or_insert((now, 0));
        if length.is_some_and(|length| now - *began >= length) {
            (*began, *used) = (now, 0);
        }
        let allowed = used.saturating_add(count.add.max(1)) <= count.limit;
        if allowed || !count.only_if_allowed {
            *used = used.saturating_add(count.add);
        }
        let left = length.map(|length| u64::try_from(*began + length - now).unwrap_or(0));
        let counted = Counted {
            allowed,
            remaining: count.limit.saturating_sub(*used),
            retry_after: left.map_or(Duration::MAX, Duration::from_nanos),
        };
        self.note(json!({
            "effect": "count", "key": key(&count.key), "limit": count.limit, "add": count.add,
            "allowed": allowed,
        }));
        counted
    }

    fn acquire(&mut self, acquire: &Acquire) -> Answer {
        let place = self
            .memory
            .inside
            .entry(acquire.key.to_string())
            .or_default();
        // The first is the place's own.
        let inside = Rc::strong_count(place) - 1;
        if inside >= usize::try_from(acquire.max).unwrap_or(usize::MAX) {
            return Answer::Failed(EffectFailure::new(FailureKind::Limit, "the place is full"));
        }
        let permit = Permit::new(Rc::clone(place));
        self.note(json!({ "effect": "acquire", "key": key(&acquire.key), "max": acquire.max }));
        Answer::Permit(permit)
    }
}

/// Without the control characters that keep the gateway's own keys apart.
fn key(key: &str) -> String {
    key.replace(char::is_control, "·")
}

fn failed(scripted: &Scripted) -> Answer {
    Answer::Failed(failure_of(scripted))
}

fn failure_of(scripted: &Scripted) -> EffectFailure {
    match scripted {
        Scripted::TimesOut => EffectFailure::new(FailureKind::Timeout, "no answer in time"),
        _ => EffectFailure::new(FailureKind::Connection, "the server cannot be reached"),
    }
}

fn authority(url: &Url) -> String {
    match (&*url.scheme, url.port) {
        ("https", 443) | ("http", 80) => url.host.to_string(),
        (_, port) => format!("{}:{port}", url.host),
    }
}

/// Path and query of a request behind those of a base URL.
fn joined(base: &Url, request: &Url) -> Url {
    let mut path = base.path.trim_end_matches('/').to_owned();
    if !request.path.starts_with('/') {
        path.push('/');
    }
    path.push_str(&request.path);
    let queries = [base.query.as_str(), request.query.as_str()];
    let queries: Vec<&str> = queries.into_iter().filter(|q| !q.is_empty()).collect();
    Url {
        path,
        query: queries.join("&"),
        ..base.clone()
    }
}

/// Where a backend is that was named and not given.
fn nowhere(id: &str) -> Url {
    Url {
        scheme: "https".into(),
        host: format!("{}.backend.invalid", id.to_ascii_lowercase()).into(),
        port: 443,
        path: "/".to_owned(),
        query: String::new(),
    }
}
