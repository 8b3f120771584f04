//! Conversions between tokens and .NET values, and `JsonConvert`.
//!
//! Sources: the explicit and implicit operators of `JToken`, `JToken.ToObject<T>`, `JToken.Value<T>`
//! (`Convert.ChangeType`) and "`JsonConvert`" in the documentation of `Newtonsoft.Json` 13.

use super::{Case, check, errors_of};

const OPERATORS: &[Case] = &[
    (
        "@((string)JToken.Parse(\"1\") + (string)JToken.Parse(\"1.0\") + (string)JToken.Parse(\"true\") + (string)JToken.Parse(\"'x'\"))",
        "11Truex",
        "explicit operator string: Convert.ToString(value, InvariantCulture)",
    ),
    (
        "@((string)JToken.Parse(\"null\") == null)",
        "True",
        "explicit operator string of null",
    ),
    (
        "@((string)JToken.Parse(\"{}\"))",
        "!System.ArgumentException: Can not convert Object to String.",
        "explicit operator string of a container",
    ),
    (
        "@((string)(JToken)JArray.Parse(\"[1]\"))",
        "!System.ArgumentException: Can not convert Array to String.",
        "explicit operator string of a container",
    ),
    (
        "@((string)JObject.Parse(\"{a:'x'}\").Property(\"a\"))",
        "x",
        "a property stands for its value",
    ),
    (
        "@((int)JToken.Parse(\"'12'\") + (int)JToken.Parse(\"2.5\") + (int)JToken.Parse(\"3.5\") + (int)JToken.Parse(\"true\"))",
        "19",
        "explicit operator int: Convert.ToInt32, which rounds to even",
    ),
    (
        "@((int)JToken.Parse(\"null\"))",
        "!System.ArgumentException: Can not convert Null to Int32.",
        "explicit operator int of null",
    ),
    (
        "@((int)JObject.Parse(\"{}\")[\"a\"])",
        "!System.ArgumentNullException: Value cannot be null. (Parameter 'value')",
        "explicit operator int of a null reference",
    ),
    (
        "@(((int?)JToken.Parse(\"null\") == null) + \"\" + ((int?)JObject.Parse(\"{}\")[\"a\"] ?? 7))",
        "True7",
        "explicit operator int?",
    ),
    (
        "@((int)JToken.Parse(\"3000000000\"))",
        "!System.OverflowException: Value was either too large or too small for an Int32.",
        "Convert.ToInt32(long)",
    ),
    (
        "@((int)JToken.Parse(\"{}\"))",
        "!System.ArgumentException: Can not convert Object to Int32.",
        "explicit operator int",
    ),
    (
        "@((long)JToken.Parse(\"3000000000\") + (double)JToken.Parse(\"'0.5'\"))",
        "3000000000.5",
        "explicit operators long and double",
    ),
    (
        "@((bool)JToken.Parse(\"'true'\") && (bool)JToken.Parse(\"1\") && !(bool)JToken.Parse(\"false\"))",
        "True",
        "explicit operator bool: Convert.ToBoolean",
    ),
    (
        "@((bool)JToken.Parse(\"'yes'\"))",
        "!System.FormatException: String 'yes' was not recognized as a valid Boolean.",
        "Convert.ToBoolean(string)",
    ),
    (
        "@((bool)JToken.Parse(\"'2021-03-04T05:06:07Z'\"))",
        "!System.ArgumentException: Can not convert Date to Boolean.",
        "explicit operator bool of a date",
    ),
    (
        "@((bool?)JObject.Parse(\"{}\")[\"a\"] == true)",
        "False",
        "explicit operator bool?",
    ),
    (
        "@((Guid)JToken.Parse(\"'6f9619ff-8b86-d011-b42d-00c04fc964ff'\"))",
        "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "explicit operator Guid",
    ),
    (
        "@((TimeSpan)JToken.Parse(\"'01:30:00'\"))",
        "01:30:00",
        "explicit operator TimeSpan",
    ),
    (
        "@(((DateTimeOffset)JToken.Parse(\"'2021-03-04T05:06:07Z'\")).ToString(\"o\"))",
        "2021-03-04T05:06:07.0000000+00:00",
        "explicit operator DateTimeOffset of a UTC date",
    ),
    (
        "@(((byte[])JToken.Parse(\"'aGk='\")).Length + (string)new JValue(new byte[] { 104, 105 }))",
        "2aGk=",
        "explicit operator byte[] and string: base64",
    ),
    (
        "@((string)JToken.Parse(\"123456789012345678901234567890\"))",
        "123456789012345678901234567890",
        "explicit operator string of a BigInteger",
    ),
    (
        "@((long)JToken.Parse(\"123456789012345678901234567890\"))",
        "!System.OverflowException: Value was either too large or too small for an Int64.",
        "explicit conversion of a BigInteger",
    ),
    (
        "@{ JToken t = 5; JToken s = \"x\"; JToken b = true; JToken d = 1.5; JToken n = (int?)null; return t.Type + \"\" + s.Type + b.Type + d.Type + n.Type; }",
        "IntegerStringBooleanFloatNull",
        "implicit operators of JToken",
    ),
    (
        "@((JObject.Parse(\"{}\")[\"a\"] ?? \"none\").ToString() + (true ? JToken.Parse(\"1\") : \"x\"))",
        "none1",
        "the type of `??` and `?:` is JToken",
    ),
    (
        "@(Convert.ToInt32(JToken.Parse(\"'5'\")) + Convert.ToBoolean(JToken.Parse(\"true\")).ToString() + Convert.ToString(JToken.Parse(\"1\")))",
        "5True1",
        "JValue implements IConvertible",
    ),
    (
        "@(JToken.Parse(\"[1]\").Value<int>())",
        "!System.InvalidCastException: Cannot cast Newtonsoft.Json.Linq.JArray to Newtonsoft.Json.Linq.JToken.",
        "Extensions.Convert",
    ),
    (
        "@(JObject.Parse(\"{a:null}\").Value<int>(\"a\"))",
        "!System.InvalidCastException: Null object cannot be converted to a value type.",
        "Convert.ChangeType(null)",
    ),
    (
        "@((JObject.Parse(\"{a:null}\").Value<int?>(\"a\") == null) + \"\" + (JObject.Parse(\"{a:null}\").Value<string>(\"a\") == null))",
        "TrueTrue",
        "Extensions.Convert of null",
    ),
    (
        "@(JObject.Parse(\"{a:1}\").Value<string>(\"a\") + JObject.Parse(\"{a:'x'}\").Value<string>(\"a\") + JObject.Parse(\"{a:true}\").Value<bool>(\"a\"))",
        "1xTrue",
        "Convert.ChangeType",
    ),
    (
        "@(JObject.Parse(\"{a:'x'}\").Value<Guid>(\"a\"))",
        "!System.InvalidCastException: Invalid cast from 'System.String' to 'System.Guid'.",
        "Convert.ChangeType knows only the types of TypeCode",
    ),
];

