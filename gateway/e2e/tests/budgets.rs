//! No policy can hang or exhaust a worker: what it overran is named in the record and in a metric, and
//! others are served meanwhile.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use gateway_e2e::{TestGateway, health, policy};
use gateway_testkit::{Origin, eventually};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(30);

/// What each hostile API does in `inbound`, and the budget that it overruns.
const HOSTILE: [(&str, &str, &str); 5] = [
    (
        "loop",
        "<set-variable name=\"x\" value=\"@{ while (true) { } }\"/>",
        "instructions",
    ),
    (
        "string",
        "<set-variable name=\"x\" value=\"@(new string('a', int.MaxValue))\"/>",
        "allocation",
    ),
    (
        "regex",
        "<set-variable name=\"x\" value=\"@(Regex.IsMatch(new string('a', 60) + &quot;!&quot;, &quot;^(a+)+$&quot;))\"/>",
        "regex",
    ),
    (
        "recursion",
        "<set-variable name=\"x\" value=\"@{ int F(int n) => F(n + 1) + 1; try { return F(0); } catch { return 1; } }\"/>",
        "depth",
    ),
    (
        "retries",
        "<retry condition=\"@(true)\" count=\"50\" interval=\"0\"><retry condition=\"@(true)\" count=\"50\" interval=\"0\"><set-variable name=\"x\" value=\"1\"/></retry></retry>",
        "effects",
    ),
];

fn metrics(gateway: &TestGateway) -> String {
    health(gateway.health_address, "/metrics").1
}

fn counted(text: &str, budget: &str) -> u64 {
    let name = format!("countersign_policy_budget_exceeded_total{{budget=\"{budget}\"}}");
    sample(text, &name)
}

