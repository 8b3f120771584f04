//! `System.Xml.Linq`.

use gateway_policy::expression::Expected;
use gateway_policy::problem::Severity;

use crate::{Case, check, evaluate, found};

const PARSE: &str = ".NET documentation, XElement.Parse and LoadOptions";
const PRINT: &str = ".NET documentation, XNode.ToString and SaveOptions; XmlWriter's indentation";
const MAKE: &str = ".NET documentation, XElement constructors and 'Valid content of XElement'";
const AXES: &str = ".NET documentation, 'LINQ to XML axes'";
const EDIT: &str = ".NET documentation, 'Modify XML trees'";
const NAMES: &str = ".NET documentation, XName and XNamespace";
const CAST: &str = ".NET documentation, XElement.Explicit and XAttribute.Explicit";
const ERRORS: &str = "System.Private.Xml resources, XmlTextReaderImpl";
const LINQ_ERRORS: &str = "System.Private.Xml.Linq resources";
const NODES: &str =
    ".NET documentation, XText, XCData, XComment, XProcessingInstruction, XDocumentType";
const COMPARE: &str = ".NET documentation, XNode.DeepEquals and CompareDocumentOrder";

#[test]
fn xml_is_parsed_as_in_dotnet() {
    const CASES: &[Case] = &[
        (
            "@(XElement.Parse(\"<a><b>1</b></a>\").Element(\"b\").Value)",
            "1",
            PARSE,
        ),
        (
            "@(XElement.Parse(\"<a> <b/> </a>\").Nodes().Count())",
            "1",
            PARSE,
        ),
        (
            "@(XElement.Parse(\"<a> <b/> </a>\", LoadOptions.PreserveWhitespace).Nodes().Count())",
            "3",
            PARSE,
        ),
        (
            "@(XElement.Parse(\"<a xml:space='preserve'> <b/> </a>\").Nodes().Count())",
            "3",
            "XML 1.0 section 2.10",
        ),
        (
            "@(XElement.Parse(\"<a>x <b/> y</a>\").Value)",
            "x  y",
            PARSE,
        ),
        (
            "@(XElement.Parse(\"<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;</a>\").Value)",
            "<&>\"'AB",
            "XML 1.0 section 4.6",
        ),
        (
            "@(XElement.Parse(\"<a>1\\r\\n2\\r3</a>\").Value == \"1\\n2\\n3\")",
            "True",
            "XML 1.0 section 2.11",
        ),
        (
            "@(XElement.Parse(\"<a b='x\\ty\\nz'/>\").Attribute(\"b\").Value)",
            "x y z",
            "XML 1.0 section 3.3.3",
        ),
        (
            "@(XElement.Parse(\"<a b='x&#9;y'/>\").Attribute(\"b\").Value == \"x\\ty\")",
            "True",
            "XML 1.0 section 3.3.3",
        ),
        (
            "@(XElement.Parse(\"<a><![CDATA[<b>]]></a>\").Value)",
            "<b>",
            PARSE,
        ),
        ("@(XElement.Parse(\"<!-- c --><a/>\").Name)", "a", PARSE),
        (
            "@(XDocument.Parse(\"<?xml version='1.0' encoding='utf-8'?><a/>\").Declaration.Encoding)",
            "utf-8",
            PARSE,
        ),
        (
            "@(XDocument.Parse(\"<a/>\").Declaration == null)",
            "True",
            PARSE,
        ),
        (
            "@(XDocument.Parse(\"<a><b/></a>\").Root.Name.LocalName)",
            "a",
            PARSE,
        ),
        (
            "@(XElement.Parse(\"<a></a>\").IsEmpty + \",\" + XElement.Parse(\"<a/>\").IsEmpty)",
            "False,True",
            ".NET documentation, XElement.IsEmpty",
        ),
    ];
    check(CASES);
}

