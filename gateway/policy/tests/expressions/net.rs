//! URIs, addresses, forms and escaping for the web.

use crate::{Case, check};

const URI: &str = ".NET documentation, System.Uri";
const PARTS: &str = ".NET documentation, System.Uri, its example of properties";
const LEFT: &str = ".NET documentation, Uri.GetLeftPart, its table";
const RESOLUTION: &str = "RFC 3986 section 5.4, examples of reference resolution";
const RELATIVE: &str = ".NET documentation, Uri.MakeRelativeUri";
const ADDRESS: &str = ".NET documentation, IPAddress.Parse";
const FORM: &str = "policy-language.md appendix B, IMessageBody; WHATWG URL section 5";
const HTML: &str = ".NET documentation, WebUtility";
const ESCAPE: &str = ".NET documentation, Uri.EscapeDataString; RFC 3986 section 2.3";

/// The URI of the documentation of `System.Uri`.
macro_rules! contoso {
    ($after:literal) => {
        concat!(
            "@(new Uri(\"https://user:password@www.contoso.com:80/Home/Index.htm?q1=v1&q2=v2#FragmentName\")",
            $after,
            ")"
        )
    };
}

/// A reference seen from the base of RFC 3986 section 5.4.
macro_rules! seen {
    ($reference:literal) => {
        concat!(
            "@(new Uri(new Uri(\"http://a/b/c/d;p?q\"), \"",
            $reference,
            "\").AbsoluteUri)"
        )
    };
}

#[test]
fn a_uri_has_the_parts_that_the_documentation_shows() {
    const CASES: &[Case] = &[
        (contoso!(".AbsolutePath"), "/Home/Index.htm", PARTS),
        (
            contoso!(".AbsoluteUri"),
            "https://user:password@www.contoso.com:80/Home/Index.htm?q1=v1&q2=v2#FragmentName",
            PARTS,
        ),
        (contoso!(".DnsSafeHost"), "www.contoso.com", PARTS),
        (contoso!(".Fragment"), "#FragmentName", PARTS),
        (contoso!(".Host"), "www.contoso.com", PARTS),
        (contoso!(".HostNameType"), "Dns", PARTS),
        (contoso!(".IsAbsoluteUri"), "True", PARTS),
        (contoso!(".IsDefaultPort"), "False", PARTS),
        (contoso!(".IsFile"), "False", PARTS),
        (contoso!(".IsLoopback"), "False", PARTS),
        (contoso!(".LocalPath"), "/Home/Index.htm", PARTS),
        (
            contoso!(".OriginalString"),
            "https://user:password@www.contoso.com:80/Home/Index.htm?q1=v1&q2=v2#FragmentName",
            PARTS,
        ),
        (
            contoso!(".PathAndQuery"),
            "/Home/Index.htm?q1=v1&q2=v2",
            PARTS,
        ),
        (contoso!(".Port"), "80", PARTS),
        (contoso!(".Query"), "?q1=v1&q2=v2", PARTS),
        (contoso!(".Scheme"), "https", PARTS),
        (contoso!(".UserInfo"), "user:password", PARTS),
        (contoso!(".Authority"), "www.contoso.com:80", URI),
        (
            "@(string.Join(\",\", new Uri(\"https://a/Home/Index.htm\").Segments))",
            "/,Home/,Index.htm",
            PARTS,
        ),
        (
            "@(new Uri(\"HTTP://Example.COM\").AbsoluteUri)",
            "http://example.com/",
            "RFC 3986 section 6.2.2.1",
        ),
        (
            "@(new Uri(\"https://a.example:443/x\").AbsoluteUri)",
            "https://a.example/x",
            URI,
        ),
        ("@(new Uri(\"https://a.example\").Port)", "443", URI),
        (
            "@(new Uri(\"http://a/a b/\u{e9}?x=<\").AbsoluteUri)",
            "http://a/a%20b/%C3%A9?x=%3C",
            "RFC 3986 section 2.1",
        ),
        (
            "@(new Uri(\"http://a/a%20b\").ToString())",
            "http://a/a b",
            ".NET documentation, Uri.ToString",
        ),
        (
            "@(new Uri(\"http://a/a%2Fb\").ToString())",
            "http://a/a%2Fb",
            ".NET documentation, Uri.ToString",
        ),
        (
            "@(new Uri(\"http://a/%41%7e\").AbsolutePath)",
            "/A~",
            "RFC 3986 section 6.2.2.2",
        ),
        (
            "@(new Uri(\"http://a/b/../c/./d\").AbsolutePath)",
            "/c/d",
            "RFC 3986 section 5.2.4",
        ),
        (
            "@(new Uri(\"http://a/../..\").AbsolutePath)",
            "/",
            "RFC 3986 section 5.2.4",
        ),
        ("@(new Uri(\"http://[::1]:8080/\").Host)", "[::1]", URI),
        ("@(new Uri(\"http://[::1]:8080/\").Port)", "8080", URI),
        ("@(new Uri(\"http://127.0.0.1/\").IsLoopback)", "True", URI),
        (
            "@(new Uri(\"http://127.0.0.1/\").HostNameType)",
            "IPv4",
            URI,
        ),
        (
            "@(new Uri(\"urn:a:b\").AbsoluteUri)",
            "urn:a:b",
            "RFC 3986 section 1.1.2",
        ),
        (
            "@(context.Request.Url.ToUri().Host == context.Request.Url.Host)",
            "True",
            "policy-language.md appendix B, IUrl",
        ),
        (
            "@(context.Request.Url.ToUri().Query.StartsWith(\"?q=1&\"))",
            "True",
            "policy-language.md appendix B, IUrl",
        ),
    ];
    check(CASES);
}

