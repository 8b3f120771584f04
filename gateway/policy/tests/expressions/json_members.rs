//! Members of Newtonsoft's tokens: reading, changing, going through them.
//!
//! Sources are the classes' pages of the documentation of `Newtonsoft.Json` 13, by member.

use super::{Case, check, evaluate, expression, request, support};
use bytes::Bytes;
use gateway_policy::context::Body;
use gateway_policy::expression::Budget;

const READING: &[Case] = &[
    (
        "@((string)JObject.Parse(\"{a:{b:'x'}}\")[\"a\"][\"b\"])",
        "x",
        "JObject.Item[string], JToken.Item[object]",
    ),
    (
        "@(JObject.Parse(\"{a:1}\")[\"b\"] == null)",
        "True",
        "JObject.Item[string]: null if there is no such property",
    ),
    (
        "@(JObject.Parse(\"{a:null}\")[\"a\"] == null)",
        "False",
        "a JSON null is a JValue",
    ),
    (
        "@(JObject.Parse(\"{a:null}\")[\"a\"].Type == JTokenType.Null)",
        "True",
        "JToken.Type",
    ),
    (
        "@(JObject.Parse(\"{a:null}\")[\"a\"].ToString() == \"\")",
        "True",
        "JValue.ToString: an empty string for null",
    ),
    (
        "@(string.Join(\",\", JArray.Parse(\"[{},[],1,1.5,'s',true,null,undefined]\").Select(t => t.Type)))",
        "Object,Array,Integer,Float,String,Boolean,Null,Undefined",
        "JTokenType",
    ),
    (
        "@((string)JObject.Parse(\"{a:1}\")[\"b\"][\"c\"])",
        "!System.NullReferenceException: Object reference not set to an instance of an object.",
        "a missing property is null",
    ),
    (
        "@((string)JObject.Parse(\"{a:1}\")?[\"b\"]?[\"c\"] ?? \"none\")",
        "none",
        "C# null-conditional operator",
    ),
    (
        "@(JObject.Parse(\"{a:1}\")[\"a\"][\"b\"].ToString())",
        "!System.InvalidOperationException: Cannot access child value on Newtonsoft.Json.Linq.JValue.",
        "JToken.Item[object] of a value",
    ),
    (
        "@(JToken.Parse(\"[1]\")[\"a\"].ToString())",
        "!System.ArgumentException: Accessed JArray values with invalid key value: \"a\". Int32 array index expected.",
        "JArray.Item[object]",
    ),
    (
        "@(JToken.Parse(\"{}\")[0].ToString())",
        "!System.ArgumentException: Accessed JObject values with invalid key value: 0. Object property name expected.",
        "JObject.Item[object]",
    ),
    (
        "@(JArray.Parse(\"[1]\")[1].ToString())",
        "!System.ArgumentOutOfRangeException: Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')",
        "JArray.Item[int]",
    ),
    (
        "@(JObject.Parse(\"{a:5}\").Value<int>(\"a\") + 1)",
        "6",
        "JToken.Value<T>(object)",
    ),
    (
        "@(JObject.Parse(\"{a:5}\").Value<int>(\"b\") + \"|\" + JObject.Parse(\"{a:5}\").Value<string>(\"b\") + \"|\" + (JObject.Parse(\"{a:5}\").Value<int?>(\"b\") == null))",
        "0||True",
        "JToken.Value<T>: default(T) for what is missing",
    ),
    (
        "@(JObject.Parse(\"{a:[1,2]}\").Value<JArray>(\"a\").Count)",
        "2",
        "JToken.Value<T> of a token class",
    ),
    (
        "@(JObject.Parse(\"{a:'12'}\")[\"a\"].Value<int>() + JArray.Parse(\"[1,2]\").Values<int>().Sum())",
        "15",
        "Extensions.Value<U>, JToken.Values<T>",
    ),
    (
        "@(JObject.Parse(\"{Name:'x'}\").GetValue(\"name\") == null)",
        "True",
        "JObject.GetValue(string)",
    ),
    (
        "@(JObject.Parse(\"{Name:'x'}\").GetValue(\"name\", StringComparison.OrdinalIgnoreCase).ToString())",
        "x",
        "JObject.GetValue(string, StringComparison)",
    ),
    (
        "@{ JToken t; return JObject.Parse(\"{a:1}\").TryGetValue(\"a\", out t) + \" \" + t; }",
        "True 1",
        "JObject.TryGetValue",
    ),
    (
        "@(JObject.Parse(\"{a:1}\").TryGetValue(\"A\", StringComparison.OrdinalIgnoreCase, out JToken t) ? (int)t : 0)",
        "1",
        "JObject.TryGetValue with a comparison",
    ),
    (
        "@(JObject.Parse(\"{a:1}\").TryGetValue(\"b\", out var t) + \"\" + (t == null))",
        "FalseTrue",
        "JObject.TryGetValue",
    ),
    (
        "@(JObject.Parse(\"{a:null}\").ContainsKey(\"a\") + \"\" + JObject.Parse(\"{}\").ContainsKey(\"a\"))",
        "TrueFalse",
        "JObject.ContainsKey",
    ),
    (
        "@(string.Join(\",\", JObject.Parse(\"{a:1,b:2}\").Properties().Select(p => p.Name + \"=\" + p.Value)))",
        "a=1,b=2",
        "JObject.Properties, JProperty.Name, JProperty.Value",
    ),
    (
        "@(JObject.Parse(\"{a:1}\").Property(\"a\").Value.ToString() + (JObject.Parse(\"{a:1}\").Property(\"b\") == null))",
        "1True",
        "JObject.Property",
    ),
    (
        "@(JObject.Parse(\"{a:1,b:2}\").Count + JArray.Parse(\"[1,2,3]\").Count + JArray.Parse(\"[1]\").Count())",
        "6",
        "JContainer.Count; Enumerable.Count",
    ),
    (
        "@(JArray.Parse(\"[1,2,3]\").First + \"\" + JArray.Parse(\"[1,2,3]\").Last() + JArray.Parse(\"[1,2,3]\").First.Next + (JArray.Parse(\"[]\").First == null))",
        "132True",
        "JToken.First, Last, Next beside Enumerable.Last",
    ),
    (
        "@(JArray.Parse(\"[1,2,3]\").Last.Previous.ToString())",
        "2",
        "JToken.Previous",
    ),
    (
        "@(JObject.Parse(\"{a:{b:[0,{'c d':1}]}}\")[\"a\"][\"b\"][1][\"c d\"].Path)",
        "a.b[1]['c d']",
        "JToken.Path",
    ),
    (
        "@(JObject.Parse(\"{a:{b:1}}\")[\"a\"][\"b\"].Root.ToString(Formatting.None) + JObject.Parse(\"{a:1}\")[\"a\"].Parent.Parent.ToString(Formatting.None))",
        "{\"a\":{\"b\":1}}{\"a\":1}",
        "JToken.Root; JToken.Parent of a value is its property",
    ),
    (
        "@(JArray.Parse(\"[]\").HasValues + \"\" + JArray.Parse(\"[1]\").HasValues + JArray.Parse(\"[1]\")[0].HasValues)",
        "FalseTrueFalse",
        "JToken.HasValues",
    ),
    (
        "@(string.Join(\"|\", JObject.Parse(\"{a:{b:1}}\").Descendants().Select(t => t.Type + \":\" + t.Path)))",
        "Property:a|Object:a|Property:a.b|Integer:a.b",
        "JContainer.Descendants: document order",
    ),
    (
        "@(string.Join(\"|\", JObject.Parse(\"{a:{b:1},c:2}\").Descendants().OfType<JProperty>().Select(p => p.Name)))",
        "a|b|c",
        "JContainer.Descendants with OfType",
    ),
    (
        "@(JArray.Parse(\"[1,{},2]\").Children<JObject>().Count() + JArray.Parse(\"[1,2]\").Children().Count())",
        "3",
        "JToken.Children",
    ),
    (
        "@(string.Join(\",\", JArray.Parse(\"[1,2,3]\")[1].AfterSelf()) + string.Join(\",\", JArray.Parse(\"[1,2,3]\")[1].BeforeSelf()))",
        "31",
        "JToken.AfterSelf, BeforeSelf",
    ),
    (
        "@(JObject.Parse(\"{a:{b:1}}\")[\"a\"][\"b\"].Ancestors().Count() + JObject.Parse(\"{a:1}\").AncestorsAndSelf().Count())",
        "5",
        "JToken.Ancestors: property, object, property, object",
    ),
    (
        "@(JToken.DeepEquals(JObject.Parse(\"{a:1,b:[2]}\"), JObject.Parse(\"{b:[2],a:1}\")) + \"\" + JToken.DeepEquals(JArray.Parse(\"[1,2]\"), JArray.Parse(\"[2,1]\")))",
        "TrueFalse",
        "JToken.DeepEquals",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1}\"); return (o[\"a\"] == o[\"a\"]) + \"\" + o[\"a\"].Equals(JToken.Parse(\"1\")) + o.Equals(o.DeepClone()); }",
        "TrueTrueFalse",
        "references; JValue.Equals compares values, JObject's references",
    ),
    (
        "@(((JValue)JToken.Parse(\"5\")).Value.Equals(5L))",
        "True",
        "JValue.Value: integers are Int64",
    ),
    (
        "@(((JValue)JToken.Parse(\"1.5\")).ToString(\"F2\") + $\"{JToken.Parse(\"7\"):D3}\")",
        "1.50007",
        "JValue.ToString(string); JValue is IFormattable",
    ),
];