#[test]
fn malformed_xml_is_refused_with_its_place() {
    const CASES: &[Case] = &[
        (
            "@(XElement.Parse(\"\").Value)",
            "!System.Xml.XmlException: Root element is missing.",
            ERRORS,
        ),
        (
            "@(XElement.Parse(\"hello\").Value)",
            "!System.Xml.XmlException: Data at the root level is invalid. Line 1, position 1.",
            ERRORS,
        ),
        (
            "@(XElement.Parse(\"<a><b></a>\").Value)",
            "!System.Xml.XmlException: The 'b' start tag on line 1 position 5 does not match the end tag of 'a'. Line 1, position 9.",
            ERRORS,
        ),
        (
            "@(XElement.Parse(\"<a>\\n<b>\").Value)",
            "!System.Xml.XmlException: Unexpected end of file has occurred. The following elements are not closed: b, a. Line 2, position 4.",
            ERRORS,
        ),
        (
            "@(XElement.Parse(\"<a/><b/>\").Value)",
            "!System.Xml.XmlException: There are multiple root elements. Line 1, position 6.",
            ERRORS,
        ),
        (
            "@(XElement.Parse(\"<p:a/>\").Value)",
            "!System.Xml.XmlException: 'p' is an undeclared prefix. Line 1, position 2.",
            ERRORS,
        ),
        (
            "@(XElement.Parse(\"<a>&nbsp;</a>\").Value)",
            "!System.Xml.XmlException: Reference to undeclared entity 'nbsp'. Line 1, position 5.",
            ERRORS,
        ),
        (
            "@(XElement.Parse(\"<a b='1' b='2'/>\").Value)",
            "!System.Xml.XmlException: 'b' is a duplicate attribute name. Line 1, position 10.",
            ERRORS,
        ),
        (
            "@(XElement.Parse(\"<a b=1/>\").Value)",
            "!System.Xml.XmlException: '1' is an unexpected token. The expected token is '\"' or '''. Line 1, position 6.",
            ERRORS,
        ),
        (
            "@(XElement.Parse(\" <?xml version='1.0'?><a/>\").Value)",
            "!System.Xml.XmlException: Unexpected XML declaration. The XML declaration must be the first node in the document, and no whitespace characters are allowed to appear before it. Line 1, position 4.",
            ERRORS,
        ),
        (
            "@(XElement.Parse(\"<a>\\u0001</a>\").Value)",
            "!System.Xml.XmlException: '\u{1}', hexadecimal value 0x01, is an invalid character. Line 1, position 4.",
            ERRORS,
        ),
        (
            "@(XElement.Parse(null).Value)",
            "!System.ArgumentNullException: Value cannot be null. (Parameter 'text')",
            LINQ_ERRORS,
        ),
    ];
    check(CASES);
}

#[test]
fn no_entity_is_expanded_and_nothing_is_fetched() {
    for xml in [
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://localhost/'> %p;]><a/>",
        "<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>",
    ] {
        let error = evaluate(&format!("@(XDocument.Parse(\"{xml}\").ToString())")).unwrap_err();
        assert_eq!(error.type_name, "System.Xml.XmlException");
        assert!(
            error
                .message
                .starts_with("For security reasons DTD is prohibited in this XML document."),
            "{xml}: {error}"
        );
    }
}

#[test]
fn depth_and_size_of_xml_are_paid_for() {
    for code in [
        "@{ var s = string.Concat(Enumerable.Repeat(\"<a>\", 300)); return XElement.Parse(s).Value; }",
        "@{ var e = new XElement(\"a\"); while (true) { e = new XElement(\"a\", e); } return \"\"; }",
        "@{ var e = new XElement(\"a\"); while (true) { e.Add(new XElement(\"b\")); } return \"\"; }",
        "@{ var e = new XElement(\"a\"); while (true) { e.Add(e); } return \"\"; }",
        "@{ var e = XElement.Parse(\"<a><b/></a>\"); var s = e.Elements(); while (true) { s = s.Elements(); } return \"\"; }",
        "@{ var s = XElement.Parse(\"<a><b/></a>\").Elements(); for (var i = 0; i < 3000; i++) { s = s.Elements(); } return s.Count(); }",
    ] {
        let error = evaluate(code).unwrap_err();
        assert!(error.is_budget(), "{code}: {error}");
    }
}

