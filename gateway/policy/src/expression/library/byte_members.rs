//! Members of `Convert`, `BitConverter`, `Encoding` and `DateTimeOffset` beyond the common ones.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::arguments::{bytes, double, index, int, long, text, units, value};
use super::date_time_offset::{minutes, moment, offset};
use super::dates::{add_ticks, construct, in_range, span, ticks};
use super::pure;
use super::registry::Group;
use super::string_making::made;
use super::strings::int_of;
use crate::expression::date_parsing::parse_date_time;
use crate::expression::exception::{Exception, names};
use crate::expression::machine::integer;
use crate::expression::time::{DAY, TimeSpan};
use crate::expression::value::Value;

type Pure = Result<Value, Exception>;

pub(super) static CONVERT_MEMBERS: Group = Group {
    owner: "Convert",
    entries: &[
        pure(
            "static string ToBase64String(byte[] inArray, int offset, int length)",
            |budget, args| {
                let all = bytes(args, 0, "inArray")?;
                let part = part(&all, args, "offset")?;
                budget.allocate(part.len().saturating_mul(2))?;
                made(budget, STANDARD.encode(part))
            },
        ),
        pure(
            "static string ToString(long value, int toBase)",
            |_, args| {
                let number = long(args, 0);
                Ok(Value::text(match int(args, 1) {
                    2 => format!("{number:b}"),
                    8 => format!("{number:o}"),
                    10 => number.to_string(),
                    16 => format!("{number:x}"),
                    _ => return Err(Exception::new(names::ARGUMENT, "Invalid Base.")),
                }))
            },
        ),
        pure("static char ToChar(string value)", |_, args| {
            let mut all = text(args, 0, "value")?.encode_utf16();
            match (all.next(), all.next()) {
                (Some(unit), None) => Ok(Value::Char(unit)),
                _ => Err(Exception::format(
                    "String must be exactly one character long.",
                )),
            }
        }),
        pure("static DateTime ToDateTime(string value)", |_, args| {
            let source = text(args, 0, "value")?;
            parse_date_time(source).map(Value::DateTime).ok_or_else(|| {
                Exception::format(format!(
                    "String '{}' was not recognized as a valid DateTime.",
                    source.as_str()
                ))
            })
        }),
        pure("static DateTime ToDateTime(DateTime value)", |_, args| {
            Ok(value(args, 0))
        }),
    ],
};

pub(super) static BIT_CONVERTER_MEMBERS: Group = Group {
    owner: "BitConverter",
    entries: &[
        pure("static byte[] GetBytes(ushort value)", |_, args| two(args)),
        pure("static byte[] GetBytes(char value)", |_, args| two(args)),
        pure("static byte[] GetBytes(float value)", |_, args| {
            let value = match args.first() {
                Some(Value::Float(value)) => *value,
                _ => 0.0,
            };
            Ok(Value::bytes(value.to_le_bytes().to_vec()))
        }),
        pure(
            "static string ToString(byte[] value, int startIndex)",
            |budget, args| {
                let all = bytes(args, 0, "value")?;
                let start = index(args, 1, START, "startIndex")?;
                let part = all
                    .get(start..)
                    .ok_or_else(|| Exception::argument_range(START, "startIndex"))?;
                budget.allocate(part.len().saturating_mul(3))?;
                made(budget, dashed(part))
            },
        ),
        pure(
            "static string ToString(byte[] value, int startIndex, int length)",
            |budget, args| {
                let all = bytes(args, 0, "value")?;
                let part = part(&all, args, "startIndex")?;
                budget.allocate(part.len().saturating_mul(3))?;
                made(budget, dashed(part))
            },
        ),
        pure(
            "static bool ToBoolean(byte[] value, int startIndex)",
            |_, args| Ok(Value::Bool(taken::<1>(args)? != [0])),
        ),
        pure(
            "static ushort ToUInt16(byte[] value, int startIndex)",
            |_, args| Ok(Value::UShort(u16::from_le_bytes(taken(args)?))),
        ),
        pure(
            "static char ToChar(byte[] value, int startIndex)",
            |_, args| Ok(Value::Char(u16::from_le_bytes(taken(args)?))),
        ),
        pure(
            "static float ToSingle(byte[] value, int startIndex)",
            |_, args| Ok(Value::Float(f32::from_le_bytes(taken(args)?))),
        ),
        pure("static long DoubleToInt64Bits(double value)", |_, args| {
            Ok(Value::Long(i64::from_ne_bytes(
                double(args, 0).to_ne_bytes(),
            )))
        }),
        pure("static double Int64BitsToDouble(long value)", |_, args| {
            Ok(Value::Double(f64::from_ne_bytes(
                long(args, 0).to_ne_bytes(),
            )))
        }),
    ],
};