#[test]
fn tokens_convert_as_their_operators_say() {
    check(OPERATORS);
}

const OBJECTS: &[Case] = &[
    (
        "@(JToken.Parse(\"'5'\").ToObject<int>() + JToken.Parse(\"[1,2]\").ToObject<List<int>>().Sum() + JToken.Parse(\"[1,2]\").ToObject<int[]>().Length)",
        "10",
        "JToken.ToObject<T>",
    ),
    (
        "@(JToken.Parse(\"{a:1,b:'x'}\").ToObject<Dictionary<string, object>>()[\"b\"] + JToken.Parse(\"{a:1}\").ToObject<Dictionary<string, string>>()[\"a\"])",
        "x1",
        "JToken.ToObject<Dictionary<…>>",
    ),
    (
        "@(JToken.Parse(\"{a:{b:[1]}}\").ToObject<JObject>()[\"a\"].ToObject<Dictionary<string, List<int>>>()[\"b\"][0])",
        "1",
        "JToken.ToObject<T>, nested",
    ),
    (
        "@(JToken.Parse(\"[1]\").ToObject<JObject>().Count)",
        "!Newtonsoft.Json.JsonSerializationException: Deserialized JSON type 'Newtonsoft.Json.Linq.JArray' is not compatible with expected type 'Newtonsoft.Json.Linq.JObject'. Path ''.",
        "JsonSerializerInternalReader.CreateJToken",
    ),
    (
        "@(JToken.Parse(\"{}\").ToObject<string>())",
        "!System.ArgumentException: Can not convert Object to String.",
        "JToken.ToObject<string> is the explicit operator",
    ),
    (
        "@(JObject.FromObject(new { a = 1, b = new[] { 1.0, 2.5 }, c = (string)null, d = new Dictionary<string, int> { { \"x\", 1 } } }).ToString(Formatting.None))",
        "{\"a\":1,\"b\":[1.0,2.5],\"c\":null,\"d\":{\"x\":1}}",
        "JObject.FromObject",
    ),
    (
        "@(JArray.FromObject(new List<string> { \"a\" }).ToString(Formatting.None) + JToken.FromObject(5).Type)",
        "[\"a\"]Integer",
        "JArray.FromObject, JToken.FromObject",
    ),
    (
        "@(JObject.FromObject(new[] { 1 }).Count)",
        "!System.ArgumentException: Object serialized to Array. JObject instance expected.",
        "JObject.FromObject",
    ),
    (
        "@(JArray.FromObject(\"x\").Count)",
        "!System.ArgumentException: Object serialized to String. JArray instance expected.",
        "JArray.FromObject",
    ),
    (
        "@(JToken.FromObject(null).ToString())",
        "!System.ArgumentNullException: Value cannot be null. (Parameter 'o')",
        "JToken.FromObject",
    ),
    (
        "@(JsonConvert.SerializeObject(new { name = \"a\\\"b\", n = 1, f = 1.0, g = 2.5f, t = true, x = (object)null, l = 5L, c = 'c' }))",
        "{\"name\":\"a\\\"b\",\"n\":1,\"f\":1.0,\"g\":2.5,\"t\":true,\"x\":null,\"l\":5,\"c\":\"c\"}",
        "JsonConvert.SerializeObject of an anonymous object",
    ),
    (
        "@(JsonConvert.SerializeObject(new { a = new[] { 1 }, b = new { } }, Formatting.Indented))",
        "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}",
        "JsonConvert.SerializeObject(object, Formatting)",
    ),
    (
        "@(JsonConvert.SerializeObject(null) + JsonConvert.SerializeObject(\"x\") + JsonConvert.SerializeObject(1.0) + JsonConvert.SerializeObject(double.NaN) + JsonConvert.SerializeObject(true))",
        "null\"x\"1.0\"NaN\"true",
        "JsonConvert.SerializeObject of simple values",
    ),
    (
        "@(JsonConvert.SerializeObject(new byte[] { 104, 105 }) + JsonConvert.SerializeObject(DayOfWeek.Friday) + JsonConvert.SerializeObject(Guid.Empty))",
        "\"aGk=\"5\"00000000-0000-0000-0000-000000000000\"",
        "bytes are base64, enumerations numbers",
    ),
    (
        "@(JsonConvert.SerializeObject(new Dictionary<string, object> { [\"a\"] = 1, [\"b\"] = new List<string> { \"x\" } }))",
        "{\"a\":1,\"b\":[\"x\"]}",
        "dictionaries are objects",
    ),
    (
        "@(JsonConvert.SerializeObject(new[] { 1, 2, 3 }.Where(x => x > 1).Select(x => new { x })))",
        "[{\"x\":2},{\"x\":3}]",
        "queries are arrays",
    ),
    (
        "@(JsonConvert.SerializeObject(new { t = JObject.Parse(\"{a:1}\"), k = new KeyValuePair<string, int>(\"x\", 1) }))",
        "{\"t\":{\"a\":1},\"k\":{\"Key\":\"x\",\"Value\":1}}",
        "tokens as they are; pairs by their properties",
    ),
    (
        "@(((JObject)JsonConvert.DeserializeObject(\"{a:1}\"))[\"a\"].ToString() + JsonConvert.DeserializeObject(\"5\") + (JsonConvert.DeserializeObject(\"null\") == null))",
        "15True",
        "JsonConvert.DeserializeObject(string): JObject, Int64, null",
    ),
    (
        "@(JsonConvert.DeserializeObject<List<string>>(\"['a','b']\").Count + JsonConvert.DeserializeObject<Dictionary<string, int>>(\"{a:5}\")[\"a\"] + JsonConvert.DeserializeObject<int>(\"7\"))",
        "14",
        "JsonConvert.DeserializeObject<T>",
    ),
    (
        "@(JsonConvert.DeserializeObject<JArray>(\"[1,2]\").Count + (JsonConvert.DeserializeObject<JObject>(\"\") == null).ToString())",
        "2True",
        "JsonConvert.DeserializeObject<T> of an empty text is null",
    ),
    (
        "@(JsonConvert.DeserializeObject<int>(\"\"))",
        "!Newtonsoft.Json.JsonSerializationException: No JSON content found and type 'System.Int32' is not nullable. Path '', line 0, position 0.",
        "JsonSerializerInternalReader.Deserialize",
    ),
    (
        "@(JsonConvert.DeserializeObject<int>(\"1.5\"))",
        "!Newtonsoft.Json.JsonReaderException: Input string '1.5' is not a valid integer. Path '', line 1, position 3.",
        "JsonTextReader.ReadAsInt32",
    ),
    (
        "@(JsonConvert.DeserializeObject<int>(\"'x'\"))",
        "!Newtonsoft.Json.JsonReaderException: Could not convert string to integer: x. Path '', line 1, position 3.",
        "JsonReader.ReadInt32String",
    ),
    (
        "@(JToken.Parse(\"[1.5]\").ToObject<List<int>>()[0])",
        "2",
        "JTokenReader.ReadAsInt32: Convert.ToInt32",
    ),
    (
        "@(JToken.Parse(\"[null]\").ToObject<List<int>>()[0])",
        "!Newtonsoft.Json.JsonSerializationException: Error converting value {null} to type 'System.Int32'. Path '[0]'.",
        "JsonSerializerInternalReader.EnsureType",
    ),
    (
        "@(JsonConvert.DeserializeObject<string>(null))",
        "!System.ArgumentNullException: Value cannot be null. (Parameter 'value')",
        "JsonConvert.DeserializeObject",
    ),
    (
        "@(JsonConvert.DeserializeObject(\"{} x\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Additional text encountered after finished reading JSON content: x. Path '', line 1, position 3.",
        "JsonSerializer.CheckAdditionalContent",
    ),
    (
        "@(new JValue(\"a\").Type + \"\" + new JValue(1).Type + new JValue((object)null).Type + JValue.CreateNull().Type + new JValue(DateTime.MinValue).Type)",
        "StringIntegerNullNullDate",
        "JValue constructors",
    ),
];