#[test]
fn nodes_are_printed_as_in_dotnet() {
    const CASES: &[Case] = &[
        (
            "@(XElement.Parse(\"<a><b>1</b><c/></a>\").ToString())",
            "<a>\n  <b>1</b>\n  <c />\n</a>",
            PRINT,
        ),
        (
            "@(XElement.Parse(\"<a><b>1</b><c/></a>\").ToString(SaveOptions.DisableFormatting))",
            "<a><b>1</b><c /></a>",
            PRINT,
        ),
        (
            "@(XElement.Parse(\"<a>t<b><c/></b></a>\").ToString())",
            "<a>t<b><c /></b></a>",
            PRINT,
        ),
        (
            "@(XElement.Parse(\"<a><b/>t<c/></a>\").ToString())",
            "<a>\n  <b />t<c /></a>",
            PRINT,
        ),
        (
            "@(XElement.Parse(\"<a></a>\").ToString())",
            "<a></a>",
            PRINT,
        ),
        (
            "@(\"\" + XElement.Parse(\"<a><b><c>x</c></b></a>\"))",
            "<a>\n  <b>\n    <c>x</c>\n  </b>\n</a>",
            PRINT,
        ),
        (
            "@(new XElement(\"a\", \"<&>\\\"'\").ToString())",
            "<a>&lt;&amp;&gt;\"'</a>",
            "XmlWriter escapes & < > in text",
        ),
        (
            "@(new XElement(\"a\", new XAttribute(\"b\", \"<&>\\\"'\\n\\t\")).ToString())",
            "<a b=\"&lt;&amp;&gt;&quot;'&#xA;&#x9;\" />",
            "XmlWriterSettings.NewLineHandling, Replace",
        ),
        (
            "@(XElement.Parse(\"<a><!-- c --><?p d?><![CDATA[x]]></a>\").ToString())",
            "<a>\n  <!-- c -->\n  <?p d?><![CDATA[x]]></a>",
            PRINT,
        ),
        (
            "@(XDocument.Parse(\"<?xml version='1.0'?><a><b/></a>\").ToString())",
            "<a>\n  <b />\n</a>",
            ".NET documentation, XDocument.ToString leaves the declaration out",
        ),
        (
            "@(XDocument.Parse(\"<!--c--><a/>\").ToString())",
            "<!--c-->\n<a />",
            PRINT,
        ),
        (
            "@(new XDeclaration(\"1.0\", \"utf-8\", \"yes\").ToString())",
            "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>",
            ".NET documentation, XDeclaration.ToString",
        ),
        (
            "@(XElement.Parse(\"<a b='1'/>\").Attribute(\"b\").ToString())",
            "b=\"1\"",
            ".NET documentation, XAttribute.ToString",
        ),
        (
            "@(XElement.Parse(\"<p:a xmlns:p='urn:p' p:b='1'/>\").Attribute(XName.Get(\"b\", \"urn:p\")).ToString())",
            "p:b=\"1\"",
            ".NET documentation, XAttribute.ToString",
        ),
        (
            "@(new XElement(\"a\", \"\\u0001\").ToString())",
            "!System.ArgumentException: '\u{1}', hexadecimal value 0x01, is an invalid character.",
            "XmlWriterSettings.CheckCharacters",
        ),
        (
            "@(new XElement(\"a\", new XCData(\"]]>\")).ToString())",
            "<a><![CDATA[]]]]><![CDATA[>]]></a>",
            "XmlWriter.WriteCData splits the end of a section",
        ),
    ];
    check(CASES);
}

#[test]
fn namespaces_are_declared_where_they_are_needed() {
    const CASES: &[Case] = &[
        (
            "@{ XNamespace ns = \"urn:a\"; return new XElement(ns + \"a\", new XElement(ns + \"b\")).ToString(SaveOptions.DisableFormatting); }",
            "<a xmlns=\"urn:a\"><b /></a>",
            ".NET documentation, 'Create a document with namespaces'",
        ),
        (
            "@{ XNamespace ns = \"urn:a\"; return new XElement(ns + \"a\", new XAttribute(XNamespace.Xmlns + \"p\", \"urn:a\"), new XElement(ns + \"b\")).ToString(SaveOptions.DisableFormatting); }",
            "<p:a xmlns:p=\"urn:a\"><p:b /></p:a>",
            ".NET documentation, 'Control namespace prefixes'",
        ),
        (
            "@{ XNamespace ns = \"urn:a\"; return new XElement(ns + \"a\", new XElement(\"b\")).ToString(SaveOptions.DisableFormatting); }",
            "<a xmlns=\"urn:a\"><b xmlns=\"\" /></a>",
            ".NET documentation, 'Namespaces overview'",
        ),
        (
            "@{ XNamespace ns = \"urn:a\"; return new XElement(\"a\", new XAttribute(ns + \"b\", 1)).ToString(); }",
            "<a p1:b=\"1\" xmlns:p1=\"urn:a\" />",
            "XmlWellFormedWriter.GeneratePrefix",
        ),
        (
            "@(XElement.Parse(\"<a xmlns='urn:a' xmlns:p='urn:p'><p:b/><c/></a>\").ToString(SaveOptions.DisableFormatting))",
            "<a xmlns=\"urn:a\" xmlns:p=\"urn:p\"><p:b /><c /></a>",
            PRINT,
        ),
        (
            "@(XElement.Parse(\"<p:a xmlns:p='urn:p'><p:b/></p:a>\").Elements().First().ToString())",
            "<p:b xmlns:p=\"urn:p\" />",
            "XNode.ToString writes the declarations that are in scope and used",
        ),
        (
            "@{ XNamespace ns = \"urn:a\"; return (ns + \"b\").ToString(); }",
            "{urn:a}b",
            NAMES,
        ),
        ("@(XName.Get(\"{urn:a}b\").NamespaceName)", "urn:a", NAMES),
        (
            "@(XName.Get(\"b\", \"urn:a\") == \"{urn:a}b\")",
            "True",
            NAMES,
        ),
        ("@(XElement.Parse(\"<a/>\").Name == \"a\")", "True", NAMES),
        ("@(XElement.Parse(\"<a/>\").Name != \"a\")", "False", NAMES),
        ("@(XNamespace.Get(\"urn:a\") == \"urn:a\")", "True", NAMES),
        (
            "@(XElement.Parse(\"<a xmlns='urn:a'/>\").Name.Namespace == XNamespace.None)",
            "False",
            NAMES,
        ),
        (
            "@(XNamespace.Xml.NamespaceName)",
            "http://www.w3.org/XML/1998/namespace",
            NAMES,
        ),
        (
            "@(XElement.Parse(\"<a xmlns:p='urn:p'/>\").GetPrefixOfNamespace(\"urn:p\"))",
            "p",
            ".NET documentation, XElement.GetPrefixOfNamespace",
        ),
        (
            "@(XElement.Parse(\"<a xmlns='urn:d'><b/></a>\").Elements().First().GetDefaultNamespace())",
            "urn:d",
            ".NET documentation, XElement.GetDefaultNamespace",
        ),
        (
            "@(XElement.Parse(\"<a xmlns:p='urn:p'/>\").Attributes().First().IsNamespaceDeclaration)",
            "True",
            ".NET documentation, XAttribute.IsNamespaceDeclaration",
        ),
        (
            "@(XName.Get(\"1a\").LocalName)",
            "!System.Xml.XmlException: Name cannot begin with the '1' character, hexadecimal value 0x31.",
            "XmlConvert.VerifyNCName",
        ),
        (
            "@(XName.Get(\"a b\").LocalName)",
            "!System.Xml.XmlException: The ' ' character, hexadecimal value 0x20, cannot be included in a name.",
            "XmlConvert.VerifyNCName",
        ),
    ];
    check(CASES);
}

