//! Newtonsoft's JSON: reading, writing, members, conversions.
//!
//! Sources: names of classes are the classes' pages of the
//! documentation of `Newtonsoft.Json` 13; "reader" and "writer" are the documented behaviour of
//! `JsonTextReader` and `JsonTextWriter`, worked out by hand for the row.

use super::{Case, check};

const TEXTS: &[Case] = &[
    (
        "@(JObject.Parse(\"{'a':1,'b':[true,null,'x']}\").ToString())",
        "{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null,\n    \"x\"\n  ]\n}",
        "JToken.ToString: indented by two; reader: single quotes",
    ),
    (
        "@(JObject.Parse(\"{a:1,b:{c:[]},d:{}}\").ToString(Formatting.None))",
        "{\"a\":1,\"b\":{\"c\":[]},\"d\":{}}",
        "JToken.ToString(Formatting.None); reader: names without quotes",
    ),
    (
        "@(JObject.Parse(\"{a:[],b:{}}\").ToString(Newtonsoft.Json.Formatting.Indented))",
        "{\n  \"a\": [],\n  \"b\": {}\n}",
        "writer: empty containers stay on one line",
    ),
    (
        "@(\"x\" + JArray.Parse(\"[1, 2]\"))",
        "x[\n  1,\n  2\n]",
        "JToken.ToString() in concatenation",
    ),
    (
        "@($\"{JArray.Parse(\"[]\")}|{JObject.Parse(\"{a:1}\")[\"a\"]}\")",
        "[]|1",
        "JToken.ToString() in interpolation",
    ),
    (
        "@(JArray.Parse(\"[1.0, 1.5, 1e20, -0.0, 100000000000000000000.5, 1E-7]\").ToString(Formatting.None))",
        "[1.0,1.5,1E+20,-0.0,1E+20,1E-07]",
        "JsonConvert.ToString(double): R, with .0 where there is neither point nor exponent",
    ),
    (
        "@(JArray.Parse(\"[9223372036854775807, 9223372036854775808, -9223372036854775809]\").ToString(Formatting.None))",
        "[9223372036854775807,9223372036854775808,-9223372036854775809]",
        "reader: integers beyond Int64 are BigInteger",
    ),
    (
        "@(JArray.Parse(\"[NaN, Infinity, -Infinity]\").ToString(Formatting.None))",
        "[\"NaN\",\"Infinity\",\"-Infinity\"]",
        "FloatFormatHandling.String",
    ),
    (
        "@(JArray.Parse(\"[0x1F, 017, 0xff]\").ToString(Formatting.None))",
        "[31,15,255]",
        "reader: hexadecimal and octal integers",
    ),
    (
        "@(JArray.Parse(\"[1,,2,]\").ToString(Formatting.None))",
        "[1,undefined,2]",
        "reader: nothing between commas is undefined, a trailing comma is nothing",
    ),
    (
        "@(JObject.Parse(\"{/*x*/'a'://y\\n1/*z*/,}\").ToString(Formatting.None))",
        "{\"a\":1}",
        "reader: comments are skipped; trailing comma",
    ),
    (
        "@(JObject.Parse(\"{'a':1,'b':2,'a':3}\").ToString(Formatting.None))",
        "{\"a\":3,\"b\":2}",
        "JObject.Parse: DuplicatePropertyNameHandling.Replace",
    ),
    (
        "@(JsonConvert.DeserializeObject<JObject>(\"{'a':1,'b':2,'a':3}\").ToString(Formatting.None))",
        "{\"b\":2,\"a\":3}",
        "JTokenWriter removes the earlier property and appends",
    ),
    (
        "@(new JValue(\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\u0085\\u2028\\u2029'<é\").ToString(Formatting.None))",
        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\u{7f}\\u0085\\u2028\\u2029'<é\"",
        "StringEscapeHandling.Default",
    ),
    (
        "@((string)JArray.Parse(\"['\\\\u00e9\\\\ud83d\\\\ude00\\\\/\\\\'']\")[0])",
        "é😀/'",
        "reader: escapes",
    ),
    (
        "@(new JProperty(\"a\", 1).ToString() + new JProperty(\"a\", 1).ToString(Formatting.None))",
        "\"a\": 1\"a\":1",
        "JProperty.WriteTo",
    ),
    (
        "@(new JObject { [\"raw\"] = new JRaw(\"{x: y}\") }.ToString(Formatting.None))",
        "{\"raw\":{x: y}}",
        "JRaw is written as it is",
    ),
];

