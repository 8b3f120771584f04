//! Members of .NET's own types, one by one, with the values its documentation shows.

use crate::{Case, check};

#[test]
fn strings_have_the_rest_of_their_members() {
    const CASES: &[Case] = &[
        (
            "@(\"xxabxx\".Trim('x'))",
            "ab",
            ".NET documentation: String.Trim(Char)",
        ),
        (
            "@(\"xxabxx\".TrimStart('x'))",
            "abxx",
            ".NET documentation: String.TrimStart(Char)",
        ),
        (
            "@(\"xxabxx\".TrimEnd('x'))",
            "xxab",
            ".NET documentation: String.TrimEnd(Char)",
        ),
        (
            "@(\"a,b;c\".IndexOfAny(new[] { ';', ',' }, 2))",
            "3",
            ".NET documentation: String.IndexOfAny(Char[], Int32)",
        ),
        (
            "@(\"a,b;c\".LastIndexOfAny(new[] { ';', ',' }))",
            "3",
            ".NET documentation: String.LastIndexOfAny(Char[])",
        ),
        (
            "@(\"abcabc\".LastIndexOf('b', 3))",
            "1",
            ".NET documentation: String.LastIndexOf(Char, Int32): the search goes backwards from startIndex",
        ),
        (
            "@(\"abcabc\".LastIndexOf(\"bc\", 4))",
            "1",
            ".NET documentation: String.LastIndexOf(String, Int32)",
        ),
        (
            "@(\"abcabc\".LastIndexOf(\"bc\", 5))",
            "4",
            ".NET documentation: String.LastIndexOf(String, Int32)",
        ),
        (
            "@(\"\".LastIndexOf('a', 0))",
            "-1",
            ".NET documentation: String.LastIndexOf(Char, Int32) of an empty string",
        ),
        (
            "@(string.Compare(\"machine\", 2, \"device\", 2, 2) < 0)",
            "True",
            ".NET documentation: String.Compare(String, Int32, String, Int32, Int32), the page's example",
        ),
        (
            "@(string.Compare(\"xABC\", 1, \"yabc\", 1, 3, true))",
            "0",
            ".NET documentation: String.Compare(String, Int32, String, Int32, Int32, Boolean)",
        ),
        (
            "@(string.Compare(\"xABC\", 1, \"yabc\", 1, 3, StringComparison.OrdinalIgnoreCase))",
            "0",
            ".NET documentation: String.Compare with StringComparison",
        ),
        (
            "@(string.CompareOrdinal(\"xab\", 1, \"yab\", 1, 2))",
            "0",
            ".NET documentation: String.CompareOrdinal(String, Int32, String, Int32, Int32)",
        ),
        (
            "@(string.Join(\"-\", \"abcd\".ToCharArray(1, 2)))",
            "b-c",
            ".NET documentation: String.ToCharArray(Int32, Int32)",
        ),
        (
            "@(string.Join(\"-\", new[] { \"a\", \"b\", \"c\", \"d\" }, 1, 2))",
            "b-c",
            ".NET documentation: String.Join(String, String[], Int32, Int32)",
        ),
        (
            "@(string.Join(';', 1, \"x\", true))",
            "1;x;True",
            ".NET documentation: String.Join(Char, Object[])",
        ),
        (
            "@(string.Join(';', new List<int> { 1, 2 }))",
            "1;2",
            ".NET documentation: String.Join<T>(Char, IEnumerable<T>)",
        ),
        (
            "@(string.Copy(\"abc\"))",
            "abc",
            ".NET documentation: String.Copy",
        ),
        (
            "@((string)\"abc\".Clone())",
            "abc",
            ".NET documentation: String.Clone",
        ),
        (
            "@(\"abc\".Insert(0, \"x\") + \"abc\".Insert(3, \"y\"))",
            "xabcabcy",
            ".NET documentation: String.Insert",
        ),
        (
            "@(\"forty-two\".PadLeft(15, '.'))",
            "......forty-two",
            ".NET documentation: String.PadLeft, the page's example",
        ),
        (
            "@(\"forty-two\".PadRight(15, '.'))",
            "forty-two......",
            ".NET documentation: String.PadRight, the page's example",
        ),
        (
            "@(\"abc\".PadLeft(2))",
            "abc",
            ".NET documentation: String.PadLeft: a smaller width changes nothing",
        ),
        (
            "@(\"abc\".ToUpperInvariant())",
            "ABC",
            ".NET documentation: String.ToUpperInvariant",
        ),
        (
            "@(new string('x', 3) + new string(new[] { 'a', 'b' }))",
            "xxxab",
            ".NET documentation: String(Char, Int32) and String(Char[])",
        ),
        (
            "@(\"a,,b\".Split(new[] { ',' }, StringSplitOptions.RemoveEmptyEntries).Length)",
            "2",
            ".NET documentation: StringSplitOptions.RemoveEmptyEntries",
        ),
        (
            "@(\"a,b,c\".Split(new[] { ',' }, 2)[1])",
            "b,c",
            ".NET documentation: String.Split(Char[], Int32)",
        ),
        (
            "@(\"abc\".CompareTo(\"abd\"))",
            "-1",
            ".NET documentation: String.CompareTo",
        ),
        (
            "@(\"abc\".CompareTo(null))",
            "1",
            ".NET documentation: String.CompareTo: everything is greater than null",
        ),
        (
            "@(string.IsNullOrWhiteSpace(\" \\t\\u2003\"))",
            "True",
            ".NET documentation: String.IsNullOrWhiteSpace",
        ),
        (
            "@(\"0123456789\".Remove(2, 5))",
            "01789",
            ".NET documentation: String.Remove(Int32, Int32)",
        ),
        (
            "@(\"abc\".Contains(\"\"))",
            "True",
            ".NET documentation: String.Contains: the empty string is everywhere",
        ),
        (
            "@(\"abc\".IndexOf(\"\"))",
            "0",
            ".NET documentation: String.IndexOf: 0 for an empty value",
        ),
        (
            "@(string.Concat(\"a\", 1, 'c', null, true))",
            "a1cTrue",
            ".NET documentation: String.Concat(Object[]): null counts as empty",
        ),
        (
            "@(\"aXbX\".Replace(\"X\", null))",
            "ab",
            ".NET documentation: String.Replace: null removes",
        ),
        (
            "@(string.Format(\"{0,5}/{0,-5}/{1:N2}\", 42, 1234.5))",
            "   42/42   /1,234.50",
            ".NET documentation: String.Format, alignment",
        ),
        (
            "@(string.Format(\"{{{0}}}\", 1))",
            "{1}",
            ".NET documentation: String.Format, escaped braces",
        ),
        (
            "@(string.Format(\"{0:yyyy}\", new DateTime(2020, 1, 2)))",
            "2020",
            ".NET documentation: String.Format",
        ),
    ];
    check(CASES);
}