#[test]
fn content_becomes_what_dotnet_makes_of_it() {
    const CASES: &[Case] = &[
        ("@(new XElement(\"a\").ToString())", "<a />", MAKE),
        ("@(new XElement(\"a\", null).ToString())", "<a />", MAKE),
        ("@(new XElement(\"a\", \"\").ToString())", "<a></a>", MAKE),
        (
            "@(new XElement(\"a\", 1, true, 2.5).ToString())",
            "<a>1true2.5</a>",
            MAKE,
        ),
        (
            "@(new XElement(\"a\", new[] { 1, 2 }.Select(i => new XElement(\"i\", i))).ToString(SaveOptions.DisableFormatting))",
            "<a><i>1</i><i>2</i></a>",
            MAKE,
        ),
        (
            "@(new XElement(\"a\", new List<object> { \"x\", new XAttribute(\"b\", 1), new object[] { \"y\", null } }).ToString())",
            "<a b=\"1\">xy</a>",
            MAKE,
        ),
        (
            "@(new XElement(\"a\", new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc)).Value)",
            "2024-01-02T03:04:05Z",
            "XmlConvert.ToString(DateTime, RoundtripKind)",
        ),
        (
            "@(new XElement(\"a\", new TimeSpan(1, 2, 3, 4)).Value)",
            "P1DT2H3M4S",
            "XmlConvert.ToString(TimeSpan)",
        ),
        (
            "@(new XElement(\"a\", double.PositiveInfinity).Value)",
            "INF",
            "XmlConvert.ToString(Double)",
        ),
        (
            "@{ var b = new XElement(\"b\"); var a = new XElement(\"a\", b); var c = new XElement(\"c\", b); b.Value = \"x\"; return a.ToString(SaveOptions.DisableFormatting) + c.ToString(SaveOptions.DisableFormatting); }",
            "<a><b>x</b></a><c><b /></c>",
            "'Valid content': a node that has a parent is cloned",
        ),
        (
            "@(new XElement(\"a\", new XAttribute(\"b\", 1), new XAttribute(\"b\", 2)).ToString())",
            "!System.InvalidOperationException: Duplicate attribute.",
            LINQ_ERRORS,
        ),
        (
            "@(new XAttribute(\"a\", null).Value)",
            "!System.ArgumentNullException: Value cannot be null. (Parameter 'value')",
            LINQ_ERRORS,
        ),
        (
            "@(new XElement(\"a\", new XDocument()).ToString())",
            "!System.ArgumentException: A node of type Document cannot be added to content.",
            LINQ_ERRORS,
        ),
        (
            "@(new XDocument(new XElement(\"a\"), new XElement(\"b\")).ToString())",
            "!System.InvalidOperationException: This operation would create an incorrectly structured document.",
            LINQ_ERRORS,
        ),
        (
            "@(new XDocument(\"text\").ToString())",
            "!System.ArgumentException: Non-whitespace characters cannot be added to content.",
            LINQ_ERRORS,
        ),
        (
            "@(new XDocument(new XDeclaration(\"1.0\", \"utf-8\", null), new XElement(\"a\")).Declaration.ToString())",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
            ".NET documentation, XDocument",
        ),
    ];
    check(CASES);
}