#[test]
fn left_parts_are_those_of_the_documentation() {
    const CASES: &[Case] = &[
        (
            "@(new Uri(\"http://www.contoso.com/index.htm?date=today\").GetLeftPart(UriPartial.Scheme))",
            "http://",
            LEFT,
        ),
        (
            "@(new Uri(\"http://www.contoso.com/index.htm?date=today\").GetLeftPart(UriPartial.Authority))",
            "http://www.contoso.com",
            LEFT,
        ),
        (
            "@(new Uri(\"http://www.contoso.com/index.htm?date=today\").GetLeftPart(UriPartial.Path))",
            "http://www.contoso.com/index.htm",
            LEFT,
        ),
        (
            "@(new Uri(\"http://www.contoso.com/index.htm?date=today\").GetLeftPart(UriPartial.Query))",
            "http://www.contoso.com/index.htm?date=today",
            LEFT,
        ),
        (
            "@(new Uri(\"http://www.contoso.com/index.htm#main\").GetLeftPart(UriPartial.Query))",
            "http://www.contoso.com/index.htm",
            LEFT,
        ),
        (
            "@(new Uri(\"mailto:user@contoso.com?subject=hello\").GetLeftPart(UriPartial.Scheme))",
            "mailto:",
            LEFT,
        ),
        (
            "@(new Uri(\"mailto:user@contoso.com?subject=hello\").GetLeftPart(UriPartial.Authority))",
            "",
            LEFT,
        ),
        (
            "@(new Uri(\"mailto:user@contoso.com?subject=hello\").GetLeftPart(UriPartial.Path))",
            "mailto:user@contoso.com",
            LEFT,
        ),
    ];
    check(CASES);
}

#[test]
fn references_resolve_as_the_standard_shows() {
    const CASES: &[Case] = &[
        (seen!("g:h"), "g:h", RESOLUTION),
        (seen!("g"), "http://a/b/c/g", RESOLUTION),
        (seen!("./g"), "http://a/b/c/g", RESOLUTION),
        (seen!("g/"), "http://a/b/c/g/", RESOLUTION),
        (seen!("/g"), "http://a/g", RESOLUTION),
        (
            seen!("//g"),
            "http://g/",
            "RFC 3986 sections 5.4 and 6.2.3: an empty path of http is /",
        ),
        (seen!("?y"), "http://a/b/c/d;p?y", RESOLUTION),
        (seen!("g?y"), "http://a/b/c/g?y", RESOLUTION),
        (seen!("#s"), "http://a/b/c/d;p?q#s", RESOLUTION),
        (seen!("g?y#s"), "http://a/b/c/g?y#s", RESOLUTION),
        (seen!(";x"), "http://a/b/c/;x", RESOLUTION),
        (seen!("."), "http://a/b/c/", RESOLUTION),
        (seen!(".."), "http://a/b/", RESOLUTION),
        (seen!("../g"), "http://a/b/g", RESOLUTION),
        (seen!("../../g"), "http://a/g", RESOLUTION),
        (seen!("../../../g"), "http://a/g", RESOLUTION),
        (seen!("g;x=1/../y"), "http://a/b/c/y", RESOLUTION),
        (
            "@(new Uri(\"http://www.contoso.com/\").MakeRelativeUri(new Uri(\"http://www.contoso.com/index.htm?date=today\")).ToString())",
            "index.htm?date=today",
            RELATIVE,
        ),
        (
            "@(new Uri(\"http://a/b/c/d\").MakeRelativeUri(new Uri(\"http://a/b/e\")).ToString())",
            "../e",
            RELATIVE,
        ),
        (
            "@(new Uri(\"http://a/b/\").MakeRelativeUri(new Uri(\"http://other/c\")).ToString())",
            "http://other/c",
            RELATIVE,
        ),
        (
            "@(new Uri(\"http://a/b\").MakeRelativeUri(new Uri(\"http://a/b\")).IsAbsoluteUri)",
            "False",
            RELATIVE,
        ),
    ];
    check(CASES);
}

