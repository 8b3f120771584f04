//! `validate-jwt` and `validate-azure-ad-token`: which tokens are refused, for which reason, and what
//! providers are asked. The world's signatures are not real ones; those are tested where a library is.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::slice::from_ref;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gateway_policy::context::Context;
use gateway_policy::host::JwsAlgorithm;
use gateway_policy::openid::{KeySet, Provider};
use support::crypto::jws_signature;
use support::script::Script;
use support::{Ended, NOW, codes, context, errors, problems, program};

const SECOND: i128 = 1_000_000_000;

fn now() -> i64 {
    i64::try_from(NOW / SECOND).unwrap()
}

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// A token signed as the world signs.
fn signed(header: &str, claims: &str) -> String {
    let input = format!("{}.{}", encoded(header), encoded(claims));
    let header: serde_json::Value = serde_json::from_str(header).unwrap();
    let signature = header["alg"]
        .as_str()
        .and_then(JwsAlgorithm::from_name)
        .map_or_else(Vec::new, |algorithm| {
            jws_signature(algorithm, input.as_bytes())
        });
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn hs256(claims: &str) -> String {
    signed(r#"{"alg":"HS256","typ":"JWT"}"#, claims)
}

/// Claims with an end in an hour, and more.
fn claims(more: &str) -> String {
    let end = now() + 3_600;
    let comma = if more.is_empty() { "" } else { "," };
    format!("{{\"exp\":{end}{comma}{more}}}")
}

fn secret() -> String {
    format!("<key>{}</key>", STANDARD.encode([7; 32]))
}

fn keys(keys: &str) -> String {
    format!("<issuer-signing-keys>{keys}</issuer-signing-keys>")
}

fn jwt(attributes: &str, children: &str) -> String {
    format!(
        "<policies><inbound><validate-jwt {attributes}>{children}</validate-jwt></inbound></policies>"
    )
}

/// A document that takes tokens of one shared secret from `Authorization`.
fn simple(children: &str) -> String {
    jwt(
        "header-name=\"Authorization\"",
        &(keys(&secret()) + children),
    )
}

fn with(header: &'static str, value: &str) -> Context {
    let mut context = context();
    context
        .request
        .headers
        .append(header, value.parse().unwrap());
    context
}

fn bearer(token: &str) -> Context {
    with("authorization", &format!("Bearer {token}"))
}

fn run(document: &str, context: Context) -> Ended {
    Script::default().play(&program(document), context)
}

#[track_caller]
fn assert_refused(ended: &Ended, reason: &str, message: &str) {
    assert!(!ended.forwarded(), "the token was accepted");
    assert_eq!(
        (
            ended.status,
            &*ended.error().reason,
            &*ended.error().message
        ),
        (401, reason, message)
    );
}

#[test]
fn a_good_token_lets_the_request_pass_wherever_it_is_looked_for() {
    let token = hs256(&claims("\"sub\":\"a\""));
    for (place, context) in [
        ("header-name=\"Authorization\"", bearer(&token)),
        (
            "header-name=\"Authorization\"",
            with("authorization", &token),
        ),
        ("header-name=\"X-Token\"", with("x-token", &token)),
        (
            "header-name=\"X-Token\" require-scheme=\"Bearer\"",
            with("x-token", &token),
        ),
        (
            "header-name=\"@(&quot;X-&quot; + &quot;Token&quot;)\"",
            with("x-token", &token),
        ),
        (
            "header-name=\"Authorization\" require-scheme=\"bearer\"",
            bearer(&token),
        ),
        (
            "token-value=\"@(context.Request.Headers.GetValueOrDefault(&quot;X-Token&quot;, &quot;&quot;))\"",
            with("x-token", &token),
        ),
    ] {
        let ended = run(&jwt(place, &keys(&secret())), context);
        assert!(ended.forwarded(), "{place}: {:?}", ended.last_error);
    }
    let mut context = context();
    context.request.url.query = format!("a=1&access_token={token}");
    let place = "query-parameter-name=\"access_token\"";
    assert!(run(&jwt(place, &keys(&secret())), context).forwarded());
}

#[test]
fn without_a_token_the_reason_is_that_there_is_none() {
    const MESSAGE: &str = "JWT not found in the request. Access denied.";
    for (place, context) in [
        ("header-name=\"Authorization\"", context()),
        ("header-name=\"Authorization\"", with("authorization", "")),
        ("query-parameter-name=\"t\"", context()),
        ("token-value=\"\"", context()),
        (
            "header-name=\"Authorization\" require-scheme=\"Bearer\"",
            with("authorization", &hs256(&claims(""))),
        ),
    ] {
        let ended = run(&jwt(place, &keys(&secret())), context);
        assert_refused(&ended, "TokenNotFound", MESSAGE);
        assert_eq!(
            ended.body,
            r#"{ "statusCode": 401, "message": "JWT not present." }"#
        );
    }
}

#[test]
fn a_second_token_is_refused_because_it_would_be_judged_by_nobody() {
    let token = hs256(&claims(""));
    let mut two = bearer(&token);
    two.request
        .headers
        .append("authorization", "Bearer x".parse().unwrap());
    let ended = run(&simple(""), two);
    assert_refused(
        &ended,
        "JwtInvalid",
        "The JWT is invalid: there is more than one.",
    );
    let mut two = context();
    two.request.url.query = format!("t={token}&T=x");
    let ended = run(&jwt("query-parameter-name=\"t\"", &keys(&secret())), two);
    assert_eq!(&*ended.error().reason, "JwtInvalid");
}

#[test]
fn status_and_message_are_those_of_the_document() {
    let document = jwt(
        "header-name=\"Authorization\" failed-validation-httpcode=\"403\" failed-validation-error-message=\"Go away.\"",
        &keys(&secret()),
    );
    let ended = run(&document, bearer("x"));
    assert_eq!(ended.status, 403);
    assert_eq!(
        ended.body,
        r#"{ "statusCode": 403, "message": "Go away." }"#
    );
}

#[test]
fn what_is_no_token_is_invalid() {
    let good = hs256(&claims(""));
    let (signed_part, _) = good.rsplit_once('.').unwrap();
    let mut cases = vec![
        (
            "x".to_owned(),
            "it has not the three parts of a signed token",
        ),
        (
            "a.b".to_owned(),
            "it has not the three parts of a signed token",
        ),
        (
            "a.b.c.d.e".to_owned(),
            "it is encrypted, and encrypted tokens are not supported",
        ),
        ("a.b.c".to_owned(), "its header is no JSON object"),
        (format!("{good}="), "its signature is not Base64url"),
        (
            format!("{}.{}.", encoded("{}"), encoded("{}")),
            "its header has no 'alg'",
        ),
        (
            format!("{}.{}.", encoded("{\"alg\":\"HS256\"}"), encoded("[]")),
            "its claims are no JSON object",
        ),
        (
            signed(r#"{"alg":"HS256","kid":7}"#, &claims("")),
            "its 'kid' is no string",
        ),
    ];
    cases.push(("a.".repeat(40_000), "it has more than 65536 bytes"));
    let deep = "[".repeat(1_000);
    cases.push((
        format!(
            "{}.{}.",
            encoded("{\"alg\":\"HS256\"}"),
            encoded(&format!("{{\"a\":{deep}"))
        ),
        "its claims are no JSON object",
    ));
    for (token, why) in cases {
        let ended = run(&simple(""), bearer(&token));
        assert_refused(&ended, "JwtInvalid", &format!("The JWT is invalid: {why}."));
    }
    assert!(signed_part.contains('.'));
}

#[test]
fn an_extension_that_must_be_understood_is_refused() {
    let token = signed(r#"{"alg":"HS256","crit":["exp"]}"#, &claims(""));
    assert_refused(
        &run(&simple(""), bearer(&token)),
        "JwtInvalid",
        "The JWT is invalid: its header has 'crit', and no extension is known.",
    );
}

#[test]
fn an_unsigned_token_is_refused_in_every_spelling_unless_the_document_wants_it() {
    for algorithm in ["none", "None", "NONE", "nOnE", "", "RS1", "HS257", "hs256"] {
        let header = format!("{{\"alg\":\"{algorithm}\"}}");
        let token = signed(&header, &claims(""));
        let ended = run(&simple(""), bearer(&token));
        assert!(!ended.forwarded(), "{algorithm}");
        assert_eq!(
            &*ended.error().reason,
            "TokenSignatureInvalid",
            "{algorithm}"
        );
    }
    let unsigned = signed(r#"{"alg":"none"}"#, &claims(""));
    let document = jwt(
        "header-name=\"Authorization\" require-signed-tokens=\"false\"",
        &keys(&secret()),
    );
    assert!(codes(&problems(&document)).contains(&"FailsOpen"));
    assert!(run(&document, bearer(&unsigned)).forwarded());
    // `none` with a signature is nothing, and what is signed must be signed well.
    for token in [
        unsigned + "AAAA",
        signed(r#"{"alg":"None"}"#, &claims("")),
        hs256(&claims("")) + "AAAA",
    ] {
        assert!(!run(&document, bearer(&token)).forwarded(), "{token}");
    }
    // A signature that was cut off is not an unsigned token.
    let cut = hs256(&claims(""));
    let cut = format!("{}.", cut.rsplit_once('.').unwrap().0);
    assert!(!run(&document, bearer(&cut)).forwarded());
}

#[test]
fn a_public_key_is_never_taken_for_a_secret() {
    // The world would take any signature of the right kind: that no key suits is decided before.
    let rsa = keys("<key n=\"qqqq\" e=\"AQAB\"/>");
    let certificate = keys("<key certificate-id=\"ca\"/>");
    for key in [&rsa, &certificate] {
        let document = jwt("header-name=\"Authorization\"", key);
        let good = signed(r#"{"alg":"RS256"}"#, &claims(""));
        assert!(run(&document, bearer(&good)).forwarded(), "{key}");
        assert_refused(
            &run(&document, bearer(&hs256(&claims("")))),
            "TokenSignatureKeyNotFound",
            "There is no key for the JWT's algorithm. Access denied.",
        );
    }
    let rs256 = signed(r#"{"alg":"RS256"}"#, &claims(""));
    assert_eq!(
        &*run(&simple(""), bearer(&rs256)).error().reason,
        "TokenSignatureKeyNotFound"
    );
}

#[test]
fn a_wrong_signature_is_invalid() {
    let token = hs256(&claims("\"sub\":\"a\""));
    let other = hs256(&claims("\"sub\":\"b\""));
    let (_, signature) = token.rsplit_once('.').unwrap();
    let (signed_part, _) = other.rsplit_once('.').unwrap();
    assert_refused(
        &run(&simple(""), bearer(&format!("{signed_part}.{signature}"))),
        "TokenSignatureInvalid",
        "The JWT's signature is invalid. Access denied.",
    );
}

#[test]
fn every_key_is_tried_unless_one_has_the_tokens_name() {
    let named = format!(
        "<key id=\"a\">{}</key><key id=\"b\" n=\"qqqq\" e=\"AQAB\"/>",
        STANDARD.encode([7; 32])
    );
    let document = jwt("header-name=\"Authorization\"", &keys(&named));
    let with_kid = |kid: &str| {
        signed(
            &format!("{{\"alg\":\"HS256\",\"kid\":\"{kid}\"}}"),
            &claims(""),
        )
    };
    assert!(run(&document, bearer(&with_kid("a"))).forwarded());
    assert!(run(&document, bearer(&with_kid("unknown"))).forwarded());
    assert_refused(
        &run(&document, bearer(&with_kid("b"))),
        "TokenSignatureKeyNotFound",
        "There is no key with the JWT's 'kid' for its algorithm. Access denied.",
    );
}

#[test]
fn dates_are_judged_with_the_skew_that_the_document_allows() {
    let end = |seconds: i64| format!("{{\"exp\":{}}}", now() + seconds);
    let skewed = |skew: &str| {
        jwt(
            &format!("header-name=\"Authorization\" clock-skew=\"{skew}\""),
            &keys(&secret()),
        )
    };
    for (document, claims, reason) in [
        (simple(""), end(1), None),
        (simple(""), end(0), Some("TokenExpired")),
        (simple(""), end(-1), Some("TokenExpired")),
        (skewed("60"), end(-59), None),
        (skewed("60"), end(-60), Some("TokenExpired")),
        (skewed("00:01:00"), end(-59), None),
        (skewed("@(30 + 30)"), end(-59), None),
        (simple(""), "{}".to_owned(), Some("JwtInvalid")),
        (simple(""), "{\"exp\":\"x\"}".to_owned(), Some("JwtInvalid")),
        (simple(""), "{\"exp\":1e400}".to_owned(), Some("JwtInvalid")),
        (simple(""), "{\"exp\":-1}".to_owned(), Some("TokenExpired")),
        (
            simple(""),
            claims(&format!("\"nbf\":{}", now() + 1)),
            Some("JwtInvalid"),
        ),
        (skewed("1"), claims(&format!("\"nbf\":{}", now() + 1)), None),
        (simple(""), format!("{{\"exp\":{}.5}}", now()), None),
    ] {
        let ended = run(&document, bearer(&hs256(&claims)));
        let found = ended.last_error.as_ref().map(|error| &*error.reason);
        assert_eq!(found, reason, "{claims}");
    }
    let expired = run(&simple(""), bearer(&hs256(&end(-1))));
    assert_refused(
        &expired,
        "TokenExpired",
        "The JWT has expired. Access denied.",
    );
    let endless = jwt(
        "header-name=\"Authorization\" require-expiration-time=\"false\"",
        &keys(&secret()),
    );
    assert!(run(&endless, bearer(&hs256("{}"))).forwarded());
    assert!(!run(&endless, bearer(&hs256(&end(-1)))).forwarded());
}

#[test]
fn one_audience_of_the_token_must_be_one_of_the_documents() {
    let document = simple(
        "<audiences><audience>a</audience><audience>@(context.Request.OriginalUrl.Host)</audience></audiences>",
    );
    for (claim, accepted) in [
        ("\"aud\":\"a\"", true),
        ("\"aud\":\"a/\"", true),
        ("\"aud\":[\"x\",\"gateway.example.com\"]", true),
        ("\"aud\":\"A\"", false),
        ("\"aud\":\"a//\"", false),
        ("\"aud\":[]", false),
        ("\"aud\":\"\"", false),
        ("\"sub\":\"a\"", false),
    ] {
        let ended = run(&document, bearer(&hs256(&claims(claim))));
        assert_eq!(ended.forwarded(), accepted, "{claim}");
        if !accepted {
            assert_refused(
                &ended,
                "TokenAudienceNotAllowed",
                "The JWT is for another audience. Access denied.",
            );
        }
    }
    let wrong = run(&document, bearer(&hs256(&claims("\"aud\":{\"a\":1}"))));
    assert_eq!(&*wrong.error().reason, "JwtInvalid");
}

#[test]
fn the_issuer_must_be_one_of_the_documents() {
    let document = simple("<issuers><issuer>https://id.example</issuer></issuers>");
    let token = |issuer: &str| hs256(&claims(&format!("\"iss\":{issuer}")));
    assert!(run(&document, bearer(&token("\"https://id.example\""))).forwarded());
    for other in ["\"https://id.example/\"", "\"\"", "null"] {
        assert_refused(
            &run(&document, bearer(&token(other))),
            "TokenIssuerNotAllowed",
            "The JWT is from another issuer. Access denied.",
        );
    }
    assert_eq!(
        &*run(&document, bearer(&token("[\"https://id.example\"]")))
            .error()
            .reason,
        "JwtInvalid"
    );
}

#[test]
fn required_claims_are_matched_by_all_or_any_of_their_values() {
    let claim = |attributes: &str, values: &str| {
        simple(&format!(
            "<required-claims><claim name=\"scp\" {attributes}>{values}</claim></required-claims>"
        ))
    };
    let two = "<value>read</value><value>write</value>";
    for (document, token, accepted) in [
        (claim("", ""), "\"scp\":\"x\"", true),
        (
            claim("match=\"all\"", two),
            "\"scp\":[\"read\",\"write\",\"x\"]",
            true,
        ),
        (claim("", two), "\"scp\":[\"read\"]", false),
        (claim("match=\"any\"", two), "\"scp\":[\"read\"]", true),
        (claim("match=\"any\"", two), "\"scp\":\"READ\"", false),
        (claim("match=\"any\"", two), "\"scp\":\"read write\"", false),
        (
            claim("match=\"all\" separator=\" \"", two),
            "\"scp\":\"write read\"",
            true,
        ),
        (claim("separator=\",\"", two), "\"scp\":\"read,x\"", false),
        (claim("", "<value>true</value>"), "\"scp\":true", true),
        (claim("", "<value>12</value>"), "\"scp\":12", true),
        (
            claim("", "<value>@((string)null)</value>"),
            "\"scp\":\"\"",
            false,
        ),
        (
            claim("", "<value>@(\"re\" + \"ad\")</value>"),
            "\"scp\":\"read\"",
            true,
        ),
    ] {
        let ended = run(&document, bearer(&hs256(&claims(token))));
        assert_eq!(ended.forwarded(), accepted, "{token} {document}");
        if !accepted {
            assert_eq!(&*ended.error().reason, "TokenClaimValueNotAllowed");
        }
    }
    let ended = run(
        &claim("", two),
        bearer(&hs256(&claims("\"scp\":[\"read\",\"x\"]"))),
    );
    assert_refused(
        &ended,
        "TokenClaimValueNotAllowed",
        "Claim scp value of read,x is not allowed. Access denied.",
    );
}

#[test]
fn all_claims_that_are_missing_are_named() {
    let document = simple(
        "<required-claims><claim name=\"b\"/><claim name=\"a\"><value>1</value></claim><claim name=\"sub\"/></required-claims>",
    );
    assert_refused(
        &run(&document, bearer(&hs256(&claims("\"sub\":\"x\"")))),
        "TokenClaimNotFound",
        "JWT token is missing the following claims: b, a. Access denied.",
    );
}

#[test]
fn the_token_is_in_a_variable_when_it_is_good() {
    let document = jwt(
        "header-name=\"Authorization\" output-token-variable-name=\"jwt\"",
        &keys(&secret()),
    )
    .replace(
        "</validate-jwt>",
        "</validate-jwt><set-header name=\"X-Sub\" exists-action=\"override\"><value>@(((Jwt)context.Variables[\"jwt\"]).Subject + \" \" + ((Jwt)context.Variables[\"jwt\"]).Claims.GetValueOrDefault(\"roles\", \"\"))</value></set-header>",
    );
    let token = hs256(&claims("\"sub\":\"me\",\"roles\":[\"a\",\"b\"]"));
    let ended = run(&document, bearer(&token));
    assert_eq!(
        ended.context.request.headers.get("x-sub").unwrap(),
        "me a,b"
    );
    let refused = run(&document, bearer("x"));
    assert!(!refused.context.variables.contains_key("jwt"));
}

#[test]
fn slips_in_documents_are_found_when_they_are_saved() {
    for (document, code) in [
        (jwt("", &keys(&secret())), "InvalidAttributes"),
        (
            jwt("header-name=\"a\" token-value=\"b\"", &keys(&secret())),
            "InvalidAttributes",
        ),
        (jwt("header-name=\"a b\"", &keys(&secret())), "InvalidValue"),
        (simple("<audiences/>"), "MissingElement"),
        (simple("<issuers></issuers>"), "MissingElement"),
        (simple("<decryption-keys/>"), "NotSupported"),
        (simple("<issuer/>"), "UnknownElement"),
        (
            simple("<issuers><issuer>a</issuer></issuers><issuers><issuer>b</issuer></issuers>"),
            "UnexpectedElement",
        ),
        (simple("<openid-config url=\"x\"/>"), "InvalidValue"),
        (simple("<openid-config/>"), "MissingAttribute"),
        (
            jwt("header-name=\"a\"", &keys("<key certificate-id=\"no\"/>")),
            "UnknownReference",
        ),
        (
            jwt("header-name=\"a\"", &keys("<key n=\"AQAB\"/>")),
            "InvalidAttributes",
        ),
        (
            jwt("header-name=\"a\" clock-skew=\"x\"", &keys(&secret())),
            "InvalidValue",
        ),
        (
            simple("<required-claims><claim match=\"all\"/></required-claims>"),
            "MissingAttribute",
        ),
        (
            simple("<required-claims><claim name=\"a\" match=\"some\"/></required-claims>"),
            "InvalidValue",
        ),
    ] {
        assert!(codes(&errors(&document)).contains(&code), "{document}");
    }
}

#[test]
fn a_key_that_can_verify_nothing_is_warned_about_without_being_shown() {
    for (key, code) in [
        ("<key>{signing-key}</key>", "InvalidValue"),
        ("<key>c2VjcmV0</key>", "WeakKey"),
    ] {
        let found = problems(&jwt("header-name=\"a\"", &keys(key)));
        assert_eq!(codes(&found), [code]);
        assert!(!format!("{found:?}").contains("c2VjcmV0"));
    }
    assert_eq!(
        codes(&problems(&jwt("header-name=\"a\"", ""))),
        ["MissingElement"]
    );
}

/// A provider of keys, each a `kid` and perhaps the issuer it is for.
fn provider(issuer: &str, keys: &[(&str, Option<&str>)]) -> Arc<Provider> {
    let keys: Vec<String> = keys
        .iter()
        .map(|(id, issuer)| {
            let issuer = issuer.map_or(String::new(), |issuer| format!(",\"issuer\":\"{issuer}\""));
            format!("{{\"kty\":\"RSA\",\"n\":\"qqqq\",\"e\":\"AQAB\",\"kid\":\"{id}\"{issuer}}}")
        })
        .collect();
    let document = format!("{{\"keys\":[{}]}}", keys.join(","));
    Arc::new(Provider {
        issuer: issuer.into(),
        keys: KeySet::parse(document.as_bytes()).unwrap(),
    })
}

fn rs256(kid: &str, claims: &str) -> String {
    signed(&format!("{{\"alg\":\"RS256\",\"kid\":\"{kid}\"}}"), claims)
}

fn publishing(providers: &[(&'static str, &[Arc<Provider>])]) -> Script {
    let mut script = Script::default();
    for (path, published) in providers {
        script
            .providers
            .insert(path, published.iter().cloned().collect());
    }
    script
}

fn openid(paths: &[&str]) -> String {
    let configs: String = paths
        .iter()
        .map(|path| format!("<openid-config url=\"https://id.example{path}\"/>"))
        .collect();
    jwt("header-name=\"Authorization\"", &configs)
}

#[test]
fn a_provider_signs_for_itself_and_for_no_other_that_is_believed() {
    let a = provider("https://a", &[("ka", None)]);
    let b = provider("https://b", &[("kb", None)]);
    let document = openid(&["/a", "/b"]);
    for (kid, issuer, accepted) in [
        ("ka", "https://a", true),
        ("kb", "https://b", true),
        ("ka", "https://b", false),
        ("kb", "https://a", false),
    ] {
        let mut script = publishing(&[("/a", from_ref(&a)), ("/b", from_ref(&b))]);
        let token = rs256(kid, &claims(&format!("\"iss\":\"{issuer}\"")));
        let ended = script.play(&program(&document), bearer(&token));
        assert_eq!(ended.forwarded(), accepted, "{kid} {issuer}");
        if !accepted {
            assert_eq!(&*ended.error().reason, "TokenIssuerNotAllowed");
        }
    }
    let listed = document.replace(
        "</validate-jwt>",
        "<issuers><issuer>https://b</issuer></issuers></validate-jwt>",
    );
    let mut script = publishing(&[("/a", &[a]), ("/b", &[b])]);
    let token = rs256("ka", &claims("\"iss\":\"https://a\""));
    let ended = script.play(&program(&listed), bearer(&token));
    assert_eq!(&*ended.error().reason, "TokenIssuerNotAllowed");
}

#[test]
fn an_unknown_key_asks_the_provider_once_more_and_a_forgery_does_not() {
    let before = provider("https://a", &[("old", None)]);
    let after = provider("https://a", &[("old", None), ("new", None)]);
    let claims = claims("\"iss\":\"https://a\"");
    let document = openid(&["/a"]);
    let mut script = publishing(&[("/a", &[before.clone(), after])]);
    let ended = script.play(&program(&document), bearer(&rs256("new", &claims)));
    assert!(ended.forwarded());
    assert_eq!(script.log, ["provider /a", "provider /a anew", "forward"]);
    let mut script = publishing(&[("/a", from_ref(&before))]);
    let ended = script.play(&program(&document), bearer(&rs256("never", &claims)));
    assert_refused(
        &ended,
        "TokenSignatureKeyNotFound",
        "There is no key with the JWT's 'kid' for its algorithm. Access denied.",
    );
    assert_eq!(script.log, ["provider /a", "provider /a anew"]);
    let mut script = publishing(&[("/a", &[before])]);
    let forged = rs256("old", &claims);
    let forged = format!("{}.AAAA", forged.rsplit_once('.').unwrap().0);
    let ended = script.play(&program(&document), bearer(&forged));
    assert_eq!(&*ended.error().reason, "TokenSignatureInvalid");
    assert_eq!(script.log, ["provider /a"]);
}

#[test]
fn a_provider_that_is_down_refuses_its_tokens_and_not_those_of_others() {
    let b = provider("https://b", &[("kb", None)]);
    let document = openid(&["/down", "/b"]);
    let mut script = publishing(&[("/b", &[b])]);
    let token = rs256("kb", &claims("\"iss\":\"https://b\""));
    assert!(script.play(&program(&document), bearer(&token)).forwarded());
    let token = rs256("ka", &claims("\"iss\":\"https://a\""));
    let ended = script.play(&program(&document), bearer(&token));
    assert_refused(
        &ended,
        "TokenSignatureKeyNotFound",
        "There is no key with the JWT's 'kid' for its algorithm (the keys of https://id.example cannot be had: no such provider). Access denied.",
    );
    assert_eq!(
        ended.body,
        r#"{ "statusCode": 401, "message": "Invalid JWT." }"#
    );
}

#[test]
fn a_shared_secret_of_a_provider_verifies_nothing() {
    let document = br#"{"keys":[{"kty":"oct","k":"BwcHBwcHBwcHBwcHBwcHBw","kid":"a"}]}"#;
    let published = Arc::new(Provider {
        issuer: "https://a".into(),
        keys: KeySet::parse(document).unwrap(),
    });
    let mut script = publishing(&[("/a", &[published])]);
    let token = signed(
        r#"{"alg":"HS256","kid":"a"}"#,
        &claims("\"iss\":\"https://a\""),
    );
    let ended = script.play(&program(&openid(&["/a"])), bearer(&token));
    assert_eq!(&*ended.error().reason, "TokenSignatureKeyNotFound");
}

const TENANT: &str = "00000000-1111-2222-3333-444444444444";
const APPLICATION: &str = "99999999-1111-2222-3333-444444444444";

fn entra(attributes: &str, children: &str) -> String {
    format!(
        "<policies><inbound><validate-azure-ad-token {attributes}>{children}</validate-azure-ad-token></inbound></policies>"
    )
}

#[test]
fn tokens_of_entra_are_judged_by_the_document_of_their_version() {
    const V1: &str = "/00000000-1111-2222-3333-444444444444/.well-known/openid-configuration";
    const V2: &str = "/00000000-1111-2222-3333-444444444444/v2.0/.well-known/openid-configuration";
    let sts = format!("https://sts.windows.net/{TENANT}/");
    let login = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let document = entra(
        &format!("tenant-id=\"{TENANT}\""),
        &format!(
            "<client-application-ids><application-id>{APPLICATION}</application-id></client-application-ids>"
        ),
    );
    for (more, log, reason) in [
        (
            format!("\"ver\":\"2.0\",\"iss\":\"{login}\",\"azp\":\"{APPLICATION}\""),
            V2,
            None,
        ),
        (
            format!("\"ver\":\"1.0\",\"iss\":\"{sts}\",\"appid\":\"{APPLICATION}\""),
            V1,
            None,
        ),
        (
            format!("\"iss\":\"{sts}\",\"appid\":\"{APPLICATION}\""),
            V1,
            None,
        ),
        (
            format!("\"ver\":\"2.0\",\"iss\":\"{sts}\",\"azp\":\"{APPLICATION}\""),
            V2,
            Some("TokenIssuerNotAllowed"),
        ),
        (
            format!("\"ver\":\"2.0\",\"iss\":\"{login}\",\"azp\":\"{TENANT}\""),
            V2,
            Some("TokenClaimValueNotAllowed"),
        ),
        (
            format!("\"ver\":\"2.0\",\"iss\":\"{login}\",\"appid\":\"{APPLICATION}\""),
            V2,
            Some("TokenClaimNotFound"),
        ),
    ] {
        let mut script = publishing(&[
            (V1, &[provider(&sts, &[("k", None)])]),
            (V2, &[provider(&login, &[("k", None)])]),
        ]);
        let token = rs256("k", &claims(&more));
        let ended = script.play(&program(&document), bearer(&token));
        let found = ended.last_error.as_ref().map(|error| &*error.reason);
        assert_eq!(found, reason, "{more}");
        assert_eq!(script.log[0], format!("entra {log}"), "{more}");
    }
}

#[test]
fn any_organization_is_any_tenant_and_no_personal_account() {
    const PATH: &str = "/organizations/v2.0/.well-known/openid-configuration";
    const TEMPLATE: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";
    const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let document = entra(
        "tenant-id=\"https://login.microsoftonline.com/organizations\"",
        "<audiences><audience>a</audience></audiences>",
    );
    let one = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    for (tenant, issuer, key, accepted) in [
        (TENANT, TENANT, None, true),
        (TENANT, TENANT, Some(TEMPLATE), true),
        (TENANT, TENANT, Some(one.as_str()), true),
        (APPLICATION, APPLICATION, Some(one.as_str()), false),
        (TENANT, APPLICATION, None, false),
        (PERSONAL, PERSONAL, None, false),
        ("x", "x", None, false),
    ] {
        let mut script = publishing(&[(PATH, &[provider(TEMPLATE, &[("k", key)])])]);
        let more = format!(
            "\"ver\":\"2.0\",\"aud\":\"a\",\"tid\":\"{tenant}\",\"iss\":\"https://login.microsoftonline.com/{issuer}/v2.0\""
        );
        let ended = script.play(&program(&document), bearer(&rs256("k", &claims(&more))));
        assert_eq!(ended.forwarded(), accepted, "{more} {key:?}");
    }
}

#[test]
fn a_backend_application_is_an_audience_in_both_its_spellings() {
    const PATH: &str = "/contoso.example/.well-known/openid-configuration";
    let document = entra(
        "tenant-id=\"contoso.example\"",
        "<backend-application-ids><application-id>app</application-id></backend-application-ids><audiences><audience>other</audience></audiences>",
    );
    for (audience, accepted) in [
        ("app", true),
        ("api://app", true),
        ("other", true),
        ("x", false),
    ] {
        let mut script = publishing(&[(PATH, &[provider("https://i", &[("k", None)])])]);
        let more = format!("\"iss\":\"https://i\",\"aud\":\"{audience}\"");
        let ended = script.play(&program(&document), bearer(&rs256("k", &claims(&more))));
        assert_eq!(ended.forwarded(), accepted, "{audience}");
    }
}

#[test]
fn another_cloud_is_asked_at_its_own_endpoint() {
    let audiences = "<audiences><audience>a</audience></audiences>";
    for (endpoint, asked) in [
        (
            "https://login.microsoftonline.us",
            "provider /t/.well-known/openid-configuration",
        ),
        (
            "login.microsoftonline.us",
            "provider /t/.well-known/openid-configuration",
        ),
        (
            "https://login.microsoftonline.com",
            "entra /t/.well-known/openid-configuration",
        ),
    ] {
        let document = entra(
            &format!("tenant-id=\"t\" authentication-endpoint=\"{endpoint}\""),
            audiences,
        );
        let mut script = Script::default();
        script.play(&program(&document), bearer(&rs256("k", &claims(""))));
        assert_eq!(script.log[0], asked, "{endpoint}");
    }
}

#[test]
fn slips_about_entra_are_found_when_documents_are_saved() {
    let audiences = "<audiences><audience>a</audience></audiences>";
    for (document, code) in [
        (entra("", audiences), "MissingAttribute"),
        (entra("tenant-id=\"{tenant}\"", audiences), "InvalidValue"),
        (entra("tenant-id=\"t\"", ""), "FailsOpen"),
        (
            entra("tenant-id=\"t\" authentication-endpoint=\"a b\"", audiences),
            "InvalidValue",
        ),
        (entra("tenant-id=\"t\"", "<issuers/>"), "UnknownElement"),
        (
            entra("tenant-id=\"t\"", "<decryption-keys/>"),
            "NotSupported",
        ),
    ] {
        assert!(codes(&problems(&document)).contains(&code), "{document}");
    }
    let placeholder = program(&entra("tenant-id=\"{tenant}\"", audiences));
    let ended = Script::default().play(&placeholder, bearer(&rs256("k", &claims(""))));
    assert_eq!(&*ended.error().reason, "TokenIssuerNotAllowed");
}

fn identity(attributes: &str) -> String {
    format!("<authentication-managed-identity resource=\"https://vault\" {attributes}/>")
}

#[test]
fn a_managed_identity_shows_its_token_in_the_header_or_keeps_it_in_a_variable() {
    let mut script = Script::default();
    script.token = Some("t.o.k");
    let inbound = |policies: &str| format!("<policies><inbound>{policies}</inbound></policies>");
    let ended = script.play(
        &program(&inbound(&identity("client-id=\"mine\""))),
        bearer("of-the-client"),
    );
    assert_eq!(
        ended.context.request.headers.get("authorization").unwrap(),
        "Bearer t.o.k"
    );
    assert_eq!(script.log[0], "token https://vault of mine");
    let document = inbound(&identity("output-token-variable-name=\"t\"")).replace(
        "</inbound>",
        "<set-header name=\"X-T\" exists-action=\"override\"><value>@((string)context.Variables[\"t\"])</value></set-header></inbound>",
    );
    let ended = script.play(&program(&document), bearer("of-the-client"));
    let headers = &ended.context.request.headers;
    assert_eq!(
        headers.get("authorization").unwrap(),
        "Bearer of-the-client"
    );
    assert_eq!(headers.get("x-t").unwrap(), "t.o.k");
}

#[test]
fn a_request_of_a_policy_carries_the_token_and_the_clients_does_not() {
    let mut script = Script::default().server("/s", 200, "");
    script.token = Some("t.o.k");
    let document = format!(
        "<policies><inbound><send-request mode=\"new\" response-variable-name=\"r\"><set-url>https://example.com/s</set-url><set-method>GET</set-method>{}</send-request></inbound></policies>",
        identity("")
    );
    let ended = script.play(&program(&document), context());
    assert_eq!(
        script.sent[0].headers.get("authorization").unwrap(),
        "Bearer t.o.k"
    );
    assert!(!ended.context.request.headers.contains_key("authorization"));
}

#[test]
fn without_a_token_the_request_fails_unless_the_document_does_not_mind() {
    let inbound = |policies: &str| format!("<policies><inbound>{policies}</inbound></policies>");
    let ended = Script::default().play(&program(&inbound(&identity(""))), context());
    assert_eq!(
        (
            ended.status,
            &*ended.error().reason,
            &*ended.error().message
        ),
        (
            500,
            "InvalidConfiguration",
            "no managed identity is configured"
        )
    );
    let careless = program(&inbound(&identity("ignore-error=\"true\"")));
    let ended = Script::default().play(&careless, bearer("of-the-client"));
    assert!(ended.forwarded());
    assert_eq!(
        ended.context.request.headers.get("authorization").unwrap(),
        "Bearer of-the-client"
    );
    assert!(
        codes(&errors(&inbound("<authentication-managed-identity/>")))
            .contains(&"MissingAttribute")
    );
}
