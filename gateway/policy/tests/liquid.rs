//! `set-body template="liquid"`.
//!
//! Sources: "set-body" is the documentation page of the policy, "Liquid" the language's reference,
//! "`DotLiquid`" the rules of its first level of compatibility, "SOAP" the templates that APIM makes when
//! it imports a SOAP API as REST.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use bytes::Bytes;
use gateway_policy::context::{Body, Context};
use gateway_policy::program::Scope;
use http::header::{CONTENT_TYPE, HeaderValue};
use support::*;

const ORDER: &str = r#"{"id": 7, "name": "Ada Lovelace", "price": 12.50, "paid": true, "none": null,
 "when": "2024-03-01T13:05:09Z", "tags": ["b", "a", "B", "a"], "numbers": [3, 1, 2],
 "items": [{"n": "x", "q": 2}, {"n": "y", "q": 1}], "nested": {"k": "v", "list": [[1, 2], 3]},
 "html": "<p>A &amp; <b>b</b></p>", "blank": "  ", "lines": "a\r\nb\nc", "first": "member"}"#;

fn posting(body: &str, media_type: &'static str) -> Context {
    let mut context = context();
    context.request.body = Body::Bytes(Bytes::copy_from_slice(body.as_bytes()));
    let headers = &mut context.request.headers;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert("x-two", HeaderValue::from_static("1"));
    headers.append("x-two", HeaderValue::from_static("2"));
    context.request.url.path = "/orders".into();
    context.request.url.query = "a=1&b=two+words".into();
    context.request.matched_parameters = vec![("emailAddress".into(), "a@b".into())];
    context
}

fn policy(template: &str, attributes: &str) -> String {
    // As CDATA cannot be: markup in a template is XML of the document.
    let escaped = template.replace('&', "&amp;").replace('<', "&lt;");
    format!("<set-body template=\"liquid\" {attributes}>{escaped}</set-body>")
}

fn body_of(ended: Ended) -> String {
    assert!(ended.forwarded(), "{:?}", ended.last_error);
    match ended.context.request.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        _ => String::new(),
    }
}

#[track_caller]
fn rendered(template: &str, attributes: &str, context: Context) -> String {
    let program = program(&policy(template, attributes));
    body_of(run(&program, context, &World::default()))
}

#[track_caller]
fn check_rows(rows: &[(&str, &str, &str)]) {
    for (template, expected, source) in rows {
        let result = rendered(template, "", posting(ORDER, "application/json"));
        assert_eq!(&result, expected, "{template} ({source})");
    }
}

#[test]
fn outputs_and_paths_give_what_the_body_and_the_context_have() {
    check_rows(&[
        ("{{body.id}}", "7", "set-body"),
        ("{{ body.name }}", "Ada Lovelace", "set-body"),
        ("{{body[\"name\"]}}", "Ada Lovelace", "Liquid, Types"),
        ("[{{body.missing.deep}}]", "[]", "Liquid, Nil"),
        ("[{{body.none}}]", "[]", "Liquid, Nil"),
        ("{{body.paid}}", "true", "DotLiquid: truth values are small"),
        ("{{body.price}}", "12.5", ".NET, Double.ToString"),
        ("{{body.items[1].n}}", "y", "Liquid, Array"),
        ("{{body.items[-1].n}}", "y", "DotLiquid, negative indexes"),
        ("[{{body.items[9].n}}]", "[]", "Liquid, Array"),
        ("{{body.items.size}}", "2", "Liquid, size"),
        (
            "{{body.numbers.first}}{{body.numbers.last}}",
            "32",
            "Liquid, first and last",
        ),
        ("{{body.first}}", "member", "DotLiquid: a member wins"),
        (
            "{{body.tags}}",
            "baBa",
            "DotLiquid: lists are written one after another",
        ),
        (
            "{{body.nested.list}}",
            "123",
            "DotLiquid: lists are written one after another",
        ),
        (
            "{{body.when}}",
            "03/01/2024 13:05:09",
            "set-body, parse-date",
        ),
        (
            "{{ 'quoted' }}{{ \"double\" }}",
            "quoteddouble",
            "Liquid, String",
        ),
        (
            "{{ 12.50 }}",
            "12.5",
            "DotLiquid: decimals end without zeros",
        ),
        ("{{ }}|", "|", "Liquid"),
        ("{{context.Request.Method}}", "GET", "set-body, context"),
        (
            "{{context.Request.Url.Path}}",
            "/orders",
            "set-body, context",
        ),
        (
            "{{context.Request.Url.QueryString}}",
            "?a=1&b=two+words",
            "set-body, context",
        ),
        (
            "{{context.Request.Url.Query.b}}",
            "two words",
            "set-body, context",
        ),
        ("{{query.b}}", "two words", "SOAP"),
        (
            "{{context.Request.Headers[\"X-Two\"][1]}}",
            "2",
            "set-body, context",
        ),
        (
            "{{context.Request.MatchedParameters[\"emailAddress\"]}}",
            "a@b",
            "set-body, context",
        ),
        ("{{context.Request.HasBody}}", "true", "set-body, context"),
        (
            "[{{context.Response.StatusCode}}]",
            "[]",
            "set-body: no response yet",
        ),
    ]);
}

