//! `Encoding` and `BitConverter`.

use super::arguments::{bytes, index, int, text, value};
use super::pure;
use super::registry::Group;
use super::string_making::made;
use super::strings::int_of;
use crate::expression::exception::{Exception, names};
use crate::expression::object::{Charset, Object};
use crate::expression::value::Value;

type Pure = Result<Value, Exception>;

pub(super) static ENCODING: Group = Group {
    owner: "Encoding",
    entries: &[
        pure("static Encoding UTF8", |_, _| Ok(charset(Charset::Utf8))),
        pure("static Encoding ASCII", |_, _| Ok(charset(Charset::Ascii))),
        pure("static Encoding Unicode", |_, _| {
            Ok(charset(Charset::Utf16))
        }),
        pure("static Encoding BigEndianUnicode", |_, _| {
            Ok(charset(Charset::Utf16BigEndian))
        }),
        pure("static Encoding Latin1", |_, _| {
            Ok(charset(Charset::Latin1))
        }),
        pure("static Encoding Default", |_, _| Ok(charset(Charset::Utf8))),
        pure("static Encoding GetEncoding(string name)", |_, args| {
            let name = text(args, 0, "name")?;
            Ok(charset(match name.to_ascii_lowercase().as_str() {
                "utf-8" => Charset::Utf8,
                "us-ascii" | "ascii" => Charset::Ascii,
                "utf-16" | "utf-16le" | "unicode" => Charset::Utf16,
                "utf-16be" => Charset::Utf16BigEndian,
                "iso-8859-1" | "latin1" => Charset::Latin1,
                _ => {
                    return Err(Exception::new(
                        names::ARGUMENT,
                        format!(
                            "'{}' is not a supported encoding name. (Parameter 'name')",
                            name.as_str()
                        ),
                    ));
                }
            }))
        }),
        pure("byte[] GetBytes(string s)", |budget, args| {
            let source = text(args, 1, "s")?;
            budget.allocate(source.len().saturating_mul(2))?;
            Ok(Value::bytes(encode(charset_of(args)?, source)))
        }),
        pure("byte[] GetBytes(char[] chars)", |budget, args| {
            let source = String::from_utf16_lossy(&super::arguments::units(args, 1));
            budget.allocate(source.len().saturating_mul(2))?;
            Ok(Value::bytes(encode(charset_of(args)?, &source)))
        }),
        pure("string GetString(byte[] bytes)", |budget, args| {
            let content = decode(charset_of(args)?, &bytes(args, 1, "bytes")?);
            made(budget, content)
        }),
        pure(
            "string GetString(byte[] bytes, int index, int count)",
            |budget, args| {
                let content = bytes(args, 1, "bytes")?;
                let start = index(args, 2, "Non-negative number required.", "index")?;
                let count = index(args, 3, "Non-negative number required.", "count")?;
                let part = start
                    .checked_add(count)
                    .and_then(|end| content.get(start..end))
                    .ok_or_else(Exception::index_argument)?;
                made(budget, decode(charset_of(args)?, part))
            },
        ),
        pure("int GetByteCount(string s)", |_, args| {
            Ok(int_of(encode(charset_of(args)?, text(args, 1, "s")?).len()))
        }),
        pure("string WebName", |_, args| {
            Ok(Value::from(match charset_of(args)? {
                Charset::Utf8 => "utf-8",
                Charset::Ascii => "us-ascii",
                Charset::Utf16 => "utf-16",
                Charset::Utf16BigEndian => "utf-16BE",
                Charset::Latin1 => "iso-8859-1",
            }))
        }),
    ],
};

fn charset(charset: Charset) -> Value {
    Value::object(Object::Encoding(charset))
}

pub(super) fn charset_of(args: &[Value]) -> Result<Charset, Exception> {
    match super::arguments::object(args, 0, "this")?.as_ref() {
        Object::Encoding(charset) => Ok(*charset),
        _ => Err(Exception::null_reference()),
    }
}

