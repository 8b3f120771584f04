//! Regular expressions in .NET's dialect.

use std::time::{Duration, Instant};

use gateway_policy::expression::{Budget, Expected};
use gateway_policy::problem::Severity;

use crate::{Case, check, evaluate, expression, found, request, support};

const QUICK: &str = ".NET documentation, Regular expression language, quick reference";
const ESCAPES: &str = ".NET documentation, Character escapes";
const CLASSES: &str = ".NET documentation, Character classes";
const ANCHORS: &str = ".NET documentation, Anchors";
const GROUPING: &str = ".NET documentation, Grouping constructs";
const QUANTIFIERS: &str = ".NET documentation, Quantifiers";
const BACKREFERENCES: &str = ".NET documentation, Backreference constructs";
const ALTERNATION: &str = ".NET documentation, Alternation constructs";
const SUBSTITUTION: &str = ".NET documentation, Substitutions";
const OPTIONS: &str = ".NET documentation, Regular expression options";
const REGEX: &str = ".NET documentation, System.Text.RegularExpressions.Regex";
const SPLIT: &str = ".NET documentation, Regex.Split";
const OBJECTS: &str = ".NET documentation, The regular expression object model";

#[test]
fn escapes_and_classes_match_what_the_reference_says() {
    const CASES: &[Case] = &[
        (r#"@(Regex.IsMatch("a\tb", @"\t"))"#, "True", ESCAPES),
        (
            r#"@(Regex.IsMatch("A", @"^\x41\u0041?$"))"#,
            "True",
            ESCAPES,
        ),
        (r#"@(Regex.IsMatch("\u0003", @"^\cC$"))"#, "True", ESCAPES),
        (
            r#"@(Regex.IsMatch("A", @"^\101$"))"#,
            "True",
            "Character escapes: octal",
        ),
        (
            r#"@(Regex.IsMatch("\u001b\a", @"^\e\a$"))"#,
            "True",
            ESCAPES,
        ),
        (r#"@(Regex.Match("x+y", @"\+").Index)"#, "1", ESCAPES),
        (r#"@(Regex.IsMatch("gray", "^gr[ae]y$"))"#, "True", CLASSES),
        (r#"@(Regex.Match("reel", "[^aeiou]").Value)"#, "r", CLASSES),
        (r#"@(Regex.Match("AB123", "[A-Z]+").Value)"#, "AB", CLASSES),
        (
            r#"@(Regex.Match("\u00e9t\u00e9 x", @"\w+").Value)"#,
            "\u{e9}t\u{e9}",
            "Character classes: \\w is [\\p{L}\\p{Mn}\\p{Nd}\\p{Pc}]",
        ),
        (
            r#"@(Regex.Match("\u00e9t\u00e9 x", @"\w+", RegexOptions.ECMAScript).Value)"#,
            "t",
            "Regular expression options: ECMAScript \\w is [a-zA-Z_0-9]",
        ),
        (
            r#"@(Regex.IsMatch("\u0663", @"^\d$"))"#,
            "True",
            "Character classes: \\d is \\p{Nd}",
        ),
        (
            r#"@(Regex.IsMatch("\u0663", @"^\d$", RegexOptions.ECMAScript))"#,
            "False",
            OPTIONS,
        ),
        (r#"@(Regex.IsMatch("\u00a0", @"^\s$"))"#, "True", CLASSES),
        (r#"@(Regex.Replace("a1 b2", @"\D", ""))"#, "12", CLASSES),
        (
            r#"@(Regex.IsMatch("\u0416", @"^\p{IsCyrillic}\p{Lu}?$"))"#,
            "True",
            CLASSES,
        ),
        (r#"@(Regex.Match("aB", @"\p{Lu}").Value)"#, "B", CLASSES),
        (r#"@(Regex.Match("aB", @"\P{Ll}").Value)"#, "B", CLASSES),
        (
            r#"@(Regex.Replace("abcdefghij", "[a-z-[aeiou]]", "."))"#,
            "a...e...i.",
            "Character classes: subtraction",
        ),
        (
            r#"@(Regex.IsMatch("5", "^[0-9-[2468]]$"))"#,
            "True",
            "Character classes: subtraction",
        ),
        (
            r#"@(Regex.IsMatch("-", "^[a-]$") && Regex.IsMatch("]", "^[]]$"))"#,
            "True",
            CLASSES,
        ),
        (
            r#"@(Regex.Match("a\nb", ".+").Value)"#,
            "a",
            "Character classes: . is everything but \\n",
        ),
        (
            r#"@(Regex.Match("a\nb", ".+", RegexOptions.Singleline).Length)"#,
            "3",
            OPTIONS,
        ),
        (
            r#"@(Regex.IsMatch("a\rb", "^a.b$"))"#,
            "True",
            "Character classes: . is everything but \\n",
        ),
        (
            r#"@(Regex.Match("\ud83d\ude00x", "x").Index)"#,
            "2",
            "Positions count UTF-16 units",
        ),
    ];
    check(CASES);
}

#[test]
fn anchors_hold_where_the_reference_says() {
    const CASES: &[Case] = &[
        (
            r#"@(Regex.IsMatch("abc\n", "abc$"))"#,
            "True",
            "Anchors: $ also before a final newline",
        ),
        (r#"@(Regex.IsMatch("abc\n\n", "abc$"))"#, "False", ANCHORS),
        (r#"@(Regex.IsMatch("abc\n", @"abc\Z"))"#, "True", ANCHORS),
        (r#"@(Regex.IsMatch("abc\n", @"abc\z"))"#, "False", ANCHORS),
        (
            r#"@(Regex.Matches("a\nb", "^.", RegexOptions.Multiline).Count)"#,
            "2",
            ANCHORS,
        ),
        (r#"@(Regex.Matches("a\nb", "^.").Count)"#, "1", ANCHORS),
        (
            r#"@(Regex.Matches("a\nb\n", ".$", RegexOptions.Multiline).Count)"#,
            "2",
            ANCHORS,
        ),
        (
            r#"@(Regex.Matches("a\nb", @"\A.", RegexOptions.Multiline).Count)"#,
            "1",
            ANCHORS,
        ),
        (
            r#"@(Regex.Matches("(1)(3)(5)[7](9)", @"\G\(\d\)").Count)"#,
            "3",
            "Anchors: \\G, its example",
        ),
        (
            r#"@(Regex.Match("area bare arena mare", @"\bare\w*\b").Value)"#,
            "area",
            "Anchors: \\b, its example",
        ),
        (
            r#"@(string.Join(",", Regex.Matches("area bare arena mare", @"\bare\w*\b").Select(m => m.Value)))"#,
            "area,arena",
            "Anchors: \\b, its example",
        ),
        (
            r#"@(string.Join(",", Regex.Matches("equity queen equip acquaint quiet", @"\Bqu\w+").Cast<Match>().Select(m => m.Value)))"#,
            "quity,quip,quaint",
            "Anchors: \\B, its example",
        ),
    ];
    check(CASES);
}

#[test]
fn groups_are_numbered_and_named_as_in_net() {
    const CASES: &[Case] = &[
        (
            r#"@(Regex.Match("max-age=3600", @"max-age=(?<maxAge>\d+)").Groups["maxAge"]?.Value)"#,
            "3600",
            "policy-language.md, the example of policy expressions",
        ),
        (
            r#"@(Regex.Match("ab", "(?'x'a)(b)").Groups[1].Value)"#,
            "b",
            "Grouping constructs: named groups are numbered after unnamed ones",
        ),
        (
            r#"@(Regex.Match("ab", "(?'x'a)(b)").Groups[2].Value)"#,
            "a",
            "Grouping constructs: named groups are numbered after unnamed ones",
        ),
        (
            r#"@(Regex.Match("ab", "(?<5>a)(b)").Groups[5].Value)"#,
            "a",
            GROUPING,
        ),
        (
            r#"@(Regex.Match("ab", "(?<5>a)(b)").Groups.Count)"#,
            "3",
            GROUPING,
        ),
        (
            r#"@(Regex.Match("ab", "(a)(?:b)").Groups.Count)"#,
            "2",
            GROUPING,
        ),
        (
            r#"@(Regex.Match("ab", "(a)(?<n>b)", RegexOptions.ExplicitCapture).Groups[1].Value)"#,
            "b",
            OPTIONS,
        ),
        (
            r#"@(Regex.Match("b", "(a)?b").Groups[1].Success)"#,
            "False",
            OBJECTS,
        ),
        (
            r#"@(Regex.Match("b", "(a)?b").Groups[1].Value == "")"#,
            "True",
            OBJECTS,
        ),
        (
            r#"@(Regex.Match("b", "b").Groups["none"].Success)"#,
            "False",
            OBJECTS,
        ),
        (
            r#"@(Regex.Match("b", "b").Groups[7].Success)"#,
            "False",
            OBJECTS,
        ),
        (r#"@(Regex.Match("x", "y").Success)"#, "False", OBJECTS),
        (
            r#"@(Regex.Match("x", "y") == Match.Empty || !Regex.Match("x", "y").Success)"#,
            "True",
            OBJECTS,
        ),
        (
            r#"@(Regex.Match("x", "y").Value == "" && Regex.Match("x", "y").Index == 0)"#,
            "True",
            OBJECTS,
        ),
        (
            r#"@(string.Join(",", Regex.Match("aXbXcX", "(?:(.)X)+").Groups[1].Captures.Select(c => c.Value + c.Index)))"#,
            "a0,b2,c4",
            "The regular expression object model: captures",
        ),
        (
            r#"@(Regex.Match("aXbXcX", "(?:(.)X)+").Groups[1].Captures[1].Value)"#,
            "b",
            OBJECTS,
        ),
        (
            r#"@(Regex.Match("aXbXcX", "(?:(.)X)+").Groups[1].Value)"#,
            "c",
            "A group's value is its last capture",
        ),
        (
            r#"@{ var s = ""; foreach (Group g in Regex.Match("ab", "(a)(b)").Groups) { s += g.Value + ";"; } return s; }"#,
            "ab;a;b;",
            OBJECTS,
        ),
        (
            r#"@{ var s = ""; foreach (Match m in Regex.Matches("a1b2", @"\d")) { s += m.Index; } return s; }"#,
            "13",
            OBJECTS,
        ),
        (r#"@(Regex.Matches("a1b2", @"\d")[1].Value)"#, "2", OBJECTS),
        (
            r#"@(Regex.Matches("a1b2", @"\d")[2].Value)"#,
            "!System.ArgumentOutOfRangeException: Specified argument was out of the range of valid values. (Parameter 'i')",
            OBJECTS,
        ),
        (
            r#"@("" + Regex.Match("abc", "b."))"#,
            "bc",
            "Match.ToString is its value",
        ),
    ];
    check(CASES);
}

#[test]
fn assertions_atomic_groups_and_balancing_work() {
    const CASES: &[Case] = &[
        (
            r#"@(Regex.Match("The dog is. Bob are", @"\b\w+(?=\sis\b)").Value)"#,
            "dog",
            "Grouping constructs: lookahead, its example",
        ),
        (
            r#"@(string.Join(",", Regex.Matches("unite one unethical ethics use untie ultimate", @"\b(?!un)\w+\b", RegexOptions.IgnoreCase).Select(m => m.Value)))"#,
            "one,ethics,use,ultimate",
            "Grouping constructs: negative lookahead, its example",
        ),
        (
            r#"@(string.Join(",", Regex.Matches("2010 1999 1861 2140 2009", @"(?<=\b20)\d{2}\b").Select(m => m.Value)))"#,
            "10,09",
            "Grouping constructs: lookbehind, its example",
        ),
        (
            r#"@(Regex.Match("xxab", "(?<=x*)ab").Success && !Regex.Match("xab", "(?<!x)ab").Success)"#,
            "True",
            "Lookbehind of any length",
        ),
        (
            r#"@(Regex.Match("1234", @"(?<=(\d+)(\d+))$").Groups[1].Value)"#,
            "1",
            "Lookbehind is matched from right to left, so that the second group is greedy first",
        ),
        (
            r#"@(Regex.Match("1234", @"(?<=(\d+)(\d+))$").Groups[2].Value)"#,
            "234",
            "Lookbehind is matched from right to left, so that the second group is greedy first",
        ),
        (
            r#"@(Regex.Match("aaab", "(?>a+)ab").Success)"#,
            "False",
            "Grouping constructs: atomic groups",
        ),
        (
            r#"@(Regex.Match("aaab", "(?:a+)ab").Success)"#,
            "True",
            GROUPING,
        ),
        (
            r#"@(Regex.IsMatch("<abc><mno<xyz>>", "^[^<>]*(((?'Open'<)[^<>]*)+((?'Close-Open'>)[^<>]*)+)*(?(Open)(?!))$"))"#,
            "True",
            "Grouping constructs: balancing groups, its example",
        ),
        (
            r#"@(Regex.IsMatch("<abc><mno<xyz>", "^[^<>]*(((?'Open'<)[^<>]*)+((?'Close-Open'>)[^<>]*)+)*(?(Open)(?!))$"))"#,
            "False",
            "Grouping constructs: balancing groups, its example",
        ),
        (
            r#"@(string.Join(";", Regex.Match("<abc><mno<xyz>>", "^[^<>]*(((?'Open'<)[^<>]*)+((?'Close-Open'>)[^<>]*)+)*(?(Open)(?!))$").Groups["Close"].Captures.Select(c => c.Value)))"#,
            "abc;xyz;mno<xyz>",
            "Grouping constructs: balancing groups, its output",
        ),
        (
            r#"@(Regex.Match("aaab", "(?=(a+))a").Groups[1].Value)"#,
            "aaa",
            "Captures of a lookahead stay",
        ),
        (
            r#"@(Regex.Match("ab", "(?!(a)b)|a").Groups[1].Success)"#,
            "False",
            "Captures of a negative lookahead do not",
        ),
    ];
    check(CASES);
}

#[test]
fn quantifiers_alternatives_and_back_references_work() {
    const CASES: &[Case] = &[
        (
            r#"@(Regex.Match("aaaa", "a{2,3}").Value)"#,
            "aaa",
            QUANTIFIERS,
        ),
        (
            r#"@(Regex.Match("aaaa", "a{2,3}?").Value)"#,
            "aa",
            QUANTIFIERS,
        ),
        (
            r#"@(Regex.Match("<a><b>", "<.+?>").Value)"#,
            "<a>",
            QUANTIFIERS,
        ),
        (
            r#"@(Regex.Match("<a><b>", "<.+>").Value)"#,
            "<a><b>",
            QUANTIFIERS,
        ),
        (
            r#"@(Regex.Match("ababab", "(?:ab){2,}").Value)"#,
            "ababab",
            QUANTIFIERS,
        ),
        (
            r#"@(Regex.Match("ababab", "(?:ab){2,}?").Value)"#,
            "abab",
            QUANTIFIERS,
        ),
        (
            r#"@(Regex.Match("ababab", "(ab)??c|ab").Value)"#,
            "ab",
            QUANTIFIERS,
        ),
        (
            r#"@(Regex.Match("a{1", "a{1").Value)"#,
            "a{1",
            "Quantifiers: a brace that begins none is a character",
        ),
        (
            r#"@(Regex.Match("a{,2}", "a{,2}").Value)"#,
            "a{,2}",
            "Quantifiers: a brace that begins none is a character",
        ),
        (
            r#"@(Regex.Match("aab", "(a*)*b").Value)"#,
            "aab",
            "Quantifiers and empty matches",
        ),
        (
            r#"@(Regex.Match("trellis llama webbing dresser swagger", @"(\w)\1").Value)"#,
            "ll",
            "Backreference constructs, its example",
        ),
        (
            r#"@(Regex.Match("xaax", @"(?<char>a)\k<char>").Index)"#,
            "1",
            BACKREFERENCES,
        ),
        (
            r#"@(Regex.IsMatch("aA", @"^(a)\1$", RegexOptions.IgnoreCase))"#,
            "True",
            BACKREFERENCES,
        ),
        (
            r#"@(Regex.Match("The gray wolf blended in among the grey rocks.", @"\bgr(a|e)y\b").Value)"#,
            "gray",
            "Alternation constructs, its example",
        ),
        (
            r#"@(string.Join(",", Regex.Matches("01-9999999 020-333333 777-88-9999", @"\b(?(\d{2}-)\d{2}-\d{7}|\d{3}-\d{2}-\d{4})\b").Select(m => m.Value)))"#,
            "01-9999999,777-88-9999",
            "Alternation constructs: conditional, its example",
        ),
        (
            r#"@(string.Join(",", Regex.Matches("01-9999999 020-333333 777-88-9999", @"\b(?<n2>\d{2}-)?(?(n2)\d{7}|\d{3}-\d{2}-\d{4})\b").Select(m => m.Value)))"#,
            "01-9999999,777-88-9999",
            "Alternation constructs: conditional on a group, its example",
        ),
        (
            r#"@(Regex.Match("ab", "(a)?(?(1)b|c)").Value)"#,
            "ab",
            ALTERNATION,
        ),
        (
            r#"@(Regex.Match("c", "(a)?(?(1)b|c)").Value)"#,
            "c",
            ALTERNATION,
        ),
        (
            r#"@(Regex.Match("abc", "a|ab|abc").Value)"#,
            "a",
            "Alternatives are tried from left to right",
        ),
    ];
    check(CASES);
}

#[test]
fn options_change_what_they_say() {
    const CASES: &[Case] = &[
        (
            r#"@(Regex.IsMatch("ABC", "b", RegexOptions.IgnoreCase))"#,
            "True",
            OPTIONS,
        ),
        (
            r#"@(Regex.IsMatch("\u00c9", "\u00e9", RegexOptions.IgnoreCase))"#,
            "True",
            OPTIONS,
        ),
        (
            r#"@(Regex.IsMatch("B", "[a-c]", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant))"#,
            "True",
            OPTIONS,
        ),
        (
            r#"@(Regex.IsMatch("aBC", "a(?i)bc"))"#,
            "True",
            "Grouping constructs: inline options",
        ),
        (
            r#"@(Regex.IsMatch("aBC", "a(?i:b)c"))"#,
            "False",
            "Grouping constructs: inline options",
        ),
        (
            r#"@(Regex.IsMatch("aBc", "((?i)a)bc"))"#,
            "False",
            "Inline options end with their group",
        ),
        (
            r#"@(Regex.IsMatch("ab", "a b # comment", RegexOptions.IgnorePatternWhitespace))"#,
            "True",
            OPTIONS,
        ),
        (
            r#"@(Regex.IsMatch("a b", "(?x) a [ ] b"))"#,
            "True",
            OPTIONS,
        ),
        (
            r#"@(Regex.IsMatch("ab", "a(?# a comment )b"))"#,
            "True",
            QUICK,
        ),
        (
            r#"@(Regex.Match("a1b2", @"\d", RegexOptions.RightToLeft).Value)"#,
            "2",
            OPTIONS,
        ),
        (
            r#"@(string.Join(",", Regex.Matches("abcde", "..", RegexOptions.RightToLeft).Select(m => m.Value)))"#,
            "de,bc",
            OPTIONS,
        ),
        (
            r#"@(Regex.Replace("abcde", "..", "[$&]", RegexOptions.RightToLeft))"#,
            "a[bc][de]",
            OPTIONS,
        ),
        (
            r#"@{ var o = RegexOptions.ECMAScript | RegexOptions.Singleline; return new Regex("a", o).ToString(); }"#,
            "!System.ArgumentOutOfRangeException: Specified argument was out of the range of valid values. (Parameter 'options')",
            "Regular expression options: ECMAScript with other options",
        ),
        (
            r#"@(Regex.IsMatch("x", "x", RegexOptions.Compiled))"#,
            "True",
            OPTIONS,
        ),
        (r#"@(new Regex("a+").ToString())"#, "a+", REGEX),
        (r#"@(new Regex("b").IsMatch("abc", 2))"#, "False", REGEX),
        (r#"@(new Regex("b").Match("abcb", 2).Index)"#, "3", REGEX),
        (
            r#"@(new Regex("b").Match("abc", 4))"#,
            "!System.ArgumentOutOfRangeException: Start index cannot be less than 0 or greater than input length. (Parameter 'startat')",
            REGEX,
        ),
        (
            r#"@(Regex.IsMatch(null, "a"))"#,
            "!System.ArgumentNullException: Value cannot be null. (Parameter 'input')",
            REGEX,
        ),
        (
            r#"@(Regex.IsMatch("a", "a", RegexOptions.None, TimeSpan.FromSeconds(1)))"#,
            "True",
            REGEX,
        ),
        (
            r#"@(Regex.IsMatch("a", "a", RegexOptions.None, TimeSpan.Zero))"#,
            "!System.ArgumentOutOfRangeException: Specified argument was out of the range of valid values. (Parameter 'matchTimeout')",
            REGEX,
        ),
    ];
    check(CASES);
}

#[test]
fn replacements_substitute_what_the_reference_says() {
    const CASES: &[Case] = &[
        (
            r#"@(Regex.Replace("$16.32 12.19 \u00a3 16.29", @"\p{Sc}*(\s?\d+[.,]?\d*)\p{Sc}*", "$1"))"#,
            "16.32 12.19  16.29",
            "Substitutions: a numbered group, its example",
        ),
        (
            r#"@(Regex.Replace("ab", "(?<x>a)(?<y>b)", "${y}${x}"))"#,
            "ba",
            SUBSTITUTION,
        ),
        (r#"@(Regex.Replace("ab", "b", "$$1"))"#, "a$1", SUBSTITUTION),
        (
            r#"@(Regex.Replace("abc", "b", "[$&]"))"#,
            "a[b]c",
            SUBSTITUTION,
        ),
        (
            r#"@(Regex.Replace("aa1bb2cc3dd4ee5", @"\d+", "$`"))"#,
            "aaaabbaa1bbccaa1bb2ccddaa1bb2cc3ddeeaa1bb2cc3dd4ee",
            "Substitutions: the text before the match, its example",
        ),
        (
            r#"@(Regex.Replace("aa1bb2cc3dd4ee5", @"\d+", "$'"))"#,
            "aabb2cc3dd4ee5bbcc3dd4ee5ccdd4ee5ddee5ee",
            "Substitutions: the text after the match, its example",
        ),
        (
            r#"@(Regex.Replace("The the dog jumped over the fence fence.", @"\b(\w+)\s\1\b", "$+", RegexOptions.IgnoreCase))"#,
            "The dog jumped over the fence.",
            "Substitutions: the last captured group, its example",
        ),
        (
            r#"@(Regex.Replace("ABC123DEF456", @"\d+", "$_"))"#,
            "ABCABC123DEF456DEFABC123DEF456",
            "Substitutions: the entire input, its example",
        ),
        (
            r#"@(Regex.Replace("a", "(a)", "$10"))"#,
            "$10",
            "Substitutions: what is no group stays as it is",
        ),
        (
            r#"@(Regex.Replace("a", "(a)", "${1}0"))"#,
            "a0",
            SUBSTITUTION,
        ),
        (
            r#"@(Regex.Replace("a", "(a)", "${no}$"))"#,
            "${no}$",
            SUBSTITUTION,
        ),
        (
            r#"@(Regex.Replace("abc", @"\w", m => m.Value.ToUpper() + m.Index))"#,
            "A0B1C2",
            ".NET documentation, MatchEvaluator",
        ),
        (
            r#"@(Regex.Replace("a-b", "([a-z])", m => { return "<" + m.Groups[1].Value + ">"; }, RegexOptions.None))"#,
            "<a>-<b>",
            ".NET documentation, MatchEvaluator",
        ),
        (r#"@(new Regex("a").Replace("aaa", "b", 2))"#, "bba", REGEX),
        (
            r#"@(new Regex("a").Replace("aaa", "b", 1, 1))"#,
            "aba",
            REGEX,
        ),
        (
            r#"@(new Regex("a").Replace("aaa", "b", -2))"#,
            "!System.ArgumentOutOfRangeException: Count cannot be less than -1. (Parameter 'count')",
            REGEX,
        ),
        (
            r#"@(Regex.Replace("abc", "", "-"))"#,
            "-a-b-c-",
            "An empty match is found at every position",
        ),
        (
            r#"@(Regex.Replace("abc", "x*", "-"))"#,
            "-a-b-c-",
            "An empty match is found at every position",
        ),
        (
            r#"@(Regex.Match("2024-05", @"(\d+)-(\d+)").Result("$2/$1"))"#,
            "05/2024",
            ".NET documentation, Match.Result",
        ),
        (
            r#"@(Regex.Match("a", "b").Result("$1"))"#,
            "!System.NotSupportedException: Result cannot be called on a failed Match.",
            ".NET documentation, Match.Result",
        ),
        (
            r#"@(Regex.Unescape(@"a\.b\x41\n".Replace(@"\n", "")))"#,
            "a.bA",
            ".NET documentation, Regex.Unescape",
        ),
    ];
    check(CASES);
}

#[test]
fn splitting_keeps_what_groups_captured() {
    const CASES: &[Case] = &[
        (
            r#"@(string.Join("|", Regex.Split("plum--pear", "-")))"#,
            "plum||pear",
            "Regex.Split, its example",
        ),
        (
            r#"@(string.Join("|", Regex.Split("plum-pear", "(-)")))"#,
            "plum|-|pear",
            "Regex.Split, its example of captures",
        ),
        (
            r#"@(string.Join("|", Regex.Split("07/14/2007", @"(-)|(/)")))"#,
            "07|/|14|/|2007",
            "Regex.Split, its example of several groups",
        ),
        (
            r#"@(string.Join("|", Regex.Split("characters", "")))"#,
            "|c|h|a|r|a|c|t|e|r|s|",
            "Regex.Split, its example of an empty match",
        ),
        (
            r#"@(string.Join("|", new Regex(@"\d+").Split("123ABC456DEF789GHI", 3)))"#,
            "|ABC|DEF789GHI",
            "Regex.Split with a count, its remarks",
        ),
        (
            r#"@(string.Join("|", Regex.Split("abc", "x")))"#,
            "abc",
            SPLIT,
        ),
        (
            r#"@(string.Join("|", Regex.Split("a1b2c", @"\d", RegexOptions.RightToLeft)))"#,
            "a|b|c",
            SPLIT,
        ),
        (r#"@(Regex.Split("a b", @"\s").Length)"#, "2", SPLIT),
    ];
    check(CASES);
}

#[test]
fn a_wrong_pattern_is_a_problem_of_the_document() {
    for (code, expected) in [
        (
            r#"@(Regex.IsMatch("a", "(a"))"#,
            "1:3 InvalidPattern Invalid pattern '(a' at offset 2. Not enough )'s.",
        ),
        (
            r#"@(new Regex("(a").IsMatch("a"))"#,
            "1:3 InvalidPattern Invalid pattern '(a' at offset 2. Not enough )'s.",
        ),
        (
            r#"@(Regex.IsMatch("a", "a)"))"#,
            "1:3 InvalidPattern Invalid pattern 'a)' at offset 2. Too many )'s.",
        ),
        (
            r#"@(Regex.IsMatch("a", "[a"))"#,
            "1:3 InvalidPattern Invalid pattern '[a' at offset 2. Unterminated [] set.",
        ),
        (
            r#"@(Regex.IsMatch("a", "[z-a]"))"#,
            "1:3 InvalidPattern Invalid pattern '[z-a]' at offset 4. [x-y] range in reverse order.",
        ),
        (
            r#"@(Regex.IsMatch("a", "*a"))"#,
            "1:3 InvalidPattern Invalid pattern '*a' at offset 1. Quantifier '*' following nothing.",
        ),
        (
            r#"@(Regex.IsMatch("a", "a**"))"#,
            "1:3 InvalidPattern Invalid pattern 'a**' at offset 3. Nested quantifier '*'.",
        ),
        (
            r#"@(Regex.IsMatch("a", @"\1"))"#,
            r"1:3 InvalidPattern Invalid pattern '\1' at offset 2. Reference to undefined group number 1.",
        ),
        (
            r#"@(Regex.IsMatch("a", @"\k<x>"))"#,
            r"1:3 InvalidPattern Invalid pattern '\k<x>' at offset 4. Reference to undefined group name 'x'.",
        ),
        (
            r#"@(Regex.IsMatch("a", @"\y"))"#,
            r"1:3 InvalidPattern Invalid pattern '\y' at offset 2. Unrecognized escape sequence \y.",
        ),
        (
            r#"@(Regex.IsMatch("a", @"\p{Nope}"))"#,
            r"1:3 InvalidPattern Invalid pattern '\p{Nope}' at offset 8. Unknown property 'Nope'.",
        ),
        (
            r#"@(Regex.IsMatch("a", "a{3,1}"))"#,
            "1:3 InvalidPattern Invalid pattern 'a{3,1}' at offset 6. Illegal {x,y} with x > y.",
        ),
        (
            r#"@(Regex.IsMatch("a", "a", RegexOptions.NonBacktracking))"#,
            "1:3 InvalidPattern RegexOptions.NonBacktracking is not supported.",
        ),
    ] {
        assert_eq!(
            found(code, Expected::Any, Severity::Error),
            [expected],
            "{code}"
        );
    }
    assert_eq!(
        evaluate(r#"@{ var p = context.Request.Method + "("; return Regex.IsMatch("a", p); }"#)
            .map_err(|exception| exception.type_name.into_owned()),
        Err("System.Text.RegularExpressions.RegexParseException".to_owned())
    );
}

#[test]
fn members_that_are_not_allowed_are_refused() {
    for code in [
        r#"@(Regex.Escape("a"))"#,
        r#"@(Regex.Match("a", "a").NextMatch().Value)"#,
    ] {
        let problems = found(code, Expected::Any, Severity::Error);
        assert!(
            problems[0].contains("UnknownMember") || problems[0].contains("has no"),
            "{problems:?}"
        );
    }
}

#[test]
fn no_pattern_can_hang_a_worker() {
    for code in [
        r#"@(Regex.IsMatch(new string('a', 5000) + "!", "(a+)+$"))"#,
        r#"@(Regex.IsMatch(new string('a', 5000) + "!", "^(a|aa)+$"))"#,
        r#"@(Regex.IsMatch(new string('a', 5000) + "!", "(.*)*x"))"#,
        r#"@(Regex.IsMatch(new string('a', 100000), "(a*?){1,2000000000}b"))"#,
        r#"@(Regex.IsMatch(new string('a', 100000), "a*a*a*b"))"#,
        r#"@(Regex.Replace(new string('a', 100000), "(?=(a*))", "$1"))"#,
        r#"@{ try { return Regex.IsMatch(new string('a', 5000) + "!", "(a+)+$"); } catch (Exception e) { return "caught"; } }"#,
    ] {
        let begun = Instant::now();
        let world = support::World::default();
        let exception = expression(code)
            .evaluate(&mut request(), &world, &mut Budget::default())
            .expect_err(code);
        assert!(exception.is_budget(), "{code}: {exception}");
        assert!(exception.message.contains("budget"), "{exception}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{code}");
    }
}

#[test]
fn assertions_inside_assertions_fit_the_stack() {
    let code = format!(
        "@(Regex.IsMatch(\"a\", \"{}a{}\"))",
        "(?=(?:".repeat(90),
        ")*)".repeat(90)
    );
    assert_eq!(evaluate(&code), Ok("True".to_owned()));
}

#[test]
fn patterns_nested_too_deeply_are_refused() {
    let deep = format!(
        "@(Regex.IsMatch(\"a\", \"{}a{}\"))",
        "(".repeat(5000),
        ")".repeat(5000)
    );
    let problems = found(&deep, Expected::Any, Severity::Error);
    assert!(problems[0].contains("nested too deeply"), "{problems:?}");
}