#[test]
fn conditions_take_the_branch_that_holds() {
    check_rows(&[
        (
            "{% if body.id == 7 %}y{% else %}n{% endif %}",
            "y",
            "Liquid, if",
        ),
        (
            "{% if body.id == '7' %}y{% else %}n{% endif %}",
            "y",
            "DotLiquid: types are converted",
        ),
        (
            "{% if body.id > 6.5 %}y{% else %}n{% endif %}",
            "y",
            ".NET, Convert.ChangeType: 6.5 is 6",
        ),
        (
            "{% if body.id != 7 %}y{% elsif body.paid %}e{% endif %}",
            "e",
            "Liquid, elsif",
        ),
        (
            "{% if body.none %}y{% else %}n{% endif %}",
            "n",
            "Liquid, Truthy and falsy",
        ),
        (
            "{% if body.blank %}y{% else %}n{% endif %}",
            "y",
            "Liquid: a string is truthy",
        ),
        (
            "{% if body.none > 1 %}y{% else %}n{% endif %}",
            "n",
            "DotLiquid: null compares to nothing",
        ),
        (
            "{% if body.blank == blank %}y{% endif %}",
            "y",
            "DotLiquid, blank",
        ),
        (
            "{% if body.missing == nil %}y{% endif %}",
            "y",
            "Liquid, nil",
        ),
        (
            "{% if body.tags contains 'a' %}y{% endif %}",
            "y",
            "Liquid, contains",
        ),
        (
            "{% if body.name contains 'Love' %}y{% endif %}",
            "y",
            "Liquid, contains",
        ),
        (
            "{% if body.numbers contains '1' %}y{% else %}n{% endif %}",
            "n",
            "DotLiquid: text is no number here",
        ),
        (
            "{% if body.name startsWith 'Ada' %}y{% endif %}",
            "y",
            "DotLiquid, startsWith",
        ),
        (
            "{% if body.nested hasKey 'k' %}y{% endif %}",
            "y",
            "DotLiquid, hasKey",
        ),
        (
            "{% if false and false or true %}y{% else %}n{% endif %}",
            "n",
            "Liquid: from the right",
        ),
        (
            "{% if true or false and false %}y{% else %}n{% endif %}",
            "y",
            "Liquid: from the right",
        ),
        (
            "{% unless body.paid %}y{% else %}n{% endunless %}",
            "n",
            "Liquid, unless",
        ),
        (
            "{% case body.id %}{% when 1, 7 %}a{% when 8 %}b{% else %}c{% endcase %}",
            "a",
            "Liquid, case",
        ),
        (
            "{% case body.id %}{% when 1 or 2 %}a{% else %}c{% endcase %}",
            "c",
            "Liquid, case",
        ),
    ]);
}

