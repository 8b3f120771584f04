//! `SelectToken` and `SelectTokens`.
//!
//! Sources: "Querying JSON with `SelectToken`" of the documentation of `Newtonsoft.Json` 13, S. Gössner's
//! `JSONPath` where that page follows it, and the messages of `JPath`'s filters.

use super::{Case, check};

/// The document of the documentation's examples, cut down.
macro_rules! shop {
    ($rest:literal) => {
        concat!(
            "@{ var o = JObject.Parse(\"{Stores:['Lambton Quay','Willis Street'],Manufacturers:[",
            "{Name:'Acme Co',Products:[{Name:'Anvil',Price:50}]},",
            "{Name:'Contoso',Products:[{Name:'Elbow Grease',Price:99.95},{Name:'Headlight Fluid',Price:4}]}],",
            "n:[0,1,2,3,4,5],'a.b':{'x y':1}}\"); ",
            $rest,
            " }"
        )
    };
}

const PATHS: &[Case] = &[
    (
        shop!("return o.SelectToken(\"Manufacturers[0].Name\").ToString();"),
        "Acme Co",
        "SelectToken example",
    ),
    (
        shop!("return (string)o.SelectToken(\"$.Manufacturers[1].Products[0].Name\");"),
        "Elbow Grease",
        "SelectToken example",
    ),
    (
        shop!("return o.SelectToken(\"nothing\") == null;"),
        "True",
        "SelectToken: null without a match",
    ),
    (
        shop!(
            "return o.SelectToken(\"$.Manufacturers[?(@.Name == 'Acme Co')].Products[0].Price\").ToString();"
        ),
        "50",
        "SelectToken with JSONPath example",
    ),
    (
        shop!("return string.Join(\",\", o.SelectTokens(\"$..Products[?(@.Price >= 50)].Name\"));"),
        "Anvil,Elbow Grease",
        "SelectTokens with JSONPath example",
    ),
    (
        shop!("return string.Join(\",\", o.SelectToken(\"Stores\").Select(s => (string)s));"),
        "Lambton Quay,Willis Street",
        "SelectToken with LINQ example",
    ),
    (
        shop!("return string.Join(\",\", o.SelectTokens(\"$..Name\"));"),
        "Acme Co,Anvil,Contoso,Elbow Grease,Headlight Fluid",
        "..name: document order",
    ),
    (
        shop!(
            "return string.Join(\",\", o.SelectTokens(\"n[1:3]\")) + \"|\" + string.Join(\",\", o.SelectTokens(\"n[-2:]\")) + \"|\" + string.Join(\",\", o.SelectTokens(\"n[::2]\")) + \"|\" + string.Join(\",\", o.SelectTokens(\"n[::-1]\")) + \"|\" + string.Join(\",\", o.SelectTokens(\"n[:-4]\"));"
        ),
        "1,2|4,5|0,2,4|5,4,3,2,1,0|0,1",
        "ArraySliceFilter",
    ),
    (
        shop!(
            "return string.Join(\",\", o.SelectTokens(\"n[0,2,5]\")) + string.Join(\",\", o.SelectTokens(\"Manufacturers[*].Name\"));"
        ),
        "0,2,5Acme Co,Contoso",
        "unions and wildcards of indexes",
    ),
    (
        shop!(
            "return o.SelectToken(\"['a.b']['x y']\").ToString() + o.SelectToken(\"$['a.b'].*\");"
        ),
        "11",
        "names in brackets; .*",
    ),
    (
        shop!("return string.Join(\",\", o.SelectTokens(\"Manufacturers[0]['Name','Nothing']\"));"),
        "Acme Co",
        "unions of names",
    ),
    (
        shop!("return string.Join(\",\", o.SelectTokens(\"$.n[?(@ > 1 && @ < 4 || @ == 5)]\"));"),
        "2,3,5",
        "&& binds tighter than ||",
    ),
    (
        shop!(
            "return string.Join(\",\", o.SelectTokens(\"$.Manufacturers[?(@.Products[?(@.Price < 10)])].Name\"));"
        ),
        "Contoso",
        "a filter inside a filter: existence",
    ),
    (
        shop!("return string.Join(\",\", o.SelectTokens(\"$.n[?(@ == $.n[2])]\"));"),
        "2",
        "$ in a filter is the root",
    ),
    (
        shop!(
            "return string.Join(\",\", o.SelectTokens(\"$.n[?(@ != 1)]\")) + string.Join(\",\", o.SelectTokens(\"$.n[?(@ === 1.0)]\")) + o.SelectTokens(\"$.n[?(@ == '1')]\").Count();"
        ),
        "0,2,3,4,510",
        "!=, ===; a number is not equal to a string",
    ),
    (
        "@(JArray.Parse(\"[{p:'50'},{p:5},{p:null},{}]\").SelectTokens(\"$[?(@.p > 10)]\").Count() + JArray.Parse(\"[{p:'50'},{p:5},{p:null},{}]\").SelectTokens(\"$[?(@.p < 10)]\").Count() * 10)",
        "21",
        "JValue.CompareTo: a string beside a number is read as one; null is less than anything",
    ),
    (
        "@(JArray.Parse(\"[{d:'2021-03-04T05:06:07Z'}]\").SelectTokens(\"$[?(@.d == '2021-03-04T05:06:07Z')]\").Count() + JArray.Parse(\"[{a:[1]},{a:2}]\").SelectTokens(\"$[?(@.a != 2)]\").Count())",
        "2",
        "EqualsWithStringCoercion of dates; containers are different from any value",
    ),
    (
        "@(JArray.Parse(\"[{p:'x'}]\").SelectTokens(\"$[?(@.p > 1)]\").Count())",
        "!System.FormatException: The input string 'x' was not in a correct format.",
        "JValue.CompareTo: Convert.ToInt64",
    ),
    (
        "@(JArray.Parse(\"['a','b']\").SelectTokens(\"$[?(@ =~ /a/)]\").Count())",
        "!System.NotSupportedException: Regular expressions in path queries (`=~`) are not supported.",
        "what is not built is refused by name",
    ),
    (
        shop!("return o.SelectToken(\"$\").Type + \"\" + o.SelectToken(\"\").Type;"),
        "ObjectObject",
        "the path of the token itself",
    ),
    (
        shop!("return o.SelectToken(\"x\", true) == null;"),
        "!Newtonsoft.Json.JsonException: Property 'x' does not exist on JObject.",
        "errorWhenNoMatch: FieldFilter",
    ),
    (
        shop!("return o.SelectToken(\"n[9]\", errorWhenNoMatch: true) == null;"),
        "!Newtonsoft.Json.JsonException: Index 9 outside the bounds of JArray.",
        "errorWhenNoMatch: ArrayIndexFilter",
    ),
    (
        shop!("return o.SelectToken(\"n.x\", true) == null;"),
        "!Newtonsoft.Json.JsonException: Property 'x' not valid on JArray.",
        "errorWhenNoMatch: FieldFilter",
    ),
    (
        shop!("return o.SelectToken(\"[0]\", true) == null;"),
        "!Newtonsoft.Json.JsonException: Index 0 not valid on JObject.",
        "errorWhenNoMatch: ArrayIndexFilter",
    ),
    (
        shop!("return o.SelectToken(\"n[*]\") == null;"),
        "!Newtonsoft.Json.JsonException: Path returned multiple tokens.",
        "SelectToken",
    ),
    (
        shop!("return o.SelectToken(\"n[\") == null;"),
        "!Newtonsoft.Json.JsonException: Path ended with open indexer.",
        "JPath",
    ),
    (
        shop!("return o.SelectToken(\"n[]\") == null;"),
        "!Newtonsoft.Json.JsonException: Array index expected.",
        "JPath",
    ),
    (
        shop!("return o.SelectToken(\"a.\") == null;"),
        "!Newtonsoft.Json.JsonException: Unexpected end while parsing path query.",
        "JPath",
    ),
    (
        shop!("return o.SelectToken(\"a]\") == null;"),
        "!Newtonsoft.Json.JsonException: Unexpected character while parsing path query: ]",
        "JPath",
    ),
];

#[test]
fn paths_select_what_the_documentation_says() {
    check(PATHS);
}