#[test]
fn tokens_are_read_as_documented() {
    check(READING);
}

const GOING_THROUGH: &[Case] = &[
    (
        "@{ var s = \"\"; foreach (var p in JObject.Parse(\"{a:1,b:'x'}\")) { s += p.Key + \"=\" + p.Value + \";\"; } return s; }",
        "a=1;b=x;",
        "JObject.GetEnumerator: KeyValuePair<string, JToken>",
    ),
    (
        "@{ var s = \"\"; foreach (KeyValuePair<string, JToken> p in JObject.Parse(\"{a:1}\")) { s += p.Key; } return s; }",
        "a",
        "JObject.GetEnumerator",
    ),
    (
        "@{ var s = \"\"; foreach (JProperty p in JObject.Parse(\"{a:1}\").Properties()) { s += p.Name; } return s; }",
        "a",
        "JObject.Properties",
    ),
    (
        "@{ var s = 0; foreach (JObject o in (JArray)JObject.Parse(\"{a:[{n:1},{n:2}]}\")[\"a\"]) { s += (int)o[\"n\"]; } return s; }",
        "3",
        "foreach with a cast of JToken",
    ),
    (
        "@{ JToken t = JObject.Parse(\"{a:1}\"); var s = \"\"; foreach (var p in t) { s += p.Type; } return s; }",
        "Property",
        "JToken as IEnumerable<JToken>: the properties",
    ),
    (
        "@(JObject.Parse(\"{a:1,b:2}\").Select(p => p.Key).Aggregate((x, y) => x + y))",
        "ab",
        "JObject as IEnumerable<KeyValuePair<string, JToken>>",
    ),
    (
        "@(JObject.Parse(\"{a:[{k:'x',v:1},{k:'y',v:2}]}\")[\"a\"].Where(t => (string)t[\"k\"] == \"y\").Select(t => (int)t[\"v\"]).First())",
        "2",
        "LINQ to JSON: Where, Select",
    ),
    (
        "@(JArray.Parse(\"[{n:3},{n:1},{n:2}]\").OrderBy(t => (int)t[\"n\"]).Select(t => t[\"n\"].ToString()).Aggregate((a, b) => a + b))",
        "123",
        "LINQ to JSON: OrderBy",
    ),
    (
        "@(JArray.Parse(\"[{k:'a',v:1},{k:'b',v:2}]\").ToDictionary(t => (string)t[\"k\"], t => (int)t[\"v\"])[\"b\"])",
        "2",
        "LINQ to JSON: ToDictionary",
    ),
    (
        "@(JArray.Parse(\"[1,2,3]\").Any(t => (int)t > 2) + \"\" + JArray.Parse(\"[]\").Any())",
        "TrueFalse",
        "LINQ to JSON: Any",
    ),
    (
        "@(JArray.Parse(\"[{a:[1,2]},{a:[3]}]\").SelectMany(t => t[\"a\"]).Count() + JArray.Parse(\"[{a:1},{b:2}]\").Values<int>(\"a\").Count())",
        "4",
        "SelectMany; Extensions.Values<U>(key)",
    ),
    (
        "@(string.Join(\",\", JArray.Parse(\"['a','b']\")) + string.Join(\",\", JArray.Parse(\"['a','b']\").ToObject<string[]>()))",
        "a,ba,b",
        "string.Join over tokens",
    ),
    (
        "@{ switch (JToken.Parse(\"'x'\").Type) { case JTokenType.String: return \"s\"; default: return \"?\"; } }",
        "s",
        "JTokenType in a switch",
    ),
    (
        "@(JToken.Parse(\"[1]\") is JArray a ? a.Count : -1)",
        "1",
        "pattern of a token class",
    ),
    (
        "@((JToken.Parse(\"{}\") as JArray) == null)",
        "True",
        "as of a token class",
    ),
    (
        "@(((JArray)JToken.Parse(\"{}\")).Count)",
        "!System.InvalidCastException: Unable to cast object of type 'Newtonsoft.Json.Linq.JObject' to type 'Newtonsoft.Json.Linq.JArray'.",
        "reference conversion",
    ),
];

