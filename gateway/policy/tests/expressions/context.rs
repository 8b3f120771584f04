//! `context`.

use std::sync::Arc;

use gateway_policy::context::Body;
use gateway_policy::expression::{Budget, Expected};
use gateway_policy::host::{Revocation, Trust};

use crate::support::{Members, NOW, World, ca, certificate, partner};
use crate::{Case, check, compiled, expression, request};

const PAGE: &str = "API Management policy expressions, context variable";
const CERT: &str = ".NET documentation, X509Certificate2";

#[test]
fn the_members_of_context_are_those_of_the_documentation() {
    const CASES: &[Case] = &[
        (
            "@(context.Request.Method + context.Request.IpAddress)",
            "GET10.1.2.3",
            PAGE,
        ),
        (
            "@(context.Request.Url.Path + context.Request.OriginalUrl.Path)",
            "/17/orders/17",
            PAGE,
        ),
        (
            "@(context.Request.Url.Scheme + context.Request.Url.Host + context.Request.Url.Port)",
            "httpsgateway.example.com443",
            PAGE,
        ),
        ("@(context.Request.OriginalUrl.QueryString)", "?x=1", PAGE),
        (
            "@(context.Request.OriginalUrl.ToString())",
            "https://gateway.example.com/orders/17?x=1",
            PAGE,
        ),
        (
            "@(context.Request.Url.Query.GetValueOrDefault(\"q\", \"\"))",
            "1,2",
            PAGE,
        ),
        (
            "@(context.Request.Url.Query.GetValueOrDefault(\"NAME\"))",
            "Jürgen K",
            PAGE,
        ),
        (
            "@(context.Request.Url.Query.GetValueOrDefault(\"none\", \"default\"))",
            "default",
            PAGE,
        ),
        (
            "@(context.Request.Headers.GetValueOrDefault(\"x-many\", \"\"))",
            "a,b",
            PAGE,
        ),
        (
            "@(context.Request.Headers.GetValueOrDefault(\"none\") == null)",
            "True",
            PAGE,
        ),
        ("@(context.Request.Headers[\"X-One\"][0])", "single", PAGE),
        (
            "@(context.Request.Headers[\"none\"] == null)",
            "True",
            "observed: a missing header is null",
        ),
        (
            "@(context.Request.Headers[\"none\"]?.FirstOrDefault() ?? \"-\")",
            "-",
            "observed: a missing header is null",
        ),
        (
            "@(context.Request.Headers.ContainsKey(\"X-MANY\"))",
            "True",
            PAGE,
        ),
        (
            "@(string.Join(\";\", context.Request.Headers.Select(h => h.Key + \"=\" + string.Join(\",\", h.Value))))",
            "x-many=a,b;x-one=single",
            PAGE,
        ),
        (
            "@(context.Request.Headers.Keys.Where(k => k.StartsWith(\"x-\")).Count())",
            "2",
            PAGE,
        ),
        ("@(context.Request.MatchedParameters[\"id\"])", "17", PAGE),
        (
            "@(context.Request.MatchedParameters[\"other\"])",
            "!System.Collections.Generic.KeyNotFoundException: The given key 'other' was not present in the dictionary.",
            PAGE,
        ),
        (
            "@(context.Request.MatchedParameters.GetValueOrDefault(\"other\", \"d\"))",
            "d",
            PAGE,
        ),
        (
            "@(context.Variables[\"missing\"])",
            "!System.Collections.Generic.KeyNotFoundException: The given key 'missing' was not present in the dictionary.",
            "observed: a missing variable throws",
        ),
        (
            "@(context.Variables.ContainsKey(\"number\") && !context.Variables.ContainsKey(\"x\"))",
            "True",
            PAGE,
        ),
        (
            "@(context.Variables.GetValueOrDefault<int>(\"number\") + context.Variables.GetValueOrDefault<int>(\"x\", 7))",
            "12",
            PAGE,
        ),
        (
            "@(context.Variables.GetValueOrDefault<string>(\"number\", \"\"))",
            "!System.InvalidCastException: Unable to cast object of type 'System.Int32' to type 'System.String'.",
            PAGE,
        ),
        (
            "@(context.Variables.GetValueOrDefault(\"x\", \"inferred\").Length)",
            "8",
            PAGE,
        ),
        (
            "@(context.Variables.GetValueOrDefault<string>(\"x\") == null)",
            "True",
            PAGE,
        ),
        (
            "@(context.Api.Id + context.Api.Name + context.Api.Path + context.Api.Revision)",
            "ordersOrdersorders1",
            PAGE,
        ),
        ("@(context.Api.ServiceUrl == null)", "True", PAGE),
        (
            "@(context.Operation.Id + context.Operation.UrlTemplate)",
            "get-order/{id}",
            PAGE,
        ),
        (
            "@(context.Subscription?.Id ?? \"nobody\")",
            "nobody",
            "observed: null without a subscription",
        ),
        (
            "@(context.Subscription.Id)",
            "!System.NullReferenceException: Object reference not set to an instance of an object.",
            "observed: null without a subscription",
        ),
        (
            "@(context.LastError == null && context.Response == null)",
            "True",
            PAGE,
        ),
        (
            "@(context.Deployment.Region + context.Deployment.Gateway.InstanceId + context.Deployment.Gateway.IsManaged)",
            "hereoneFalse",
            PAGE,
        ),
        (
            "@(context.RequestId)",
            "11111111-1111-1111-1111-111111111111",
            PAGE,
        ),
        (
            "@(context.Timestamp.ToString(\"o\") + context.Elapsed)",
            "2026-06-01T00:00:00.0000000Z00:00:00",
            PAGE,
        ),
        ("@(context.Request.Body.As<string>())", "hello", PAGE),
        (
            "@(context.Request.Body.As<byte[]>(preserveContent: true).Length + context.Request.Body.As<string>(true))",
            "5hello",
            PAGE,
        ),
        (
            "@(context.Request.Body.As<string>() + context.Request.Body.As<string>())",
            "!System.InvalidOperationException: The body has been read already; read it with preserveContent: true to read it again.",
            PAGE,
        ),
    ];
    check(CASES);
}