pub(super) fn encode(charset: Charset, text: &str) -> Vec<u8> {
    let limited = |limit: u32| {
        text.encode_utf16()
            .map(|unit| {
                let byte = u8::try_from(unit).unwrap_or(b'?');
                if u32::from(byte) < limit { byte } else { b'?' }
            })
            .collect()
    };
    match charset {
        Charset::Utf8 => text.as_bytes().to_vec(),
        Charset::Ascii => limited(128),
        Charset::Latin1 => limited(256),
        Charset::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Charset::Utf16BigEndian => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}

pub(super) fn decode(charset: Charset, bytes: &[u8]) -> String {
    let units = |read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes
            .chunks(2)
            .map(|pair| match pair {
                [a, b] => read([*a, *b]),
                _ => 0xfffd,
            })
            .collect();
        String::from_utf16_lossy(&units)
    };
    match charset {
        Charset::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
        Charset::Ascii => bytes
            .iter()
            .map(|b| if b.is_ascii() { char::from(*b) } else { '?' })
            .collect(),
        Charset::Latin1 => bytes.iter().map(|b| char::from(*b)).collect(),
        Charset::Utf16 => units(u16::from_le_bytes),
        Charset::Utf16BigEndian => units(u16::from_be_bytes),
    }
}

pub(super) static BIT_CONVERTER: Group = Group {
    owner: "BitConverter",
    entries: &[
        pure("static bool IsLittleEndian", |_, _| Ok(Value::Bool(true))),
        pure("static string ToString(byte[] value)", |budget, args| {
            let all: Vec<String> = bytes(args, 0, "value")?
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect();
            made(budget, all.join("-"))
        }),
        pure("static byte[] GetBytes(short value)", |_, args| {
            le(&value(args, 0), 2)
        }),
        pure("static byte[] GetBytes(int value)", |_, args| {
            le(&value(args, 0), 4)
        }),
        pure("static byte[] GetBytes(uint value)", |_, args| {
            le(&value(args, 0), 4)
        }),
        pure("static byte[] GetBytes(long value)", |_, args| {
            le(&value(args, 0), 8)
        }),
        pure("static byte[] GetBytes(ulong value)", |_, args| {
            le(&value(args, 0), 8)
        }),
        pure("static byte[] GetBytes(bool value)", |_, args| {
            Ok(Value::bytes(vec![u8::from(super::arguments::boolean(
                args, 0,
            ))]))
        }),
        pure("static byte[] GetBytes(double value)", |_, args| {
            Ok(Value::bytes(
                super::arguments::double(args, 0).to_le_bytes().to_vec(),
            ))
        }),
        pure(
            "static short ToInt16(byte[] value, int startIndex)",
            |_, args| Ok(Value::Short(i16::from_le_bytes(take(args)?))),
        ),
        pure(
            "static int ToInt32(byte[] value, int startIndex)",
            |_, args| Ok(Value::Int(i32::from_le_bytes(take(args)?))),
        ),
        pure(
            "static uint ToUInt32(byte[] value, int startIndex)",
            |_, args| Ok(Value::UInt(u32::from_le_bytes(take(args)?))),
        ),
        pure(
            "static long ToInt64(byte[] value, int startIndex)",
            |_, args| Ok(Value::Long(i64::from_le_bytes(take(args)?))),
        ),
        pure(
            "static ulong ToUInt64(byte[] value, int startIndex)",
            |_, args| Ok(Value::ULong(u64::from_le_bytes(take(args)?))),
        ),
        pure(
            "static double ToDouble(byte[] value, int startIndex)",
            |_, args| Ok(Value::Double(f64::from_le_bytes(take(args)?))),
        ),
    ],
};

/// The low `count` bytes, least first.
fn le(value: &Value, count: usize) -> Pure {
    let number = crate::expression::machine::integer(value).unwrap_or_default();
    Ok(Value::bytes(
        number.to_le_bytes().into_iter().take(count).collect(),
    ))
}

fn take<const N: usize>(args: &[Value]) -> Result<[u8; N], Exception> {
    let all = bytes(args, 0, "value")?;
    let start = usize::try_from(int(args, 1)).unwrap_or(usize::MAX);
    start
        .checked_add(N)
        .and_then(|end| all.get(start..end))
        .and_then(|part| part.try_into().ok())
        .ok_or_else(|| {
            Exception::new(
                names::ARGUMENT,
                "Destination array is not long enough to copy all the items in the collection. Check \
                 array index and length.",
            )
        })
}