#[test]
fn tokens_are_sequences() {
    check(GOING_THROUGH);
}

const CHANGING: &[Case] = &[
    (
        "@{ var o = new JObject(); o[\"a\"] = 1; o[\"b\"] = \"x\"; o[\"c\"] = true; o[\"d\"] = null; o[\"e\"] = 1.5; o[\"a\"] = 2; return o.ToString(Formatting.None); }",
        "{\"a\":2,\"b\":\"x\",\"c\":true,\"d\":null,\"e\":1.5}",
        "JObject.Item[string] set; implicit operators of JToken",
    ),
    (
        "@(new JObject { [\"a\"] = 1, [\"b\"] = new JObject { [\"c\"] = new JArray { 1, \"x\", null } } }.ToString(Formatting.None))",
        "{\"a\":1,\"b\":{\"c\":[1,\"x\",null]}}",
        "object and collection initialisers",
    ),
    (
        "@(new JObject { { \"a\", 1 }, new JProperty(\"b\", \"x\") }.ToString(Formatting.None))",
        "{\"a\":1,\"b\":\"x\"}",
        "collection initialiser: JObject.Add(string, JToken), JContainer.Add(object)",
    ),
    (
        "@(new JObject(new JProperty(\"a\", 1), new JProperty(\"b\", new JArray(1, 2)), new JProperty(\"c\", new[] { 3, 4 }), new JProperty(\"d\", 5, 6)).ToString(Formatting.None))",
        "{\"a\":1,\"b\":[1,2],\"c\":[3,4],\"d\":[5,6]}",
        "JObject(object[]), JProperty(string, object): several values are an array",
    ),
    (
        "@(new JArray(new List<string> { \"a\", \"b\" }).ToString(Formatting.None) + new JArray(\"a\").ToString(Formatting.None) + new JArray(new[] { 1, 2 }.Select(x => x * 2)).ToString(Formatting.None))",
        "[\"a\",\"b\"][\"a\"][2,4]",
        "JArray(object): sequences are several items, strings are not",
    ),
    (
        "@{ var a = new JArray(); a.Add(1); a.Add(\"x\"); a.Add(new JObject()); a.AddFirst(0); a.Insert(1, 9); a[0] = 7; return a.ToString(Formatting.None); }",
        "[7,9,1,\"x\",{}]",
        "JArray.Add, JContainer.AddFirst, JArray.Insert, JArray.Item[int] set",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1,b:2}\"); var r = o.Remove(\"a\"); return r + \"\" + o.Remove(\"x\") + o.ToString(Formatting.None); }",
        "TrueFalse{\"b\":2}",
        "JObject.Remove(string)",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1,b:2}\"); o.Property(\"a\").Remove(); return o.ToString(Formatting.None); }",
        "{\"b\":2}",
        "JToken.Remove of a property",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1}\"); o[\"a\"].Remove(); return 1; }",
        "!Newtonsoft.Json.JsonException: Cannot add or remove items from Newtonsoft.Json.Linq.JProperty.",
        "JToken.Remove of the value of a property",
    ),
    (
        "@{ var o = new JObject(); o.Remove(); return 1; }",
        "!System.InvalidOperationException: The parent is missing.",
        "JToken.Remove without a parent",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1,b:2}\"); o[\"a\"].Replace(new JArray(1)); o.Property(\"b\").Value = \"x\"; return o.ToString(Formatting.None); }",
        "{\"a\":[1],\"b\":\"x\"}",
        "JToken.Replace, JProperty.Value set",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1}\"); o.Add(\"a\", 2); return 1; }",
        "!System.ArgumentException: Can not add property a to Newtonsoft.Json.Linq.JObject. Property with the same name already exists on object.",
        "JObject.Add",
    ),
    (
        "@{ var o = new JObject(); o.Add(new JValue(1)); return 1; }",
        "!System.ArgumentException: Can not add Newtonsoft.Json.Linq.JValue to Newtonsoft.Json.Linq.JObject.",
        "JContainer.Add: an object takes properties",
    ),
    (
        "@{ var a = new JArray(); a.Add(new JProperty(\"x\", 1)); return 1; }",
        "!System.ArgumentException: Can not add Newtonsoft.Json.Linq.JProperty to Newtonsoft.Json.Linq.JArray.",
        "JContainer.Add: an array takes no properties",
    ),
    (
        "@{ var a = JArray.Parse(\"[1,2,3]\"); a.RemoveAt(0); a[0].AddAfterSelf(9); a[0].AddBeforeSelf(8); a.Remove(a.Last); return a.ToString(Formatting.None) + a.IndexOf(a[1]) + a.Contains(new JValue(9)); }",
        "[8,2,9]1False",
        "JArray.RemoveAt, JToken.AddAfterSelf, AddBeforeSelf; Remove, IndexOf, Contains by reference",
    ),
    (
        "@{ var a = JArray.Parse(\"[1]\"); a[1] = 2; return 1; }",
        "!System.ArgumentOutOfRangeException: Index is equal to or greater than Count. (Parameter 'index')",
        "JContainer.SetItem",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:{x:1}}\"); o[\"b\"] = o[\"a\"]; o[\"b\"][\"x\"] = 2; return o.ToString(Formatting.None); }",
        "{\"a\":{\"x\":1},\"b\":{\"x\":2}}",
        "a token that has a parent is copied",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1}\"); o[\"self\"] = o; return o.ToString(Formatting.None); }",
        "{\"a\":1,\"self\":{\"a\":1}}",
        "a token added to itself is copied",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1}\"); var c = (JObject)o.DeepClone(); c[\"a\"] = 2; return o.ToString(Formatting.None) + c.ToString(Formatting.None); }",
        "{\"a\":1}{\"a\":2}",
        "JToken.DeepClone",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1,b:{c:1},d:[1]}\"); o.Merge(JObject.Parse(\"{a:2,b:{e:3},d:[2],f:null,b2:4}\")); return o.ToString(Formatting.None); }",
        "{\"a\":2,\"b\":{\"c\":1,\"e\":3},\"d\":[1,2],\"f\":null,\"b2\":4}",
        "JContainer.Merge: MergeArrayHandling.Concat",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1}\"); o.Merge(JObject.Parse(\"{a:null}\")); return o.ToString(Formatting.None); }",
        "{\"a\":1}",
        "MergeNullValueHandling.Ignore",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1}\"); o.RemoveAll(); return o.ToString(); }",
        "{}",
        "JContainer.RemoveAll",
    ),
    (
        "@{ var o = JObject.Parse(\"{a:1}\"); o[\"a\"] = (int)o[\"a\"] + 1; ((JValue)o[\"a\"]).Value = \"x\"; return o.ToString(Formatting.None); }",
        "{\"a\":\"x\"}",
        "JValue.Value set",
    ),
];