#[test]
fn characters_are_tested_and_converted() {
    const CASES: &[Case] = &[
        (
            "@(char.IsDigit(\"a1\", 1))",
            "True",
            ".NET documentation: Char.IsDigit(String, Int32)",
        ),
        (
            "@(char.IsLetter(\"a1\", 1))",
            "False",
            ".NET documentation: Char.IsLetter(String, Int32)",
        ),
        (
            "@(char.IsLetterOrDigit(\"a-\", 1))",
            "False",
            ".NET documentation: Char.IsLetterOrDigit(String, Int32)",
        ),
        (
            "@(char.IsWhiteSpace(\"a b\", 1))",
            "True",
            ".NET documentation: Char.IsWhiteSpace(String, Int32)",
        ),
        (
            "@(char.IsUpper(\"aB\", 1) && char.IsLower(\"aB\", 0))",
            "True",
            ".NET documentation: Char.IsUpper and IsLower(String, Int32)",
        ),
        (
            "@(char.IsSurrogate(\"\\U0001F600\"[0]))",
            "True",
            ".NET documentation: Char.IsSurrogate",
        ),
        (
            "@(char.IsHighSurrogate(\"\\U0001F600\"[0]) && char.IsLowSurrogate(\"\\U0001F600\"[1]))",
            "True",
            ".NET documentation: Char.IsHighSurrogate and IsLowSurrogate",
        ),
        (
            "@(char.IsSurrogatePair(\"\\U0001F600\"[0], \"\\U0001F600\"[1]))",
            "True",
            ".NET documentation: Char.IsSurrogatePair",
        ),
        (
            "@(char.ConvertFromUtf32(0x1F600).Length)",
            "2",
            ".NET documentation: Char.ConvertFromUtf32",
        ),
        (
            "@(char.ConvertToUtf32(\"\\U0001F600\", 0))",
            "128512",
            ".NET documentation: Char.ConvertToUtf32",
        ),
        (
            "@{ char c; return char.TryParse(\"x\", out c) + \"\" + c; }",
            "Truex",
            ".NET documentation: Char.TryParse",
        ),
        (
            "@{ char c; return char.TryParse(\"xy\", out c); }",
            "False",
            ".NET documentation: Char.TryParse: more than one character",
        ),
        (
            "@(char.Parse(\"xy\"))",
            "!System.FormatException: String must be exactly one character long.",
            ".NET documentation: Char.Parse",
        ),
        (
            "@(char.GetNumericValue('7'))",
            "7",
            ".NET documentation: Char.GetNumericValue",
        ),
        (
            "@(char.ToUpperInvariant('b'))",
            "B",
            ".NET documentation: Char.ToUpperInvariant",
        ),
        (
            "@('a'.CompareTo('c') < 0)",
            "True",
            ".NET documentation: Char.CompareTo",
        ),
        (
            "@((int)char.MaxValue)",
            "65535",
            ".NET documentation: Char.MaxValue",
        ),
    ];
    check(CASES);
}

