//! `System.Xml.Linq`.

use crate::{Case, check};

const PARSE: &str = ".NET documentation, XElement.Parse";

#[test]
fn xml_first() {
    const CASES: &[Case] = &[
        (
            "@(XElement.Parse(\"<a><b>1</b></a>\").Element(\"b\").Value)",
            "1",
            PARSE,
        ),
        (
            "@(XElement.Parse(\"<a><b>1</b></a>\").ToString())",
            "<a>\n  <b>1</b>\n</a>",
            PARSE,
        ),
        (
            "@{ XNamespace ns = \"urn:a\"; return new XElement(ns + \"a\", new XElement(ns + \"b\", 5), new XAttribute(\"x\", true)).ToString(SaveOptions.DisableFormatting); }",
            "<a x=\"true\" xmlns=\"urn:a\"><b>5</b></a>",
            PARSE,
        ),
        (
            "@((int)XElement.Parse(\"<a><b>1</b></a>\").Element(\"b\") + 1)",
            "2",
            PARSE,
        ),
        (
            "@(string.Join(\",\", XElement.Parse(\"<a><b>1</b><b>2</b></a>\").Elements(\"b\").Select(e => e.Value)))",
            "1,2",
            PARSE,
        ),
        (
            "@(XElement.Parse(\"<a><b>1</b><b>2</b></a>\").Descendants().First().Parent.Name == \"a\")",
            "True",
            PARSE,
        ),
        (
            "@{ var e = XElement.Parse(\"<a><b>1</b></a>\"); e.Element(\"b\").Value = \"x\"; e.Elements().Remove(); return e.ToString(); }",
            "<a />",
            PARSE,
        ),
        (
            "@{ foreach (var e in XElement.Parse(\"<a><b>1</b></a>\").Descendants(\"b\")) { return e.Name.LocalName; } return \"\"; }",
            "b",
            PARSE,
        ),
    ];
    check(CASES);
}
