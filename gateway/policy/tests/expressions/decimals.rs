//! `decimal`.

use crate::{Case, check};

const SPEC: &str = "C# spec §8.3.8, the decimal type";
const DECIMAL: &str = ".NET documentation, System.Decimal";
const ROUND: &str = ".NET documentation, Math.Round: half to even unless asked otherwise";

#[test]
fn decimals_keep_their_scale() {
    const CASES: &[Case] = &[
        (
            "@(1.50m)",
            "1.50",
            "System.Decimal: trailing zeros are kept",
        ),
        (
            "@(1.10m + 2.2m)",
            "3.30",
            "C# spec §12.10.5: the larger scale",
        ),
        (
            "@(1.20m * 2.0m)",
            "2.400",
            "C# spec §12.10.2: the sum of the scales",
        ),
        ("@(0.1m + 0.2m == 0.3m)", "True", SPEC),
        (
            "@(0.1 + 0.2 == 0.3)",
            "False",
            "C# spec §8.3.7: double is binary",
        ),
        ("@(1m / 4)", "0.25", SPEC),
        (
            "@(1m / 3)",
            "0.3333333333333333333333333333",
            "System.Decimal: 28 digits",
        ),
        (
            "@(3m / 2 + \",\" + 3.00m / 2 + \",\" + 1.00m / 1 + \",\" + 1m / 0.5m)",
            "1.5,1.50,1.00,2",
            "Decimal division: the dividend's scale less the divisor's, more if needed",
        ),
        (
            "@(2m / 3)",
            "0.6666666666666666666666666667",
            "System.Decimal: 28 digits, rounded",
        ),
        (
            "@(-7m % 3)",
            "-1",
            "C# spec §12.10.4: the sign of the dividend",
        ),
        ("@(5m / 2 > 2)", "True", SPEC),
        ("@(-1.5m)", "-1.5", SPEC),
        ("@(1.0m == 1.00m)", "True", DECIMAL),
        (
            "@(new[] { 1.0m, 1.00m, 2m }.Distinct().Count())",
            "2",
            "Decimal.Equals and GetHashCode ignore the scale",
        ),
        (
            "@(decimal.MaxValue)",
            "79228162514264337593543950335",
            DECIMAL,
        ),
        (
            "@(decimal.MinValue)",
            "-79228162514264337593543950335",
            DECIMAL,
        ),
        (
            "@{ decimal d = 5; long l = 7; d += l; return d; }",
            "12",
            "C# spec §10.2.3: integers convert implicitly",
        ),
        ("@{ decimal d = 1.5m; d++; return d; }", "2.5", SPEC),
        (
            "@{ decimal? d = null; return (d + 1m) == null; }",
            "True",
            "C# spec §12.4.8",
        ),
        ("@(1.5m + \"\" + 2m)", "1.52", "C# spec §12.10.5"),
        (
            "@{ object o = 1.5m; return o is decimal d && d > 1 ? d : 0m; }",
            "1.5",
            "C# spec §12.12.12",
        ),
        (
            "@{ decimal d = 0; return 1m / d; }",
            "!System.DivideByZeroException: Attempted to divide by zero.",
            SPEC,
        ),
        (
            "@{ decimal d = decimal.MaxValue; return d + 1; }",
            "!System.OverflowException: Value was either too large or too small for a Decimal.",
            DECIMAL,
        ),
    ];
    check(CASES);
}

#[test]
fn decimals_convert_to_and_from_other_numbers() {
    const CASES: &[Case] = &[
        ("@((int)3.99m)", "3", "C# spec §10.3.2: towards zero"),
        ("@((int)-3.99m)", "-3", "C# spec §10.3.2: towards zero"),
        ("@((double)1.5m)", "1.5", "C# spec §10.3.2"),
        (
            "@((decimal)0.1)",
            "0.1",
            "Decimal(Double): 15 significant digits",
        ),
        ("@((decimal)1e3)", "1000", "Decimal(Double)"),
        (
            "@{ decimal d = 3000000000m; return (int)d; }",
            "!System.OverflowException: Value was either too large or too small for an Int32.",
            "C# spec §10.3.2: always checked",
        ),
        (
            "@{ double d = 1e30; return (decimal)d; }",
            "!System.OverflowException: Value was either too large or too small for a Decimal.",
            "C# spec §10.3.2",
        ),
        (
            "@(decimal.Parse(\"1,234.50\"))",
            "1234.50",
            "NumberStyles.Number allows thousands",
        ),
        (
            "@(decimal.Parse(\" -0.5 \"))",
            "-0.5",
            "NumberStyles.Number allows blanks and a sign",
        ),
        (
            "@(decimal.TryParse(\"1e3\", out var d) ? \"yes\" : \"no \" + d)",
            "no 0",
            "NumberStyles.Number has no exponent",
        ),
        (
            "@(decimal.TryParse(\"12.30\", out var d) ? d : 0m)",
            "12.30",
            DECIMAL,
        ),
        (
            "@(decimal.Parse(\"x\"))",
            "!System.FormatException: The input string 'x' was not in a correct format.",
            DECIMAL,
        ),
        ("@(Convert.ToDecimal(\"2.5\") + 1)", "3.5", "System.Convert"),
        (
            "@(Convert.ToInt32(2.5m) + \",\" + Convert.ToInt32(3.5m))",
            "2,4",
            "Convert.ToInt32(Decimal): half to even",
        ),
        ("@(Convert.ToDecimal(true))", "1", "System.Convert"),
        ("@(Convert.ToBoolean(0.0m))", "False", "System.Convert"),
        ("@(new decimal(5) + decimal.One)", "6", DECIMAL),
    ];
    check(CASES);
}