const START: &str = "Index was out of range. Must be non-negative and less than the size of the \
                     collection.";

/// The part that the arguments 1 and 2 tell the beginning and the length of.
fn part<'a>(all: &'a [u8], args: &[Value], name: &str) -> Result<&'a [u8], Exception> {
    let start = index(args, 1, START, name)?;
    let length = index(args, 2, "Value must be positive.", "length")?;
    start
        .checked_add(length)
        .and_then(|end| all.get(start..end))
        .ok_or_else(|| {
            Exception::argument_range(
                "Offset and length must refer to a position in the string.",
                name,
            )
        })
}

fn dashed(bytes: &[u8]) -> String {
    let all: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    all.join("-")
}

fn two(args: &[Value]) -> Pure {
    let number = integer(&value(args, 0)).unwrap_or_default();
    Ok(Value::bytes(
        number.to_le_bytes().into_iter().take(2).collect(),
    ))
}

fn taken<const N: usize>(args: &[Value]) -> Result<[u8; N], Exception> {
    let all = bytes(args, 0, "value")?;
    let start = index(args, 1, START, "startIndex")?;
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

pub(super) static ENCODING_MEMBERS: Group = Group {
    owner: "Encoding",
    entries: &[
        pure("int GetByteCount(char[] chars)", |budget, args| {
            let source = String::from_utf16_lossy(&units(args, 1));
            budget.allocate(source.len().saturating_mul(2))?;
            let charset = super::encoding::charset_of(args)?;
            Ok(int_of(super::encoding::encode(charset, &source).len()))
        }),
        pure("int GetCharCount(byte[] bytes)", |budget, args| {
            let content = bytes(args, 1, "bytes")?;
            budget.allocate(content.len().saturating_mul(2))?;
            let decoded = super::encoding::decode(super::encoding::charset_of(args)?, &content);
            Ok(int_of(decoded.encode_utf16().count()))
        }),
        pure("char[] GetChars(byte[] bytes)", |budget, args| {
            let content = bytes(args, 1, "bytes")?;
            budget.allocate(content.len().saturating_mul(size_of::<Value>()))?;
            let decoded = super::encoding::decode(super::encoding::charset_of(args)?, &content);
            let items = decoded.encode_utf16().map(Value::Char).collect();
            Ok(Value::object(crate::expression::object::Object::array(
                crate::expression::types::Type::CHAR,
                items,
            )))
        }),
    ],
};

pub(super) static OFFSET_MEMBERS: Group = Group {
    owner: "DateTimeOffset",
    entries: &[
        pure("new(long ticks, TimeSpan offset)", |_, args| {
            Ok(offset(
                in_range(Some(long(args, 0)))?,
                minutes(span(args, 1))?,
            ))
        }),
        pure(
            "new(int year, int month, int day, int hour, int minute, int second, int millisecond, TimeSpan offset)",
            |_, args| Ok(offset(construct(args, 7)?, minutes(span(args, 7))?)),
        ),
        pure("DateTimeOffset AddTicks(long ticks)", |_, args| {
            add_ticks(args, long(args, 1))
        }),
        pure("TimeSpan TimeOfDay", |_, args| {
            Ok(Value::TimeSpan(TimeSpan(ticks(args).rem_euclid(DAY))))
        }),
        pure("bool EqualsExact(DateTimeOffset other)", |_, args| {
            let (a, b) = (moment(args, 0), moment(args, 1));
            Ok(Value::Bool(
                a.local_ticks == b.local_ticks && a.offset_minutes == b.offset_minutes,
            ))
        }),
    ],
};