#[test]
fn axes_go_where_they_go_in_dotnet() {
    const CASES: &[Case] = &[
        (
            "@(string.Join(\",\", XElement.Parse(\"<a><b>1</b><c/><b>2</b></a>\").Elements(\"b\").Select(e => e.Value)))",
            "1,2",
            AXES,
        ),
        (
            "@(string.Join(\",\", XElement.Parse(\"<a><b><c/></b><d/></a>\").Descendants().Select(e => e.Name.LocalName)))",
            "b,c,d",
            AXES,
        ),
        (
            "@(string.Join(\",\", XElement.Parse(\"<a><b/></a>\").DescendantsAndSelf().Select(e => e.Name)))",
            "a,b",
            AXES,
        ),
        (
            "@(string.Join(\",\", XElement.Parse(\"<a><b><c/></b></a>\").Descendants(\"c\").First().Ancestors().Select(e => e.Name)))",
            "b,a",
            AXES,
        ),
        (
            "@(string.Join(\",\", XElement.Parse(\"<a><b><c/></b></a>\").Descendants(\"c\").AncestorsAndSelf().Select(e => e.Name)))",
            "c,b,a",
            AXES,
        ),
        (
            "@(XElement.Parse(\"<a><b/></a>\").Descendants(\"b\").First().Parent.Name)",
            "a",
            ".NET documentation, XObject.Parent",
        ),
        (
            "@(XDocument.Parse(\"<a/>\").Root.Parent == null)",
            "True",
            ".NET documentation, XObject.Parent",
        ),
        (
            "@(XDocument.Parse(\"<a><b/></a>\").Descendants(\"b\").First().Document.Root.Name)",
            "a",
            ".NET documentation, XObject.Document",
        ),
        (
            "@(XElement.Parse(\"<a/>\").Element(\"b\") == null)",
            "True",
            AXES,
        ),
        (
            "@(XElement.Parse(\"<a/>\").Element(\"b\")?.Value ?? \"none\")",
            "none",
            AXES,
        ),
        (
            "@(XElement.Parse(\"<a/>\").Element(\"b\").Value)",
            "!System.NullReferenceException: Object reference not set to an instance of an object.",
            AXES,
        ),
        (
            "@(XElement.Parse(\"<a x='1' y='2'/>\").Attributes().Select(a => a.Name + \"=\" + a.Value).Aggregate((p, q) => p + \";\" + q))",
            "x=1;y=2",
            AXES,
        ),
        (
            "@(XElement.Parse(\"<a x='1' y='2'/>\").FirstAttribute.NextAttribute.Name + \",\" + XElement.Parse(\"<a x='1' y='2'/>\").LastAttribute.PreviousAttribute.Name)",
            "y,x",
            ".NET documentation, XAttribute.NextAttribute",
        ),
        (
            "@(XElement.Parse(\"<a>1<b/>2</a>\").FirstNode.NextNode.NextNode.ToString())",
            "2",
            ".NET documentation, XNode.NextNode",
        ),
        (
            "@(XElement.Parse(\"<a>1<b/>2</a>\").LastNode.PreviousNode.NodeType)",
            "Element",
            ".NET documentation, XObject.NodeType",
        ),
        (
            "@(XElement.Parse(\"<a><b/><c/><d/></a>\").Element(\"c\").ElementsAfterSelf().First().Name + \",\" + XElement.Parse(\"<a><b/><c/><d/></a>\").Element(\"c\").ElementsBeforeSelf().First().Name)",
            "d,b",
            AXES,
        ),
        (
            "@(XElement.Parse(\"<a><b><c>1</c></b><b><c>2</c></b></a>\").Elements(\"b\").Elements(\"c\").Last().Value)",
            "2",
            ".NET documentation, Extensions.Elements",
        ),
        (
            "@(XElement.Parse(\"<a><b x='1'/><b x='2'/></a>\").Elements().Attributes(\"x\").Sum(x => (int)x))",
            "3",
            ".NET documentation, Extensions.Attributes",
        ),
        (
            "@(XElement.Parse(\"<a><b>1</b></a>\").HasElements + \",\" + XElement.Parse(\"<a>1</a>\").HasElements + \",\" + XElement.Parse(\"<a b='1'/>\").HasAttributes)",
            "True,False,True",
            ".NET documentation, XElement.HasElements",
        ),
        (
            "@{ var s = \"\"; foreach (var e in XElement.Parse(\"<a><b/><c/></a>\").Elements()) { s += e.Name.LocalName; } return s; }",
            "bc",
            AXES,
        ),
        (
            "@{ var a = XElement.Parse(\"<a><b/></a>\"); var q = a.Elements(\"b\"); a.Add(new XElement(\"b\")); return q.Count(); }",
            "2",
            "'Deferred execution and lazy evaluation in LINQ to XML'",
        ),
        (
            "@(XElement.Parse(\"<a><b/><c/></a>\").Elements().Reverse().InDocumentOrder().First().ToString())",
            "<b />",
            ".NET documentation, Extensions.InDocumentOrder",
        ),
        (
            "@(XElement.Parse(\"<a><b k='2'>x</b><b k='1'>y</b></a>\").Elements(\"b\").OrderBy(e => (int)e.Attribute(\"k\")).First().Value)",
            "y",
            ".NET documentation, 'Sort elements'",
        ),
        (
            "@(XElement.Parse(\"<a><b k='1'>x</b></a>\").Elements().ToDictionary(e => e.Attribute(\"k\").Value, e => e.Value)[\"1\"])",
            "x",
            ".NET documentation, Enumerable.ToDictionary",
        ),
    ];
    check(CASES);
}