#[test]
fn what_is_no_uri_is_refused_with_the_documented_message() {
    const CASES: &[Case] = &[
        (
            "@(new Uri(\"\"))",
            "!System.UriFormatException: Invalid URI: The URI is empty.",
            URI,
        ),
        (
            "@(new Uri(\"x/y\"))",
            "!System.UriFormatException: Invalid URI: The format of the URI could not be determined.",
            URI,
        ),
        (
            "@(new Uri(\"http://a:x/\"))",
            "!System.UriFormatException: Invalid URI: Invalid port specified.",
            URI,
        ),
        (
            "@(new Uri(\"http://a:65536/\"))",
            "!System.UriFormatException: Invalid URI: Invalid port specified.",
            URI,
        ),
        (
            "@(new Uri(\"http:///x\"))",
            "!System.UriFormatException: Invalid URI: The hostname could not be parsed.",
            URI,
        ),
        (
            "@(new Uri(\"http://a b/\"))",
            "!System.UriFormatException: Invalid URI: The hostname could not be parsed.",
            URI,
        ),
        (
            "@(new Uri(\"http://good@evil@x/\"))",
            "!System.UriFormatException: Invalid URI: The hostname could not be parsed.",
            "RFC 3986 section 3.2",
        ),
        (
            "@{ try { return new Uri(\"x\").Host; } catch (FormatException e) { return \"caught\"; } }",
            "caught",
            ".NET documentation, UriFormatException derives from FormatException",
        ),
        (
            "@(new Uri((string)null))",
            "!System.ArgumentNullException: Value cannot be null. (Parameter 'uriString')",
            URI,
        ),
        (
            "@(new Uri(\"/x?y\", UriKind.Relative).ToString())",
            "/x?y",
            URI,
        ),
        (
            "@(new Uri(\"x\", UriKind.RelativeOrAbsolute).Host)",
            "!System.InvalidOperationException: This operation is not supported for a relative URI.",
            URI,
        ),
        (
            "@{ Uri u; return Uri.TryCreate(\"https://a/b\", UriKind.Absolute, out u) ? u.Host : \"-\"; }",
            "a",
            URI,
        ),
        (
            "@{ Uri u; return Uri.TryCreate(\"a/b\", UriKind.Absolute, out u) + \" \" + (u == null); }",
            "False True",
            URI,
        ),
        (
            "@{ Uri u; return Uri.TryCreate(null, UriKind.Absolute, out u); }",
            "False",
            URI,
        ),
        (
            "@(Uri.IsWellFormedUriString(\"http://www.example.com/path???/file name\", UriKind.Absolute))",
            "False",
            ".NET documentation, Uri.IsWellFormedOriginalString, its table",
        ),
        (
            "@(Uri.IsWellFormedUriString(\"http:\\\\\\\\\\\\host/path/file\", UriKind.Absolute))",
            "False",
            ".NET documentation, Uri.IsWellFormedOriginalString, its table",
        ),
        (
            "@(Uri.IsWellFormedUriString(\"www.example.com/path/file\", UriKind.Absolute))",
            "False",
            ".NET documentation, Uri.IsWellFormedOriginalString, its table",
        ),
        (
            "@(Uri.IsWellFormedUriString(\"https://a/b?c=d%20e\", UriKind.Absolute))",
            "True",
            URI,
        ),
        (
            "@(Uri.CheckSchemeName(\"1a\"))",
            "False",
            "RFC 3986 section 3.1",
        ),
    ];
    check(CASES);
}

