//! Tokens and credentials.

use crate::{Case, check};

const JWT: &str = "policy-language.md appendix B, Jwt";
const READ: &str = "RFC 7519 section 3.1, its example token";
const CLAIMS: &str = "policy-language.md appendix B, Jwt.Claims; JwtPayload.Claims of System.IdentityModel.Tokens.Jwt";
const SHAPE: &str = "RFC 7515 section 7.1, compact serialisation";
const BASIC: &str = "RFC 7617 section 2, its example";
const CREDENTIALS: &str = "policy-language.md appendix B, AsBasic";

/// The token of RFC 7519 section 3.1.
macro_rules! joe {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "\"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.",
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk\"",
            $after
        )
    };
}

/// Claims of every JSON type: iss, sub, aud, jti, iat 0, nbf 1.9, roles, n 12, f false, z null,
/// o {"a":[1,"x"]}, m [1,true,"s",{"k":1}] and an empty array.
macro_rules! alice {
    ($before:literal, $after:literal) => {
        concat!($before, "\"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJqb2UiLCJzdWIiOiJhbGljZSIsImF1ZCI6WyJhIiwiYiJdLCJqdGkiOiI3IiwiaWF0IjowLCJuYmYiOjEuOSwicm9sZXMiOlsicjEiLCJyMiJdLCJuIjoxMiwiZiI6ZmFsc2UsInoiOm51bGwsIm8iOnsiYSI6WzEsIngiXX0sIm0iOlsxLHRydWUsInMiLHsiayI6MX1dLCJlbXB0eSI6W119.c2ln\"", $after)
    };
}

#[test]
fn a_token_says_what_its_header_and_claims_say() {
    const CASES: &[Case] = &[
        (joe!("@(", ".AsJwt().Issuer)"), "joe", READ),
        (joe!("@(", ".AsJwt().Algorithm)"), "HS256", READ),
        (joe!("@(", ".AsJwt().Type)"), "JWT", READ),
        (
            joe!("@(", ".AsJwt().ExpirationTime.Value.ToString(\"o\"))"),
            "2011-03-22T18:43:00.0000000Z",
            READ,
        ),
        (
            joe!("@(", ".AsJwt().ExpirationTime < DateTime.UtcNow)"),
            "True",
            READ,
        ),
        (joe!("@(", ".AsJwt().NotBefore == null)"), "True", JWT),
        (joe!("@(", ".AsJwt().IssuedAt.HasValue)"), "False", JWT),
        (joe!("@(", ".AsJwt().Subject == null)"), "True", JWT),
        (joe!("@(", ".AsJwt().Audiences.Count())"), "0", JWT),
        (
            joe!("@(", ".AsJwt().Claims[\"http://example.com/is_root\"][0])"),
            "true",
            CLAIMS,
        ),
        (
            joe!("@(", ".AsJwt().Claims.GetValueOrDefault(\"exp\"))"),
            "1300819380",
            CLAIMS,
        ),
        (
            joe!("@(\"Bearer \" + ", ".AsJwt()?.Issuer)"),
            "Bearer joe",
            "C# specification, operator precedence",
        ),
        (
            joe!("@((\"Bearer \" + ", ").AsJwt()?.Issuer)"),
            "joe",
            "documents give AsJwt the whole Authorization header",
        ),
        (alice!("@(", ".AsJwt().Subject)"), "alice", JWT),
        (alice!("@(", ".AsJwt().Id)"), "7", JWT),
        (
            alice!("@(string.Join(\"|\", ", ".AsJwt().Audiences))"),
            "a|b",
            JWT,
        ),
        (
            alice!("@(", ".AsJwt().IssuedAt.Value.ToString(\"s\"))"),
            "1970-01-01T00:00:00",
            "RFC 7519 section 2, NumericDate",
        ),
        (
            alice!("@(", ".AsJwt().NotBefore.Value.Second)"),
            "1",
            "RFC 7519 section 2, NumericDate",
        ),
        (
            alice!("@{ Jwt jwt = ", ".AsJwt(); return jwt.Type; }"),
            "JWT",
            JWT,
        ),
    ];
    check(CASES);
}

