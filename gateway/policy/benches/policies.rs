//! What policies cost: nanoseconds and allocations of one request each, and beside them the same logic
//! written by hand over the same context.
//!
//! `cargo bench -p gateway-policy`
//!
//! A run is one execution from its context to the forward or the answer, without any I/O. Contexts are
//! made and freed outside of what is measured.

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
use std::sync::Arc;

use bytes::Bytes;
use divan::{AllocProfiler, Bencher};
use gateway_policy::context::{Body, Context, Response};
use gateway_policy::execution::{Execution, Step};
use gateway_policy::expression::BudgetLimits;
use gateway_policy::host::{Host, Revocation, Trust};
use gateway_policy::program::{Program, Scope, link};
use http::{HeaderMap, StatusCode};
use support::{Names, World, context_with, partner, partner_thumbprint, scope_program};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

const JSON: &str = r#"{"id":17,"customer":{"name":"Contoso","country":"US"},"items":[{"sku":"a","count":2},{"sku":"b","count":5}],"note":"none"}"#;

fn names() -> Names {
    Names::default().with(
        "list",
        &format!("{},{}", "CD".repeat(20), partner_thumbprint()),
    )
}

fn refuse() -> &'static str {
    "<return-response><set-status code=\"403\"/></return-response>"
}

fn thumbprint() -> String {
    let thumbprint = partner_thumbprint();
    format!(
        "<choose><when condition=\"@(context.Request.Certificate == null || context.Request.Certificate.Thumbprint != &quot;{thumbprint}&quot;)\">{}</when></choose>",
        refuse()
    )
}

fn list() -> String {
    format!(
        "<choose><when condition=\"@(!&quot;{{{{list}}}}&quot;.Split(',').Contains(context.Request.Certificate?.Thumbprint ?? &quot;&quot;))\">{}</when></choose>",
        refuse()
    )
}

/// Ten identities, the last of which is the caller.
fn identities() -> Vec<[u8; 20]> {
    (0..10).map(|i| [0xA2 + i; 20]).collect()
}

fn ten_identities() -> String {
    let identities: String = identities()
        .iter()
        .map(|sha1| {
            format!(
                "<identity thumbprint=\"{}\"/>",
                format!("{:02X}", sha1[0]).repeat(20)
            )
        })
        .collect();
    format!(
        "<validate-client-certificate><identities>{identities}</identities></validate-client-certificate>"
    )
}

/// None of which holds, so that all are tried.
fn twenty_conditions() -> String {
    let whens: String = (0..20)
        .map(|i| {
            format!(
                "<when condition=\"@(context.Request.Method == &quot;M{i}&quot;)\">{}</when>",
                refuse()
            )
        })
        .collect();
    format!("<choose>{whens}</choose>")
}

fn transformation() -> String {
    "<set-body>@{ var o = context.Request.Body.As<JObject>(); o[\"total\"] = o[\"items\"].Sum(i => (int)i[\"count\"]); o.Remove(\"note\"); return o.ToString(Newtonsoft.Json.Formatting.None); }</set-body>".to_owned()
}

fn request() -> Context {
    let mut context = context_with(partner());
    context.request.body = Body::Bytes(Bytes::from_static(JSON.as_bytes()));
    context
}

/// Measures the document.
fn compiled(bencher: Bencher<'_, '_>, source: &str) {
    let program: Arc<Program> = link(&[scope_program(source, Scope::Api, &names())]);
    let world = World::default();
    bencher
        .with_inputs(|| Execution::new(Arc::clone(&program), request(), BudgetLimits::default()))
        .bench_local_refs(
            |execution| {
                while let Step::Continue(_) = black_box(execution.run(&world)) {}
            },
        );
}

/// Measures the same by hand: whether the request may pass.
fn by_hand(bencher: Bencher<'_, '_>, check: impl Fn(&mut Context, &World) -> bool) {
    let world = World::default();
    bencher.with_inputs(request).bench_local_refs(|context| {
        if !black_box(check(context, &world)) {
            context.response = Some(Response {
                status: StatusCode::FORBIDDEN,
                reason: None,
                headers: HeaderMap::new(),
                body: Body::None,
            });
        }
    });
}

#[divan::bench]
fn a_nothing(bencher: Bencher<'_, '_>) {
    compiled(bencher, "<inbound/>");
}

#[divan::bench]
fn b_thumbprint(bencher: Bencher<'_, '_>) {
    compiled(bencher, &thumbprint());
}

#[divan::bench]
fn b_thumbprint_by_hand(bencher: Bencher<'_, '_>) {
    let expected = partner_thumbprint();
    by_hand(bencher, |context, _| {
        let certificate = context.request.certificate.as_ref();
        certificate.is_some_and(|certificate| *certificate.thumbprint == *expected)
    });
}

#[divan::bench]
fn c_named_value_split_contains(bencher: Bencher<'_, '_>) {
    compiled(bencher, &list());
}

#[divan::bench]
fn c_named_value_split_contains_by_hand(bencher: Bencher<'_, '_>) {
    let list = format!("{},{}", "CD".repeat(20), partner_thumbprint());
    by_hand(bencher, |context, _| {
        let certificate = context.request.certificate.as_ref();
        let thumbprint = certificate.map_or("", |certificate| &certificate.thumbprint);
        black_box(&list).split(',').any(|item| item == thumbprint)
    });
}

#[divan::bench]
fn d_validate_client_certificate_ten_identities(bencher: Bencher<'_, '_>) {
    compiled(bencher, &ten_identities());
}

#[divan::bench]
fn d_validate_client_certificate_ten_identities_by_hand(bencher: Bencher<'_, '_>) {
    let identities = identities();
    by_hand(bencher, |context, world| {
        let Some(certificate) = &context.request.certificate else {
            return false;
        };
        let now = world.now();
        let verdict = world.client_verdict();
        certificate.not_before <= now
            && now <= certificate.not_after
            && verdict.trust == Trust::Trusted
            && verdict.revocation == Revocation::Good
            && black_box(&identities).contains(&certificate.sha1)
    });
}

#[divan::bench]
fn e_choose_twenty_whens(bencher: Bencher<'_, '_>) {
    compiled(bencher, &twenty_conditions());
}

#[divan::bench]
fn e_choose_twenty_whens_by_hand(bencher: Bencher<'_, '_>) {
    let methods: Vec<String> = (0..20).map(|i| format!("M{i}")).collect();
    by_hand(bencher, |context, _| {
        let method = context.request.method.as_str();
        !black_box(&methods).iter().any(|other| other == method)
    });
}

#[divan::bench]
fn f_json_body(bencher: Bencher<'_, '_>) {
    compiled(bencher, &transformation());
}

#[divan::bench]
fn f_json_body_by_hand(bencher: Bencher<'_, '_>) {
    by_hand(bencher, |context, _| {
        let Body::Bytes(bytes) = &context.request.body else {
            return false;
        };
        let mut value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        let items = value["items"].as_array().unwrap();
        let total: i64 = items
            .iter()
            .map(|item| item["count"].as_i64().unwrap())
            .sum();
        let object = value.as_object_mut().unwrap();
        object.insert("total".to_owned(), total.into());
        object.remove("note");
        context.request.body = Body::Bytes(serde_json::to_vec(&value).unwrap().into());
        true
    });
}