#[test]
fn json_is_read_and_written_as_newtonsoft_does() {
    check(TEXTS);
}

const DATES: &[Case] = &[
    (
        "@(JObject.Parse(\"{'d':'2021-03-04T05:06:07Z'}\")[\"d\"].Type + \"\")",
        "Date",
        "DateParseHandling.DateTime",
    ),
    (
        "@((string)JObject.Parse(\"{'d':'2021-03-04T05:06:07Z'}\")[\"d\"])",
        "03/04/2021 05:06:07",
        "explicit operator string: Convert.ToString(value, InvariantCulture)",
    ),
    (
        "@(JObject.Parse(\"{'d':'2021-03-04T05:06:07Z'}\")[\"d\"].ToString())",
        "03/04/2021 05:06:07",
        "JValue.ToString: the value's own",
    ),
    (
        "@(JObject.Parse(\"{'d':'2021-03-04T05:06:07Z'}\").ToString(Formatting.None))",
        "{\"d\":\"2021-03-04T05:06:07Z\"}",
        "Serializing Dates in JSON: ISO 8601, RoundtripKind",
    ),
    (
        "@(JObject.Parse(\"{'d':'2021-03-04T05:06:07.1230000'}\").ToString(Formatting.None))",
        "{\"d\":\"2021-03-04T05:06:07.123\"}",
        "DateTimeUtils: zeros at the end of the fraction are dropped",
    ),
    (
        "@(JObject.Parse(\"{'d':'2021-03-04T05:06:07+02:00'}\").ToString(Formatting.None))",
        "{\"d\":\"2021-03-04T03:06:07+00:00\"}",
        "an offset becomes local time, which is UTC",
    ),
    (
        "@(JObject.Parse(\"{'d':'2021-03-04','e':'2021-03-04 05:06:07','f':'2021-02-30T05:06:07','g':'2021-03-04T05:06'}\").ToString(Formatting.None))",
        "{\"d\":\"2021-03-04\",\"e\":\"2021-03-04 05:06:07\",\"f\":\"2021-02-30T05:06:07\",\"g\":\"2021-03-04T05:06\"}",
        "only the ISO form with T and seconds is a date",
    ),
    (
        "@(JObject.Parse(\"{'d':'2021-03-04T24:00:00Z'}\").ToString(Formatting.None))",
        "{\"d\":\"2021-03-05T00:00:00Z\"}",
        "DateTimeParser: hour 24 is the next day",
    ),
    (
        "@(JObject.Parse(\"{'d':'2021-03-04T05:06:07.12345678Z'}\")[\"d\"].Type.ToString())",
        "String",
        "DateTimeParser: at most seven digits of a fraction",
    ),
    (
        "@(JObject.Parse(\"{'d':'/Date(1577836800000)/'}\").ToString(Formatting.None))",
        "{\"d\":\"2020-01-01T00:00:00Z\"}",
        "Microsoft date format",
    ),
    (
        "@(JObject.Parse(\"{'d':'2021-03-04T05:06:07Z'}\").Value<DateTime>(\"d\").AddDays(1).ToString(\"o\"))",
        "2021-03-05T05:06:07.0000000Z",
        "JToken.Value<T>; RoundtripKind",
    ),
    (
        "@(((DateTime)JObject.Parse(\"{'d':'2021-03-04'}\")[\"d\"]).Day)",
        "4",
        "explicit operator DateTime of a string: Convert.ToDateTime",
    ),
    (
        "@(JsonConvert.SerializeObject(new { a = new DateTime(2021, 3, 4, 5, 6, 7), b = new DateTimeOffset(2021, 3, 4, 5, 6, 7, TimeSpan.FromHours(2)), c = TimeSpan.FromMinutes(90) }))",
        "{\"a\":\"2021-03-04T05:06:07\",\"b\":\"2021-03-04T05:06:07+02:00\",\"c\":\"01:30:00\"}",
        "Serializing Dates in JSON",
    ),
    (
        "@(JsonConvert.DeserializeObject<Dictionary<string,string>>(\"{'d':'2021-03-04T05:06:07Z'}\")[\"d\"])",
        "2021-03-04T05:06:07Z",
        "ReadAsString leaves dates alone",
    ),
];

#[test]
fn strings_that_look_like_dates_become_dates() {
    check(DATES);
}