#[test]
fn claims_are_texts_and_arrays_are_several_values() {
    const CASES: &[Case] = &[
        (
            alice!("@(", ".AsJwt().Claims.GetValueOrDefault(\"roles\"))"),
            "r1,r2",
            CLAIMS,
        ),
        (
            alice!("@(", ".AsJwt().Claims[\"roles\"].Length)"),
            "2",
            CLAIMS,
        ),
        (
            alice!("@(", ".AsJwt().Claims[\"roles\"].Contains(\"r2\"))"),
            "True",
            CLAIMS,
        ),
        (
            alice!("@(", ".AsJwt().Claims.GetValueOrDefault(\"n\", \"\"))"),
            "12",
            CLAIMS,
        ),
        (
            alice!("@(", ".AsJwt().Claims.GetValueOrDefault(\"f\"))"),
            "false",
            CLAIMS,
        ),
        (
            alice!(
                "@(\"<\" + ",
                ".AsJwt().Claims.GetValueOrDefault(\"z\") + \">\")"
            ),
            "<>",
            CLAIMS,
        ),
        (
            alice!("@(", ".AsJwt().Claims.GetValueOrDefault(\"o\"))"),
            "{\"a\":[1,\"x\"]}",
            CLAIMS,
        ),
        (
            alice!("@(", ".AsJwt().Claims.GetValueOrDefault(\"m\"))"),
            "1,true,s,{\"k\":1}",
            CLAIMS,
        ),
        (
            alice!("@(", ".AsJwt().Claims[\"empty\"].Length)"),
            "0",
            CLAIMS,
        ),
        (
            alice!("@(", ".AsJwt().Claims.GetValueOrDefault(\"no\") == null)"),
            "True",
            CLAIMS,
        ),
        (
            alice!("@(", ".AsJwt().Claims.GetValueOrDefault(\"no\", \"none\"))"),
            "none",
            CLAIMS,
        ),
        (
            alice!(
                "@(",
                ".AsJwt().Claims.GetValueOrDefault(\"no\", new string[]{\"x\"})[0])"
            ),
            "x",
            CLAIMS,
        ),
        (
            alice!("@(", ".AsJwt().Claims.ContainsKey(\"Roles\"))"),
            "False",
            "RFC 7519 section 4: names are case-sensitive",
        ),
        (
            alice!("@(", ".AsJwt().Claims.ContainsKey(\"roles\"))"),
            "True",
            CLAIMS,
        ),
        (
            alice!("@(", ".AsJwt().Claims[\"no\"])"),
            "!System.Collections.Generic.KeyNotFoundException: The given key 'no' was not present in the dictionary.",
            ".NET documentation, Dictionary.Item",
        ),
        (
            alice!(
                "@{ string[] v; return ",
                ".AsJwt().Claims.TryGetValue(\"aud\", out v) ? v[1] : \"-\"; }"
            ),
            "b",
            CLAIMS,
        ),
        (alice!("@(", ".AsJwt().Claims.Count)"), "13", CLAIMS),
        (
            alice!(
                "@(string.Join(\",\", ",
                ".AsJwt().Claims.Where(c => c.Value.Length == 2).Select(c => c.Key)))"
            ),
            "aud,roles",
            CLAIMS,
        ),
        (
            alice!(
                "@{ var n = 0; foreach (var c in ",
                ".AsJwt().Claims) { n += c.Value.Length; } return n; }"
            ),
            "17",
            CLAIMS,
        ),
    ];
    check(CASES);
}

#[test]
fn what_is_no_token_is_null_and_never_an_exception() {
    const CASES: &[Case] = &[
        ("@(\"\".AsJwt() == null)", "True", JWT),
        ("@(\"a.b\".AsJwt() == null)", "True", SHAPE),
        ("@(\"a.b.c.d\".AsJwt() == null)", "True", SHAPE),
        ("@(((string)null).AsJwt() == null)", "True", JWT),
        (
            "@(\"e30.e30.\".AsJwt() == null)",
            "False",
            "RFC 7519 section 6.1, unsecured tokens",
        ),
        ("@(\"e30.e30.\".AsJwt().Algorithm == null)", "True", SHAPE),
        (
            "@(\"e30=.e30.\".AsJwt() == null)",
            "True",
            "RFC 7515 section 2: no padding",
        ),
        (
            "@(\"e30.W10.\".AsJwt() == null)",
            "True",
            "RFC 7519 section 7.2: the claims are an object",
        ),
        (
            "@(\"e30.e3.\".AsJwt() == null)",
            "True",
            "RFC 7515 section 5.2",
        ),
        (
            "@(\"e30.e30.a+b\".AsJwt() == null)",
            "True",
            "RFC 7515 section 2: the URL-safe alphabet",
        ),
        (
            "@{ Jwt j; return \"x\".TryParseJwt(out j) + \" \" + (j == null); }",
            "False True",
            JWT,
        ),
        (
            joe!(
                "@{ Jwt j; return ",
                ".TryParseJwt(out j) ? j.Issuer : \"-\"; }"
            ),
            "joe",
            JWT,
        ),
        (
            "@{ if (\"x\".TryParseJwt(out var j)) { return 1; } return 0; }",
            "0",
            JWT,
        ),
        (
            "@(context.Request.Headers.GetValueOrDefault(\"Authorization\",\"\").AsJwt()?.Subject == null)",
            "True",
            JWT,
        ),
        (
            "@(\"x\".AsJwt().Subject)",
            "!System.NullReferenceException: Object reference not set to an instance of an object.",
            "C# specification, member access",
        ),
    ];
    check(CASES);
}

#[test]
fn basic_credentials_are_read_from_the_header() {
    const CASES: &[Case] = &[
        (
            "@(\"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\".AsBasic().UserId)",
            "Aladdin",
            BASIC,
        ),
        (
            "@(\"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\".AsBasic().Password)",
            "open sesame",
            BASIC,
        ),
        (
            "@(\"basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\".AsBasic().UserId)",
            "Aladdin",
            "RFC 7617 section 2: the scheme ignores case",
        ),
        (
            "@(\"Basic dGVzdDoxMjPCow==\".AsBasic().Password)",
            "123£",
            "RFC 7617 section 2.1, its UTF-8 example",
        ),
        (
            "@(\"Basic YTpiOmM=\".AsBasic().Password)",
            "b:c",
            "RFC 7617 section 2: the first colon separates",
        ),
        (
            "@(\"Basic YTo=\".AsBasic().Password.Length)",
            "0",
            "RFC 7617 section 2: the password may be empty",
        ),
        (
            "@(\"Basic YQ==\".AsBasic() == null)",
            "True",
            "RFC 7617 section 2: a colon is required",
        ),
        ("@(\"Bearer YTpi\".AsBasic() == null)", "True", CREDENTIALS),
        ("@(\"Basic ?\".AsBasic() == null)", "True", CREDENTIALS),
        ("@(\"\".AsBasic() == null)", "True", CREDENTIALS),
        (
            "@{ BasicAuthCredentials c; return \"Basic YTpi\".TryParseBasic(out c) ? c.Username + c.Password : \"-\"; }",
            "ab",
            CREDENTIALS,
        ),
        (
            "@{ BasicAuthCredentials c; return \"Basic\".TryParseBasic(out c); }",
            "False",
            CREDENTIALS,
        ),
    ];
    check(CASES);
}