#[test]
fn trees_are_changed_as_documented() {
    check(CHANGING);
}

#[test]
fn constants_of_an_expression_are_new_tokens_in_every_evaluation() {
    // A token that were shared would have a parent the second time, or still hold what was added.
    let world = support::World::default();
    let code = expression(
        "@{ JToken t = \"x\"; var a = new JArray { t }; a.Add(new JArray()); ((JArray)a[1]).Add(1); return a.ToString(Formatting.None) + object.ReferenceEquals(a[0], t); }",
    );
    for _ in 0..2 {
        let value = code
            .evaluate(&mut request(), &world, &mut Budget::default())
            .unwrap();
        assert_eq!(value.to_text().unwrap(), "[\"x\",[1]]True");
    }
}

#[test]
fn a_body_is_read_as_json() {
    let world = support::World::default();
    let run = |code: &str, body: &'static [u8]| {
        let mut context = request();
        context.request.body = Body::Bytes(Bytes::from_static(body));
        expression(code)
            .evaluate(&mut context, &world, &mut Budget::default())
            .and_then(|value| value.to_text())
    };
    for (code, body, expected) in [
        (
            "@((string)context.Request.Body.As<JObject>()[\"a\"])",
            b"{\"a\":\"x\"}".as_slice(),
            "x",
        ),
        (
            "@(context.Request.Body.As<JArray>(preserveContent: true).Count)",
            b"\xef\xbb\xbf[1,2]",
            "2",
        ),
        (
            "@(context.Request.Body.As<Newtonsoft.Json.Linq.JToken>(true).Type)",
            b"5",
            "Integer",
        ),
        // What set-body sends for a token: its ToString().
        (
            "@(context.Request.Body.As<JObject>())",
            b"{\"a\":[1]}",
            "{\n  \"a\": [\n    1\n  ]\n}",
        ),
    ] {
        assert_eq!(run(code, body).unwrap(), expected, "{code}");
    }
    let error = run("@(context.Request.Body.As<JObject>().Count)", b"<a/>").unwrap_err();
    assert_eq!(
        error.message,
        "Unexpected character encountered while parsing value: <. Path '', line 0, position 0."
    );
}