const ERRORS: &[Case] = &[
    (
        "@(JObject.Parse(\"x\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Unexpected character encountered while parsing value: x. Path '', line 0, position 0.",
        "JsonTextReader.ParseValue",
    ),
    (
        "@(JObject.Parse(\"\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Error reading JObject from JsonReader. Path '', line 0, position 0.",
        "JObject.Load",
    ),
    (
        "@(JArray.Parse(\"{}\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Error reading JArray from JsonReader. Current JsonReader item is not an array: StartObject. Path '', line 1, position 1.",
        "JArray.Load",
    ),
    (
        "@(JObject.Parse(\"[1]\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Error reading JObject from JsonReader. Current JsonReader item is not an object: StartArray. Path '', line 1, position 1.",
        "JObject.Load",
    ),
    (
        "@(JObject.Parse(\"'x'\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Error reading JObject from JsonReader. Current JsonReader item is not an object: String. Path '', line 1, position 3.",
        "JObject.Load",
    ),
    (
        "@(JToken.Parse(\"\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Error reading JToken from JsonReader. Path '', line 0, position 0.",
        "JToken.ReadFrom",
    ),
    (
        "@(JObject.Parse(\"{'a':1} x\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Additional text encountered after finished reading JSON content: x. Path '', line 1, position 8.",
        "JsonTextReader.Read in state Finished",
    ),
    (
        "@(JObject.Parse(\"{'a':{'b':[1,@]}}\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Unexpected character encountered while parsing value: @. Path 'a.b[0]', line 1, position 13.",
        "JsonTextReader.ParseValue; JsonPosition.BuildPath",
    ),
    (
        "@(JObject.Parse(\"{\\n  'a': 1\\n  'b': 2}\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: After parsing a value an unexpected character was encountered: '. Path 'a', line 3, position 2.",
        "JsonTextReader.ParsePostValue",
    ),
    (
        "@(JObject.Parse(\"{'a' 1}\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Invalid character after parsing property name. Expected ':' but got: 1. Path '', line 1, position 5.",
        "JsonTextReader.ParseProperty",
    ),
    (
        "@(JObject.Parse(\"{,}\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Invalid property identifier character: ,. Path '', line 1, position 1.",
        "JsonTextReader.ParseProperty",
    ),
    (
        "@(JObject.Parse(\"{'a':1\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Unexpected end of content while loading JObject. Path 'a', line 1, position 6.",
        "JContainer.ReadTokenFrom",
    ),
    (
        "@(JArray.Parse(\"['abc]\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Unterminated string. Expected delimiter: '. Path '', line 1, position 6.",
        "JsonTextReader.ReadStringIntoBuffer",
    ),
    (
        "@(JArray.Parse(\"[tru]\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Error parsing boolean value. Path '', line 1, position 4.",
        "JsonTextReader.ParseTrue",
    ),
    (
        "@(JArray.Parse(\"[1}\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: JsonToken EndObject is not valid for closing JsonType Array. Path '', line 1, position 3.",
        "JsonReader.ValidateEnd",
    ),
    (
        "@(JArray.Parse(\"[1.2.3]\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Input string '1.2.3' is not a valid number. Path '', line 1, position 6.",
        "JsonTextReader.ParseReadNumber",
    ),
    (
        "@(JArray.Parse(\"[12z]\").ToString())",
        "!Newtonsoft.Json.JsonReaderException: Unexpected character encountered while parsing number: z. Path '', line 1, position 3.",
        "JsonTextReader.ReadNumberCharIntoBuffer",
    ),
    (
        "@(JArray.Parse(new string('[', 65)).ToString())",
        "!Newtonsoft.Json.JsonReaderException: The reader's MaxDepth of 64 has been exceeded. Path '[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]', line 1, position 65.",
        "JsonReader.MaxDepth is 64 since version 13",
    ),
    (
        "@(JArray.Parse(new string('[', 64) + new string(']', 64)).ToString(Formatting.None).Length)",
        "128",
        "JsonReader.MaxDepth is 64 since version 13",
    ),
    (
        "@{ try { JObject.Parse(\"{\"); } catch (JsonReaderException e) { return e.Message; } return \"?\"; }",
        "Unexpected end of content while loading JObject. Path '', line 1, position 1.",
        "JsonReaderException can be caught",
    ),
    (
        "@{ try { JObject.Parse(\"{\"); } catch (JsonException) { return \"caught\"; } return \"?\"; }",
        "caught",
        "JsonReaderException derives from JsonException",
    ),
    (
        "@(JObject.Parse((string)null).ToString())",
        "!System.ArgumentNullException: Value cannot be null. (Parameter 's')",
        "StringReader(string)",
    ),
];

#[test]
fn what_is_no_json_is_told_with_its_path_and_place() {
    check(ERRORS);
}
