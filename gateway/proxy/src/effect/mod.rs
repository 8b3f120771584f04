//! Does what programs ask for, several things at a time, without ever holding the worker up.
//!
//! What is in flight belongs to the request: when the client goes away, the future that holds it is
//! dropped, and with it connections and timers.

mod outcome;
pub(crate) mod send;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use gateway_policy::execution::{Answer, Effect, EffectFailure, EffectId, Execution};
use gateway_telemetry::label::PolicyRefusal;
use smallvec::SmallVec;

use self::send::Begun;
use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::identity;
use crate::passage::Passage;

type Running<'r> = Pin<Box<dyn Future<Output = Answer> + 'r>>;

/// The effects of one request.
pub(crate) struct Effects<'r> {
    connection: &'r Connection,
    exchange: &'r Rc<Exchange>,
    /// The forwarded request and the bodies: they belong to the passage, one after the other.
    own: SmallVec<[(EffectId, Effect); 1]>,
    running: Vec<(EffectId, Running<'r>)>,
}

impl<'r> Effects<'r> {
    pub(crate) fn new(connection: &'r Connection, exchange: &'r Rc<Exchange>) -> Self {
        Self {
            connection,
            exchange,
            own: SmallVec::new(),
            running: Vec::new(),
        }
    }

    /// Begins an effect. What needs no time is answered at once.
    pub(crate) fn begin(
        &mut self,
        id: EffectId,
        effect: Effect,
        passage: &Passage<'r>,
        execution: &mut Execution,
    ) {
        let worker = &self.connection.worker;
        let memory = &worker.memory;
        let answer = match effect {
            Effect::Forward(_) | Effect::RequestBody | Effect::ResponseBody => {
                self.own.push((id, effect));
                return;
            }
            Effect::Sleep(pause) => {
                self.running.push((id, Box::pin(sleep(pause))));
                return;
            }
            Effect::Send(request) => {
                match send::begin(*request, self.connection, self.exchange, passage.snapshot()) {
                    Begun::Running(running) => {
                        self.running.push((id, running));
                        return;
                    }
                    Begun::Answered(answer) => answer,
                }
            }
            Effect::Provider(request) => {
                match identity::provider(&request, &self.connection.worker) {
                    Begun::Running(running) => {
                        self.running.push((id, running));
                        return;
                    }
                    Begun::Answered(answer) => answer,
                }
            }
            Effect::Token(request) => match identity::token(&request, &self.connection.worker) {
                Begun::Running(running) => {
                    self.running.push((id, running));
                    return;
                }
                Begun::Answered(answer) => answer,
            },
            Effect::CacheGet(get) => {
                let found = memory.get(&get);
                worker.effects.looked_up(matches!(found, Ok(Some(_))));
                answer(found, Answer::Cached)
            }
            Effect::CachePut(put) => answer(memory.put(put), |()| Answer::Done),
            Effect::CacheRemove(get) => answer(memory.remove(&get), |()| Answer::Done),
            Effect::Count(count) => {
                let counted = memory.count(&count);
                if let Some(refusal) = outcome::of_count(&count, &counted) {
                    worker.effects.refused(refusal);
                }
                if count.meters && counted.is_ok() {
                    self.exchange.meter(count);
                }
                answer(counted, Answer::Counted)
            }
            Effect::Acquire(acquire) => {
                let permit = memory.acquire(&acquire);
                if permit.is_err() {
                    worker.effects.refused(PolicyRefusal::Concurrency);
                }
                answer(permit, Answer::Permit)
            }
        };
        execution.provide(id, answer);
    }

    /// Nobody waits for this one any more.
    pub(crate) fn cancel(&mut self, id: EffectId) {
        self.own.retain(|(known, _)| *known != id);
        self.running.retain(|(known, _)| *known != id);
    }

    /// Waits until something has come out, and reports it.
    pub(crate) async fn progress(&mut self, passage: &mut Passage<'r>, execution: &mut Execution) {
        if self.own.is_empty() {
            let (id, answer) = poll_fn(|context| self.poll(context)).await;
            execution.provide(id, answer);
            return;
        }
        let (id, effect) = self.own.remove(0);
        if self.running.is_empty() {
            let answer = passage.perform(execution, effect).await;
            execution.provide(id, answer);
            return;
        }
        // What comes out meanwhile waits: the passage reads the request that answers may change.
        let mut early = Vec::new();
        let answer = {
            let mut performing = Box::pin(passage.perform(execution, effect));
            poll_fn(|context| {
                while let Poll::Ready(one) = self.poll(context) {
                    early.push(one);
                }
                performing.as_mut().poll(context)
            })
            .await
        };
        for (id, answer) in early {
            execution.provide(id, answer);
        }
        execution.provide(id, answer);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<(EffectId, Answer)> {
        let ready =
            self.running
                .iter_mut()
                .enumerate()
                .find_map(|(at, (_, running))| match running.as_mut().poll(context) {
                    Poll::Ready(answer) => Some((at, answer)),
                    Poll::Pending => None,
                });
        match ready {
            Some((at, answer)) => {
                let (id, _) = self.running.remove(at);
                Poll::Ready((id, answer))
            }
            None => Poll::Pending,
        }
    }
}

async fn sleep(pause: Duration) -> Answer {
    tokio::time::sleep(pause).await;
    Answer::Done
}

fn answer<T>(outcome: Result<T, EffectFailure>, done: impl FnOnce(T) -> Answer) -> Answer {
    match outcome {
        Ok(value) => done(value),
        Err(failure) => Answer::Failed(failure),
    }
}