#[test]
fn decimals_are_rounded_and_formatted() {
    const CASES: &[Case] = &[
        (
            "@(Math.Round(2.5m) + \",\" + Math.Round(3.5m))",
            "2,4",
            ROUND,
        ),
        ("@(Math.Round(2.345m, 2))", "2.34", ROUND),
        (
            "@(Math.Round(2.345m, 2, MidpointRounding.AwayFromZero))",
            "2.35",
            ROUND,
        ),
        (
            "@(Math.Round(-2.5m, MidpointRounding.AwayFromZero))",
            "-3",
            ROUND,
        ),
        (
            "@(Math.Floor(-1.5m) + \",\" + Math.Ceiling(-1.5m) + \",\" + Math.Truncate(-1.5m))",
            "-2,-1,-1",
            ".NET documentation, Math",
        ),
        (
            "@(Math.Abs(-1.50m) + \",\" + Math.Sign(-2m) + \",\" + Math.Max(1m, 2m))",
            "1.50,-1,2",
            ".NET documentation, Math",
        ),
        (
            "@(decimal.Round(1.25m, 1))",
            "1.2",
            "Decimal.Round: half to even",
        ),
        (
            "@(1234.5m.ToString(\"N2\"))",
            "1,234.50",
            "Standard numeric format strings, N",
        ),
        (
            "@(1234.567m.ToString(\"F1\"))",
            "1234.6",
            "Standard numeric format strings, F",
        ),
        (
            "@(0.125m.ToString(\"P1\"))",
            "12.5 %",
            "Standard numeric format strings, P",
        ),
        (
            "@(1.5m.ToString(\"00.00\"))",
            "01.50",
            "Custom numeric format strings",
        ),
        (
            "@($\"{12.5m,8:0.00}|\")",
            "   12.50|",
            "Composite formatting",
        ),
        (
            "@(1.5m.ToString(\"D\"))",
            "!System.FormatException: Format specifier was invalid.",
            "Standard numeric format strings, D: integers only",
        ),
        ("@(new[] { 1.5m, 2.5m }.Sum())", "4.0", "Enumerable.Sum"),
        ("@(new[] { 1m, 2m }.Average())", "1.5", "Enumerable.Average"),
        ("@(new[] { 1.5m, 0.5m }.Max())", "1.5", "Enumerable.Max"),
        (
            "@(string.Join(\" \", new[] { 2m, 1.5m }.OrderBy(d => d)))",
            "1.5 2",
            "Enumerable.OrderBy",
        ),
    ];
    check(CASES);
}

#[test]
fn decimals_are_values_of_json() {
    const JSON: &str =
        "Newtonsoft, JsonConvert.ToString(decimal): a decimal point is always written";
    const CASES: &[Case] = &[
        (
            "@(JsonConvert.SerializeObject(new { a = 1.5m, b = 1m }))",
            "{\"a\":1.5,\"b\":1.0}",
            JSON,
        ),
        (
            "@(new JObject(new JProperty(\"a\", 1.50m)).ToString(Formatting.None))",
            "{\"a\":1.50}",
            JSON,
        ),
        (
            "@{ JToken t = 1.5m; return t.Type; }",
            "Float",
            "JTokenType.Float",
        ),
        (
            "@((decimal)JObject.Parse(\"{\\\"a\\\": 1.5}\")[\"a\"] + 1m)",
            "2.5",
            "JToken.op_Explicit(JToken) to Decimal",
        ),
        (
            "@(JObject.Parse(\"{\\\"a\\\": 1.5}\").Value<decimal>(\"a\"))",
            "1.5",
            "Extensions.Value",
        ),
    ];
    check(CASES);
}

#[test]
fn decimals_do_not_mix_with_binary_numbers() {
    use gateway_policy::expression::Expected;
    use gateway_policy::problem::Severity;
    assert_eq!(
        crate::found("@(1m + 1.0)", Expected::Any, Severity::Error),
        [
            "1:3 TypeMismatch Operator `+` cannot be applied to operands of type `decimal` and `double`."
        ]
    );
    assert_eq!(
        crate::found(
            "@{ decimal d = 1.5; return d; }",
            Expected::Any,
            Severity::Error
        ),
        ["1:16 TypeMismatch Cannot implicitly convert type `double` to `decimal`."]
    );
}