#[test]
fn lists_search_cut_and_sort() {
    const CASES: &[Case] = &[
        (
            "@(new List<int> { 1, 2, 3 }.Find(x => x > 1))",
            "2",
            ".NET documentation: List<T>.Find",
        ),
        (
            "@(new List<int> { 1 }.Find(x => x > 1))",
            "0",
            ".NET documentation: List<T>.Find: the default value",
        ),
        (
            "@(new List<int> { 1, 2, 3 }.FindLast(x => x < 3))",
            "2",
            ".NET documentation: List<T>.FindLast",
        ),
        (
            "@(new List<int> { 1, 2, 3 }.FindLastIndex(x => x < 3))",
            "1",
            ".NET documentation: List<T>.FindLastIndex",
        ),
        (
            "@(string.Join(\",\", new List<int> { 1, 2, 3 }.FindAll(x => x != 2)))",
            "1,3",
            ".NET documentation: List<T>.FindAll",
        ),
        (
            "@(new List<int> { 1, 2, 1 }.LastIndexOf(1))",
            "2",
            ".NET documentation: List<T>.LastIndexOf",
        ),
        (
            "@(string.Join(\",\", new List<int> { 1, 2, 3, 4 }.GetRange(1, 2)))",
            "2,3",
            ".NET documentation: List<T>.GetRange",
        ),
        (
            "@(new List<int> { 1 }.GetRange(0, 2))",
            "!System.ArgumentException: Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.",
            ".NET documentation: List<T>.GetRange: no valid range",
        ),
        (
            "@{ var l = new List<int> { 1, 4 }; l.InsertRange(1, new[] { 2, 3 }); return string.Join(\",\", l); }",
            "1,2,3,4",
            ".NET documentation: List<T>.InsertRange",
        ),
        (
            "@(new List<int> { 1, 2 }.TrueForAll(x => x > 0))",
            "True",
            ".NET documentation: List<T>.TrueForAll",
        ),
        (
            "@(string.Join(\",\", new List<int> { 1, 2 }.ConvertAll(x => \"n\" + x)))",
            "n1,n2",
            ".NET documentation: List<T>.ConvertAll",
        ),
        (
            "@{ var l = new List<string> { \"ccc\", \"a\", \"bb\" }; l.Sort((x, y) => x.Length - y.Length); return string.Join(\",\", l); }",
            "a,bb,ccc",
            ".NET documentation: List<T>.Sort(Comparison<T>)",
        ),
        (
            "@{ var l = new List<int> { 3, 1, 2 }; l.Sort((x, y) => y.CompareTo(x)); return string.Join(\",\", l); }",
            "3,2,1",
            ".NET documentation: List<T>.Sort(Comparison<T>)",
        ),
        (
            "@{ var l = new List<int> { 1, 2, 3, 4 }; l.Reverse(1, 2); return string.Join(\",\", l); }",
            "1,3,2,4",
            ".NET documentation: List<T>.Reverse(Int32, Int32)",
        ),
        (
            "@(new List<int> { 1, 3, 5 }.BinarySearch(3))",
            "1",
            ".NET documentation: List<T>.BinarySearch",
        ),
        (
            "@(new List<int> { 1, 3, 5 }.BinarySearch(4))",
            "-3",
            ".NET documentation: List<T>.BinarySearch: the complement of the next larger element's index",
        ),
        (
            "@{ var l = new List<int> { 1 }; return l[1]; }",
            "!System.ArgumentOutOfRangeException: Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')",
            ".NET documentation: List<T>.Item",
        ),
        (
            "@{ var d = new Dictionary<string, int>(); return d[\"x\"]; }",
            "!System.Collections.Generic.KeyNotFoundException: The given key 'x' was not present in the dictionary.",
            ".NET documentation: Dictionary<TKey,TValue>.Item",
        ),
        (
            "@{ var d = new Dictionary<string, int> { { \"a\", 1 } }; d.Add(\"a\", 2); return 0; }",
            "!System.ArgumentException: An item with the same key has already been added. Key: a",
            ".NET documentation: Dictionary<TKey,TValue>.Add",
        ),
        (
            "@(new Queue<int>().Dequeue())",
            "!System.InvalidOperationException: Queue empty.",
            ".NET documentation: Queue<T>.Dequeue",
        ),
        (
            "@(new Stack<int>().Pop())",
            "!System.InvalidOperationException: Stack empty.",
            ".NET documentation: Stack<T>.Pop",
        ),
        (
            "@(string.Join(\",\", new Stack<int>(new[] { 1, 2, 3 })))",
            "3,2,1",
            ".NET documentation: Stack<T>: last in, first out",
        ),
        (
            "@{ var s = new HashSet<int> { 1, 2 }; return s.Add(2) + \"\" + s.Count; }",
            "False2",
            ".NET documentation: HashSet<T>.Add",
        ),
    ];
    check(CASES);
}