#[test]
fn loops_go_through_lists_objects_and_ranges() {
    check_rows(&[
        (
            "{% for i in body.items %}{{i.n}}{{i.q}};{% endfor %}",
            "x2;y1;",
            "Liquid, for",
        ),
        (
            "{% for i in (1..3) %}{{i}}{% endfor %}",
            "123",
            "Liquid, ranges",
        ),
        (
            "{% for i in (1..body.id) reversed %}{{i}}{% endfor %}",
            "7654321",
            "Liquid, reversed",
        ),
        (
            "{% for i in (1..9) limit:2 offset:3 %}{{i}}{% endfor %}",
            "45",
            "Liquid, limit and offset",
        ),
        (
            "{% for i in (1..9) limit:2 %}{{i}}{% endfor %}{% for i in (1..9) limit:2 offset:continue %}{{i}}{% endfor %}",
            "1234",
            "Liquid, offset:continue",
        ),
        (
            "{% for i in body.none %}x{% else %}none{% endfor %}",
            "none",
            "Liquid, else",
        ),
        (
            "{% for i in (1..5) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{i}}{% endfor %}",
            "13",
            "Liquid, break and continue",
        ),
        (
            "{% for i in (1..2) %}{{forloop.index}}{{forloop.index0}}{{forloop.rindex}}{{forloop.rindex0}}{{forloop.first}}{{forloop.last}}{{forloop.length}} {% endfor %}",
            "1021truefalse2 2110falsetrue2 ",
            "Liquid, forloop",
        ),
        (
            "{% for p in body.nested limit:1 %}{{p.Key}}={{p.Value}}{% endfor %}",
            "k=v",
            "DotLiquid, pairs",
        ),
        (
            "{% JSONArrayFor i in body.items %}{{i.q}}{% endJSONArrayFor %}",
            "2,1",
            "SOAP, JSONArrayFor",
        ),
        (
            "{% for i in (1..4) %}{% cycle 'a', 'b', 'c' %}{% endfor %}",
            "abca",
            "Liquid, cycle",
        ),
    ]);
}

#[test]
fn variables_and_the_other_tags_work() {
    check_rows(&[
        (
            "{% assign x = body.id | Plus: 1 %}{{x}}",
            "8",
            "Liquid, assign",
        ),
        (
            "{% capture x %}<{{body.id}}>{% endcapture %}{{x}}",
            "<7>",
            "Liquid, capture",
        ),
        (
            "{% increment n %}{% increment n %}{% decrement m %}",
            "01-1",
            "Liquid, increment and decrement",
        ),
        (
            "a{% comment %}{{ | }}{% endcomment %}b",
            "ab",
            "Liquid, comment",
        ),
        (
            "{% raw %}{{ body }}{% endraw %}",
            "{{ body }}",
            "Liquid, raw",
        ),
        (
            "{% for i in (1..3) %}{% ifchanged %}same{% endifchanged %}{% endfor %}",
            "same",
            "DotLiquid, ifchanged",
        ),
        (
            "a \t{{- body.id -}}  b",
            "a7b",
            "Liquid, whitespace control",
        ),
        (
            "a\n{{- body.id -}}\n\nb",
            "a\n7\nb",
            "DotLiquid: no line break before, one after",
        ),
        (
            "{{{body.id}}}",
            "7}",
            "DotLiquid: the first two braces count",
        ),
    ]);
}

#[test]
fn filters_on_texts_follow_dotliquid() {
    check_rows(&[
        ("{{body.name | Upcase}}", "ADA LOVELACE", "Liquid, upcase"),
        (
            "{{body.name | Downcase}}",
            "ada lovelace",
            "Liquid, downcase",
        ),
        (
            "{{'title of it' | Capitalize}}",
            "Title Of It",
            "DotLiquid: every word",
        ),
        (
            "{{'a' | Append: 'b' | Prepend: 'c'}}",
            "cab",
            "Liquid, append",
        ),
        (
            "{{'a.b.c' | Replace: '[.]', '-'}}",
            "a-b-c",
            "DotLiquid: a regular expression",
        ),
        (
            "{{'ab' | Replace: '(a)(b)', '$2$1'}}",
            "ba",
            "DotLiquid: groups",
        ),
        (
            "{{'say \"hi\"' | Replace: '([^\\\\](\\\\\\\\)*)\"', '$1\\\"'}}",
            "say \\\"hi\\\"",
            "SOAP: quotes escaped",
        ),
        (
            "{{'aXbX' | ReplaceFirst: 'X', '$0'}}",
            "a$0bX",
            "DotLiquid: the text as it stands",
        ),
        ("{{'a.b.' | Remove: '.'}}", "ab", "Liquid, remove"),
        (
            "{{'a-b-' | RemoveFirst: '-'}}",
            "ab-",
            "Liquid, remove_first",
        ),
        (
            "{{body.html | StripHtml}}",
            "A &amp; b",
            "Liquid, strip_html",
        ),
        (
            "{{'<a href=\"x\">' | Escape}}",
            "&lt;a href=&quot;x&quot;&gt;",
            ".NET, WebUtility.HtmlEncode",
        ),
        (
            "{{'a b&c' | UrlEncode}}",
            "a+b%26c",
            ".NET, WebUtility.UrlEncode",
        ),
        (
            "{{'a+b%26c' | UrlDecode}}",
            "a b&c",
            ".NET, WebUtility.UrlDecode",
        ),
        (
            "[{{'  x ' | Strip}}][{{'  x ' | Lstrip}}][{{'  x ' | Rstrip}}]",
            "[x][x ][  x]",
            "Liquid, strip",
        ),
        (
            "{{body.lines | StripNewlines}}",
            "abc",
            "Liquid, strip_newlines",
        ),
        (
            "{{body.lines | NewlineToBr}}",
            "a<br />\r\nb<br />\nc",
            "DotLiquid, NewlineToBr",
        ),
        (
            "{{'Ground control to Major Tom.' | Truncate: 20}}",
            "Ground control to...",
            "Liquid, truncate",
        ),
        (
            "{{'Ground control' | Truncate: 8, ''}}",
            "Ground c",
            "Liquid, truncate",
        ),
        (
            "{{'Ground control to Major Tom.' | TruncateWords: 3}}",
            "Ground control to...",
            "Liquid, truncatewords",
        ),
        (
            "{{body.missing | Default: 'd'}}{{body.blank | Default: 'e'}}{{body.id | Default: 1}}",
            "de7",
            "DotLiquid, Default",
        ),
        (
            "{{body.when | Date: 'yyyyMMddTHH:mm:ssZ'}}",
            "20240301T13:05:09Z",
            "set-body, C# mode",
        ),
        (
            "{{'2024-02-29' | Date: 'dd MMM yyyy'}}",
            "29 Feb 2024",
            ".NET, custom date formats",
        ),
        ("{{'no date' | Date: 'yyyy'}}", "no date", "DotLiquid, Date"),
    ]);
}

