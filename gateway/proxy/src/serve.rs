//! A request's story: pin, judge, route, inbound, forward, outbound, record.

use std::rc::Rc;
use std::sync::Arc;

use gateway_config::hosts::HostConfiguration;
use gateway_config::judge::{Reason, World};
use gateway_config::snapshot::{PinnedSnapshot, Snapshot};
use gateway_policy::execution::{Execution, Step};
use gateway_telemetry::label::{Stage, VerdictReason};
use gateway_tls::host::ClientCertificateMode;
use http::Request;

use crate::arrival::Arrival;
use crate::body::{Body, Which};
use crate::captured::Caller;
use crate::connection::Connection;
use crate::effect::Effects;
use crate::exchange::Exchange;
use crate::failure::Problem;
use crate::front::Answer;
use crate::front::framing::Refusal;
use crate::panics::guarded;
use crate::passage::Passage;
use crate::respond::{self, Reply};
use crate::routing::route;

/// Answers one request. Whatever happens, there is one access record: `exchange` writes it when the
/// last byte of the answer has gone, or when everybody has let go of it.
pub(crate) async fn serve(
    connection: &Rc<Connection>,
    request: Request<Body>,
    refusal: Option<Refusal>,
) -> Answer {
    let exchange = Exchange::begin(connection, &request);
    let outcome = match refusal {
        None => answer(connection, &exchange, request).await,
        Some(refusal) => {
            exchange.head_was_refused();
            Err(Problem::from(refusal))
        }
    };
    let reply = outcome.unwrap_or_else(|problem| respond::to_problem(&exchange, &problem));
    respond::send(connection, &exchange, reply)
}

async fn answer(
    connection: &Rc<Connection>,
    exchange: &Rc<Exchange>,
    request: Request<Body>,
) -> Result<Reply, Problem> {
    let worker = &connection.worker;
    if worker.load.is_over() {
        return Err(Problem::Overloaded);
    }

    // pin: everything below belongs to this one revision.
    let snapshot = worker.snapshots.pin();
    exchange.note(|facts| facts.revision = snapshot.revision);
    let request = request.map(|body| body.counted(Rc::clone(exchange) as _, Which::Request));
    let mut arrival = Arrival::check(connection, exchange, request)?;
    let host = host_of(connection, &snapshot, &arrival)?;

    let caller = Caller::of(connection, exchange, host, arrival.claim.as_ref())?;

    // judge
    let world = World::new(
        snapshot.clone(),
        Arc::clone(&worker.chains),
        Arc::clone(&worker.clock),
        caller.identity.clone(),
    )
    .delivering(Rc::clone(&worker.delivery));
    judge(connection, &snapshot, host, &caller, &world, exchange)?;
    exchange.stage_ends(Stage::Judge);

    // route
    let mut routed = route(connection, exchange, &snapshot, &arrival)?;
    exchange.stage_ends(Stage::Route);

    // inbound, forward, outbound
    let context = arrival.context(connection, &caller, exchange, &snapshot, &mut routed);
    let mut execution = Execution::new(routed.program, context, worker.settings.policy)
        .with_effects(worker.settings.policy_effects);
    if routed.preflight {
        execution = execution.for_preflight();
    }
    if let Some(failure) = routed.failure {
        execution.fail(failure);
    }
    let mut passage = Passage::new(connection, exchange, &snapshot, routed.api, arrival.client);
    let mut effects = Effects::new(connection, exchange);
    loop {
        let step = guarded(&worker.effects, || execution.run(&world));
        match step.inspect_err(|_| exchange.stage_ends(passage.stage()))? {
            Step::Continue(_) => {}
            Step::Need(id, effect) => effects.begin(id, effect, &passage, &mut execution),
            Step::Blocked => effects.progress(&mut passage, &mut execution).await,
            Step::Cancel(id) => effects.cancel(id),
            Step::Respond | Step::Fail => break,
        }
    }
    exchange.stage_ends(passage.stage());
    exchange.record_traces(world.take_traces());
    exchange.record_metrics(&world.take_metrics());
    exchange.record_exceeded(execution.exceeded());
    note_verdict(&caller, host, exchange, &execution);
    Ok(passage.into_reply(execution))
}

/// The host configuration that the request names. It must be the connection's own: its rules decided
/// whether the client was asked for a certificate. What counts of it is the newest revision's.
fn host_of<'s>(
    connection: &Connection,
    snapshot: &'s Snapshot,
    arrival: &Arrival,
) -> Result<&'s HostConfiguration, Problem> {
    let own = connection.host.key();
    // Only HTTP/1.0 clients may leave the name out.
    let name = if arrival.host.is_empty() {
        own
    } else {
        &arrival.host
    };
    let host = snapshot.hosts.resolve(name).ok_or(Problem::Misdirected)?;
    if *host.key != *own {
        return Err(Problem::Misdirected);
    }
    if host.context.is_none() {
        return Err(Problem::Quarantined(
            "the host configuration is quarantined",
        ));
    }
    Ok(host)
}

/// Mode `required` judges each request anew: the handshake's verdict belongs to an older snapshot. Of
/// a trusted peer both certificates must hold: its own, and the one that it names.
fn judge(
    connection: &Connection,
    snapshot: &PinnedSnapshot,
    host: &HostConfiguration,
    caller: &Caller,
    world: &World,
    exchange: &Exchange,
) -> Result<(), Problem> {
    if host.mode != ClientCertificateMode::Required {
        return Ok(());
    }
    let refused = |reason: Reason, problem: fn(Reason) -> Problem| {
        exchange.note(|facts| facts.verdict = VerdictReason::from_code(reason.code()));
        problem(reason)
    };
    if !caller.captured {
        return world
            .require_certificate()
            .map_err(|reason| refused(reason, Problem::Certificate));
    }
    let peer = World::new(
        snapshot.clone(),
        Arc::clone(&connection.worker.chains),
        Arc::clone(&connection.worker.clock),
        connection.identity.clone(),
    );
    peer.require_certificate().map_err(|reason| {
        exchange.note(|facts| {
            facts.captured = false;
            facts.thumbprint = connection.thumbprint();
        });
        refused(reason, Problem::PeerCertificate)
    })?;
    world
        .require_certificate()
        .map_err(|reason| refused(reason, Problem::CapturedCertificate))
}

/// What the judgement of the client's certificate came to, as far as it can be told: a policy may
/// refuse by rules of its own.
fn note_verdict(
    caller: &Caller,
    host: &HostConfiguration,
    exchange: &Exchange,
    execution: &Execution,
) {
    if host.mode == ClientCertificateMode::None {
        return;
    }
    let reason = execution
        .last_error()
        .and_then(|error| VerdictReason::from_code(&error.reason));
    let status = execution
        .context()
        .response
        .as_ref()
        .map(|response| response.status.as_u16());
    let refused = matches!(status, Some(401 | 403)) && !exchange.was_forwarded();
    let verdict = match reason {
        Some(reason) => Some(reason),
        None if refused => Some(VerdictReason::Policy),
        None if caller.identity.is_some() => Some(VerdictReason::Accepted),
        None => None,
    };
    exchange.note(|facts| facts.verdict = verdict);
}