#[test]
fn arrays_have_static_and_instance_members() {
    const CASES: &[Case] = &[
        (
            "@(new[] { 1, 2 }.Rank)",
            "1",
            ".NET documentation: Array.Rank",
        ),
        (
            "@(new[] { 1, 2 }.LongLength)",
            "2",
            ".NET documentation: Array.LongLength",
        ),
        (
            "@(new[] { 1, 2 }.GetUpperBound(0) + new[] { 1 }.GetLowerBound(0))",
            "1",
            ".NET documentation: Array.GetUpperBound and GetLowerBound",
        ),
        (
            "@(new[] { 1, 2 }.GetUpperBound(1))",
            "!System.IndexOutOfRangeException: Index was outside the bounds of the array.",
            ".NET documentation: Array.GetUpperBound: the array has one dimension",
        ),
        (
            "@(new[] { \"a\", \"b\" }.GetValue(1))",
            "b",
            ".NET documentation: Array.GetValue",
        ),
        (
            "@(Array.FindLast(new[] { 1, 2, 3 }, x => x < 3))",
            "2",
            ".NET documentation: Array.FindLast",
        ),
        (
            "@(Array.FindLastIndex(new[] { 1, 2, 3 }, x => x < 3))",
            "1",
            ".NET documentation: Array.FindLastIndex",
        ),
        (
            "@(Array.LastIndexOf(new[] { 1, 2, 1 }, 1))",
            "2",
            ".NET documentation: Array.LastIndexOf",
        ),
        (
            "@{ var sum = 0; Array.ForEach(new[] { 1, 2, 3 }, x => { sum += x; }); return sum; }",
            "6",
            ".NET documentation: Array.ForEach",
        ),
        (
            "@(Array.BinarySearch(new[] { 1, 3, 5 }, 5))",
            "2",
            ".NET documentation: Array.BinarySearch",
        ),
        (
            "@(Array.BinarySearch(new[] { 1, 3, 5 }, 0))",
            "-1",
            ".NET documentation: Array.BinarySearch: the complement of 0",
        ),
        (
            "@{ var a = new int[3]; Array.Fill(a, 7); return string.Join(\",\", a); }",
            "7,7,7",
            ".NET documentation: Array.Fill",
        ),
        (
            "@{ var a = new[] { 1, 3, 2 }; Array.Sort(a, (x, y) => y - x); return string.Join(\",\", a); }",
            "3,2,1",
            ".NET documentation: Array.Sort(T[], Comparison<T>)",
        ),
        (
            "@{ var a = new[] { 3, 1, 2 }; Array.Sort(a); return string.Join(\",\", a); }",
            "1,2,3",
            ".NET documentation: Array.Sort",
        ),
        (
            "@{ var a = new[] { 1, 2, 3 }; Array.Reverse(a); return string.Join(\",\", a); }",
            "3,2,1",
            ".NET documentation: Array.Reverse",
        ),
        (
            "@(Array.IndexOf(new[] { \"a\", \"b\" }, \"c\"))",
            "-1",
            ".NET documentation: Array.IndexOf",
        ),
        (
            "@{ var a = new int[2]; return a[2]; }",
            "!System.IndexOutOfRangeException: Index was outside the bounds of the array.",
            ".NET documentation: Array elements",
        ),
    ];
    check(CASES);
}