#[test]
fn trees_are_changed_as_in_dotnet() {
    const CASES: &[Case] = &[
        (
            "@{ var a = XElement.Parse(\"<a><b>1</b></a>\"); a.Element(\"b\").Value = \"2\"; return a.Value; }",
            "2",
            EDIT,
        ),
        (
            "@{ var a = XElement.Parse(\"<a/>\"); a.SetAttributeValue(\"b\", 5); a.SetAttributeValue(\"b\", 6); a.SetAttributeValue(\"c\", true); return a.ToString(); }",
            "<a b=\"6\" c=\"true\" />",
            ".NET documentation, XElement.SetAttributeValue",
        ),
        (
            "@{ var a = XElement.Parse(\"<a b='1'/>\"); a.SetAttributeValue(\"b\", null); return a.ToString(); }",
            "<a />",
            ".NET documentation, XElement.SetAttributeValue",
        ),
        (
            "@{ var a = XElement.Parse(\"<a><b>1</b></a>\"); a.SetElementValue(\"b\", 2); a.SetElementValue(\"c\", 3); return a.ToString(SaveOptions.DisableFormatting); }",
            "<a><b>2</b><c>3</c></a>",
            ".NET documentation, XElement.SetElementValue",
        ),
        (
            "@{ var a = XElement.Parse(\"<a><b/></a>\"); a.SetElementValue(\"b\", null); return a.ToString(); }",
            "<a />",
            ".NET documentation, XElement.SetElementValue",
        ),
        (
            "@{ var a = XElement.Parse(\"<a><b/></a>\"); a.Add(new XElement(\"c\")); a.AddFirst(\"t\"); return a.ToString(); }",
            "<a>t<b /><c /></a>",
            EDIT,
        ),
        (
            "@{ var a = XElement.Parse(\"<a><b/></a>\"); a.Element(\"b\").AddBeforeSelf(new XElement(\"x\")); a.Element(\"b\").AddAfterSelf(new XElement(\"y\"), new XElement(\"z\")); return a.ToString(SaveOptions.DisableFormatting); }",
            "<a><x /><b /><y /><z /></a>",
            EDIT,
        ),
        (
            "@{ var a = XElement.Parse(\"<a><b/><c/></a>\"); a.Element(\"b\").Remove(); return a.ToString(SaveOptions.DisableFormatting); }",
            "<a><c /></a>",
            EDIT,
        ),
        (
            "@{ var a = XElement.Parse(\"<a><b/><c/><b/></a>\"); a.Elements(\"b\").Remove(); return a.ToString(SaveOptions.DisableFormatting); }",
            "<a><c /></a>",
            ".NET documentation, Extensions.Remove",
        ),
        (
            "@{ var a = XElement.Parse(\"<a x='1' y='2'/>\"); a.Attributes().Remove(); return a.ToString(); }",
            "<a />",
            ".NET documentation, Extensions.Remove",
        ),
        (
            "@{ var a = XElement.Parse(\"<a><b/></a>\"); a.Element(\"b\").ReplaceWith(new XElement(\"c\", 1), \"t\"); return a.ToString(SaveOptions.DisableFormatting); }",
            "<a><c>1</c>t</a>",
            EDIT,
        ),
        (
            "@{ var a = XElement.Parse(\"<a x='1'><b/></a>\"); a.ReplaceNodes(new XElement(\"c\")); return a.ToString(SaveOptions.DisableFormatting); }",
            "<a x=\"1\"><c /></a>",
            EDIT,
        ),
        (
            "@{ var a = XElement.Parse(\"<a x='1'><b/></a>\"); a.ReplaceAll(new XAttribute(\"y\", 2), \"t\"); return a.ToString(); }",
            "<a y=\"2\">t</a>",
            EDIT,
        ),
        (
            "@{ var a = XElement.Parse(\"<a x='1'><b/></a>\"); a.RemoveAll(); return a.ToString(); }",
            "<a />",
            EDIT,
        ),
        (
            "@{ var a = XElement.Parse(\"<a x='1'><b/></a>\"); a.RemoveNodes(); a.RemoveAttributes(); return a.IsEmpty; }",
            "True",
            EDIT,
        ),
        (
            "@{ var a = XElement.Parse(\"<a><b>1</b><b>2</b></a>\"); a.ReplaceNodes(a.Elements().Where(e => e.Value == \"2\")); return a.ToString(SaveOptions.DisableFormatting); }",
            "<a><b>2</b></a>",
            "XContainer.ReplaceNodes takes a snapshot of its content",
        ),
        (
            "@{ var a = XElement.Parse(\"<a/>\"); a.Name = \"b\"; a.Value = \"\"; return a.ToString(); }",
            "<b></b>",
            EDIT,
        ),
        (
            "@{ var a = new XElement(\"a\"); a.Remove(); return \"\"; }",
            "!System.InvalidOperationException: The parent is missing.",
            LINQ_ERRORS,
        ),
        (
            "@{ var a = XElement.Parse(\"<a x='1'/>\"); var x = a.Attribute(\"x\"); x.Value = \"2\"; x.SetValue(3); return a.ToString(); }",
            "<a x=\"3\" />",
            ".NET documentation, XAttribute.SetValue",
        ),
        (
            "@{ var a = new XElement(\"a\"); var b = new XElement(\"b\"); a.Add(b); return a.Element(\"b\") == b && b.Parent == a; }",
            "True",
            "XContainer.Add links a node without a parent as it is",
        ),
        (
            "@{ var a = new XElement(\"a\"); a.Add(a); return a.ToString(SaveOptions.DisableFormatting); }",
            "<a><a /></a>",
            "XContainer.AddNode clones a node that would contain itself",
        ),
        (
            "@{ var b = XElement.Parse(\"<a><b/></a>\").Element(\"b\"); return b.Parent.ToString(SaveOptions.DisableFormatting); }",
            "<a><b /></a>",
            "a node keeps its tree alive",
        ),
    ];
    check(CASES);
}

