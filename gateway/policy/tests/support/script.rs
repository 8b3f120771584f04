//! A caller that performs effects by a script: what it did, in order, is the proof.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_policy::context::{Body, Context, Response};
use gateway_policy::execution::{
    AccessToken, Answer, Cached, Count, Counted, Effect, EffectFailure, EffectId, Execution,
    FailureKind, Permit, ProviderDocument, SendRequest, Step,
};
use gateway_policy::expression::BudgetLimits;
use gateway_policy::openid::Provider;
use gateway_policy::program::Program;
use http::{HeaderMap, StatusCode};

use super::{Ended, World, ended};

/// How a request that a policy sends comes out.
#[derive(Clone)]
pub enum Reply {
    Answers(u16, &'static str),
    TimesOut,
    Unreachable,
}

/// The world outside of programs.
pub struct Script {
    /// Answers of the backend, one after the other; then always the last.
    pub backend: VecDeque<(u16, &'static str)>,
    /// Answers to sent requests by path; others are unreachable.
    pub servers: HashMap<&'static str, Reply>,
    /// Paths of sent requests in the order in which they are answered; the rest in the order sent.
    pub order: Vec<&'static str>,
    /// What providers publish, by the path of their document, one after the other; then always the
    /// last. Others are unreachable.
    pub providers: HashMap<&'static str, VecDeque<Arc<Provider>>>,
    /// The token of the gateway's own identity, if it can be had.
    pub token: Option<&'static str>,
    pub cache: HashMap<String, Cached>,
    pub counters: HashMap<String, u64>,
    pub occupied: Rc<Cell<u32>>,
    /// Effects as they were asked for, cancelled ones as `cancel …`.
    pub log: Vec<String>,
    pub sent: Vec<SendRequest>,
    pub counted: Vec<Count>,
    pub pauses: Vec<Duration>,
    pub effects: Option<u32>,
    /// What waits to be answered.
    open: Vec<(EffectId, Effect)>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            backend: VecDeque::from([(200, "from the backend")]),
            servers: HashMap::new(),
            order: Vec::new(),
            providers: HashMap::new(),
            token: None,
            cache: HashMap::new(),
            counters: HashMap::new(),
            occupied: Rc::default(),
            log: Vec::new(),
            sent: Vec::new(),
            counted: Vec::new(),
            pauses: Vec::new(),
            effects: None,
            open: Vec::new(),
        }
    }
}