#[test]
fn filters_on_numbers_and_lists_follow_dotliquid() {
    check_rows(&[
        (
            "{{body.id | Plus: 1}}{{body.id | Minus: 9}}",
            "8-2",
            "Liquid, plus and minus",
        ),
        ("{{'1' | Plus: 1}}", "11", "DotLiquid: a text is continued"),
        ("{{body.id | Times: 1.5}}", "10.5", "DotLiquid: decimal"),
        ("{{0.1 | Plus: 10 | Minus: 10}}", "0.1", "DotLiquid: exact"),
        (
            "{{body.id | DividedBy: 2}} {{body.id | DividedBy: 2.0}} {{body.id | Modulo: 4}}",
            "3 3.5 3",
            "Liquid, divided_by",
        ),
        (
            "{{2.5 | Round}} {{3.14159 | Round: 2}}",
            "2 3.14",
            ".NET, Math.Round(Decimal)",
        ),
        (
            "{{'-3.5' | Abs}} {{body.id | AtLeast: 9}} {{body.id | AtMost: 5}}",
            "3.5 9 5",
            "Liquid, abs, at_least, at_most",
        ),
        (
            "{{1234.5 | Currency: 'en-US'}}",
            "$1,234.50",
            ".NET, format C",
        ),
        (
            "{{body.tags | Join: ','}} {{body.numbers | Join}}",
            "b,a,B,a 3 1 2",
            "Liquid, join",
        ),
        (
            "{{body.tags | Sort | Join: ''}}",
            "aabB",
            "DotLiquid: both cases alike",
        ),
        ("{{body.numbers | Sort | Join: ''}}", "123", "Liquid, sort"),
        (
            "{{body.items | Sort: 'q' | Map: 'n' | Join: ''}}",
            "yx",
            "Liquid, sort and map",
        ),
        ("{{body.tags | Uniq | Join: ''}}", "baB", "Liquid, uniq"),
        (
            "{{body.items | Map: 'missing' | Compact | Size}}",
            "0",
            "Liquid, compact",
        ),
        (
            "{{body.name | Size}} {{body.items | Size}} {{body.none | Size}}",
            "12 2 0",
            "Liquid, size",
        ),
        (
            "{{body.tags | First}}{{body.tags | Last}}",
            "ba",
            "Liquid, first and last",
        ),
        (
            "{{'a,b,,c' | Split: ',' | Join: '-'}}",
            "a-b-c",
            "DotLiquid: empty parts are left out",
        ),
        (
            "{{body.name | Slice: 4, 4}} {{body.name | Slice: -4}} {{body.numbers | Slice: 1, 2}}",
            "Love l 12",
            "Liquid, slice",
        ),
    ]);
}