#[test]
fn a_certificate_prints_as_dotnet_prints_it() {
    const CASES: &[Case] = &[
        (
            "@(context.Request.Certificate.Thumbprint)",
            "ABABABABABABABABABABABABABABABABABABABAB",
            CERT,
        ),
        (
            "@(context.Request.Certificate.Subject)",
            "CN=partner-company.com, O=\"Partner, Inc.\", S=Washington, C=US",
            CERT,
        ),
        (
            "@(context.Request.Certificate.SubjectName.Name == context.Request.Certificate.Subject)",
            "True",
            CERT,
        ),
        (
            "@(context.Request.Certificate.Issuer)",
            "CN=My Trusted CA, O=Example",
            CERT,
        ),
        (
            "@(context.Request.Certificate.SerialNumber)",
            "00AB01",
            CERT,
        ),
        (
            "@(BitConverter.ToString(context.Request.Certificate.GetSerialNumber()))",
            "01-AB-00",
            CERT,
        ),
        (
            "@(context.Request.Certificate.GetCertHashString() == BitConverter.ToString(context.Request.Certificate.GetCertHash()).Replace(\"-\", \"\"))",
            "True",
            CERT,
        ),
        (
            "@(context.Request.Certificate.NotAfter)",
            "07/01/2026 00:00:00",
            CERT,
        ),
        (
            "@(context.Request.Certificate.NotAfter < DateTime.UtcNow || context.Request.Certificate.NotBefore > DateTime.UtcNow)",
            "False",
            CERT,
        ),
        (
            "@(context.Request.Certificate.GetNameInfo(X509NameType.SimpleName, false) + context.Request.Certificate.GetNameInfo(X509NameType.DnsName, false))",
            "partner-company.comclient.partner-company.com",
            CERT,
        ),
        (
            "@(context.Request.Certificate.Verify() && context.Request.Certificate.VerifyNoRevocation())",
            "True",
            CERT,
        ),
        (
            "@(context.Request.Certificate.RawData.Length + context.Request.Certificate.Version)",
            "4",
            CERT,
        ),
        (
            "@($\"Client cert: Subject={context.Request.Certificate?.Subject}, Expires={context.Request.Certificate?.NotAfter}\")",
            "Client cert: Subject=CN=partner-company.com, O=\"Partner, Inc.\", S=Washington, C=US, Expires=07/01/2026 00:00:00",
            "the mTLS article",
        ),
        (
            "@(context.Deployment.Certificates.Any(c => c.Value.Thumbprint == context.Request.Certificate.Issuer))",
            "False",
            PAGE,
        ),
        (
            "@(context.Deployment.Certificates[\"CACACACACACACACACACACACACACACACACACACACA\"].Subject)",
            "CN=My Trusted CA, O=Example",
            PAGE,
        ),
        (
            "@(context.Deployment.Certificates.ContainsKey(\"00\") || context.Deployment.Certificates.Values.Count() != 1)",
            "False",
            PAGE,
        ),
    ];
    check(CASES);
}