#[test]
fn bytes_and_bases_convert() {
    const CASES: &[Case] = &[
        (
            "@(Convert.ToBase64String(new byte[] { 1, 2, 3, 4 }, 1, 2))",
            "AgM=",
            ".NET documentation: Convert.ToBase64String(Byte[], Int32, Int32), RFC 4648 §4",
        ),
        (
            "@(Convert.ToString(255L, 16))",
            "ff",
            ".NET documentation: Convert.ToString(Int64, Int32)",
        ),
        (
            "@(Convert.ToString(-1, 2).Length)",
            "32",
            ".NET documentation: Convert.ToString(Int32, Int32): two's complement",
        ),
        (
            "@(Convert.ToChar(\"x\"))",
            "x",
            ".NET documentation: Convert.ToChar(String)",
        ),
        (
            "@(Convert.ToChar(\"xy\"))",
            "!System.FormatException: String must be exactly one character long.",
            ".NET documentation: Convert.ToChar(String)",
        ),
        (
            "@(Convert.ToDateTime(\"2020-01-02\").Day)",
            "2",
            ".NET documentation: Convert.ToDateTime(String)",
        ),
        (
            "@(Convert.ToInt32(\"80000000\", 16))",
            "-2147483648",
            ".NET documentation: Convert.ToInt32(String, Int32): two's complement",
        ),
        (
            "@(Convert.ToByte(\"11\", 2))",
            "3",
            ".NET documentation: Convert.ToByte(String, Int32)",
        ),
        (
            "@(Convert.ToInt32(2.5) + Convert.ToInt32(3.5))",
            "6",
            ".NET documentation: Convert.ToInt32(Double): halves go to even numbers",
        ),
        (
            "@(Convert.ToByte(256))",
            "!System.OverflowException: Value was either too large or too small for an unsigned byte.",
            ".NET documentation: Convert.ToByte",
        ),
        (
            "@(Convert.ToBoolean(\"yes\"))",
            "!System.FormatException: String 'yes' was not recognized as a valid Boolean.",
            ".NET documentation: Convert.ToBoolean(String)",
        ),
        (
            "@(Convert.ToInt32(null))",
            "0",
            ".NET documentation: Convert.ToInt32(Object): null is 0",
        ),
        (
            "@(BitConverter.ToString(new byte[] { 1, 171, 255 }, 1))",
            "AB-FF",
            ".NET documentation: BitConverter.ToString(Byte[], Int32)",
        ),
        (
            "@(BitConverter.ToString(new byte[] { 1, 171, 255 }, 1, 1))",
            "AB",
            ".NET documentation: BitConverter.ToString(Byte[], Int32, Int32)",
        ),
        (
            "@(BitConverter.ToBoolean(new byte[] { 0, 2 }, 1))",
            "True",
            ".NET documentation: BitConverter.ToBoolean",
        ),
        (
            "@(BitConverter.ToUInt16(new byte[] { 1, 2 }, 0))",
            "513",
            ".NET documentation: BitConverter.ToUInt16, little endian",
        ),
        (
            "@(BitConverter.ToChar(BitConverter.GetBytes('x'), 0))",
            "x",
            ".NET documentation: BitConverter.GetBytes(Char) and ToChar",
        ),
        (
            "@(BitConverter.ToString(BitConverter.GetBytes((ushort)258)))",
            "02-01",
            ".NET documentation: BitConverter.GetBytes(UInt16)",
        ),
        (
            "@(BitConverter.ToString(BitConverter.GetBytes(1f)))",
            "00-00-80-3F",
            ".NET documentation: BitConverter.GetBytes(Single), IEEE 754",
        ),
        (
            "@(BitConverter.ToSingle(new byte[] { 0, 0, 128, 63 }, 0))",
            "1",
            ".NET documentation: BitConverter.ToSingle, IEEE 754",
        ),
        (
            "@(BitConverter.DoubleToInt64Bits(1.0))",
            "4607182418800017408",
            ".NET documentation: BitConverter.DoubleToInt64Bits: 0x3FF0000000000000",
        ),
        (
            "@(BitConverter.Int64BitsToDouble(4607182418800017408L))",
            "1",
            ".NET documentation: BitConverter.Int64BitsToDouble",
        ),
        (
            "@(Encoding.UTF8.GetByteCount(new[] { 'a', '\\u20ac' }))",
            "4",
            ".NET documentation: Encoding.GetByteCount(Char[]), RFC 3629",
        ),
        (
            "@(Encoding.UTF8.GetCharCount(new byte[] { 0xe2, 0x82, 0xac }))",
            "1",
            ".NET documentation: Encoding.GetCharCount, RFC 3629",
        ),
        (
            "@(Encoding.Unicode.GetChars(new byte[] { 65, 0, 66, 0 }).Length)",
            "2",
            ".NET documentation: Encoding.GetChars",
        ),
    ];
    check(CASES);
}

#[test]
fn seeded_random_numbers_are_those_of_dotnet() {
    const CASES: &[Case] = &[
        (
            "@{ var r = new Random(42); return r.Next() + \",\" + r.Next() + \",\" + r.Next(); }",
            "1434747710,302596119,269548474",
            ".NET documentation: new Random(42): known sequence",
        ),
        (
            "@{ var r = new Random(42); return r.Next(100) + \",\" + r.Next(100); }",
            "66,14",
            ".NET documentation: Random.Next(Int32): Next() / Int32.MaxValue times 100",
        ),
        (
            "@{ var r = new Random(42); return r.Next(10, 20); }",
            "16",
            ".NET documentation: Random.Next(Int32, Int32)",
        ),
        (
            "@(new Random(1).Next(5, 5))",
            "5",
            ".NET documentation: Random.Next: equal bounds give the bound",
        ),
        (
            "@(new Random(1).Next(2, 1))",
            "!System.ArgumentOutOfRangeException: 'minValue' cannot be greater than maxValue. (Parameter 'minValue')",
            ".NET documentation: Random.Next",
        ),
    ];
    check(CASES);
}