#[test]
fn a_variable_holds_a_token() {
    let world = support::World::default();
    let mut context = request();
    let made = expression("@(JObject.Parse(\"{a:{b:1}}\"))")
        .evaluate(&mut context, &world, &mut Budget::default())
        .unwrap();
    context.variables.insert("json".into(), made);
    for (code, expected) in [
        (
            "@((int)((JObject)context.Variables[\"json\"])[\"a\"][\"b\"])",
            "1",
        ),
        (
            "@(context.Variables.GetValueOrDefault<JObject>(\"json\")[\"a\"].ToString(Formatting.None))",
            "{\"b\":1}",
        ),
        ("@((context.Variables[\"json\"] as JArray) == null)", "True"),
        (
            "@(JsonConvert.SerializeObject(context.Variables[\"json\"]))",
            "{\"a\":{\"b\":1}}",
        ),
    ] {
        let value = expression(code)
            .evaluate(&mut context, &world, &mut Budget::default())
            .unwrap();
        assert_eq!(value.to_text().unwrap(), expected, "{code}");
    }
    let error = expression("@((string)context.Variables[\"json\"])")
        .evaluate(&mut context, &world, &mut Budget::default())
        .unwrap_err();
    assert_eq!(
        error.message,
        "Unable to cast object of type 'Newtonsoft.Json.Linq.JObject' to type 'System.String'."
    );
}