#[test]
fn uris_are_equal_by_what_they_name() {
    const CASES: &[Case] = &[
        (
            "@(new Uri(\"http://A/b\") == new Uri(\"http://a:80/b#x\"))",
            "True",
            ".NET documentation, Uri.Equals",
        ),
        (
            "@(new Uri(\"http://a/b\") == new Uri(\"http://a/B\"))",
            "False",
            ".NET documentation, Uri.Equals",
        ),
        (
            "@(new Uri(\"http://a/b\") != new Uri(\"https://a/b\"))",
            "True",
            ".NET documentation, Uri.Equals",
        ),
        (
            "@(new Uri(\"http://a/b\").Equals(new Uri(\"http://x@a/b\")))",
            "True",
            ".NET documentation, Uri.Equals",
        ),
        (
            "@(new Uri(\"http://a/b/c\").IsBaseOf(new Uri(\"http://a/b/d\")))",
            "True",
            ".NET documentation, Uri.IsBaseOf",
        ),
        (
            "@(new Uri(\"http://a/b/c\").IsBaseOf(new Uri(\"http://a/x\")))",
            "False",
            ".NET documentation, Uri.IsBaseOf",
        ),
        (
            "@(\"\" + new Uri(\"http://a\"))",
            "http://a/",
            ".NET documentation, Uri.ToString",
        ),
    ];
    check(CASES);
}

#[test]
fn escaping_is_that_of_the_standard() {
    const CASES: &[Case] = &[
        (
            "@(Uri.EscapeDataString(\"a b&c/\u{e9}~!*'()\"))",
            "a%20b%26c%2F%C3%A9~%21%2A%27%28%29",
            ESCAPE,
        ),
        (
            "@(Uri.EscapeUriString(\"http://a/b c?d=[e]\"))",
            "http://a/b%20c?d=[e]",
            ".NET documentation, Uri.EscapeUriString",
        ),
        (
            "@(Uri.UnescapeDataString(\"a%20b%C3%A9+\"))",
            "a b\u{e9}+",
            ".NET documentation, Uri.UnescapeDataString",
        ),
        (
            "@(Uri.UnescapeDataString(\"%zz%C3%28%\"))",
            "%zz%C3(%",
            ".NET documentation, Uri.UnescapeDataString: what is no escape of UTF-8 stays",
        ),
        (
            "@(WebUtility.UrlEncode(\"a b&\u{e9}~!*()'-_.\"))",
            "a+b%26%C3%A9%7E!*()%27-_.",
            HTML,
        ),
        (
            "@(WebUtility.UrlDecode(\"a+b%26%C3%A9\"))",
            "a b&\u{e9}",
            HTML,
        ),
        (
            "@(Encoding.UTF8.GetString(WebUtility.UrlEncodeToBytes(Encoding.UTF8.GetBytes(\"xa b&y\"), 1, 4)))",
            "a+b%26",
            HTML,
        ),
        (
            "@(Encoding.UTF8.GetString(WebUtility.UrlDecodeToBytes(Encoding.UTF8.GetBytes(\"a+b%26\"), 0, 6)))",
            "a b&",
            HTML,
        ),
        (
            "@(WebUtility.UrlEncodeToBytes(new byte[2], 1, 2).Length)",
            "!System.ArgumentOutOfRangeException: Specified argument was out of the range of valid values. (Parameter 'count')",
            HTML,
        ),
        (
            "@(WebUtility.HtmlEncode(\"<a href=\\\"x\\\">'&\u{e9}\u{20ac}\"))",
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#233;\u{20ac}",
            HTML,
        ),
        (
            "@(WebUtility.HtmlDecode(\"&lt;&eacute;&euro;&#65;&#x42;&apos;&nosuch;&amp\"))",
            "<\u{e9}\u{20ac}AB'&nosuch;&amp",
            "HTML 4.01 section 24",
        ),
        (
            "@(WebUtility.HtmlDecode(\"&&lt;&Alpha;&hearts;\"))",
            "&<\u{391}\u{2665}",
            "HTML 4.01 section 24",
        ),
        ("@(WebUtility.HtmlEncode(null) == null)", "True", HTML),
    ];
    check(CASES);
}