#[test]
fn verify_is_false_for_every_reason_a_chain_can_fail() {
    let verify = "@(context.Request.Certificate.Verify() + \"|\" + context.Request.Certificate.VerifyNoRevocation())";
    let outcome =
        |world: &World, change: &dyn Fn(&mut gateway_policy::certificate::Certificate)| {
            let mut client = partner();
            change(&mut client);
            let mut context = request();
            context.request.certificate = Some(Arc::new(client));
            let value = expression(verify).evaluate(&mut context, world, &mut Budget::default());
            value.unwrap().to_text().unwrap()
        };
    let with = |trust: Trust, revocation: Revocation| {
        let mut world = World::default();
        world.verdict.trust = trust;
        world.verdict.revocation = revocation;
        world
    };
    let keep: &dyn Fn(&mut _) = &|_| {};
    assert_eq!(outcome(&World::default(), keep), "True|True");
    assert_eq!(
        outcome(&with(Trust::Untrusted("no".into()), Revocation::Good), keep),
        "False|False"
    );
    assert_eq!(
        outcome(&with(Trust::Trusted, Revocation::Revoked("x".into())), keep),
        "False|True"
    );
    assert_eq!(
        outcome(&with(Trust::Trusted, Revocation::Unknown("x".into())), keep),
        "False|True"
    );
    assert_eq!(
        outcome(&World::default(), &|c| c.not_after = NOW - 2_000_000_000),
        "False|False"
    );
    assert_eq!(
        outcome(&World::default(), &|c| c.not_before = NOW + 1),
        "False|False"
    );
}

#[test]
fn identity_lists_are_asked_by_name_and_hold_nobody_without_a_certificate() {
    let code =
        "@(context.Deployment.IdentityLists[\"partners\"].Contains(context.Request.Certificate))";
    let compiled = compiled(code, Expected::Boolean);
    assert_eq!(compiled.references.identity_lists, ["partners"]);
    let expression = compiled.expression.unwrap();
    assert!(expression.mentions_certificate());
    let mut world = World::default();
    let ask = |world: &World, certificate| {
        let mut context = request();
        context.request.certificate = certificate;
        expression
            .evaluate(&mut context, world, &mut Budget::default())
            .map(|v| v.as_bool())
    };
    let missing = ask(&world, Some(Arc::new(partner()))).unwrap_err();
    assert_eq!(
        missing.type_name,
        "System.Collections.Generic.KeyNotFoundException"
    );
    world
        .lists
        .insert("partners".to_owned(), Members(vec![[0xAB; 20]]));
    assert_eq!(ask(&world, Some(Arc::new(partner()))), Ok(Some(true)));
    assert_eq!(ask(&world, Some(Arc::new(ca()))), Ok(Some(false)));
    assert_eq!(ask(&world, None), Ok(Some(false)));
}