#[test]
fn objects_become_json_and_back() {
    check(OBJECTS);
}

#[test]
fn what_csharp_refuses_of_tokens_is_refused_when_the_document_is_saved() {
    for (code, expected) in [
        (
            "@(JObject.Parse(\"{}\")[\"a\"] == \"x\")",
            "1:3 TypeMismatch Operator `==` cannot be applied to operands of type `JToken` and `string`.",
        ),
        (
            "@{ string s = JObject.Parse(\"{}\")[\"a\"]; return s; }",
            "1:15 TypeMismatch Cannot implicitly convert type `JToken` to `string`.",
        ),
        (
            "@(JObject.Parse(\"{}\").Foo())",
            "1:23 UnknownMember `JObject` has no member `Foo`.",
        ),
        (
            "@(context.Request.Body.As<int>())",
            "1:24 TypeMismatch A body cannot be read as `int`.",
        ),
        (
            "@(new List<int> { 1 }.Values<int>().Count())",
            "1:23 WrongArguments",
        ),
        (
            "@(JObject.Parse(\"{}\").set_Item(\"a\", 1))",
            "1:23 UnknownMember",
        ),
    ] {
        let found = errors_of(code);
        assert!(
            found
                .first()
                .is_some_and(|first| first.starts_with(expected)),
            "{code}\n{found:?}"
        );
    }
}