#[test]
fn addresses_are_read_in_every_documented_notation() {
    const CASES: &[Case] = &[
        (
            "@(IPAddress.Parse(\"192.168.1.1\").ToString())",
            "192.168.1.1",
            ADDRESS,
        ),
        (
            "@(IPAddress.Parse(\"127.1\").ToString())",
            "127.0.0.1",
            ADDRESS,
        ),
        (
            "@(IPAddress.Parse(\"65536\").ToString())",
            "0.1.0.0",
            "Remarks of IPAddress.Parse, one part",
        ),
        (
            "@(IPAddress.Parse(\"20.2\").ToString())",
            "20.0.0.2",
            "Remarks of IPAddress.Parse, two parts",
        ),
        (
            "@(IPAddress.Parse(\"20.65535\").ToString())",
            "20.0.255.255",
            "Remarks of IPAddress.Parse, two parts",
        ),
        (
            "@(IPAddress.Parse(\"128.1.2\").ToString())",
            "128.1.0.2",
            "Remarks of IPAddress.Parse, three parts",
        ),
        (
            "@(IPAddress.Parse(\"0x10.010.0.1\").ToString())",
            "16.8.0.1",
            ADDRESS,
        ),
        (
            "@(IPAddress.Parse(\"2001:DB8:0:0::1\").ToString())",
            "2001:db8::1",
            "RFC 5952 section 4",
        ),
        (
            "@(IPAddress.Parse(\"::ffff:1.2.3.4\").ToString())",
            "::ffff:1.2.3.4",
            "RFC 5952 section 5",
        ),
        (
            "@(IPAddress.Parse(\"fe80::1%3\").ToString())",
            "fe80::1%3",
            "RFC 4007 section 11",
        ),
        (
            "@(IPAddress.Parse(\"[::1]:80\").ToString())",
            "::1",
            ADDRESS,
        ),
        (
            "@(IPAddress.Parse(\"1.2.3.256\"))",
            "!System.FormatException: An invalid IP address was specified.",
            ADDRESS,
        ),
        (
            "@(IPAddress.Parse(\"1.2.3.4.5\"))",
            "!System.FormatException: An invalid IP address was specified.",
            ADDRESS,
        ),
        (
            "@{ IPAddress a; return IPAddress.TryParse(\"x\", out a) + \" \" + (a == null); }",
            "False True",
            ADDRESS,
        ),
        (
            "@{ IPAddress a; return IPAddress.TryParse(context.Request.IpAddress, out a); }",
            "True",
            ADDRESS,
        ),
        (
            "@(IPAddress.Parse(\"::1\").AddressFamily)",
            "InterNetworkV6",
            ".NET documentation, AddressFamily",
        ),
        (
            "@(IPAddress.Parse(\"1.2.3.4\").AddressFamily.ToString())",
            "InterNetwork",
            ".NET documentation, AddressFamily",
        ),
        (
            "@(BitConverter.ToString(IPAddress.Parse(\"10.0.255.1\").GetAddressBytes()))",
            "0A-00-FF-01",
            ".NET documentation, GetAddressBytes",
        ),
        (
            "@(IPAddress.Parse(\"::1\").GetAddressBytes().Length)",
            "16",
            ".NET documentation, GetAddressBytes",
        ),
        (
            "@(IPAddress.IsLoopback(IPAddress.Parse(\"127.9.9.9\")))",
            "True",
            ".NET documentation, IPAddress.IsLoopback",
        ),
        (
            "@(IPAddress.IsLoopback(IPAddress.Parse(\"::2\")))",
            "False",
            ".NET documentation, IPAddress.IsLoopback",
        ),
        (
            "@(IPAddress.Parse(\"10.0.0.1\").Equals(IPAddress.Parse(\"10.1\")))",
            "True",
            ".NET documentation, IPAddress.Equals",
        ),
        (
            "@(IPAddress.Parse(\"10.0.0.1\").Equals(IPAddress.Parse(\"::ffff:10.0.0.1\")))",
            "False",
            ".NET documentation, IPAddress.Equals",
        ),
    ];
    check(CASES);
}

#[test]
fn a_form_is_a_dictionary_of_lists() {
    const CASES: &[Case] = &[
        (
            "@(context.Request.Body.AsFormUrlEncodedContent().ContainsKey(\"hello\"))",
            "True",
            FORM,
        ),
        (
            "@(context.Request.Body.AsFormUrlEncodedContent(preserveContent: true)[\"hello\"].Single() == \"\")",
            "True",
            FORM,
        ),
        (
            "@{ var f = context.Request.Body.AsFormUrlEncodedContent(); f[\"hello\"].Add(\"a b\"); return f.ToFormUrlEncodedContent(); }",
            "hello=&hello=a+b",
            FORM,
        ),
        (
            "@{ var f = context.Request.Body.AsFormUrlEncodedContent(); f.Add(\"x&\", new List<string> { \"a b\" }); return f.ToQueryString(); }",
            "hello=&x%26=a%20b",
            FORM,
        ),
        (
            "@{ context.Request.Body.AsFormUrlEncodedContent(); return context.Request.Body.AsFormUrlEncodedContent().Count; }",
            "!System.InvalidOperationException: The body has been read already; read it with preserveContent: true to read it again.",
            FORM,
        ),
        (
            "@{ IDictionary<string, IList<string>> f = context.Request.Body.AsFormUrlEncodedContent(true); return f.Keys.First() + context.Request.Body.As<string>(); }",
            "hellohello",
            FORM,
        ),
    ];
    check(CASES);
}