#[test]
fn a_soap_answer_becomes_json() {
    let xml = "<?xml version=\"1.0\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
        xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soap:Body><GetResponse xmlns=\"urn:x\">\
        <Result><P><Id>1</Id><N xsi:nil=\"true\"/></P><P><Id>2</Id><N>b</N></P></Result><One>x</One>\
        </GetResponse></soap:Body></soap:Envelope>";
    let rows = [
        (
            "{{body.envelope.body.GetResponse.One}}",
            "x",
            "SOAP: names of the envelope are small",
        ),
        (
            "[{% JSONArrayFor item in body.envelope.body.GetResponse.Result -%}\n{\"id\": {{item.Id}}}{% endJSONArrayFor -%}\n]",
            "[{\"id\": 1},{\"id\": 2}]",
            "SOAP",
        ),
        (
            "{% for p in body.Envelope.Body.GetResponse.Result.P %}{{p.Id}}{% endfor %}",
            "12",
            "repeated elements are a list",
        ),
        (
            "{% if body.envelope.body.fault.faultcode %}f{% else %}ok{% endif %}",
            "ok",
            "SOAP",
        ),
    ];
    for (template, expected, source) in rows {
        let result = rendered(template, "", posting(xml, "text/xml; charset=utf-8"));
        assert_eq!(result, expected, "{template} ({source})");
    }
    let nil = "{% for p in body.envelope.body.GetResponse.Result %}{% if p.N == nil %}null{% else %}[{{p.N}}]{% endif %}{% endfor %}";
    for (attribute, expected) in [
        ("", "[][b]"),
        ("xsi-nil=\"blank\"", "[][b]"),
        ("xsi-nil=\"null\"", "null[b]"),
    ] {
        let result = rendered(nil, attribute, posting(xml, "application/soap+xml"));
        assert_eq!(result, expected, "{attribute}");
    }
}

#[test]
fn dates_are_copied_when_parse_date_is_off() {
    let context = || posting(ORDER, "application/json");
    let result = rendered("{{body.when}}", "parse-date=\"false\"", context());
    assert_eq!(result, "2024-03-01T13:05:09Z");
}

#[test]
fn markup_around_outputs_stays_as_it_is_and_tags_in_it_are_not_xml() {
    let policy = "<set-body template=\"liquid\"><s:E xmlns:s=\"urn:s\"><id a=\"{{ body['id'] }}\">\
        {% if body.id > 1 %}{{body.id}}{% endif %}</id><t>a &amp; b</t></s:E></set-body>";
    let result = body_of(run(
        &program(policy),
        posting(ORDER, "application/json"),
        &World::default(),
    ));
    assert_eq!(
        result,
        "<s:E xmlns:s=\"urn:s\"><id a=\"7\">7</id><t>a &amp; b</t></s:E>"
    );
}

#[test]
fn a_body_that_is_no_json_is_the_clients_fault() {
    let program = program(&policy("{{body.id}}", ""));
    let ended = run(
        &program,
        posting("{\"id\": ", "application/json"),
        &World::default(),
    );
    assert!(!ended.forwarded());
    assert_eq!(&*ended.error().reason, "TransformationFailed");
    // Another type is text, and nothing is no body.
    assert_eq!(
        rendered("{{body}}", "", posting("{\"id\": ", "text/plain")),
        "{\"id\": "
    );
    assert_eq!(rendered("[{{body.id}}]", "", context()), "[]");
}

#[test]
fn the_response_is_the_body_in_outbound() {
    let policy = format!(
        "<outbound>{}</outbound>",
        policy("{{context.Response.StatusCode}} {{body}}", "")
    );
    let ended = run_with(
        &program(&policy),
        context(),
        &World::default(),
        &Backend::Answers(201, "made"),
    );
    assert_eq!(ended.body, "201 made");
}

#[test]
fn a_template_in_return_response_sees_the_context_but_no_body() {
    let policy = format!(
        "<return-response>{}</return-response>",
        policy("[{{body.id}}]{{context.Request.Url.Path}}", "")
    );
    let found = problems(&policy);
    assert_eq!(codes(&found), ["LiquidWithoutBody"]);
    let ended = run(
        &program(&policy),
        posting(ORDER, "application/json"),
        &World::default(),
    );
    assert_eq!(ended.body, "[]/orders");
}