#[test]
fn numbers_follow_every_standard_and_custom_format() {
    const CASES: &[Case] = &[
        (
            "@((-1234).ToString(\"D6\"))",
            "-001234",
            ".NET documentation: D",
        ),
        (
            "@((1052.0329112756).ToString(\"E\"))",
            "1.052033E+003",
            ".NET documentation: E",
        ),
        (
            "@((-1052.0329112756).ToString(\"e2\"))",
            "-1.05e+003",
            ".NET documentation: e2",
        ),
        (
            "@((1234.567).ToString(\"F\"))",
            "1234.57",
            ".NET documentation: F",
        ),
        (
            "@((1234).ToString(\"F1\"))",
            "1234.0",
            ".NET documentation: F1",
        ),
        (
            "@((-1234.56).ToString(\"F4\"))",
            "-1234.5600",
            ".NET documentation: F4",
        ),
        (
            "@((-123.456).ToString(\"G\"))",
            "-123.456",
            ".NET documentation: G",
        ),
        (
            "@((123.4546).ToString(\"G4\"))",
            "123.5",
            ".NET documentation: G4",
        ),
        (
            "@((-1.234567890e-25).ToString(\"G\"))",
            "-1.23456789E-25",
            ".NET documentation: G",
        ),
        (
            "@((1234.567).ToString(\"N\"))",
            "1,234.57",
            ".NET documentation: N",
        ),
        (
            "@((1234).ToString(\"N1\"))",
            "1,234.0",
            ".NET documentation: N1",
        ),
        (
            "@((-1234.56).ToString(\"N3\"))",
            "-1,234.560",
            ".NET documentation: N3",
        ),
        (
            "@((1).ToString(\"P\"))",
            "100.00 %",
            ".NET documentation: P",
        ),
        (
            "@((-0.39678).ToString(\"P1\"))",
            "-39.7 %",
            ".NET documentation: P1",
        ),
        (
            "@((123456789.12345678).ToString(\"R\"))",
            "123456789.12345678",
            ".NET documentation: R",
        ),
        ("@((255).ToString(\"X\"))", "FF", ".NET documentation: X"),
        (
            "@((-1).ToString(\"x\"))",
            "ffffffff",
            ".NET documentation: x",
        ),
        (
            "@((255).ToString(\"x4\"))",
            "00ff",
            ".NET documentation: x4",
        ),
        (
            "@((1234.5678).ToString(\"00000\"))",
            "01235",
            ".NET documentation: custom 0",
        ),
        (
            "@((0.45678).ToString(\"0.00\"))",
            "0.46",
            ".NET documentation: custom 0.00",
        ),
        (
            "@((1234.5678).ToString(\"#####\"))",
            "1235",
            ".NET documentation: custom #",
        ),
        (
            "@((0.45678).ToString(\"#.##\"))",
            ".46",
            ".NET documentation: custom #.##",
        ),
        (
            "@((2147483647).ToString(\"##,#\"))",
            "2,147,483,647",
            ".NET documentation: custom ,",
        ),
        (
            "@((2147483647).ToString(\"#,#,,\"))",
            "2,147",
            ".NET documentation: custom ,, scales",
        ),
        (
            "@((0.3697).ToString(\"%#0.00\"))",
            "%36.97",
            ".NET documentation: custom %",
        ),
        (
            "@((0.03697).ToString(\"#0.00\\u2030\"))",
            "36.97‰",
            ".NET documentation: custom per mille",
        ),
        (
            "@((987654).ToString(\"#0.0e0\"))",
            "98.8e4",
            ".NET documentation: custom e0",
        ),
        (
            "@((1503.92311).ToString(\"0.0##e+00\"))",
            "1.504e+03",
            ".NET documentation: custom e+00",
        ),
        (
            "@((1.8901385E-16).ToString(\"0.0e+00\"))",
            "1.9e-16",
            ".NET documentation: custom e+00",
        ),
        (
            "@((68).ToString(\"# ' degrees'\"))",
            "68  degrees",
            ".NET documentation: custom literal",
        ),
        (
            "@((12.345).ToString(\"#0.0#;(#0.0#);-\\\\0-\"))",
            "12.35",
            ".NET documentation: custom sections: positive",
        ),
        (
            "@((0).ToString(\"#0.0#;(#0.0#);-\\\\0-\"))",
            "-0-",
            ".NET documentation: custom sections: zero",
        ),
        (
            "@((-12.345).ToString(\"#0.0#;(#0.0#);-\\\\0-\"))",
            "(12.35)",
            ".NET documentation: custom sections: negative",
        ),
        (
            "@((12).ToString(\"Q\"))",
            "!System.FormatException: Format specifier was invalid.",
            ".NET documentation: an unknown specifier",
        ),
        (
            "@(int.Parse(\" 42 \"))",
            "42",
            ".NET documentation: Int32.Parse: blanks around are allowed",
        ),
        (
            "@(double.Parse(\"1,234.5\"))",
            "1234.5",
            ".NET documentation: Double.Parse: thousands are allowed",
        ),
        (
            "@(double.Parse(\"1e3\"))",
            "1000",
            ".NET documentation: Double.Parse: exponents are allowed",
        ),
        (
            "@(int.Parse(\"2147483648\"))",
            "!System.OverflowException: Value was either too large or too small for an Int32.",
            ".NET documentation: Int32.Parse",
        ),
        (
            "@(byte.Parse(\"300\"))",
            "!System.OverflowException: Value was either too large or too small for an unsigned byte.",
            ".NET documentation: Byte.Parse",
        ),
        (
            "@(int.Parse(null))",
            "!System.ArgumentNullException: Value cannot be null. (Parameter 's')",
            ".NET documentation: Int32.Parse",
        ),
    ];
    check(CASES);
}