#[test]
fn conversions_read_what_xml_schema_writes() {
    const CASES: &[Case] = &[
        ("@((string)XElement.Parse(\"<a>x</a>\"))", "x", CAST),
        (
            "@((string)XElement.Parse(\"<a/>\").Element(\"b\") ?? \"none\")",
            "none",
            CAST,
        ),
        ("@((int)XElement.Parse(\"<a> 5 </a>\") + 1)", "6", CAST),
        (
            "@((int?)XElement.Parse(\"<a/>\").Element(\"b\") ?? -1)",
            "-1",
            CAST,
        ),
        (
            "@((int)XElement.Parse(\"<a/>\").Element(\"b\"))",
            "!System.ArgumentNullException: Value cannot be null. (Parameter 'element')",
            CAST,
        ),
        (
            "@((int)XElement.Parse(\"<a/>\").Attribute(\"b\"))",
            "!System.ArgumentNullException: Value cannot be null. (Parameter 'attribute')",
            CAST,
        ),
        (
            "@((int)XElement.Parse(\"<a>x</a>\"))",
            "!System.FormatException: The input string 'x' was not in a correct format.",
            CAST,
        ),
        (
            "@((int)XElement.Parse(\"<a>3000000000</a>\"))",
            "!System.OverflowException: Value was either too large or too small for an Int32.",
            CAST,
        ),
        (
            "@((bool)XElement.Parse(\"<a>1</a>\") && (bool)XElement.Parse(\"<a>True</a>\"))",
            "True",
            CAST,
        ),
        (
            "@((bool)XElement.Parse(\"<a>yes</a>\"))",
            "!System.FormatException: The string 'yes' is not a valid Boolean value.",
            CAST,
        ),
        ("@((double)XElement.Parse(\"<a>1.5e1</a>\"))", "15", CAST),
        (
            "@((double)XElement.Parse(\"<a>-INF</a>\") < 0)",
            "True",
            CAST,
        ),
        (
            "@((DateTime)XElement.Parse(\"<a>2024-01-02T03:04:05Z</a>\") == new DateTime(2024, 1, 2, 3, 4, 5))",
            "True",
            CAST,
        ),
        (
            "@(((TimeSpan)XElement.Parse(\"<a>P1DT2H</a>\")).TotalHours)",
            "26",
            CAST,
        ),
        (
            "@((Guid)XElement.Parse(\"<a>d3c4f1ab-0000-1111-2222-333344445555</a>\"))",
            "d3c4f1ab-0000-1111-2222-333344445555",
            CAST,
        ),
        (
            "@((long)XElement.Parse(\"<a n='9000000000'/>\").Attribute(\"n\"))",
            "9000000000",
            CAST,
        ),
    ];
    check(CASES);
}