#[test]
fn a_named_value_is_put_in_only_under_its_exact_name_and_adds_no_template() {
    let names = Names::default()
        .with("body.id", "named")
        .with("greeting", "good day")
        .with("code", "{{ body }}");
    let text = policy("{{body.id}} {{ body.id }} {{body.name}} {{greeting}}", "");
    let scope = scope_program(&text, Scope::Global, &names);
    let program = gateway_policy::program::link(&[scope]);
    let ended = run(
        &program,
        posting(ORDER, "application/json"),
        &World::default(),
    );
    assert_eq!(body_of(ended), "named 7 Ada Lovelace good day");
    let refused = check(&policy("{{code}}", ""), Scope::Global, &names);
    assert_eq!(codes(&refused.problems), ["NamedValueChangesCode"]);
}

#[test]
fn what_is_wrong_with_a_template_is_reported_with_its_place() {
    let rows = [
        (
            "a\n{{ body | Upcas }}",
            "There is no filter 'Upcas'. Did you mean 'Upcase'?",
            (2, 11),
        ),
        (
            "{% foor i in body %}",
            "There is no tag 'foor'. Did you mean 'for'?",
            (1, 32),
        ),
        (
            "{% if body.id %}",
            "The tag 'if' needs an 'endif'.",
            (1, 32),
        ),
        (
            "{{ body.id",
            "Expected '}}' at the end of what begins here.",
            (1, 29),
        ),
        (
            "{% endif %}",
            "There is no block that 'endif' belongs to.",
            (1, 32),
        ),
        (
            "{% if body.id=7 %}{% endif %}",
            "Expected a blank on both sides of the operator at '='.",
            (1, 42),
        ),
        (
            "{{ body | Plus }}",
            "The filter 'Plus' takes one argument.",
            (1, 39),
        ),
        (
            "{% include 'x' %}",
            "The tag 'include' is not supported in policies.",
            (1, 32),
        ),
        (
            "{% for x of y %}{% endfor %}",
            "The tag 'for' needs the form 'item in collection'.",
            (1, 32),
        ),
        (
            "{{context.Request.ClientCertificates}}",
            "The member 'context.Request.ClientCertificates' is not supported in templates yet.",
            (1, 31),
        ),
    ];
    for (template, message, (line, column)) in rows {
        let source = format!("<set-body template=\"liquid\">{template}</set-body>");
        let found = errors(&source);
        let first = found
            .first()
            .unwrap_or_else(|| panic!("{template} compiles"));
        assert_eq!(first.message, message, "{template}");
        assert_eq!(
            (first.position.line, first.position.column),
            (line, column),
            "{template}"
        );
    }
}

#[test]
fn filters_that_cannot_do_what_is_asked_fail_the_request() {
    for template in [
        "{{ body.id | DividedBy: 0 }}",
        "{{ 9223372036854775807 | Plus: 1 }}",
        "{{ body.name | Minus: 1 }}",
        "{{ body.items | Upcase }}",
        "{{ body.name | Replace: '(', 'x' }}",
    ] {
        let ended = run(
            &program(&policy(template, "")),
            posting(ORDER, "application/json"),
            &World::default(),
        );
        assert!(!ended.forwarded(), "{template}");
        assert_eq!(&*ended.error().reason, "TransformationFailed", "{template}");
    }
}

#[test]
fn no_template_runs_or_writes_without_end() {
    for template in [
        "{% for a in (1..2000000000) %}{{a}}{% endfor %}",
        "{% for a in (1..5000) %}{% for b in (1..5000) %}{% endfor %}{% endfor %}",
        "{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..64) %}{% assign x = x | Append: x %}{% endfor %}",
        "{% assign x = 'x' | Times: 2000000000 %}",
        "{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | Replace: '(a+)+$', 'b' }}",
    ] {
        let ended = run(
            &program(&policy(template, "")),
            posting(ORDER, "application/json"),
            &World::default(),
        );
        assert!(!ended.forwarded(), "{template}");
        let message = &ended.error().message;
        let named = message.contains("exceeded") && message.contains("budget");
        assert!(named, "{template}: {message}");
    }
    let deep = "{% if true %}".repeat(200) + &"{% endif %}".repeat(200);
    let found = errors(&policy(&deep, ""));
    let message = "Blocks can be nested 80 levels deep.";
    assert!(found.iter().any(|problem| problem.message == message));
    // What is allowed to be nested also runs.
    let nested = "{% if true %}".repeat(80) + "x" + &"{% endif %}".repeat(80);
    assert_eq!(rendered(&nested, "", context()), "x");
}