#[test]
fn dates_follow_every_format_and_member() {
    const CASES: &[Case] = &[
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"d\"))",
            "06/15/2009",
            ".NET documentation: d, invariant culture",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"D\"))",
            "Monday, 15 June 2009",
            ".NET documentation: D, invariant culture",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"f\"))",
            "Monday, 15 June 2009 13:45",
            ".NET documentation: f",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"F\"))",
            "Monday, 15 June 2009 13:45:30",
            ".NET documentation: F",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"g\"))",
            "06/15/2009 13:45",
            ".NET documentation: g",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"G\"))",
            "06/15/2009 13:45:30",
            ".NET documentation: G",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"M\"))",
            "June 15",
            ".NET documentation: M",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"o\"))",
            "2009-06-15T13:45:30.0000000",
            ".NET documentation: o",
        ),
        (
            "@(new DateTimeOffset(2009, 6, 15, 13, 45, 30, TimeSpan.FromHours(-7)).ToString(\"o\"))",
            "2009-06-15T13:45:30.0000000-07:00",
            ".NET documentation: o of a DateTimeOffset",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"R\"))",
            "Mon, 15 Jun 2009 13:45:30 GMT",
            ".NET documentation: R",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"s\"))",
            "2009-06-15T13:45:30",
            ".NET documentation: s",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"t\"))",
            "13:45",
            ".NET documentation: t",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"T\"))",
            "13:45:30",
            ".NET documentation: T",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"u\"))",
            "2009-06-15 13:45:30Z",
            ".NET documentation: u",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"Y\"))",
            "2009 June",
            ".NET documentation: Y, invariant culture",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"ddd dd MMM yy\"))",
            "Mon 15 Jun 09",
            ".NET documentation: custom",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30, 617).ToString(\"HH:mm:ss.fff\"))",
            "13:45:30.617",
            ".NET documentation: custom fff",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30, 50).ToString(\"FF\"))",
            "05",
            ".NET documentation: custom FF",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"h tt\"))",
            "1 PM",
            ".NET documentation: custom h tt",
        ),
        (
            "@(new DateTime(2009, 6, 15, 13, 45, 30).ToString(\"%d\"))",
            "15",
            ".NET documentation: custom single specifier",
        ),
        (
            "@(new DateTimeOffset(2009, 6, 15, 1, 2, 3, TimeSpan.FromHours(2)).ToString(\"zzz\"))",
            "+02:00",
            ".NET documentation: custom zzz",
        ),
        (
            "@(new DateTime(2020, 2, 29).AddYears(1).ToString(\"yyyy-MM-dd\"))",
            "2021-02-28",
            ".NET documentation: DateTime.AddYears: 29 February becomes 28",
        ),
        (
            "@(new DateTime(2020, 1, 31).AddMonths(1).Day)",
            "29",
            ".NET documentation: DateTime.AddMonths",
        ),
        (
            "@(DateTime.DaysInMonth(2000, 2))",
            "29",
            ".NET documentation: DateTime.DaysInMonth",
        ),
        (
            "@(new DateTime(2020, 13, 1))",
            "!System.ArgumentOutOfRangeException: Year, Month, and Day parameters describe an un-representable DateTime.",
            ".NET documentation: DateTime(Int32, Int32, Int32)",
        ),
        (
            "@((new DateTime(2020, 1, 3) - new DateTime(2020, 1, 1)).TotalDays)",
            "2",
            ".NET documentation: DateTime subtraction",
        ),
        (
            "@(new DateTimeOffset(637000000000000000L, TimeSpan.Zero).Ticks)",
            "637000000000000000",
            ".NET documentation: DateTimeOffset(Int64, TimeSpan)",
        ),
        (
            "@(new DateTimeOffset(2020, 1, 2, 3, 4, 5, 6, TimeSpan.Zero).Millisecond)",
            "6",
            ".NET documentation: DateTimeOffset with milliseconds",
        ),
        (
            "@(new DateTimeOffset(2020, 1, 2, 3, 4, 5, TimeSpan.Zero).TimeOfDay)",
            "03:04:05",
            ".NET documentation: DateTimeOffset.TimeOfDay",
        ),
        (
            "@(new DateTimeOffset(2020, 1, 2, 0, 0, 0, TimeSpan.Zero).AddTicks(10000000).Second)",
            "1",
            ".NET documentation: DateTimeOffset.AddTicks",
        ),
        (
            "@{ var a = new DateTimeOffset(2020, 1, 2, 0, 0, 0, TimeSpan.Zero); var b = a.ToOffset(TimeSpan.FromHours(1)); return a.EqualsExact(b) + \",\" + (a == b); }",
            "False,True",
            ".NET documentation: DateTimeOffset.EqualsExact",
        ),
        (
            "@(TimeSpan.FromMinutes(90))",
            "01:30:00",
            ".NET documentation: TimeSpan.ToString, c",
        ),
        (
            "@(new TimeSpan(1, 2, 3, 4, 5).ToString())",
            "1.02:03:04.0050000",
            ".NET documentation: TimeSpan.ToString, c",
        ),
        (
            "@(new TimeSpan(1, 2, 3, 4, 5).ToString(\"g\"))",
            "1:2:03:04.005",
            ".NET documentation: TimeSpan g",
        ),
        (
            "@(new TimeSpan(1, 2, 3, 4, 5).ToString(\"G\"))",
            "1:02:03:04.0050000",
            ".NET documentation: TimeSpan G",
        ),
        (
            "@(new TimeSpan(1, 2, 3, 4).ToString(\"hh\\\\:mm\"))",
            "02:03",
            ".NET documentation: TimeSpan custom",
        ),
        (
            "@(TimeSpan.Parse(\"1.02:03:04\").TotalHours > 26)",
            "True",
            ".NET documentation: TimeSpan.Parse",
        ),
        (
            "@(TimeSpan.FromSeconds(-90).Duration())",
            "00:01:30",
            ".NET documentation: TimeSpan.Duration",
        ),
        (
            "@(new Guid(\"6F9619FF-8B86-D011-B42D-00C04FC964FF\").ToString(\"N\"))",
            "6f9619ff8b86d011b42d00c04fc964ff",
            ".NET documentation: Guid.ToString, N",
        ),
        (
            "@(new Guid(\"6F9619FF-8B86-D011-B42D-00C04FC964FF\").ToString(\"B\"))",
            "{6f9619ff-8b86-d011-b42d-00c04fc964ff}",
            ".NET documentation: Guid.ToString, B",
        ),
    ];
    check(CASES);
}