#[test]
fn what_a_token_hangs_from_lives_as_long_as_the_token() {
    // Nothing else holds the object whose property is asked for its parent.
    assert_eq!(
        evaluate("@{ var t = JObject.Parse(\"{a:{b:1}}\")[\"a\"][\"b\"]; return t.Root.ToString(Formatting.None) + t.Path; }").unwrap(),
        "{\"a\":{\"b\":1}}a.b"
    );
}

const USAGE: &[Case] = &[
    (
        "@{ var body = JObject.Parse(\"{items:[{id:'a',n:2},{id:'b',n:3}]}\"); var items = (JArray)body[\"items\"]; \
           foreach (JObject item in items) { item[\"n\"] = item.Value<int>(\"n\") * 2; item.Property(\"id\")?.Remove(); item.Property(\"none\")?.Remove(); } \
           body.Add(\"total\", items.Sum(i => (int)i[\"n\"])); return body.ToString(Formatting.None); }",
        "{\"items\":[{\"n\":4},{\"n\":6}],\"total\":10}",
        "JObject, JArray, Enumerable.Sum",
    ),
    (
        "@{ var r = new JObject(); var names = new List<string> { \"x\", \"y\" }; r[\"names\"] = new JArray(names.Select(n => n.ToUpper())); \
           r[\"list\"] = JArray.FromObject(names); r[\"sub\"] = JObject.FromObject(new { a = names.Count }); r[\"sub\"][\"b\"] = r[\"names\"].Count(); \
           return r.ToString(Formatting.None); }",
        "{\"names\":[\"X\",\"Y\"],\"list\":[\"x\",\"y\"],\"sub\":{\"a\":2,\"b\":2}}",
        "JObject.Item[string], JArray(object), FromObject",
    ),
    (
        "@{ var o = JObject.Parse(\"{error:{code:'E1',inner:null}}\"); var code = o.SelectToken(\"error.code\")?.ToString() ?? \"none\"; \
           var inner = o[\"error\"]?[\"inner\"]; return code + (inner == null || inner.Type == JTokenType.Null) + (o[\"error\"] is JObject e && e.ContainsKey(\"code\")); }",
        "E1TrueTrue",
        "JToken.SelectToken, JToken.Type",
    ),
    (
        "@{ var claims = new Dictionary<string, string[]> { { \"roles\", new[] { \"a\", \"b\" } } }; var o = new JObject(); \
           foreach (var c in claims) { o.Add(new JProperty(c.Key, c.Value.Length == 1 ? (JToken)c.Value[0] : new JArray(c.Value))); } return o.ToString(Formatting.None); }",
        "{\"roles\":[\"a\",\"b\"]}",
        "JProperty(string, object), JArray(object)",
    ),
    (
        "@{ var a = JArray.Parse(\"[{k:'x',v:1},{k:'y',v:5},{k:'x',v:2}]\"); \
           return string.Join(\";\", a.GroupBy(t => (string)t[\"k\"]).Select(g => g.Key + \"=\" + g.Sum(t => t[\"v\"].Value<int>()))) + a.First()[\"k\"] + a.Last[\"v\"] + a.FirstOrDefault(t => t.Value<int>(\"v\") > 9)?[\"k\"]; }",
        "x=3;y=5x2",
        "LINQ to JSON: GroupBy",
    ),
    (
        "@{ var kept = new JObject(JObject.Parse(\"{a:1,b:null,c:2}\").Properties().Where(p => p.Value.Type != JTokenType.Null)); return kept.ToString(Formatting.None); }",
        "{\"a\":1,\"c\":2}",
        "JObject(object): properties that have a parent are copied",
    ),
];

#[test]
fn bodies_are_transformed_as_documents_do_it() {
    check(USAGE);
}