fn sample(text: &str, name: &str) -> u64 {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
    let line = lines.find(|rest| rest.starts_with(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}"))
        .trim()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn hostile_documents_fail_by_name_while_others_are_served() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    for (name, hostile, _) in HOSTILE {
        // The client learns nothing; `on-error` cannot hide what happened from the operator either.
        let document = format!(
            "<policies><inbound>{hostile}</inbound><on-error><set-header name=\"X-Reason\" exists-action=\"override\"><value>@(context.LastError.Reason)</value></set-header></on-error></policies>"
        );
        gateway.put_api(name, &origin.url(), &document).await;
    }
    gateway
        .put_api("fine", &origin.url(), "<policies><inbound/></policies>")
        .await;
    let client = gateway.client().build().unwrap();
    let hostile = async {
        for _ in 0..3 {
            for (name, _, _) in HOSTILE {
                let answer = client.get(&format!("/{name}/x")).await.unwrap();
                assert_eq!(answer.status, 500, "{name}");
                assert!(answer.text().contains("Internal server error"), "{name}");
                let reason = match name {
                    "retries" => "EffectBudgetExceeded",
                    _ => "ExpressionValueEvaluationFailure",
                };
                assert_eq!(answer.header("x-reason"), Some(reason), "{name}");
            }
        }
    };
    let others = async {
        for number in 0..30 {
            let answer = client.get(&format!("/fine/{number}")).await.unwrap();
            assert_eq!(answer.status, 200);
        }
    };
    tokio::join!(hostile, others);

    let records = eventually(SOON, "every request is recorded", || async {
        Some(gateway.access_records()).filter(|records| records.len() >= 45)
    })
    .await;
    let mut named: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for record in &records {
        let api = record["api"].as_str().unwrap().to_owned();
        named
            .entry(api)
            .or_default()
            .push(record["budgets_exceeded"].clone());
    }
    let text = metrics(&gateway);
    for (name, _, budget) in HOSTILE {
        assert_eq!(named[name], vec![serde_json::json!([budget]); 3], "{name}");
        assert_eq!(counted(&text, budget), 3, "{name}");
    }
    assert!(
        named["fine"]
            .iter()
            .all(|budgets| *budgets == serde_json::json!([]))
    );
}

#[tokio::test]
async fn source_that_is_nested_too_deeply_is_refused_when_it_is_saved() {
    let gateway = TestGateway::start().await;
    gateway
        .put_api("a", "http://127.0.0.1:9", "<policies><inbound/></policies>")
        .await;
    let expression = format!("@({}1{})", "(".repeat(50_000), ")".repeat(50_000));
    let elements = "<choose><when condition=\"@(true)\">".repeat(20_000);
    for document in [
        format!(
            "<policies><inbound><set-variable name=\"x\" value=\"{expression}\"/></inbound></policies>"
        ),
        format!("<policies><inbound>{elements}</inbound></policies>"),
    ] {
        let reply = gateway
            .admin()
            .put("/apim/apis/a/policies/policy", &policy(&document))
            .await
            .unwrap();
        assert_eq!(reply.status, 400, "{}", reply.text);
    }
    let text = metrics(&gateway);
    assert_eq!(counted(&text, "depth"), 0);
}

#[tokio::test]
async fn the_limits_of_the_configuration_are_those_that_hold() {
    let gateway = TestGateway::builder()
        .configuration(
            "[limits]\npolicy_instructions = 5000\npolicy_memory = \"1MiB\"\npolicy_depth = 100\npolicy_regex_steps = 2000",
        )
        .start()
        .await;
    for (name, code) in [
        (
            "loop",
            "@{ var n = 0; for (int i = 0; i < 10000; i++) { n += i; } return n; }",
        ),
        ("string", "@(new string('a', 2000000).Length)"),
        (
            "regex",
            "@(Regex.IsMatch(new string('a', 5000), &quot;a*b&quot;))",
        ),
        (
            "recursion",
            "@{ int F(int n) => n == 0 ? 0 : F(n - 1) + 1; return F(60); }",
        ),
    ] {
        let document = format!(
            "<policies><inbound><set-variable name=\"x\" value=\"{code}\"/><return-response/></inbound></policies>"
        );
        gateway.put_api(name, "http://127.0.0.1:9", &document).await;
        let client = gateway.client().build().unwrap();
        let answer = client.get(&format!("/{name}/x")).await.unwrap();
        assert_eq!(answer.status, 500, "{name}");
    }
    let text = metrics(&gateway);
    for budget in ["instructions", "allocation", "regex", "depth"] {
        assert_eq!(counted(&text, budget), 1, "{budget}");
    }
}

#[tokio::test]
async fn what_policies_ask_for_is_counted() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    let client = gateway.client().build().unwrap();
    let send = |url: &str| {
        format!(
            "<send-request mode=\"new\" ignore-error=\"true\" response-variable-name=\"r\"><set-url>{url}</set-url><set-method>GET</set-method></send-request>"
        )
    };
    for (name, policies) in [
        (
            "limited",
            "<rate-limit-by-key calls=\"1\" renewal-period=\"300\" counter-key=\"k\"/>".to_owned(),
        ),
        (
            "quota",
            "<quota-by-key calls=\"1\" renewal-period=\"300\" counter-key=\"k\"/>".to_owned(),
        ),
        (
            "cached",
            "<cache-lookup-value key=\"k\" variable-name=\"v\"/><cache-store-value key=\"k\" value=\"v\" duration=\"600\"/>".to_owned(),
        ),
        (
            "sends",
            send(&origin.url()) + &send("http://127.0.0.1:9/"),
        ),
    ] {
        let document =
            format!("<policies><inbound>{policies}<return-response/></inbound></policies>");
        gateway.put_api(name, &origin.url(), &document).await;
        for _ in 0..3 {
            client.get(&format!("/{name}/x")).await.unwrap();
        }
    }
    let text = metrics(&gateway);
    for (name, expected) in [
        ("countersign_policy_refusals_total{limit=\"rate_limit\"}", 2),
        ("countersign_policy_refusals_total{limit=\"quota\"}", 2),
        (
            "countersign_policy_refusals_total{limit=\"concurrency\"}",
            0,
        ),
        ("countersign_policy_counters", 2),
        ("countersign_policy_cache_lookups_total{result=\"miss\"}", 1),
        ("countersign_policy_cache_lookups_total{result=\"hit\"}", 2),
        ("countersign_policy_cache_entries", 1),
        ("countersign_policy_requests_total{outcome=\"answered\"}", 3),
        (
            "countersign_policy_requests_total{outcome=\"connection\"}",
            3,
        ),
        (
            "countersign_policy_requests_total{outcome=\"cancelled\"}",
            0,
        ),
    ] {
        assert_eq!(sample(&text, name), expected, "{name}");
    }
    assert!(sample(&text, "countersign_policy_cache_bytes") > 0);
}