#[test]
fn exceptions_tell_what_caused_them() {
    const CASES: &[Case] = &[
        (
            "@{ try { throw new Exception(\"outer\", new FormatException(\"inner\")); } catch (Exception e) { return e.Message + \",\" + e.InnerException.Message; } }",
            "outer,inner",
            ".NET documentation: Exception.InnerException",
        ),
        (
            "@{ try { throw new Exception(\"outer\"); } catch (Exception e) { return e.InnerException == null; } }",
            "True",
            ".NET documentation: Exception.InnerException: null without one",
        ),
        (
            "@{ try { int.Parse(\"x\"); return 0; } catch (FormatException e) { throw new InvalidOperationException(\"failed\", e); } }",
            "!System.InvalidOperationException: failed",
            ".NET documentation: Exception(String, Exception)",
        ),
        (
            "@{ var e = new Exception(\"a\", new Exception(\"b\", new ArgumentException(\"c\"))); return e.GetBaseException().Message; }",
            "c",
            ".NET documentation: Exception.GetBaseException",
        ),
        (
            "@{ try { throw new Exception(\"a\", new FormatException(\"b\")); } catch (Exception e) when (e.InnerException is FormatException) { return \"caught\"; } }",
            "caught",
            ".NET documentation: Exception.InnerException keeps its type",
        ),
    ];
    check(CASES);
}
