//! Reading and printing documents.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use gateway_policy::document::{Document, Element, MAX_BYTES, MAX_DEPTH, MAX_PROBLEMS, parse};
use gateway_policy::problem::Problem;
use support::{Numbers, damage, fixtures};

#[track_caller]
fn read(source: &str) -> Document {
    let document = parse(source).unwrap_or_else(|problems| panic!("{source}\n{problems:#?}"));
    assert_eq!(document.source(), source);
    for printed in [document.to_xml(), document.to_raw_xml()] {
        let again = parse(&printed).unwrap_or_else(|problems| panic!("{printed}\n{problems:#?}"));
        assert_eq!(again, document, "{source}\n{printed}");
    }
    document
}

#[track_caller]
fn root(document: &Document) -> &Element {
    document.elements().next().expect("an element")
}

/// The value of the first attribute of the root.
#[track_caller]
fn value(source: &str) -> String {
    root(&read(source)).attributes[0].value.as_str().to_owned()
}

#[track_caller]
fn content(source: &str) -> String {
    root(&read(source)).text().as_str().to_owned()
}

#[track_caller]
fn refused(source: &str) -> Vec<String> {
    parse(source)
        .expect_err("problems")
        .iter()
        .map(Problem::to_string)
        .collect()
}

#[test]
fn an_attribute_with_raw_quotes_ends_where_its_expression_ends() {
    assert_eq!(
        value(r#"<when condition="@(x == "y")"/>"#),
        r#"@(x == "y")"#
    );
    assert_eq!(
        value(r#"<when condition="@(x == "a) \" /> b")" />"#),
        r#"@(x == "a) \" /> b")"#
    );
    assert_eq!(
        value(r#"<when condition="@{ return $"{a["k"]}" + @"c""d"; }"/>"#),
        r#"@{ return $"{a["k"]}" + @"c""d"; }"#
    );
    assert_eq!(
        value(r#"<when condition="@(a < b && c > d)"/>"#),
        "@(a < b && c > d)"
    );
    assert_eq!(value("<when condition='@(x == 'y')'/>"), "@(x == 'y')");
    assert_eq!(
        value(r#"<when condition="@('"' == c)"/>"#),
        r#"@('"' == c)"#
    );
}

#[test]
fn entities_are_decoded_in_the_expressions_that_use_them() {
    assert_eq!(
        value(r#"<when condition="@(x == &quot;y&quot; &amp;&amp; a &lt; b)"/>"#),
        r#"@(x == "y" && a < b)"#
    );
    // Both spellings in one document, and in one expression.
    let document = read(
        r#"<choose><when condition="@(x == &quot;y&quot;)"/><when condition="@(x == "y")"/><when condition="@(x == "y" &amp;&amp; z)"/></choose>"#,
    );
    let conditions: Vec<&str> = root(&document)
        .elements()
        .map(|when| when.attributes[0].value.as_str())
        .collect();
    assert_eq!(
        conditions,
        [r#"@(x == "y")"#, r#"@(x == "y")"#, r#"@(x == "y" && z)"#]
    );
}

#[test]
fn entities_inside_the_literals_of_a_raw_expression_are_what_the_author_wrote() {
    let source = r#"<set-variable value="@(x.Replace("&lt;", "<") + (a &amp;&amp; b))"/>"#;
    assert_eq!(value(source), r#"@(x.Replace("&lt;", "<") + (a && b))"#);
}

#[test]
fn newlines_in_attributes_stay_so_that_a_comment_ends_with_its_line() {
    let source = "<when condition=\"@{\n  // it's \"so\n  return true;\n}\"/>";
    assert_eq!(value(source), "@{\n  // it's \"so\n  return true;\n}");
    let strict = read(source).to_xml();
    assert!(strict.contains("&#xA;  // it's &quot;so&#xA;"), "{strict}");
}

#[test]
fn literal_attributes_may_hold_the_quotes_of_a_distinguished_name() {
    assert_eq!(
        value(r#"<identity subject="C=US, O="Contoso, Inc.", CN=*.contoso.com" />"#),
        r#"C=US, O="Contoso, Inc.", CN=*.contoso.com"#
    );
    assert_eq!(
        value(r#"<identity subject="CN=a, O="Contoso"" />"#),
        r#"CN=a, O="Contoso""#
    );
    let document = read(r#"<identity subject="O="A, B"" issuer-subject="CN=c"/>"#);
    assert_eq!(root(&document).attributes[1].value.as_str(), "CN=c");
}

#[test]
fn blanks_and_no_break_spaces_around_expressions_and_equal_signs_are_fine() {
    assert_eq!(value("<set-status code = \"401\" />"), "401");
    assert_eq!(value("<set-variable value\n=\n'1'/>"), "1");
    assert_eq!(
        value("<when condition=\"\u{a0}@(x == \"y\") \"/>"),
        "\u{a0}@(x == \"y\") "
    );
    assert_eq!(
        content("<value>\u{a0}@{ return a < b; }\n</value>"),
        "\u{a0}@{ return a < b; }\n"
    );
}

#[test]
fn an_expression_whose_end_depends_on_what_follows_is_printed_escaped() {
    // The unended character would reach to the next apostrophe of the document.
    let document = read("<a b=\"@(&quot;\n')\">'</a>");
    assert_eq!(document.to_raw_xml(), "<a b=\"@(&quot;\n')\">'</a>");
    read("<a><b>@(&quot;\n')</b><b c=\"'\"/></a>");
}

#[test]
fn expressions_in_text_may_hold_markup_characters() {
    assert_eq!(
        content(r#"<value>@(v.Get<string>("x"))</value>"#),
        r#"@(v.Get<string>("x"))"#
    );
    assert_eq!(
        content("<value>@(a &amp;&amp; v.Get&lt;string&gt;())</value>"),
        "@(a && v.Get<string>())"
    );
    assert_eq!(
        content(r#"<set-body>@{ return "</set-body>"; }</set-body>"#),
        r#"@{ return "</set-body>"; }"#
    );
    assert_eq!(
        content("<set-body><![CDATA[@(a < b)]]></set-body>"),
        "@(a < b)"
    );
    assert_eq!(content("<value><!-- why -->@(x)</value>"), "@(x)");
    assert_eq!(
        content("<value>@(x.Elapsed < y)ms</value>"),
        "@(x.Elapsed < y)ms"
    );
}

#[test]
fn an_escaped_expression_is_one() {
    assert_eq!(content("<v>&#64;(a &lt; b)</v>"), "@(a < b)");
    assert_eq!(value("<v a=\"&#10;&#64;(a &lt; b)\"/>"), "\n@(a < b)");
}

#[test]
fn plain_text_keeps_bare_ampersands_and_decodes_entities() {
    assert_eq!(
        content("<value>a=1&b=2 &lt; &copy; &#x41;</value>"),
        "a=1&b=2 < &copy; A"
    );
    assert_eq!(value("<x u=\"/p?a=1&b=2\"/>"), "/p?a=1&b=2");
}

#[test]
fn named_values_are_plain_characters_to_the_reader() {
    assert_eq!(
        value(r#"<when condition="@{ return "{{list}}".Split(',').Contains(t) && {{flag}}; }"/>"#),
        r#"@{ return "{{list}}".Split(',').Contains(t) && {{flag}}; }"#
    );
    assert_eq!(value("<x a=\"{{v}}\"/>"), "{{v}}");
}

#[test]
fn comments_declarations_and_several_roots_are_read() {
    let source = "<?xml version=\"1.0\"?>\n<!-- a < b -- c -->\n<inbound>\n<base/></inbound><!---->\n<outbound />\n";
    let names: Vec<String> = read(source).elements().map(|e| e.name.clone()).collect();
    assert_eq!(names, ["inbound", "outbound"]);
    read("\u{feff}<policies/>");
    read("<fragment><set-header name=\"a\"><value>b</value></set-header></fragment>");
    read("");
}

#[test]
fn printing_as_xml_escapes_and_printing_raw_does_not() {
    let document = read(r#"<a b='@(x == "<")'><v>@(a && "b" == c)</v>t &lt; u</a>"#);
    assert_eq!(
        document.to_xml(),
        "<a b=\"@(x == &quot;&lt;&quot;)\"><v>@(a &amp;&amp; \"b\" == c)</v>t &lt; u</a>"
    );
    assert_eq!(
        document.to_raw_xml(),
        "<a b=\"@(x == \"<\")\"><v>@(a && \"b\" == c)</v>t &lt; u</a>"
    );
}

#[test]
fn an_expression_that_would_be_read_differently_when_raw_stays_escaped() {
    // Read as XML, this holds the characters `&amp;` in a literal.
    let document = read("<v>@(x.Replace('&amp;amp;', y))</v>");
    assert_eq!(root(&document).text().as_str(), "@(x.Replace('&amp;', y))");
    assert_eq!(document.to_raw_xml(), "<v>@(x.Replace('&amp;amp;', y))</v>");
}

#[test]
fn a_missing_blank_is_reported_as_the_management_api_does() {
    assert_eq!(
        refused("<policies>\n<inbound a=\"1\"ba72=\"2\"/></policies>"),
        ["'ba72' is an unexpected token. Expecting white space. Line 2, position 15."]
    );
}

#[test]
fn all_problems_are_reported_with_their_places() {
    let source = "<policies>\n  <inbound x=1 y>\n    <when condition=\"@(a == (b)\"/>\n  </inbound>\n  </foo>\n  &\n  <outbound>";
    let problems = parse(source).unwrap_err();
    let found: Vec<(&str, u32, u32)> = problems
        .iter()
        .map(|p| (p.code, p.position.line, p.position.column))
        .collect();
    assert_eq!(
        found,
        [
            ("AttributeNotQuoted", 2, 14),
            ("AttributeWithoutValue", 2, 16),
            ("ExpressionNotBalanced", 3, 32),
            ("TagMismatch", 5, 5),
            ("ElementNotClosed", 7, 4),
            ("ElementNotClosed", 1, 2),
        ]
    );
}

#[test]
fn each_way_to_break_a_document_has_its_own_problem() {
    for (source, code) in [
        ("<a b=\"1\" b=\"2\"/>", "DuplicateAttribute"),
        ("<a b=\"1/>", "ValueNotClosed"),
        ("<a><!-- </a>", "NotClosed"),
        ("<a><![CDATA[ </a>", "NotClosed"),
        ("<a><! </a", "NotClosed"),
        ("<a>1 < 2</a>", "NameExpected"),
        ("<a></>", "NameExpected"),
        ("<a", "TagNotClosed"),
        ("<a><b></a>", "TagMismatch"),
        ("</a>", "TagMismatch"),
        ("<a b=\"@{ return \"x; }\"/>", "ExpressionNotBalanced"),
        ("<v>@{ if (x { }</v>", "ExpressionNotBalanced"),
        ("<v>&#64;(x</v>", "ExpressionNotBalanced"),
        ("<a b=\"&#10;@{ x\"/>", "ExpressionNotBalanced"),
        ("<a ?/>", "UnexpectedToken"),
        (&format!("<{}/>", "n".repeat(201)), "NameTooLong"),
    ] {
        let problems = parse(source).expect_err(source);
        assert_eq!(problems[0].code, code, "{source}: {problems:?}");
    }
}

#[test]
fn what_has_no_place_in_a_document_is_read_and_printed_back() {
    for source in [
        "text <a/> [...]",
        "<!DOCTYPE x><a/>",
        "<a>\n  <!- no comment -->\n  <!— nor this -->\n</a>",
        "<![CDATA[text]]><a/>",
    ] {
        let document = parse(source).expect(source);
        assert_eq!(
            parse(&document.to_xml()).expect(source),
            document,
            "{source}"
        );
        assert_eq!(
            parse(&document.to_raw_xml()).expect(source),
            document,
            "{source}"
        );
    }
}

#[test]
fn a_mismatched_tag_names_both_sides() {
    assert_eq!(
        refused("<choose>\n  <when condition=\"true\">\n</choose>")[0],
        "The 'when' start tag on line 2 position 4 does not match the end tag of 'choose'. Line 3, position 3."
    );
}

#[test]
fn positions_count_utf16_units_as_editors_do() {
    assert_eq!(
        parse("<a b=\"😀\"c=\"\"/>").unwrap_err()[0].position.column,
        10
    );
}

#[test]
fn deep_nesting_is_refused_and_the_deepest_allowed_is_read() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    read(&nested(MAX_DEPTH));
    for depth in [MAX_DEPTH + 1, 50_000] {
        let problems = parse(&nested(depth)).unwrap_err();
        assert_eq!(
            problems.iter().map(|p| p.code).collect::<Vec<_>>(),
            ["TooDeep"],
            "{depth}"
        );
    }
    let brackets = format!("<v>@({}{})</v>", "(".repeat(100_000), ")".repeat(100_000));
    assert!(parse(&brackets).is_ok());
}

#[test]
fn a_document_of_ten_megabytes_is_refused_by_its_size_alone() {
    let source = "<".repeat(10 << 20);
    let problems = parse(&source).unwrap_err();
    assert_eq!(problems[0].code, "DocumentTooLarge");
    assert_eq!(
        problems[0].message,
        format!("The document has 10485760 bytes; at most {MAX_BYTES} are accepted.")
    );
}

/// Tells reading once, about a second unoptimised, from reading again and again, many minutes.
const DEADLINE: Duration = Duration::from_secs(120);

#[test]
fn reading_takes_time_in_proportion_to_the_size() {
    // Patterns that would take minutes if each part looked at all that follows.
    let patterns = [
        "<a b=\"@(\"/>",
        "<a>@(</a>",
        "<v>@(a < b)</v>",
        "<a b=\"@(x == \"y\")\"/>",
        "</a",
        "<a b=\"x=\"y",
        "<![CDATA[",
        "&amp",
        "<a b='",
        "<a>{{",
        "@(",
    ];
    for pattern in patterns {
        let source: String = pattern.chars().cycle().take(MAX_BYTES).collect();
        let start = Instant::now();
        let result = parse(&source);
        assert!(
            start.elapsed() < DEADLINE,
            "{pattern}: {:?}",
            start.elapsed()
        );
        if let Err(problems) = result {
            assert!(problems.len() <= MAX_PROBLEMS);
        }
    }
}

#[test]
fn damaged_documents_give_problems_or_a_document_that_prints_to_itself() {
    let seeds = fixtures();
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for _ in 0..4_000 {
        let source = damage(&seeds[numbers.below(seeds.len())], &mut numbers);
        match parse(&source) {
            Ok(document) => {
                let strict = document.to_xml();
                assert_eq!(
                    parse(&strict).as_ref(),
                    Ok(&document),
                    "{source}\n---\n{strict}"
                );
                let raw = document.to_raw_xml();
                assert_eq!(parse(&raw).as_ref(), Ok(&document), "{source}\n---\n{raw}");
            }
            Err(problems) => {
                let mut shown = String::new();
                for problem in &problems {
                    write!(shown, "{problem}").unwrap();
                }
                assert!(
                    !problems.is_empty() && problems.len() <= MAX_PROBLEMS,
                    "{source}"
                );
            }
        }
    }
}
