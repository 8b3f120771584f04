//! What running a policy costs: nanoseconds per request, document by document.
//!
//! `cargo run --release -p gateway-policy --example speed`
//!
//! Each run is one execution from its context to the forward or the answer, without any I/O. The
//! context's own making is measured apart and printed first.

#![expect(clippy::print_stdout, reason = "it reports")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a measuring tool fails by panicking"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::Instant;

use gateway_policy::execution::{Execution, Step};
use gateway_policy::expression::BudgetLimits;
use gateway_policy::program::{Scope, link};
use support::*;

fn main() {
    let identities: String = (0..10)
        .map(|i| {
            format!(
                "<identity thumbprint=\"{}\"/>",
                format!("{:02X}", 0xA2 + i).repeat(20)
            )
        })
        .collect();
    let whens: String = (0..20)
        .map(|i| format!("<when condition=\"@(context.Request.Method == &quot;M{i}&quot;)\"/>"))
        .collect();
    let documents = [
        ("nothing", "<inbound/>".to_owned()),
        (
            "thumbprint in an expression",
            format!(
                "<choose><when condition=\"@(context.Request.Certificate == null || context.Request.Certificate.Thumbprint != &quot;{}&quot;)\"><return-response><set-status code=\"403\"/></return-response></when></choose>",
                partner_thumbprint()
            ),
        ),
        (
            "named value, Split and Contains",
            "<choose><when condition=\"@(!&quot;{{list}}&quot;.Split(',').Contains(context.Request.Certificate?.Thumbprint ?? &quot;&quot;))\"><return-response/></when></choose>".to_owned(),
        ),
        (
            "validate-client-certificate, ten identities",
            format!("<validate-client-certificate><identities>{identities}</identities></validate-client-certificate>"),
        ),
        ("choose with twenty conditions", format!("<choose>{whens}</choose>")),
        (
            "refusal",
            "<validate-client-certificate><identities><identity thumbprint=\"0000000000000000000000000000000000000000\"/></identities></validate-client-certificate>".to_owned(),
        ),
    ];
    let names = Names::default().with(
        "list",
        &format!("{},{}", "CD".repeat(20), partner_thumbprint()),
    );
    let world = World::default();
    const RUNS: u32 = 200_000;
    let start = Instant::now();
    for _ in 0..RUNS {
        black_box(context_with(partner()));
    }
    println!(
        "{:>8} ns  (making a context)",
        start.elapsed().as_nanos() / u128::from(RUNS)
    );
    for (what, source) in documents {
        let program = link(&[scope_program(&source, Scope::Api, &names)]);
        let contexts: Vec<_> = (0..RUNS).map(|_| context_with(partner())).collect();
        let start = Instant::now();
        for context in contexts {
            let mut execution = Execution::new(program.clone(), context, BudgetLimits::default());
            while let Step::Continue(_) = black_box(execution.run(&world)) {}
            // Freed outside of what is measured would be kinder; it is part of a request.
            drop(execution);
        }
        println!(
            "{:>8} ns  {what}",
            start.elapsed().as_nanos() / u128::from(RUNS)
        );
    }
}