struct Guard(Rc<Cell<u32>>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

pub fn response(status: u16, body: &'static str) -> Response {
    Response {
        status: StatusCode::from_u16(status).unwrap(),
        reason: None,
        headers: HeaderMap::new(),
        body: if body.is_empty() {
            Body::None
        } else {
            Body::Bytes(Bytes::from_static(body.as_bytes()))
        },
    }
}

impl Script {
    pub fn server(mut self, path: &'static str, status: u16, body: &'static str) -> Self {
        self.servers.insert(path, Reply::Answers(status, body));
        self
    }

    pub fn failing(mut self, path: &'static str, reply: Reply) -> Self {
        self.servers.insert(path, reply);
        self
    }

    pub fn backend(mut self, answers: &[(u16, &'static str)]) -> Self {
        self.backend = answers.iter().copied().collect();
        self
    }

    pub fn answering(mut self, order: &[&'static str]) -> Self {
        self.order = order.to_vec();
        self
    }

    /// Runs a request to its end.
    pub fn play(&mut self, program: &Arc<Program>, context: Context) -> Ended {
        self.play_in(program, context, &World::default())
    }

    pub fn play_in(&mut self, program: &Arc<Program>, context: Context, world: &World) -> Ended {
        let mut execution = self.begin(program, context);
        let mut forwards = Vec::new();
        loop {
            match execution.run(world) {
                Step::Continue(_) => {}
                Step::Need(id, effect) => {
                    if let Effect::Forward(forward) = &effect {
                        forwards.push(forward.clone());
                    }
                    self.take(id, effect);
                }
                Step::Cancel(id) => self.cancel(id),
                Step::Blocked => self.answer_one(&mut execution),
                step => {
                    assert!(self.open.is_empty(), "left open: {:?}", self.open);
                    return ended(execution, step, forwards);
                }
            }
        }
    }

    pub fn begin(&self, program: &Arc<Program>, context: Context) -> Execution {
        let execution = Execution::new(Arc::clone(program), context, BudgetLimits::default());
        match self.effects {
            Some(limit) => execution.with_effects(limit),
            None => execution,
        }
    }

    /// Runs a request until it waits for what the script does not answer by itself.
    pub fn run_to_block(&mut self, execution: &mut Execution) {
        loop {
            match execution.run(&World::default()) {
                Step::Need(id, effect @ Effect::Acquire(_)) => {
                    self.take(id, effect);
                    self.answer_one(execution);
                }
                Step::Need(id, effect) => self.take(id, effect),
                Step::Blocked => return,
                _ => {}
            }
        }
    }

    fn take(&mut self, id: EffectId, effect: Effect) {
        self.log.push(name(&effect));
        match &effect {
            Effect::Send(send) => self.sent.push((**send).clone()),
            Effect::Count(count) => self.counted.push(count.clone()),
            Effect::Sleep(pause) => self.pauses.push(*pause),
            _ => {}
        }
        self.open.push((id, effect));
    }

    fn cancel(&mut self, id: EffectId) {
        let at = self.open.iter().position(|(known, _)| *known == id);
        let (_, effect) = self.open.remove(at.expect("an open effect"));
        self.log.push(format!("cancel {}", name(&effect)));
    }

    fn answer_one(&mut self, execution: &mut Execution) {
        let wanted = self.order.iter().find_map(|path| {
            self.open
                .iter()
                .position(|(_, effect)| matches!(effect, Effect::Send(s) if s.url.path == *path))
        });
        let (id, effect) = self.open.remove(wanted.unwrap_or(0));
        let answer = self.answer(&effect);
        execution.provide(id, answer);
    }

    fn answer(&mut self, effect: &Effect) -> Answer {
        match effect {
            Effect::Forward(_) => {
                let (status, body) = match self.backend.len() {
                    0 | 1 => *self.backend.front().expect("an answer"),
                    _ => self.backend.pop_front().expect("an answer"),
                };
                Answer::Response(response(status, body))
            }
            Effect::RequestBody | Effect::ResponseBody => {
                Answer::Body(Bytes::from_static(b"{\"a\":1}"))
            }
            Effect::Send(send) => match self.servers.get(send.url.path.as_str()) {
                _ if !send.awaited => Answer::Done,
                Some(Reply::Answers(status, body)) => Answer::Response(response(*status, body)),
                Some(Reply::TimesOut) => failed(FailureKind::Timeout, "no answer in time"),
                Some(Reply::Unreachable) | None => {
                    failed(FailureKind::Connection, "no such server")
                }
            },
            Effect::Sleep(_) => Answer::Done,
            Effect::CacheGet(get) => Answer::Cached(self.cache.get(&*get.key).cloned()),
            Effect::CachePut(put) => {
                self.cache.insert(put.key.to_string(), put.value.clone());
                Answer::Done
            }
            Effect::CacheRemove(get) => {
                self.cache.remove(&*get.key);
                Answer::Done
            }
            Effect::Count(count) => {
                let used = self.counters.entry(count.key.to_string()).or_default();
                let allowed = *used + count.add.max(1) <= count.limit;
                if allowed || !count.only_if_allowed {
                    *used += count.add;
                }
                Answer::Counted(Counted {
                    allowed,
                    remaining: count.limit.saturating_sub(*used),
                    retry_after: Duration::from_millis(16_200),
                })
            }
            Effect::Acquire(acquire) => {
                if self.occupied.get() >= acquire.max {
                    return failed(FailureKind::Limit, "full");
                }
                self.occupied.set(self.occupied.get() + 1);
                Answer::Permit(Permit::new(Guard(Rc::clone(&self.occupied))))
            }
            Effect::Provider(request) => {
                let known = self.providers.get_mut(path(&request.document));
                let provider = known.and_then(|known| match known.len() {
                    0 | 1 => known.front().cloned(),
                    _ => known.pop_front(),
                });
                match provider {
                    Some(provider) => Answer::Provider(provider),
                    None => failed(FailureKind::Connection, "no such provider"),
                }
            }
            Effect::Token(_) => match self.token {
                Some(token) => Answer::Token(AccessToken(token.into())),
                None => failed(
                    FailureKind::Configuration,
                    "no managed identity is configured",
                ),
            },
        }
    }
}

fn failed(kind: FailureKind, message: &'static str) -> Answer {
    Answer::Failed(EffectFailure::new(kind, message))
}

fn name(effect: &Effect) -> String {
    match effect {
        Effect::Forward(_) => "forward".to_owned(),
        Effect::RequestBody => "request body".to_owned(),
        Effect::ResponseBody => "response body".to_owned(),
        Effect::Send(send) => format!("{} {}", send.method, send.url.path),
        Effect::Sleep(pause) => format!("sleep {pause:?}"),
        Effect::CacheGet(get) => format!("get {}", get.key),
        Effect::CachePut(put) => format!("put {} for {:?}", put.key, put.duration),
        Effect::CacheRemove(get) => format!("remove {}", get.key),
        Effect::Count(count) => format!("count {}", count.add),
        Effect::Acquire(acquire) => format!("acquire {}", acquire.key),
        Effect::Provider(request) => {
            let kind = match request.document {
                ProviderDocument::At(_) => "provider",
                ProviderDocument::Entra(_) => "entra",
            };
            let anew = if request.anew { " anew" } else { "" };
            format!("{kind} {}{anew}", path(&request.document))
        }
        Effect::Token(request) => match &request.client_id {
            Some(client) => format!("token {} of {client}", request.resource),
            None => format!("token {}", request.resource),
        },
    }
}

fn path(document: &ProviderDocument) -> &str {
    match document {
        ProviderDocument::At(url) => &url.path,
        ProviderDocument::Entra(path) => path,
    }
}