#[test]
fn other_nodes_have_what_dotnet_gives_them() {
    const CASES: &[Case] = &[
        ("@(new XText(\"a<b\").ToString())", "a&lt;b", NODES),
        (
            "@(new XCData(\"<x>\").ToString())",
            "<![CDATA[<x>]]>",
            NODES,
        ),
        ("@(new XComment(\"c\").ToString())", "<!--c-->", NODES),
        (
            "@(new XProcessingInstruction(\"t\", \"d\").ToString())",
            "<?t d?>",
            NODES,
        ),
        (
            "@(new XDocumentType(\"html\", null, null, null).ToString())",
            "<!DOCTYPE html >",
            "XmlTextEncoder writes a blank where neither identifier is given",
        ),
        (
            "@(new XDocumentType(\"a\", \"p\", \"s\", \"\").ToString())",
            "<!DOCTYPE a PUBLIC \"p\" \"s\"[]>",
            NODES,
        ),
        (
            "@{ var t = new XText(\"a\"); t.Value = \"b\"; return t.Value; }",
            "b",
            NODES,
        ),
        (
            "@(XElement.Parse(\"<a><![CDATA[x]]></a>\").FirstNode.NodeType)",
            "CDATA",
            NODES,
        ),
        (
            "@(XElement.Parse(\"<a>x</a>\").FirstNode is XText)",
            "True",
            NODES,
        ),
        (
            "@((XElement.Parse(\"<a>x</a>\").Nodes().OfType<XText>().First()).Value)",
            "x",
            NODES,
        ),
        (
            "@(XNode.DeepEquals(XElement.Parse(\"<a x='1'><b/></a>\"), XElement.Parse(\"<a x='1'> <b/></a>\")))",
            "True",
            COMPARE,
        ),
        (
            "@(XNode.DeepEquals(XElement.Parse(\"<a/>\"), XElement.Parse(\"<a></a>\")))",
            "False",
            COMPARE,
        ),
        (
            "@(XNode.DeepEquals(XElement.Parse(\"<a x='1' y='2'/>\"), XElement.Parse(\"<a y='2' x='1'/>\")))",
            "False",
            COMPARE,
        ),
        (
            "@(XNode.DeepEquals(XElement.Parse(\"<a><b/><c/></a>\"), XElement.Parse(\"<a><b><c/></b></a>\")))",
            "False",
            COMPARE,
        ),
        (
            "@{ var a = XElement.Parse(\"<a><b/><c/></a>\"); return a.Element(\"b\").IsBefore(a.Element(\"c\")) + \",\" + a.Element(\"b\").IsAfter(a) + \",\" + XNode.CompareDocumentOrder(a.Element(\"c\"), a.Element(\"b\")); }",
            "True,True,1",
            COMPARE,
        ),
        (
            "@(XNode.CompareDocumentOrder(new XElement(\"a\"), new XElement(\"b\")))",
            "!System.InvalidOperationException: A common ancestor is missing.",
            LINQ_ERRORS,
        ),
        (
            "@{ var a = new XElement(\"a\"); var o = (object)a; return o.Equals(a) + \",\" + (o is XContainer) + \",\" + (o as XText == null); }",
            "True,True,True",
            ".NET documentation, System.Xml.Linq class hierarchy",
        ),
    ];
    check(CASES);
}

#[test]
fn what_the_types_of_xml_do_not_have_is_refused_with_its_place() {
    for (code, expected) in [
        (
            "@{ var a = new XElement(\"a\"); a.Parent = a; return a; }",
            "1:31 TypeMismatch `Parent` of `XElement` cannot be assigned to.",
        ),
        (
            "@{ var a = new XElement(\"a\"); a.Values = \"\"; return a; }",
            "1:33 UnknownMember `XElement` has no member `Values`. Did you mean `Value`?",
        ),
        (
            "@{ var a = new XElement(\"a\"); a.set_Value(\"\"); return a; }",
            "1:33 UnknownMember `XElement` has no member `set_Value`.",
        ),
        (
            "@(XName.op_Implicit(\"a\"))",
            "1:9 UnknownMember `XName` has no member `op_Implicit`.",
        ),
        (
            "@(new XElement(\"a\") + 1)",
            "1:3 TypeMismatch Operator `+` cannot be applied to operands of type `XElement` and `int`.",
        ),
        (
            "@(XDocument.Load(\"http://localhost/\"))",
            "1:13 UnknownMember `XDocument` has no member `Load`.",
        ),
        (
            "@{ var d = new XmlDocument(); return d; }",
            "1:16 NotSupported `XmlDocument` is not supported yet.",
        ),
    ] {
        let problems = found(code, Expected::Any, Severity::Error);
        assert!(
            problems.iter().any(|problem| problem.starts_with(expected)),
            "{code}: {problems:?}"
        );
    }
    // Members of sequences of nodes are not members of other sequences.
    assert!(!found("@(new[] { 1 }.Elements())", Expected::Any, Severity::Error).is_empty());
}

#[test]
fn a_body_is_read_as_xml() {
    // The body of the test's request is `hello`.
    let error = evaluate("@(context.Request.Body.As<XElement>().Value)").unwrap_err();
    assert_eq!(
        (&*error.type_name, &*error.message),
        (
            "System.Xml.XmlException",
            "Data at the root level is invalid. Line 1, position 1."
        )
    );
    let error = evaluate("@(context.Request.Body.As<XDocument>(true).Root.Value)").unwrap_err();
    assert_eq!(&*error.type_name, "System.Xml.XmlException");
}