#[test]
fn a_missing_certificate_fails_every_comparison_of_the_article() {
    let mut context = request();
    context.request.certificate = None;
    let run = |context: &mut _, code: &str| {
        expression(code).evaluate(context, &World::default(), &mut Budget::default())
    };
    let listed = "@{ var t = context.Request.Certificate?.Thumbprint ?? \"\"; return \"A,B\".Split(',').Contains(t); }";
    assert_eq!(run(&mut context, listed).unwrap().as_bool(), Some(false));
    let thrown = run(
        &mut context,
        "@(context.Request.Certificate.Subject == \"x\")",
    )
    .unwrap_err();
    assert_eq!(thrown.type_name, "System.NullReferenceException");
}

#[test]
fn bodies_are_needed_only_by_expressions_that_read_them() {
    assert!(
        expression("@(context.Request.Body.As<string>())")
            .needs()
            .request_body
    );
    assert!(
        !expression("@(context.Request.Body.As<string>())")
            .needs()
            .response_body
    );
    assert!(
        expression("@(context.Response.Body?.As<string>())")
            .needs()
            .response_body
    );
    assert!(!expression("@(context.Request.Method)").needs().request_body);
}

#[test]
fn a_body_that_was_read_without_preserving_it_is_gone() {
    let mut context = request();
    let read = expression("@(context.Request.Body.As<string>())");
    read.evaluate(&mut context, &World::default(), &mut Budget::default())
        .unwrap();
    assert!(matches!(context.request.body, Body::Consumed));
}

#[test]
fn a_trace_of_an_expression_reaches_the_host() {
    let world = World::default();
    let code = "@{ context.Trace(\"seen \" + context.Request.Method); return 1; }";
    expression(code)
        .evaluate(&mut request(), &world, &mut Budget::default())
        .unwrap();
    let traces = world.traces.lock().unwrap();
    assert_eq!(traces[0].message, "seen GET");
    assert_eq!(traces[0].source, "context.Trace");
}

#[test]
fn a_constant_list_is_the_same_for_every_evaluation() {
    // One evaluation must not be able to change what the next one reads.
    let code = "@{ var all = \"a,b\".Split(','); var first = all[0]; all[0] = \"changed\"; return first; }";
    let expression = expression(code);
    for _ in 0..2 {
        let value = expression.evaluate(&mut request(), &World::default(), &mut Budget::default());
        assert_eq!(value.unwrap().to_text().unwrap(), "a");
    }
    let result = self::expression("@(\"a,b\".Split(','))");
    let mut context = request();
    let first = result
        .evaluate(&mut context, &World::default(), &mut Budget::default())
        .unwrap();
    context.variables.insert("list".into(), first);
    self::expression("@{ var l = (string[])context.Variables[\"list\"]; l[0] = \"x\"; return 1; }")
        .evaluate(&mut context, &World::default(), &mut Budget::default())
        .unwrap();
    let second = result
        .evaluate(&mut request(), &World::default(), &mut Budget::default())
        .unwrap();
    context.variables.insert("again".into(), second);
    let read = self::expression("@(((string[])context.Variables[\"again\"])[0])").evaluate(
        &mut context,
        &World::default(),
        &mut Budget::default(),
    );
    assert_eq!(read.unwrap().to_text().unwrap(), "a");
}

#[test]
fn debugging_output_shows_no_values() {
    let value = gateway_policy::expression::Value::from("secret");
    assert_eq!(format!("{value:?}"), "Value(System.String)");
    let _ = certificate("CN=a", "CN=b", 1);
}
